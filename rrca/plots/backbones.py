"""Figures of the three backbones: parameters and work by level, and what the paper prints of them."""

import numpy as np
import pandas as pd

from rrca.plots.style import CURVES, WIDTH, Figure, in_style

LEVELS = ("0", "1", "2", "3")
MARKERS = "o^s"
HATCHES = ("", "///", "...")
UNITS = {"iou": "IoU / %", "pd": "Pd / %", "fa": "Fa / 1e-6"}


def backbone_levels(params: pd.DataFrame, macs: pd.DataFrame) -> Figure:
    """Parameters and executed work of the backbones, level by level.

    Parameters
    ----------
    params, macs : DataFrame
        From `rrca.studies.backbones.by_level`.

    Returns
    -------
    Figure
        Numbers: "params" and "GMAC" by backbone, in all; "params by level" and "GMAC by level" by backbone; and for the
        step from the first to the second backbone "added params / %" and "added work / %" by level, of all that is
        added.
    """
    numbers: dict = {}
    for name, table, unit in (("params", params, 1), ("GMAC", macs, 1e9)):
        numbers[name] = {row: float(table.loc[row].sum() / unit) for row in table.index}
        numbers[f"{name} by level"] = {
            row: {level: float(table.loc[row, level] / unit) for level in LEVELS} for row in table.index
        }
    for said, table in (("added params / %", params), ("added work / %", macs)):
        more = table.iloc[1] - table.iloc[0]
        numbers[said] = {level: float(100 * more[level] / more.sum()) for level in LEVELS}
    deepest = LEVELS[-1]
    caption = (
        f"Of what {params.index[1]} has more than {params.index[0]}, level {deepest} holds "
        f"{numbers['added params / %'][deepest]:.0f} % of the parameters and {numbers['added work / %'][deepest]:.0f} "
        "% of the work."
    )
    with in_style():
        figure = Figure(WIDTH, 3.3, caption, numbers)
        left, right = figure.subplots(1, 2)
        for axes, table, unit, digits in ((left, params, 1e3, 1), (right, macs, 1e9, 2)):
            for i, row in enumerate(table.index):
                x = np.arange(len(LEVELS)) + (i - 1) * 0.28
                bars = axes.bar(
                    x, table.loc[row, list(LEVELS)] / unit, 0.26, color=CURVES[i], hatch=HATCHES[i], label=row,
                    edgecolor="white", linewidth=0.3,
                )  # fmt: skip
                axes.bar_label(bars, fmt=f"%.{digits}f", fontsize=7, padding=2)
            axes.set(xticks=range(len(LEVELS)), xlabel="level: height and width of the frame")
            axes.set_xticklabels(
                [f"{level}: 1/{2 ** int(level)}" if level != "0" else "0: 1" for level in LEVELS]
            )
            axes.margins(y=0.12)
        left.set(ylabel="parameters / 1000")
        right.set(ylabel="executed work / GMAC, 3×256×256")
        left.legend(frameon=False, loc="upper left")
    return figure


def printed_backbones(table: pd.DataFrame) -> Figure:
    """IoU, Pd and Fa of the backbones on three data sets, as the paper prints them.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.backbones.printed`.

    Returns
    -------
    Figure
        Numbers: by figure "best", the backbones that are best on each data set; the values by data set and backbone;
        and "best in", a count by backbone, ties for all.
    """
    numbers: dict = {}
    for figure_name in UNITS:
        wide = table[figure_name].unstack("backbone")[list(table.index.unique("backbone"))]
        wide = wide.loc[table.index.unique("data")]
        ends = wide.min(axis=1) if figure_name == "fa" else wide.max(axis=1)
        best = {data: wide.columns[wide.loc[data] == end].tolist() for data, end in ends.items()}
        numbers[figure_name] = {"best": best, **{data: wide.loc[data].to_dict() for data in wide.index}}
    wins = dict.fromkeys(table.index.unique("backbone"), 0)
    for own in numbers.values():
        for names in own["best"].values():
            for name in names:
                wins[name] += 1
    caption = (
        "Of nine printed figures "
        + ", ".join(f"{name} is best in {n}" for name, n in wins.items())
        + " (ties count for all)."
    )
    numbers["best in"] = wins
    with in_style():
        figure = Figure(WIDTH, 3.1, caption, numbers)
        for axes, (name, unit) in zip(figure.subplots(1, 3), UNITS.items(), strict=True):
            for i, data in enumerate(table.index.unique("data")):
                own = table.loc[data, name]
                axes.plot(range(len(own)), own, marker=MARKERS[i], color=CURVES[i], label=data)
            axes.set(xticks=range(len(own)), xticklabels=own.index, ylabel=unit, xlim=(-0.3, len(own) - 0.7))
            axes.grid(alpha=0.3)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure
