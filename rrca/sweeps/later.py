"""What only results can name: the winners of Table VII's grid, the rivals' learning rates, the number S of steps.

Nothing is written down by hand in between: a winner is a pure function of lines that are appended and never edited,
so it is the same whenever it is asked for, once the grid is complete.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rrca import experiments, paper
from rrca.errors import InputError
from rrca.experiments import Experiment
from rrca.sweeps.results import finished, path_of, read

WINNERS = "winners"
FRESH = tuple(range(200, 205))  # seeds that no other row has
TABLES = (*experiments.TABLES, WINNERS)
LEAST_GAIN = 0.01  # of IoU for 500 more steps: less, and the ablation's recipe is long enough


def rows(
    table: str, data: str | None = paper.NUAA, folder: str | Path | None = None, recipe: str = "ablation"
) -> tuple[Experiment, ...]:
    """The experiments of a table, those that follow from results included; rivals at the rates that results chose.

    Parameters
    ----------
    table : str
        One of `TABLES`.
    data : str or None, default "NUAA-SIRST"
        One data set's rows only; None for all.
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout.
    recipe : str, default "ablation"
        Whose results choose.

    Returns
    -------
    tuple of Experiment

    Raises
    ------
    InputError
        For an unknown table, or winners of a grid that is not complete.
    """
    if table == WINNERS and data in (None, paper.NUAA):
        return _winners(folder, recipe)
    planned = experiments.rows(table, data)
    factors = rival_factors(folder, recipe) if any(row.rival for row in planned) else {}
    return tuple(_at_rate(row, factors.get(row.rival)) for row in planned)


def rival_factors(folder: str | Path | None = None, recipe: str = "ablation") -> dict[str, float]:
    """What each rival's learning rate is to be multiplied by: the best of three on the validation list.

    Parameters
    ----------
    folder, recipe
        As for `rows`.

    Returns
    -------
    dict of str to float
        1/3, 1 or 3 by the name in `rrca.paper.RIVALS`; of equals the first. A rival of which a rate was not run is
        left out.

    Notes
    -----
    The rows of Tables I and II on NUAA-SIRST take these; Table II's and their control that of the network without RuCB,
    so that two rows differ by RuCB alone. Without them a row has the recipe's own rate, and is another run: so run
    "rival-rates" first. A rate at which the loss ceased to be finite has lost.
    """
    lines = read(path_of("rival-rates", folder))
    iou = {line["row"]: _reached(line) for line in lines if line["recipe"] == recipe}
    found = {}
    for rival in paper.RIVALS:
        tried = {row.scale["rate"]: iou.get(row.name) for row in experiments.rates(rival)}
        if None not in tried.values():
            found[rival] = max(tried, key=tried.__getitem__)
    return found


def without_rate(
    tables: Iterable[str], data: str | None, folder: str | Path | None, recipe: str
) -> list[str]:
    """The rivals in some tables whose rate was not chosen yet."""
    known = rival_factors(folder, recipe)
    planned = (row for table in tables if table != WINNERS for row in experiments.rows(table, data))
    return list(dict.fromkeys(row.rival for row in planned if row.rival not in (None, *known)))


def winner(table: str, folder: str | Path | None = None, recipe: str = "ablation") -> Experiment:
    """The cell with the highest IoU (under `exact`, last weights) of a grid whose runs are all there.

    Parameters
    ----------
    table : {"VII", "grid"}
        Judged on the test list, or on the validation list.
    folder, recipe
        As for `rows`.

    Returns
    -------
    Experiment
        The cell of Table VII; of equals the first.

    Raises
    ------
    InputError
        If a cell is missing.
    """
    lines = finished(read(path_of(table, folder))).values()
    iou = {line["row"]: line["iou"] for line in lines if line["recipe"] == recipe}
    cells = experiments.rows("VII")
    missing = [cell.name for cell in cells if iou.get(cell.name) is None]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(cells)} cells of table {table!r} have no result with recipe {recipe!r}, the first "
            f"is {missing[0]}; a winner needs all of them: `rrca sweep --table {table}`."
        )
    return max(cells, key=lambda cell: iou[cell.name])


def steps(lines: Sequence[dict]) -> tuple[int, pd.DataFrame]:
    """S, the ablation's number of steps, from the runs of the table "length".

    Parameters
    ----------
    lines : sequence of dict
        Result lines of that table, all its rows with all their seeds.

    Returns
    -------
    steps : int
        The first multiple of 500 whose mean validation IoU is less than 0.01 above that of 500 steps fewer; if there
        is none, the longest that was run.
    table : DataFrame
        By steps: "iou" (mean over seeds, 0 to 1), "sd", "n", and "gain" over 500 steps fewer.

    Raises
    ------
    InputError
        If a run is missing, or the seeds of the lengths differ.

    Notes
    -----
    Every length is a training of its own, with its own cosine to 0: what is compared is what a recipe of that many
    steps gives. Intermediate weights of the longest run would not tell. At step 1000 of 2500 the rate is still high;
    the curve is flat there and rises when the rate falls, whatever the number of steps.
    """
    planned = {row.recipe["steps"]: row for row in experiments.rows("length")}
    good = [line for line in lines if line["error"] is None]
    found = {
        length: {line["seed"]: line["iou"] for line in good if line["row"] == row.name}
        for length, row in planned.items()
    }
    for length, row in planned.items():
        if set(found[length]) != set(row.seeds):
            raise InputError(
                f"table 'length' has seeds {sorted(found[length])} of its row {row.name!r}, and needs "
                f"{list(row.seeds)}: `rrca sweep --table length`."
            )
    iou = pd.DataFrame(found)
    table = pd.DataFrame({"iou": iou.mean(), "sd": iou.std(), "n": iou.count(), "gain": iou.mean().diff()})
    enough = table.index[table["gain"] < LEAST_GAIN]
    return int(enough[0] if len(enough) else table.index[-1]), table.rename_axis("steps")


def _reached(line: dict) -> float | None:
    """IoU of a run, below all others if its loss ceased to be finite; None if it failed for another reason."""
    if line["error"] is None:
        return line["iou"]
    return -1.0 if line["error"].startswith("FloatingPointError") else None


def _at_rate(row: Experiment, factor: float | None) -> Experiment:
    """A row with its rate multiplied; one is no change, so that it stays the same run."""
    return row if factor in (None, 1) else replace(row, scale={**row.scale, "rate": factor})


def _winners(folder: str | Path | None, recipe: str) -> tuple[Experiment, ...]:
    """The two winners, to be run again: what the grid's own figure for them owes to having been chosen."""
    chosen = {"validation winner": "grid", "test winner": "VII"}
    return tuple(
        replace(winner(table, folder, recipe), table=WINNERS, name=name, seeds=FRESH)
        for name, table in chosen.items()
    )
