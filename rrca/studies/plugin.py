"""Table II: what RuCB adds to three rivals beside its passes, and the paper's rows beside ours."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rrca import paper
from rrca.cost import count
from rrca.registry import build
from rrca.sweeps import results

RIVALS = {
    "ResUNet": "resunet",
    "AMFU-net": "amfunet",
    "DNANet": "dnanet",
}  # of Table II, as `rrca.build` knows them
FORMS = ("plain", "n = 0", "n = 2")
FIGURES = ("IoU", "Pd", "Fa")


def counts(networks: Mapping[str, str] = RIVALS) -> pd.DataFrame:
    """What each network of Table II costs plain, with RuCB's extra layers but no iteration, and with two.

    Parameters
    ----------
    networks : mapping of str to str
        The paper's name to that of `rrca.build`, which also knows it with "+rucb".

    Returns
    -------
    DataFrame
        A row for each network and each of `FORMS`: "params", "GMAC" (executed) and "counted G" (by the paper's rule),
        for one frame of 3×256×256.
    """
    rows = {}
    for name, network in networks.items():
        forms = (
            build(network),
            build(f"{network}+rucb", iterations=0),
            build(f"{network}+rucb", iterations=2),
        )
        for form, model in zip(FORMS, forms, strict=True):
            cost = count(model.eval())
            rows[name, form] = {
                "params": cost.params,
                "GMAC": cost.macs / 1e9,
                "counted G": cost.paper_flops / 1e9,
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["network", "form"])
    return table


def printed_changes() -> pd.DataFrame:
    """What RuCB changes by the paper's own figures: Table II minus Table I.

    Returns
    -------
    DataFrame
        A row for each of three networks on three data sets; IoU and Pd in points, Fa in 1e-6. Each is the difference of
        two single runs, the epoch of each chosen on the test list.

    References
    ----------
    Paper, Tables I and II.
    """
    rows = {}
    for with_rucb in paper.table("II"):
        plain = paper.row("I", with_rucb.name, with_rucb.data)
        change = np.subtract(with_rucb.figures, plain.figures).round(3)
        rows[with_rucb.name, with_rucb.data] = dict(zip(FIGURES, change.tolist(), strict=True))
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["network", "data"])
    return table


def improved(changes: pd.DataFrame) -> dict[str, int]:
    """In how many rows each figure got better: IoU and Pd by rising, Fa by falling.

    Examples
    --------
    >>> improved(printed_changes())
    {'IoU': 6, 'Pd': 4, 'Fa': 9}
    """
    better = changes.mul({"IoU": 1, "Pd": 1, "Fa": -1}) > 0
    return {name: int(better[name].sum()) for name in FIGURES}


def table_ii(
    data: str = paper.NUAA, folder: str | Path | None = None, protocol: str = "dnanet"
) -> pd.DataFrame:
    """Table II of one data set: the paper's IoU beside that of our runs, as far as there are any.

    Parameters
    ----------
    data : str, default "NUAA-SIRST"
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout. Rows are those of `rrca sweep`: table I has the
        plain networks, table II those with RuCB under the same names, and the controls as "NAME, n = 0".
    protocol : str, default "dnanet"
        Of our figures; this is the paper's own on NUAA-SIRST.

    Returns
    -------
    DataFrame
        A row for each network and each of `FORMS`: "paper" and "ours", IoU in per cent, ours as mean ± standard
        deviation (seeds).
    """
    found = {number: results.frame(number, folder) for number in ("I", "II")}
    rows = {}
    for name in RIVALS:
        places = (("I", name), ("II", f"{name}, n = 0"), ("II", name))
        for form, (number, row) in zip(FORMS, places, strict=True):
            printed = "no such row" if form == "n = 0" else f"{paper.row(number, name, data).iou:.2f}"
            rows[name, form] = {"paper": printed, "ours": _said(found[number], row, data, protocol)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["network", "form"])
    return table


def _said(lines: pd.DataFrame, row: str, data: str, protocol: str) -> str:
    """Mean IoU of a row's runs in per cent with its spread, or that there are none."""
    ious = ious_of(lines, row, data, protocol)
    if not len(ious):
        return "not run yet"
    spread = f" ± {ious.std(ddof=1):.2f}" if len(ious) > 1 else ""
    return f"{ious.mean():.2f}{spread} ({len(ious)})"


def ious_of(lines: pd.DataFrame, row: str, data: str, protocol: str) -> np.ndarray:
    """IoU in per cent of each of a row's runs on a test list, from `results.frame`; empty if there is none."""
    if lines.empty:
        return np.array([])
    own = lines[(lines.row == row) & (lines.data == data) & (lines.list == "test")]
    return np.array([100 * metrics[protocol]["iou"] for metrics in own.metrics])
