"""What paid and what did not: the search for the recipe `cpu`, one change at a time, in equal time, on `val`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rrca.compare import differences, pooled_sd
from rrca.errors import InputError
from rrca.experiments import rows
from rrca.sweeps import results

TABLE, BASE = "recipes", "base"


@dataclass(frozen=True)
class Tried:
    """The runs of one row of the search.

    Attributes
    ----------
    name : str
        The change, or "base".
    steps : int
        Of the optimiser: what fits into the base's time.
    shares : array of shape (P,)
        Share of the time at each evaluation, 0 to 1.
    iou : array of shape (S, P)
        IoU on `val` under `exact`, 0 to 1, of each seed's averaged weights at each evaluation.
    """

    name: str
    steps: int
    shares: np.ndarray
    iou: np.ndarray


def load(folder: str | Path | None = None) -> dict[str, Tried]:
    """The finished rows of the search, the base first.

    Parameters
    ----------
    folder : path-like, optional
        Of result files; default the checkout's `data/results`.

    Returns
    -------
    dict of str to Tried
        In the order of `rrca.experiments`. A row of which not every seed is finished is left out.

    Raises
    ------
    InputError
        If the base is not finished, or if the runs did not all start from one recipe.
    """
    lines = list(results.finished(results.read(results.path_of(TABLE, folder))).values())
    if len(hashes := {line["recipe_hash"] for line in lines}) > 1:
        raise InputError(f"the search holds runs of {len(hashes)} recipes; what they reach is no comparison.")
    found = {}
    for row in rows(TABLE):
        own = sorted((line for line in lines if line["row"] == row.name), key=lambda line: line["seed"])
        if tuple(line["seed"] for line in own) == row.seeds:
            found[row.name] = _tried(row.name, own)
    if BASE not in found:
        raise InputError(f"the search's row {BASE!r} is not finished; `rrca sweep --table {TABLE}` goes on.")
    return found


def _tried(name: str, lines: Sequence[Mapping[str, Any]]) -> Tried:
    steps = lines[0]["steps"]
    curves = np.array([line["curve"] for line in lines])  # (S, P, 2): step, IoU
    return Tried(name, steps, curves[0, :, 0] / steps, curves[:, :, 1])


def table(tried: Mapping[str, Tried]) -> pd.DataFrame:
    """What each change gained at the end, in points of IoU.

    Parameters
    ----------
    tried : mapping of str to Tried
        From `load`.

    Returns
    -------
    DataFrame
        A row for each change, the best first: steps, mean IoU over the seeds in per cent, its difference from the
        base in points, and the 95 % interval of that difference, adjusted for the number of changes
        (`rrca.compare.differences`). "paid" is "yes" or "it cost" where the interval leaves 0 out, else "undecided".
    """
    ends, base = _ends(tried)
    found = differences(ends, base).rename(columns={"ours": "IoU"})[["IoU", "difference", "low", "high"]]
    sides = found[["low", "high"]].itertuples(index=False)
    found["paid"] = ["yes" if low > 0 else "it cost" if high < 0 else "undecided" for low, high in sides]
    found.loc[BASE, "IoU"] = base.mean()
    found.insert(0, "steps", [tried[name].steps for name in found.index])
    return found.rename_axis("change").sort_values("IoU", ascending=False)


def spread(tried: Mapping[str, Tried]) -> float:
    """Standard deviation over seeds at the end, pooled over all rows, in points of IoU."""
    return pooled_sd(*_ends(tried))


def _ends(tried: Mapping[str, Tried]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """IoU of each seed at the end in per cent: by change, and the base's."""
    ends = {name: 100 * row.iou[:, -1] for name, row in tried.items()}
    return ends, ends.pop(BASE)
