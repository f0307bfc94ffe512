"""Our differences from the default row with their intervals, beside the paper's."""

from collections.abc import Sequence

import numpy as np

from rrca.compare import Comparison
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style

UNITS = {"iou": "IoU / points", "pd": "Pd / points", "fa": "Fa / 1e-6"}
COLOURS = {"agrees": CURVES[2], "contradicts": CURVES[1], "undecided": CURVES[0]}
MARKS = {"agrees": "s", "contradicts": "X", "undecided": "o"}


def differences(comparisons: Sequence[Comparison]) -> Figure:
    """A panel for each figure: how far each row lies from the default, with its interval, and what the paper prints.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Of one table, from `rrca.compare.table`; one for each figure that is to be shown.

    Returns
    -------
    Figure
        Rows of one seed have a mark without an interval; rows that were not run say so. Grey: one standard deviation
        of the default's seeds to either side. Numbers: by figure and row "ours", "difference", "low", "high" and
        "paper" (its difference), in the table's units, and "verdict"; nothing of rows that were not run.
    """
    numbers = {one.figure: _numbers(one) for one in comparisons}
    verdicts = [row["verdict"] for rows in numbers.values() for row in rows.values() if "verdict" in row]
    missing = sum(verdict == "not run" for one in comparisons for verdict in one.frame["verdict"])
    counted = ", ".join(f"{verdicts.count(word)} {word}" for word in COLOURS)
    caption = f"Differences from the default row with 95 % intervals: {counted}" + (
        f"; {missing} not run." if missing else "."
    )
    first = comparisons[0].frame
    rows = list(first.index[first["verdict"].notna() | first["difference"].notna()])  # all but the default
    with in_style():
        figure = Figure(WIDTH, 1.1 + 0.32 * len(rows), caption, numbers)
        panels = figure.subplots(1, len(comparisons), sharey=True, squeeze=False)[0]
        for axes, one in zip(panels, comparisons, strict=True):
            _panel(axes, one, rows)
        panels[0].set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
        handles = [
            axes.plot([], [], MARKS[word], color=COLOURS[word], label=f"ours, {word}")[0] for word in COLOURS
        ]
        handles += axes.plot([], [], "D", color=IOU, fillstyle="none", label="paper")
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _panel(axes, one: Comparison, rows: Sequence[str]) -> None:
    """One figure's differences."""
    frame = one.frame
    spread = frame.loc[frame["difference"].isna() & frame["sd"].notna(), "sd"]  # of the default
    if len(spread):
        axes.axvspan(-spread.iloc[0], spread.iloc[0], color="0.9", linewidth=0)
    axes.axvline(0, color=IOU, linewidth=0.8)
    for place, name in enumerate(rows):
        row = frame.loc[name]
        colour, mark = COLOURS.get(row["verdict"], "0.5"), MARKS.get(row["verdict"], "o")
        if np.isfinite(row["difference"]):
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
            axes.plot(row["difference"], place, mark, color=colour, markersize=6)
        else:
            behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            axes.text(
                0, place + 0.3, "not run", ha="center", va="center", fontsize=6, color="0.4", bbox=behind
            )
        if np.isfinite(row["paper difference"]):
            axes.plot(row["paper difference"], place, "D", color=IOU, fillstyle="none", markersize=6)
    axes.set(xlabel=UNITS[one.figure])
    axes.margins(x=0.1)
    axes.grid(axis="x", alpha=0.3)


def _numbers(one: Comparison) -> dict[str, dict]:
    """What a panel shows."""
    columns = {
        "ours": "ours",
        "difference": "difference",
        "low": "low",
        "high": "high",
        "paper difference": "paper",
    }
    shown = one.frame[one.frame["n"] > 0]
    return {
        name: {to: float(row[column]) for column, to in columns.items() if np.isfinite(row[column])}
        | ({"verdict": row["verdict"]} if row["verdict"] else {})
        for name, row in shown.iterrows()
    }
