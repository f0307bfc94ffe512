"""Tables "paper | ours", made from cards and results; never typed."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rrca import paper
from rrca.errors import InputError
from rrca.evaluation import protocols_for
from rrca.metrics import Metrics, Roc
from rrca.studies.matrix import FORBIDDEN, SAME_FRAMES, SETS, cells

# IoU and Pd in per cent, Fa in 1e-6, by (network as `rrca.build` knows it, data set).
TABLE_I = {
    (paper.REGISTERED[row.name], row.data): row.figures
    for row in paper.table("I")
    if row.name in paper.REGISTERED
}


def paper_and_ours(card: dict) -> pd.DataFrame:
    """The paper's row of Table I beside what shipped weights reach on the same test list.

    Parameters
    ----------
    card : dict
        Of weights judged on a test list (`rrca.load(...)[1]`).

    Returns
    -------
    DataFrame
        One row per figure (IoU and Pd in per cent, Fa in 1e-6), one column for the paper and one per
        protocol on the card. The paper's own protocol is "dnanet" on NUAA-SIRST and IRSTD-1k, and
        "rrcanet-dense" on DenseSIRST; the others answer other questions.
    """
    rows = ["IoU, %", "Pd, %", "Fa, 1e-6"]
    columns = {"paper, Table I": TABLE_I.get((card["network"], card["data"]), (None,) * 3)}
    for protocol, result in card["metrics"].items():
        columns[f"ours, {protocol}"] = (100 * result["iou"], 100 * result["pd"], 1e6 * result["fa"])
    return pd.DataFrame(columns, index=rows).round(2)


def origin(card: dict) -> str:
    """One sentence on where weights come from: data, list, steps, selection, seed, machine; wrapped to a page."""
    recipe = card["recipe"]
    return textwrap.fill(
        f"{card['network']} with {recipe['settings'].get('in_channels', 3)} input channel(s), fitted to the "
        f"{card['split']} list of {card['data']} for {recipe['steps']} steps of "
        f"{recipe['batch']} crops of {recipe['crop']}² "
        f"(recipe '{recipe['name']}', seed {card['seed']}, weights chosen on {card['selected_on']}), "
        f"{card['minutes']:.0f} minutes on {card['hardware']}.",
        width=90,
    )


def by_protocol(results: Mapping[str, Metrics]) -> pd.DataFrame:
    """What each protocol prints for the same predictions.

    Parameters
    ----------
    results : mapping of str to Metrics
        By protocol, as `rrca.evaluate` gives them.

    Returns
    -------
    DataFrame
        One row a protocol. IoU, nIoU, Pd and hIoU in per cent, Fa in 1e-6, and the counts behind Pd and Fa: targets
        found and all of them, false components, false pixels, pixels. "shooting" knows no pairs, so it has neither
        hIoU nor false components.

    Examples
    --------
    >>> from rrca.metrics import Counts, summarise
    >>> counts = Counts(frames=1, pixels=10**6, targets=4, detected=3, false_pixels=7)
    >>> by_protocol({"exact": summarise(counts)})[["Pd, %", "Fa, 1e-6", "found", "targets"]]
           Pd, %  Fa, 1e-6  found  targets
    exact   75.0       7.0      3        4
    """
    rows = {
        name: {
            "IoU, %": 100 * result.iou,
            "nIoU, %": 100 * result.niou,
            "Pd, %": 100 * result.pd,
            "Fa, 1e-6": 1e6 * result.fa,
            "hIoU, %": 100 * result.hiou,
            "found": result.detected,
            "targets": result.targets,
            "false components": result.false_components,
            "false pixels": result.false_pixels,
            "pixels": result.pixels,
        }
        for name, result in results.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").round(2)
    return table.astype({"false components": "Int64"})


def price_of(curve: Roc, fa: float, start: float = 0.5) -> dict[str, float]:
    """What it costs to push Fa below a value by the threshold alone.

    Parameters
    ----------
    curve : Roc
        Over the frames in question.
    fa : float
        What Fa is to fall below, as a fraction.
    start : float, default 0.5
        The threshold that the price is reckoned from; the nearest one of the curve is taken.

    Returns
    -------
    dict
        "threshold" and "logit" of the lowest threshold with a smaller Fa, targets "found" there and "lost" against
        `start`; and "free": the highest logit up to which none is lost, with its "free Fa / 1e-6".

    Raises
    ------
    InputError
        If no threshold of the curve has a smaller Fa.
    """
    below = np.flatnonzero(curve.fa < fa)
    if not below.size:
        raise InputError(
            f"Fa falls to {1e6 * curve.fa.min():.3g}e-6 at the least; ask for more than that, not {1e6 * fa:g}e-6."
        )
    found = np.array([counts.detected for counts in curve.counts])
    here, first = int(below[0]), int(np.argmin(np.abs(curve.thresholds - start)))
    free = (
        first + int(np.argmin(found[first:] >= found[first])) - 1
        if (found[first:] < found[first]).any()
        else -1
    )
    logit = np.log(curve.thresholds) - np.log1p(-curve.thresholds)
    return {
        "threshold": float(curve.thresholds[here]),
        "logit": float(logit[here]),
        "found": int(found[here]),
        "lost": int(found[first] - found[here]),
        "free": float(logit[free]),
        "free Fa / 1e-6": 1e6 * float(curve.fa[free]),
    }


def matrix(lines: Sequence[Mapping], protocol: str = "exact") -> pd.DataFrame:
    """Trained on × tested on, one protocol.

    Parameters
    ----------
    lines : sequence of dict
        Of `data/results/matrix.jsonl`: `rrca.studies.matrix.known()`.
    protocol : str, default "exact"
        Or "paper": on each test list the protocol behind the paper's row of that set.

    Returns
    -------
    DataFrame of str
        A row for each training set, a column for each test list: IoU and Pd in per cent and Fa in 1e-6; "struck out"
        where the two share frames, "not run" where there are no weights or nobody judged them.
    """
    found = cells(lines)

    def cell(trained: str, tested: str) -> str:
        if (trained, tested) in FORBIDDEN:
            return "struck out"
        if (trained, tested) not in found:
            return "not run"
        name = protocols_for(tested)[1] if protocol == "paper" else protocol
        result = found[trained, tested]["metrics"][name]
        return f"{100 * result['iou']:.2f} / {100 * result['pd']:.2f} / {1e6 * result['fa']:.2f}"

    rows = [[cell(trained, tested) for tested in SETS] for trained in SETS]
    return pd.DataFrame(
        rows, index=pd.Index(SETS, name="trained on"), columns=pd.Index(SETS, name="tested on")
    )


def matrix_page(lines: Sequence[Mapping]) -> str:
    """The same as Markdown, for the README: `exact`, the paper's protocols below it, and why a pair is struck out."""
    exact, papers = matrix(lines), matrix(lines, "paper")
    weights = {line["trained"]: f"`{line['weights']}`" for line in lines}
    page = ["| trained on ↓, tested on → | " + " | ".join(SETS) + " |", "|---" * (1 + len(SETS)) + "|"]
    for trained in SETS:
        shown = [
            f"{text}<br>{papers.loc[trained, tested]} `{protocols_for(tested)[1]}`" if "/" in text else text
            for tested, text in exact.loc[trained].items()
        ]
        page.append(f"| {trained}: {weights.get(trained, 'no weights yet')} | " + " | ".join(shown) + " |")
    page += [
        "",
        "IoU, % / Pd, % / Fa, 10⁻⁶ on the test lists: `exact`, and below it the protocol behind the paper's row of the",
        "test set (it has none on NUDT-SIRST). *Struck out*, since never to be judged on one another:",
        f"{SAME_FRAMES}.",
        "*Not run*: no such weights yet, or not judged there yet.",
    ]
    return "\n".join(page) + "\n"
