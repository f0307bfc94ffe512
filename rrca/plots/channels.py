"""Figures of Table III: what width and depth cost, its front by two costs, and how far a network looks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from rrca.plots.labels import name_marks
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.channels import DEPTHS, WIDTHS, growth
from rrca.studies.efficiency import front

COSTS = {"params, M": "parameters / M", "GMAC": "executed multiply-accumulates / G"}
MARKS = "osD^"


def width_and_depth(table: pd.DataFrame) -> Figure:
    """Parameters and executed work of Table III's rows, with the ways that width and depth take.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.channels.table_iii`.

    Returns
    -------
    Figure
        Both axes logarithmic. Numbers: "params, M", "GMAC", "printed M" and
        "printed G" by row; "wider" and "deeper": by column the factor of each step.
    """
    columns = ["params, M", "printed M", "GMAC", "printed G"]
    numbers: dict = {column: {name: float(v) for name, v in table[column].items()} for column in columns}
    for word, rows in (("wider", WIDTHS), ("deeper", DEPTHS)):
        numbers[word] = {column: values.tolist() for column, values in growth(table, rows, columns).items()}
    wider, deeper, params = (
        numbers["wider"]["GMAC"],
        numbers["deeper"]["GMAC"],
        numbers["deeper"]["params, M"],
    )
    caption = (
        f"Twice the channels are {wider[0]:.2f} and {wider[1]:.2f} times the work; one more level is {deeper[0]:.2f} "
        f"and {deeper[1]:.2f} times, with {params[0]:.1f} and {params[1]:.1f} times the parameters."
    )
    with in_style():
        figure = Figure(WIDTH, 4.2, caption, numbers)
        axes = figure.subplots()
        looks = (("twice the channels", WIDTHS, CURVES[1], "-"), ("one more level", DEPTHS, CURVES[0], "--"))
        for label, rows, colour, line in looks:
            own = table.loc[list(rows)]
            axes.plot(
                own["params, M"],
                own["GMAC"],
                color=colour,
                linestyle=line,
                linewidth=2,
                zorder=1,
                label=label,
            )
        axes.plot(table["params, M"], table["GMAC"], "o", color=IOU, markersize=7)
        axes.set(xscale="log", yscale="log", xlabel=COSTS["params, M"], ylabel=COSTS["GMAC"])
        axes.set(xlim=(0.03, 6), ylim=(0.3, 20))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="lower right")
        _name(axes, table, "params, M", "GMAC")
    return figure


def table_iii_fronts(table: pd.DataFrame, accuracy: str = "iou") -> Figure:
    """Table III's printed IoU against two costs, with the rows that no other beats in both.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.channels.table_iii`.
    accuracy : str, default "iou"
        The column.

    Returns
    -------
    Figure
        Numbers: by cost the "front", the cheapest first, and "on front", how many; by row "iou".
    """
    fronts = {cost: front(table, cost, accuracy) for cost in COSTS}
    numbers: dict = {cost: {"front": names, "on front": len(names)} for cost, names in fronts.items()}
    numbers["iou"] = {name: float(value) for name, value in table[accuracy].items()}
    caption = (
        f"Rows that no other beats in both: {len(fronts['params, M'])} of {len(table)} by parameters, "
        f"{len(fronts['GMAC'])} by executed work. Printed IoU: single runs, best epoch on the test list."
    )
    with in_style():
        figure = Figure(WIDTH, 3.8, caption, numbers)
        panels = figure.subplots(1, len(COSTS), sharey=True)
        for axes, (cost, label) in zip(panels, COSTS.items(), strict=True):
            line = table.loc[fronts[cost]]
            axes.plot(line[cost], line[accuracy], color="0.75", linewidth=1.5, zorder=1)
            for name, row in table.iterrows():
                on = name in fronts[cost]
                axes.plot(
                    row[cost],
                    row[accuracy],
                    "o" if on else "X",
                    color=CURVES[0] if on else CURVES[1],
                    markersize=7,
                )
            axes.set(xscale="log", xlabel=label)
            axes.xaxis.set_major_formatter("{x:g}")
            axes.grid(alpha=0.25)
            axes.margins(0.25, 0.15)
        panels[0].set_ylabel("IoU on NUAA-SIRST / %, printed")
        for axes, cost in zip(panels, COSTS, strict=True):
            _name(axes, table, cost, accuracy)
    return figure


def reach_profiles(reaches: Mapping[str, Mapping], targets: Sequence[int] = (3,)) -> Figure:
    """How much of a score's gradient falls within a distance, for several networks.

    Parameters
    ----------
    reaches : mapping of str to mapping
        By row, from `rrca.studies.channels.reach`.
    targets : sequence of int, default (3,)
        Sides of targets that are marked, px.

    Returns
    -------
    Figure
        Numbers: by row "radius" (px, half of the gradient) and "within 16 px" (per cent).
    """
    numbers = {
        name: {"radius": found["radius"], "within 16 px": 100 * float(found["profile"][16])}
        for name, found in reaches.items()
    }
    caption = "Half of a score's gradient lies within " + ", ".join(
        f"{own['radius']} px ({name})" for name, own in numbers.items()
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption + ". Fresh weights.", numbers)
        axes = figure.subplots()
        for i, (name, found) in enumerate(reaches.items()):
            distance = np.arange(len(found["profile"]))
            axes.plot(
                distance,
                100 * found["profile"],
                color=CURVES[i % len(CURVES)],
                linestyle=("-", "--", ":")[i % 3],
                linewidth=2,
                label=name,
            )
        for side in targets:
            axes.axvline(side / 2, color="0.6", linewidth=0.8)
            axes.annotate(
                f"target of {side} px", (side / 2, 96), (4, 0), textcoords="offset points", fontsize=8
            )
        axes.axhline(50, color="0.6", linewidth=0.8)
        axes.set(xlabel="distance from the pixel / px", ylabel="share of the gradient / %", ylim=(0, 100))
        axes.set_xlim(0, len(next(iter(reaches.values()))["profile"]) - 1)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="lower right")
    return figure


def _name(axes, table: pd.DataFrame, x: str, y: str) -> None:
    """Rows by their names, with a rim that lines do not cross."""
    name_marks(axes, table[x].tolist(), table[y].tolist(), list(table.index), [5.0] * len(table))
    for text in axes.texts:
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
