"""Figures of the page of claims: where each stands, what the printed figures said, and the rule of the verdicts."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from rrca.compare import verdict
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style, signed

LOOKS = {  # of a verdict: colour, hatch, colour of the number on it
    "agrees": (CURVES[0], "", "white"),
    "contradicts": (CURVES[1], "///", "black"),
    "undecided": ("#F0E442", "..", "black"),
    "open": ("white", "", "black"),
}


def claims(sections: Mapping[str, Mapping[str, Sequence[int]]], subjects: Mapping[str, str]) -> Figure:
    """Every claim as a square with its number, by the paper's section and by verdict.

    Parameters
    ----------
    sections : mapping
        From `rrca.studies.evidence.by_section`.
    subjects : mapping of str to str
        What each section is about.

    Returns
    -------
    Figure
        Numbers: "total", "by verdict" and "by section", each a count.
    """
    counts = {verdict: sum(len(own[verdict]) for own in sections.values()) for verdict in LOOKS}
    numbers = {
        "total": sum(counts.values()),
        "by verdict": counts,
        "by section": {
            section: {verdict: len(found) for verdict, found in own.items()}
            for section, own in sections.items()
        },
    }
    words = {
        "agrees": "agree",
        "contradicts": "are contradicted",
        "undecided": "are undecided",
        "open": "are open",
    }
    said = ", ".join(f"{count} {words[verdict]}" for verdict, count in counts.items())
    caption = f"Of {numbers['total']} claims {said}."
    with in_style():
        figure = Figure(WIDTH, 3.9, caption, numbers)
        axes = figure.subplots()
        for row, own in enumerate(sections.values()):
            placed = [(verdict, number) for verdict, found in own.items() for number in found]
            for column, (verdict, number) in enumerate(placed):
                colour, hatch, ink = LOOKS[verdict]
                place = (column + 0.06, row + 0.08)
                look = {"facecolor": colour, "hatch": hatch, "edgecolor": IOU, "linewidth": 0.6}
                axes.add_patch(Rectangle(place, 0.88, 0.84, **look))
                box = {"facecolor": colour, "edgecolor": "none", "pad": 1.0} if hatch else None
                middle = (column + 0.5, row + 0.5)
                axes.text(*middle, number, ha="center", va="center", color=ink, fontsize=9, bbox=box)
        longest = max(sum(map(len, own.values())) for own in sections.values())
        axes.set(xlim=(0, longest + 0.2), ylim=(len(sections), 0), xticks=[])
        names = [f"{subjects[section]} ({section})" for section in sections]
        axes.set_yticks(np.arange(len(sections)) + 0.5, names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        patches = [
            Rectangle((0, 0), 1, 1, facecolor=colour, hatch=hatch, edgecolor=IOU, linewidth=0.6)
            for colour, hatch, _ in LOOKS.values()
        ]
        labels = [f"{verdict}: {count}" for verdict, count in counts.items()]
        axes.legend(patches, labels, loc="upper right", frameon=False, fontsize=9)
    return figure


def printed_and_verdict(table: pd.DataFrame) -> Figure:
    """What the paper's own figures said of the claims, and where they stand.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.evidence.printed_against_verdict`.

    Returns
    -------
    Figure
        Numbers: by row of the table its cells and "all".
    """
    numbers = {
        row: {column: int(value) for column, value in cells.items()} | {"all": int(cells.sum())}
        for row, cells in table.iterrows()
    }
    agreeing = numbers["agrees"]
    caption = (
        f"{agreeing['all']} claims agree with the figures that the paper prints; {agreeing['contradicts']} of them are "
        f"contradicted all the same, {agreeing['undecided'] + agreeing['open']} are undecided or open."
    )
    with in_style():
        figure = Figure(WIDTH, 2.6, caption, numbers)
        axes = figure.subplots()
        left = np.zeros(len(table))
        for column in table:
            colour, hatch, ink = LOOKS[column]
            bars = axes.barh(
                table.index, table[column], left=left, color=colour, hatch=hatch, edgecolor=IOU, linewidth=0.6,
                label=column,
            )  # fmt: skip
            for bar, value in zip(bars, table[column], strict=True):
                if value:
                    box = {"facecolor": colour, "edgecolor": "none", "pad": 1.0} if hatch else None
                    middle = (bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2)
                    axes.text(*middle, value, ha="center", va="center", color=ink, bbox=box)
            left += table[column].to_numpy()
        axes.invert_yaxis()
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="claims", ylabel="by the printed figures")
        axes.legend(title="verdict", frameon=False, loc="lower right", ncols=2)
    return figure


def verdict_rule(cases: Mapping[str, tuple[float, float, float]]) -> Figure:
    """What intervals say about printed differences, by the rule of the verdicts.

    Parameters
    ----------
    cases : mapping of str to (float, float, float)
        By a name: low and high of our interval, and the paper's difference, in points.

    Returns
    -------
    Figure
        Numbers: the verdict by name.
    """
    numbers = {name: verdict(*case) for name, case in cases.items()}
    caption = "; ".join(f"{name}: {found}" for name, found in numbers.items())
    with in_style():
        figure = Figure(WIDTH, 0.55 * len(cases) + 1.1, caption + ".", numbers)
        axes = figure.subplots()
        for row, (name, (low, high, printed)) in enumerate(cases.items()):
            colour, _, _ = LOOKS[numbers[name]]
            colour = IOU if numbers[name] == "undecided" else colour
            axes.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="butt")
            axes.plot([low, (low + high) / 2, high], [row] * 3, "|", color=colour, markersize=12)
            axes.plot(printed, row, "D", color=CURVES[3], markersize=7)
            axes.annotate(
                numbers[name], (1.01, row), xycoords=("axes fraction", "data"), va="center", color=colour
            )
        axes.axvline(0, color=IOU, linewidth=0.8)
        names = [f"{name}: [{signed(low, 1)}, {signed(high, 1)}]" for name, (low, high, _) in cases.items()]
        axes.set_yticks(range(len(cases)), names)
        axes.set(xlabel="difference from the default / points (line: our interval; diamond: printed)")
        axes.set_ylim(len(cases) - 0.5, -0.5)
        axes.grid(alpha=0.3, axis="x")
    return figure
