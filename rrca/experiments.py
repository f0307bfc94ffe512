"""The rows of the paper's tables as experiments: what each changes in the default network, loss or recipe.

A row states its differences from the default row only, so that the default network, which stands in seven tables, is
the same experiment in all of them and is run once. `rrca.sweeps` runs rows, `rrca.paper` holds what the paper prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from rrca import paper
from rrca.errors import InputError
from rrca.recipes import Recipe

THREE = (0, 1, 2)  # seeds of most rows
NOISE = tuple(range(27))  # as many as Table VII has cells
LENGTHS = (500, 1000, 1500, 2000, 2500)  # steps among which the ablation's recipe finds its own
NOTHING: Mapping[str, Any] = MappingProxyType({})
CONTROL = ", n = 0"  # behind a name of Table II: RuCB's own layers, one pass


@dataclass(frozen=True)
class Experiment:
    """One row of a table, ready to be run.

    Attributes
    ----------
    table : str
        The paper's, "I" to "VIII"; or one of ours: "noise", "norms", "compute", "dense", "length", "grid", "rates",
        "rival-rates", "recipes", "rehearsal".
    name : str
        Of the row; in the paper's tables as `rrca.paper` has it.
    data : str
        Data set.
    network : str
        As for `rrca.build`.
    settings : mapping
        Overrides of the network's configuration.
    recipe : mapping
        Overrides of the recipe: the loss, say.
    scale : mapping of str to float
        Factors on numbers of the recipe: {"steps": 2.79} trains for 2.79 times as many steps.
    seeds : tuple of int
        Which are run.
    paper : paper.Row or None
        What the paper prints for it.
    """

    table: str
    name: str
    data: str = paper.NUAA
    network: str = "rrcanet-resnet18"
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    seeds: tuple[int, ...] = THREE

    @property
    def paper(self) -> paper.Row | None:
        """The paper's row, if it has one."""
        return paper._BY_KEY.get((self.table, self.name, self.data))

    @property
    def default(self) -> bool:
        """Whether it changes nothing: the row that the others are compared with."""
        return self.network == "rrcanet-resnet18" and not (self.settings or self.recipe or self.scale)

    @property
    def rival(self) -> str | None:
        """The rival of Table I whose learning rate it takes; None for our networks, and on DenseSIRST.

        A rate is chosen on frames of NUAA-SIRST, and those are in DenseSIRST's lists, too: there it would be chosen on
        frames that it is judged on.
        """
        name = self.name.removesuffix(CONTROL)
        return (
            name if self.table in ("I", "II") and self.data == paper.NUAA and name in paper.RIVALS else None
        )

    def recipe_for(self, base: Recipe, seed: int) -> Recipe:
        """The whole recipe of one run: `base` with this row's differences and a seed.

        Examples
        --------
        >>> from rrca.recipes import recipe
        >>> row = find("IV", "n = 0")
        >>> row.recipe_for(recipe("cpu"), seed=7).settings
        {'in_channels': 1, 'iterations': 0}
        """
        whole = replace(
            base,
            data=self.data,
            network=self.network,
            settings={**base.settings, **self.settings},
            **self.recipe,
            seed=seed,
        )
        scaled = {}
        for name, factor in self.scale.items():
            value = getattr(whole, name)
            scaled[name] = round(value * factor) if isinstance(value, int) else value * factor
        return replace(whole, **scaled)


def _levels(*channels: int) -> dict[str, Any]:
    """Widths, and the blocks of each level with which the printed parameters come out."""
    blocks = {3: (3, 3, 3), 4: (3, 2, 2, 2), 5: (1, 2, 2, 2, 2)}
    return {"channels": channels, "blocks": blocks[len(channels)]}


# What a row changes, by its name in rrca.paper. The rows C = 4 … keep the release's r = 8, so their hidden width is 1.
_SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "III": {
        "C = 4..32, l = 4": _levels(4, 8, 16, 32),
        "C = 16..128, l = 4": _levels(16, 32, 64, 128),
        "C = 8..64, l = 4": {},
        "C = 8..32, l = 3": _levels(8, 16, 32),
        "C = 8..128, l = 5": _levels(8, 16, 32, 64, 128),
        "C = 4..64, l = 5": _levels(4, 8, 16, 32, 64),
        "C = 16..256, l = 5": _levels(16, 32, 64, 128, 256),
    },
    "IV": {"n = 0": {"iterations": 0}, "n = 1": {"iterations": 1}, "n = 2": {}, "n = 3": {"iterations": 3}},
    "V": {"without FSM": {"output": "last"}, "deep supervision": {"output": "deep-supervision"}, "FSM": {}},
    "VI": {
        "concatenate": {"decoder": "concat"},
        "sum": {"decoder": "sum"},
        "without CA": {"attention_ratio": None},
        "CA, r = 4": {"attention_ratio": 4},
        "re-weight": {"guide": "high"},
        "DIAAM": {},
    },
}
_LOSSES = {
    "SoftIoU": "soft-iou",
    "Dice": "dice",
    "Dice + Focal": "dice+focal",
    "FocalIoU": "focal-iou",
    "Top-k": "top-k",
    "Poly": "poly",
    "Poly + Top-k": "poly+top-k",
    "Dice + Top-k": "dice+top-k",
    "DpT-k": "dpt-k",
}
_FACTORS = {1 / 3: "a third", 1: "one", 3: "three times"}  # on the recipe's learning rate
# Rivals by their executed work, the least first, each with its seeds on NUAA-SIRST.
_RIVALS = {
    "LW-IRSTNet": THREE,
    "ACM": (0,),
    "ResUNet": THREE,
    "AMFU-net": THREE,
    "RepISD-Net": (0,),
    "DNANet": (0,),
    "UIU-Net": (0,),  # 24 times the work of the default
}
_WITH_RUCB = {"ResUNet": THREE, "AMFU-net": THREE, "DNANet": (0,)}
_ONE_SEED = {"C = 16..128, l = 4", "C = 16..256, l = 5"}  # four times the work of the default
# Executed GMAC of the default over that of n = 0, 1, 3: the steps that equal compute buys (rrca.count).
_EQUAL_COMPUTE = {0: 2.79, 1: 1.47, 3: 0.76}


def _cells():
    """The grid of Table VII: name, what it changes in the recipe, and a seed that no other cell has."""
    for seed, (alpha, k) in enumerate(((alpha, k) for alpha in paper.ALPHAS for k in paper.KS), start=100):
        default = (alpha, k) == (3.1, 10)  # stated as no difference, as everywhere
        yield paper.grid_name(alpha, k), {} if default else {"loss_settings": {"alpha": alpha, "k": k}}, seed


def _paper_rows():
    """Tables I and II, none of them on IRSTD-1k; and III to VIII."""
    yield from _table_i()
    yield from _table_ii()
    for table, rows in _SETTINGS.items():
        for name, settings in rows.items():
            yield Experiment(table, name, settings=settings, seeds=(0,) if name in _ONE_SEED else THREE)
    for name, loss, seed in _cells():
        yield Experiment("VII", name, recipe=loss, seeds=(seed,))
    for name, loss in _LOSSES.items():
        yield Experiment("VIII", name, recipe={} if loss == "dpt-k" else {"loss": loss})


def _table_i():
    """The networks of Table I; what takes longest comes last. On DenseSIRST no rival but ResUNet."""
    for data, seeds in ((paper.NUAA, THREE), (paper.DENSE, (0,))):
        for name in paper.OURS:
            yield Experiment("I", name, data, paper.REGISTERED[name], seeds=seeds)
    for name, seeds in _RIVALS.items():
        yield Experiment("I", name, network=paper.REGISTERED[name], seeds=seeds)
    yield Experiment("I", "ResUNet", paper.DENSE, "resunet")


def _table_ii():
    """Three rivals with RuCB; and ResUNet with RuCB's layers but one pass, which the paper does not print."""
    for name, seeds in _WITH_RUCB.items():
        network = f"{paper.REGISTERED[name]}+rucb"
        yield Experiment("II", name, network=network, seeds=seeds)
        if name == "ResUNet":
            yield Experiment("II", name + CONTROL, network=network, settings={"iterations": 0}, seeds=seeds)
            yield Experiment("II", name, paper.DENSE, network)


def _our_rows():
    """What the paper's tables lack: the noise of seeds, shared norms, equal compute, dense targets, the grid and the
    length on validation, other rates for losses and for rivals."""
    yield Experiment("noise", "default", seeds=NOISE)
    yield Experiment("norms", "per pass")
    yield Experiment("norms", "shared", settings={"norms": "shared"})
    for n, factor in _EQUAL_COMPUTE.items():
        yield Experiment(
            "compute", f"n = {n}", settings={"iterations": n}, scale={"steps": factor, "judge": factor}
        )
    yield Experiment("compute", "n = 2")
    yield Experiment("dense", "n = 0", paper.DENSE, settings={"iterations": 0})
    yield Experiment("dense", "n = 2", paper.DENSE)
    for steps in LENGTHS:  # judged once, at the end: nothing is selected
        yield Experiment("length", f"{steps} steps", recipe={"select": "val", "steps": steps, "judge": steps})
    for name, loss, seed in _cells():  # judged once, if the recipe is judged ten times
        yield Experiment("grid", name, recipe={**loss, "select": "val"}, scale={"judge": 10.0}, seeds=(seed,))
    for name, loss in _LOSSES.items():
        for factor, words in _FACTORS.items():
            yield Experiment(
                "rates",
                f"{name}, rate × {words}",
                recipe={"loss": loss, "select": "val"},
                scale={"rate": factor},
                seeds=(0,),
            )
    for name in _RIVALS:
        yield from rates(name)


def rates(rival: str) -> tuple[Experiment, ...]:
    """The rates that are tried for a rival of Table I: a third of the recipe's, the recipe's own, and three times it.

    Parameters
    ----------
    rival : str
        One of `rrca.paper.RIVALS`.

    Returns
    -------
    tuple of Experiment
        Rows of the table "rival-rates".

    Notes
    -----
    Each is fitted to `train` for two fifths of the recipe's steps, with a cosine of its own, and judged once, at the
    end, on `val`: the three are compared with each other and with nothing else. The rates that their authors used
    (0.05, AdaGrad, and 0.001, Adam) belong to other optimisers than ours. Our own network had three rates as well, in
    the search for the recipe.

    Examples
    --------
    >>> [row.name for row in rates("ACM")]
    ['ACM, rate × a third', 'ACM, rate × one', 'ACM, rate × three times']
    """
    return tuple(
        Experiment(
            "rival-rates",
            f"{rival}, rate × {words}",
            network=paper.REGISTERED[rival],
            recipe={"select": "val"},
            scale={"rate": factor, "steps": 0.4, "judge": 4.0},  # once, if the recipe is judged ten times
            seeds=(0,),
        )
        for factor, words in _FACTORS.items()
    )


# What was tried on the recipe `cpu`, each change alone; a row gets the steps that fit into the time of the base's 4000,
# by the time of a step beside the base's, 210 ms (`rrca bench recipes`, AMD EPYC, one thread, nothing beside it).
_TRIED = {
    "base": ({}, {}, 1.0),
    "batch 2": ({"batch": 2}, {}, 0.63),
    "batch 8": ({"batch": 8}, {}, 1.78),
    "crop 96": ({"crop": 96}, {}, 0.67),
    "crop 192": ({"crop": 192}, {}, 2.02),
    "rate 0.01": ({"rate": 0.01}, {}, 1.0),
    "rate 0.001": ({"rate": 0.001}, {}, 1.0),
    "constant rate": ({"schedule": "constant"}, {}, 1.0),
    "no average": ({"average": None}, {}, 0.98),
    "float32": ({"precision": "fp32"}, {}, 1.41),
    "targets in 9 of 10 crops": ({"augment_settings": {"target_share": 0.9}}, {}, 1.0),
    "n = 0": ({}, {"iterations": 0}, 0.38),
}


def _recipe_rows():
    """The search for the recipe `cpu`, on the validation part of the training list."""
    for name, (changes, settings, time) in _TRIED.items():
        fixed = {"rate": 3e-3, "select": "val", "steps": 4000, "judge": 500}  # the rate before the search
        yield Experiment(
            "recipes",
            name,
            settings=settings,
            recipe=fixed | changes,
            scale={"steps": 1 / time, "judge": 1 / time},
            seeds=(0, 1),
        )


def _rehearsal_rows():
    """A sweep from end to end in two minutes and without a data set: does it work on this machine, on that cluster?

    Two rows of a tiny network on synthetic scenes. It detects nothing. One state is saved on the way (after 250
    steps), so that a run can be killed and gone on with.
    """
    for n in (0, 2):
        yield Experiment(
            "rehearsal",
            f"n = {n}",
            "synthetic",
            settings={"iterations": n, "channels": (4, 8), "blocks": (1, 1)},
            recipe={"crop": 32, "batch": 2, "steps": 260, "judge": 260, "precision": "fp32", "select": "val"},
            seeds=(0, 1),
        )


ROWS = (*_paper_rows(), *_our_rows(), *_recipe_rows(), *_rehearsal_rows())
TABLES = tuple(dict.fromkeys(row.table for row in ROWS))


def rows(table: str, data: str | None = paper.NUAA) -> tuple[Experiment, ...]:
    """The experiments of a table.

    Parameters
    ----------
    table : str
        One of `TABLES`.
    data : str or None, default "NUAA-SIRST"
        One data set's rows only; None for all.

    Returns
    -------
    tuple of Experiment

    Raises
    ------
    InputError
        If there is no such table, or it has no row on `data`.

    Examples
    --------
    >>> [row.name for row in rows("IV")]
    ['n = 0', 'n = 1', 'n = 2', 'n = 3']
    """
    found = tuple(row for row in ROWS if row.table == table and data in (None, row.data))
    if not found:
        raise InputError(
            f"no experiment for table {table!r} on {data!r}; tables are {', '.join(TABLES)}: I and II on {paper.NUAA} "
            f"and {paper.DENSE}, dense on {paper.DENSE}, rehearsal on synthetic, the others on {paper.NUAA}."
        )
    return found


def find(table: str, name: str, data: str = paper.NUAA) -> Experiment:
    """One row of a table by its name.

    Raises
    ------
    InputError
        If the table has no such row.
    """
    found = {row.name: row for row in rows(table, data)}
    if name not in found:
        raise InputError(f"table {table} has no row {name!r} on {data}; its rows are {'; '.join(found)}.")
    return found[name]
