"""Accuracy against cost: the paper's figures, what is counted and timed here, and how well one cost tells another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rrca import checkpoint, paper
from rrca.errors import InputError
from rrca.studies import latency
from rrca.studies.plugin import ious_of
from rrca.sweeps import results

COSTS = (
    "printed G",
    "GMAC",
    "params, M",
)  # what may stand for time: printed FLOPs, executed work, parameters


def networks(measured: Mapping[str, Any] | None = None, folder: str | Path | None = None) -> pd.DataFrame:
    """The networks of Tables I and II: their printed accuracy and cost, and their cost as counted and timed here.

    Parameters
    ----------
    measured : mapping, optional
        As `rrca.studies.latency.measure` gives it; by default what is kept in the folder of result files.
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout.

    Returns
    -------
    DataFrame
        A row a network, by its name in `rrca.build`: "name" (for people), "printed IoU" (NUAA-SIRST, per cent),
        "printed M", "printed G"; the columns of `latency.table`; and "ours": mean IoU of our runs in per cent under the
        paper's protocol, nan where there are none. While there is no run of these tables at all, "ours" is what the
        cards of shipped weights say.

    Notes
    -----
    Two printed rows mix two states of one network. RepISD-Net's parameters are those of the folded network, its FLOPs
    those of the one with branches; timed is the folded one. LW-IRSTNet's FLOPs belong to other kernels than its
    parameters.
    """
    counted = latency.table(latency.read(folder) if measured is None else measured)
    lines = {number: results.frame(number, folder) for number in ("I", "II")}
    none_yet = all(frame.empty for frame in lines.values())  # another recipe than the tables': never both
    rows = {}
    for table in ("I", "II"):
        for printed in paper.table(table, paper.NUAA):
            if printed.name not in paper.REGISTERED:
                continue
            network = paper.REGISTERED[printed.name] + ("+rucb" if table == "II" else "")
            ours = (
                _shipped(network) if none_yet else ious_of(lines[table], printed.name, paper.NUAA, "dnanet")
            )
            rows[network] = {
                "name": printed.name + (" + RuCB" if table == "II" else ""),
                "printed IoU": printed.iou,
                "printed M": printed.params,
                "printed G": printed.flops,
                **counted.loc[network],
                "ours": ours.mean() if len(ours) else np.nan,
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _shipped(network: str) -> np.ndarray:
    """IoU in per cent on the card of the shipped weights of that name, as an array of one; empty if there are none."""
    if network not in checkpoint.shipped():
        return np.array([])
    return np.array([100 * checkpoint.card(network)["metrics"]["dnanet"]["iou"]])


def rank_correlation(first, second) -> float:
    """Spearman's: how well one quantity's order tells another's, from −1 (reversed) to 1 (the same).

    Parameters
    ----------
    first, second : sequence of float, the same length
        Equal values share the mean of their ranks.

    Returns
    -------
    float

    References
    ----------
    C. Spearman, "The proof and measurement of association between two things", Am. J. Psychology 15, 1904.

    Examples
    --------
    >>> rank_correlation([1, 2, 3, 4], [10, 20, 400, 300])
    0.8
    """
    return float(pd.Series(first, dtype=float).rank().corr(pd.Series(second, dtype=float).rank()))


def predictors(table: pd.DataFrame) -> dict[str, float]:
    """Rank correlation of the time with each of `COSTS`."""
    return {cost: rank_correlation(table[cost].tolist(), table["ms"].tolist()) for cost in COSTS}


def reversed_pairs(table: pd.DataFrame, cost: str) -> list[tuple[str, str]]:
    """Pairs of networks of which the one that costs less takes longer, the worst first.

    Parameters
    ----------
    table : DataFrame
        From `networks`.
    cost : str
        One of `COSTS`.

    Returns
    -------
    list of (str, str)
        The cheaper one first, by "name"; sorted by how many times as long it takes.
    """
    found = [
        (slow["ms"] / quick["ms"], slow["name"], quick["name"])
        for _, slow in table.iterrows()
        for _, quick in table.iterrows()
        if slow[cost] < quick[cost] and slow["ms"] > quick["ms"]
    ]
    return [(slow, quick) for _, slow, quick in sorted(found, reverse=True)]


def front(table: pd.DataFrame, cost: str, accuracy: str = "printed IoU") -> list[str]:
    """The networks that no other beats in both: none costs no more and is at least as accurate.

    Parameters
    ----------
    table : DataFrame
        From `networks`.
    cost, accuracy : str
        Columns: small is good in the first, large in the second. Rows without a value are left out.

    Returns
    -------
    list of str
        Labels of the rows, the cheapest first.

    Raises
    ------
    InputError
        If the table has no such column.

    Examples
    --------
    >>> toy = pd.DataFrame({"ms": [1, 2, 3], "IoU": [70, 60, 75]}, index=["a", "b", "c"])
    >>> front(toy, "ms", "IoU")
    ['a', 'c']
    """
    for column in (cost, accuracy):
        if column not in table:
            raise InputError(f"the table has no column {column!r}; it has {', '.join(table.columns)}.")
    known = table.dropna(subset=[cost, accuracy]).sort_values([cost, accuracy], ascending=[True, False])
    best_before = known[accuracy].astype(float).cummax().shift(fill_value=-np.inf)
    return known.index[known[accuracy] > best_before].tolist()


def macs_per_value(c_in: int, c_out: int, kernel: int = 3) -> float:
    """Multiply-accumulates that a convolution does for each value that it reads or writes, weights left out.

    Parameters
    ----------
    c_in, c_out : int
        Channels.
    kernel : int, default 3
        Side of the kernel, pixels.

    Returns
    -------
    float
        Height and width cancel: a wide layer at low resolution does more with each value than a narrow one at full.

    References
    ----------
    S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009: arithmetic intensity.

    Examples
    --------
    >>> macs_per_value(8, 8), macs_per_value(64, 64)
    (36.0, 288.0)
    """
    return kernel**2 * c_in * c_out / (c_in + c_out)
