"""The nine losses of Table VIII: what its digits say, its runs so far, and a training for a minute."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from scipy import special
from torch import Tensor, nn

from rrca import compare, experiments, losses, paper
from rrca.data import scenes
from rrca.data.frames import Frame
from rrca.data.normalisation import Normalisation, measure
from rrca.data.store import PixelStore
from rrca.detection import Detector
from rrca.recipes import Recipe
from rrca.studies import alpha_k
from rrca.studies.printed import as_counts, least_p
from rrca.studies.ten_lines import TenLineUNet
from rrca.training.batches import Batches

OURS = "DpT-k"
NAMES = {
    row.name: row.recipe.get("loss", "dpt-k") for row in experiments.rows("VIII")
}  # as `losses.build` has them
FACTORS = (1 / 3, 1.0, 3.0)  # on the learning rate, as in the table "rates"
LEVELS = 26  # thresholds of which a small network's best is taken, 0.5 among them
FIGURES = {
    "IoU / points": ("iou", 1),
    "targets": ("targets", 1),
    "false pixels": ("pixels", -1),
}  # 1: more is better


# --- What is printed -----------------------------------------------------------------------------------------


def printed() -> pd.DataFrame:
    """Table VIII as counts.

    Returns
    -------
    DataFrame
        By loss: "iou", "pd" (per cent), "fa" (1e-6), "targets" (found, of 263), "pixels" (false ones, of 214 frames of
        256×256), "behind" (targets fewer than DpT-k) and "least p" (`least_p` of that).

    References
    ----------
    Paper, Table VIII.

    Examples
    --------
    >>> printed().loc[["Dice", "DpT-k"], "targets"].tolist()
    [254, 258]
    """
    table = as_counts(paper.table("VIII")).rename_axis("loss")
    table["behind"] = table.loc[OURS, "targets"] - table["targets"]
    table["least p"] = table["behind"].map(least_p)
    return table


def beside_the_grid() -> pd.DataFrame:
    """DpT-k beside the eight other losses, and beside itself at the 26 pairs of α and k that were not chosen.

    Returns
    -------
    DataFrame
        By "DpT-k, chosen", "DpT-k, 26 other α and k" and "8 other losses": "rows", and mean and "sd" of "targets" (of
        263) and "pixels" (false ones). The grid prints no IoU.

    References
    ----------
    Paper, Tables VII and VIII.
    """
    table, grid = printed(), alpha_k.printed().drop(alpha_k.CHOSEN)
    groups = {
        f"{OURS}, chosen": table.loc[[OURS]],
        f"{OURS}, {len(grid)} other α and k": grid,
        f"{len(table) - 1} other losses": table.drop(OURS),
    }
    found = {
        name: {"rows": len(own)}
        | {
            f"{column}{word}": rule
            for column in ("targets", "pixels")
            for word, rule in (("", own[column].mean()), (", sd", own[column].std()))
        }
        for name, own in groups.items()
    }
    return pd.DataFrame.from_dict(found, orient="index")


def square() -> pd.DataFrame:
    """Four rows that make a square, Top-k with and without Dice and Poly: what each term changes, as printed.

    Returns
    -------
    DataFrame
        By (term, beside): change of "IoU / points", "targets" and "false pixels" when the term is added.

    References
    ----------
    Paper, Table VIII.
    """
    table = printed()
    pairs = {
        ("Poly", "without Dice"): ("Top-k", "Poly + Top-k"),
        ("Poly", "with Dice"): ("Dice + Top-k", OURS),
        ("Dice", "without Poly"): ("Top-k", "Dice + Top-k"),
        ("Dice", "with Poly"): ("Poly + Top-k", OURS),
    }
    rows = {
        key: {
            said: round(table.loc[after, column] - table.loc[before, column], 2)
            for said, (column, _) in FIGURES.items()
        }
        for key, (before, after) in pairs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["term", "beside"])


def improved(changes: pd.DataFrame) -> pd.Series:
    """In how many figures each row of `square` is better: more IoU, more targets, fewer false pixels."""
    signs = pd.Series({said: sign for said, (_, sign) in FIGURES.items()})
    return (changes * signs > 0).sum(axis=1)


# --- What each loss asks for ---------------------------------------------------------------------------------


def built() -> dict[str, losses.Loss]:
    """The nine losses by the name of their row, in the release's form, with α = 3.1 and k = 10."""
    return {row: losses.build(name) for row, name in NAMES.items()}


# --- Runs of the sweep ---------------------------------------------------------------------------------------


def rates(folder: str | Path | None = None, protocol: str = "exact") -> pd.DataFrame:
    """IoU of each loss at a third of the recipe's rate, at the rate itself and at three times it: the table "rates".

    Parameters
    ----------
    folder : path-like, optional
        Of result lines; default as for `rrca.compare.collect`.
    protocol : str, default "exact"

    Returns
    -------
    DataFrame
        By loss, a column for each of FACTORS: IoU on the validation part of the training list, per cent, one seed;
        nan where there is no run.
    """
    rows = compare.collect("rates", folder=folder)
    table = pd.DataFrame(np.nan, index=pd.Index(NAMES, name="loss"), columns=pd.Index(FACTORS, name="factor"))
    for name, lines in rows.lines.items():
        loss, factor = name.split(",")[0], rows.experiments[name].scale["rate"]
        if lines:
            table.loc[loss, factor] = float(np.mean(compare.values(lines, "iou", protocol)))
    return table


@dataclass(frozen=True, eq=False)
class Curve:
    """IoU over the steps of some trainings of one loss.

    Attributes
    ----------
    steps : int array of shape (P,)
        Of the optimiser.
    iou : float array of shape (S, P)
        Per cent, a row each seed.
    """

    steps: np.ndarray
    iou: np.ndarray

    def arrival(self, level: float) -> float:
        """First step at which the mean over the seeds reaches `level` per cent; nan if none does."""
        reached = np.flatnonzero(self.iou.mean(0) >= level)
        return float(self.steps[reached[0]]) if len(reached) else np.nan


def curves(folder: str | Path | None = None) -> dict[str, Curve]:
    """The curves of Table VIII's runs: IoU on the test list under `exact`, watched and never chosen by.

    Parameters
    ----------
    folder : path-like, optional
        Of result lines; default as for `rrca.compare.collect`.

    Returns
    -------
    dict of str to Curve
        By loss; none of a loss that was not run. A seed that was judged at other steps than the first is left out.
    """
    found = {}
    for name, lines in compare.collect("VIII", folder=folder).lines.items():
        logs = [np.array(line["curve"], float).T for line in lines if line["curve"]]
        alike = [log for log in logs if np.array_equal(log[0], logs[0][0])]
        if alike:
            found[name] = Curve(logs[0][0].astype(int), 100 * np.stack([log[1] for log in alike]))
    return found


# --- A training small enough to repeat at once ---------------------------------------------------------------


@dataclass(frozen=True)
class Live:
    """Small trainings that differ by loss, rate and seed alone; a key is (loss, factor on the rate, seed).

    Attributes
    ----------
    steps : tuple of int
        At which IoU was taken.
    normalisation : Normalisation
        Of the scenes they were given.
    iou, best : dict of key to tuple of float
        IoU over all pixels of the held-out scenes at these steps, per cent: at threshold 0.5, and at the one of
        LEVELS thresholds that suits the network best there.
    thresholds : dict of key to float
        That one, at the end.
    networks : dict of key to Module
        As they ended.
    """

    steps: tuple[int, ...]
    normalisation: Normalisation
    iou: dict[tuple[str, float, int], tuple[float, ...]] = field(default_factory=dict)
    best: dict[tuple[str, float, int], tuple[float, ...]] = field(default_factory=dict)
    thresholds: dict[tuple[str, float, int], float] = field(default_factory=dict)
    networks: dict[tuple[str, float, int], nn.Module] = field(default_factory=dict)

    def curves(self, at: Literal["iou", "best"] = "iou", factor: float = 1.0) -> dict[str, Curve]:
        """IoU over the steps at one rate, by loss."""
        found: dict[str, list] = {}
        for (loss, own, _), values in getattr(self, at).items():
            if own == factor:
                found.setdefault(loss, []).append(values)
        return {loss: Curve(np.array(self.steps), np.array(values)) for loss, values in found.items()}

    def ends(self, at: Literal["iou", "best"] = "iou") -> pd.DataFrame:
        """IoU at the end, per cent: by (loss, seed), a column for each factor."""
        rows: dict = {}
        for (loss, factor, seed), values in getattr(self, at).items():
            rows.setdefault((loss, seed), {})[factor] = values[-1]
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["loss", "seed"])

    def table(self, at: Literal["iou", "best"] = "iou") -> pd.DataFrame:
        """Mean of `ends` over the seeds, in the form of `rates`."""
        return self.ends(at).groupby("loss", sort=False).mean().rename_axis(columns="factor")

    def maps(
        self, keys: Mapping[str, tuple[str, float, int]], frames: Iterable
    ) -> dict[str, list[np.ndarray]]:
        """Score maps of some of the networks by name, for `plots.panels`."""
        return score_maps(
            {name: self.networks[key] for name, key in keys.items()}, frames, self.normalisation
        )


def small_scenes(seeds: Iterable[int]) -> list[Frame]:
    """Synthetic scenes of 96² pixels, one target of SCR 3 to 10 each, the four backgrounds in turn.

    Examples
    --------
    >>> (scene,) = small_scenes([0])
    >>> scene.image.shape, int(scene.mask.sum())
    ((96, 96), 9)
    """
    kinds = tuple(scenes.KINDS)
    drawn = (
        (seed, scenes.scene(seed, kinds[seed % len(kinds)], (96, 96), targets=1, scr=(3, 10)))
        for seed in seeds
    )
    return [Frame(f"scene-{seed:04d}", one.image, one.mask.astype(np.uint8) * 255) for seed, one in drawn]


def train_alike(
    rows: Sequence[str],
    factors: Sequence[float] = FACTORS,
    seeds: Sequence[int] = (0, 1),
    steps: int = 100,
    rate: float = 0.01,
    every: int = 20,
) -> Live:
    """Train the ten-line U-Net with several losses on the same crops of synthetic scenes.

    Parameters
    ----------
    rows : sequence of str
        Losses by their row of Table VIII.
    factors : sequence of float
        On the rate.
    seeds : sequence of int
        Each decides initial weights and crops, alike for all losses and rates.
    steps : int, default 100
        Of AdamW, at a constant rate; 8 crops of 32² pixels each.
    rate : float, default 0.01
        Learning rate at factor 1.
    every : int, default 20
        Steps between two looks at the held-out scenes.

    Returns
    -------
    Live

    Notes
    -----
    Of `small_scenes` 48 are fitted and 16 held out; norms then use their running statistics. The caller's random state
    stays as it was.
    """
    fitted, held = PixelStore(small_scenes(range(48))), small_scenes(range(1000, 1016))
    normalise = measure((frame.image for frame in fitted), 1)
    outside = (
        _last(torch.stack([normalise(frame.image) for frame in held])),
        torch.stack([torch.from_numpy(frame.mask)[None] for frame in held]),
    )
    live = Live(tuple(range(every, steps + 1, every)), normalise)
    for seed in seeds:
        batches = Batches(Recipe(data="synthetic", crop=32, batch=8, seed=seed), fitted, normalise)
        crops = [tuple(map(_last, batches(step))) for step in range(1, steps + 1)]
        for row, factor in product(rows, factors):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network = TenLineUNet().to(memory_format=torch.channels_last)
            key = row, factor, seed
            seen = list(_train(network, NAMES[row], rate * factor, crops, outside, every))
            live.iou[key], live.best[key], thresholds = zip(*seen, strict=True)
            live.thresholds[key], live.networks[key] = thresholds[-1], network.eval()
    return live


def _last(tensor: Tensor) -> Tensor:
    """The layout in which convolutions of few channels are fastest on a CPU."""
    return tensor.contiguous(memory_format=torch.channels_last)


def _train(
    network: nn.Module,
    loss: str,
    rate: float,
    crops: Iterable[tuple[Tensor, Tensor]],
    held: tuple[Tensor, Tensor],
    every: int,
) -> Iterator[tuple[float, float, float]]:
    """Fit a network to crops, one step each; now and then what `_ious` says of the held-out scenes."""
    rule = losses.build(loss)
    optimiser = torch.optim.AdamW(network.parameters(), rate, fused=True)
    for step, (x, mask) in enumerate(crops, start=1):
        optimiser.zero_grad(set_to_none=True)
        rule(network.train()(x), mask).backward()
        optimiser.step()
        if step % every == 0:
            yield _ious(network.eval(), *held)


@torch.no_grad()
def _ious(network: nn.Module, x: Tensor, truth: Tensor) -> tuple[float, float, float]:
    """IoU at threshold 0.5 and at the best threshold, per cent, and that threshold."""
    scores = torch.sigmoid(network(x))
    found = {0.5: _iou(scores > 0.5, truth)}
    tried = torch.quantile(scores.flatten(), torch.linspace(0.98, 0.9999, LEVELS - 1)).tolist()
    found |= {level: _iou(scores > level, truth) for level in tried}
    best = max(found, key=found.get)
    return found[0.5], found[best], best


def _iou(marked: Tensor, truth: Tensor) -> float:
    """Pixels in both over pixels in either, per cent; 0 if there is neither."""
    return 100 * int((marked & truth).sum()) / max(1, int((marked | truth).sum()))


def score_maps(
    weights: Mapping[str, nn.Module | str | Path],
    frames: Iterable,
    normalisation: Normalisation | None = None,
) -> dict[str, list[np.ndarray]]:
    """What networks make of frames, by name, as `plots.panels` takes it.

    Parameters
    ----------
    weights : mapping of str to Module, str or path
        As for `rrca.Detector`, by the name of the loss.
    frames : iterable of Frame
    normalisation : Normalisation, optional
        For modules that carry no card; of the others the card decides.

    Returns
    -------
    dict of str to list of ndarray of shape (H, W)
        Probabilities, one map a frame.

    References
    ----------
    Paper, Fig. 12.
    """
    frames, found = list(frames), {}
    for name, model in weights.items():
        own = normalisation if isinstance(model, nn.Module) and not hasattr(model, "card") else None
        detector = Detector(model, own)
        found[name] = [detector.scores(frame.image) for frame in frames]
    return found


def lifted(maps: Iterable[np.ndarray], threshold: float) -> list[np.ndarray]:
    """Score maps with all logits shifted, so that what lay at `threshold` lies at 0.5: no pixel changes its rank.

    Examples
    --------
    >>> lifted([np.array([0.1, 0.02])], threshold=0.1)[0].round(3)
    array([0.5  , 0.155])
    """
    shift = special.logit(threshold)
    return [special.expit(special.logit(np.asarray(one, float)) - shift) for one in maps]
