"""Figures of Table IV: its rows as counts, what a pass costs, a race on two axes, and the paper's Fig. 8."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.plots.parts import (
    check_shapes,
    draw_outline,
    enlarge,
    mark_window,
    show_image,
    stretched,
    window_around,
)
from rrca.plots.style import CURVES, FEATURE_MAP, FRAME_MAP, IOU, WIDTH, Figure, in_style
from rrca.studies.budget import Racer, equal_compute, standings
from rrca.studies.contrast import exposure
from rrca.studies.levels import enlarged, on_the_targets_scale

PRINTED = {"iou": "IoU / %", "missed": "missed targets, of 263", "pixels": "false pixels, of 14 million"}
COUNTS = {  # column, label, colour, hatch
    "params": ("parameters", "#BBBBBB", ""),
    "printed G": ("the paper's count of FLOPs", CURVES[0], "///"),
    "GMAC": ("executed MACs", CURVES[2], "..."),
    "kept MB": ("activations kept in training", CURVES[1], "xxx"),
}
LOOKS = ((CURVES[0], "o"), (CURVES[1], "s"), (CURVES[2], "D"), (CURVES[3], "^"))  # of n = 0, 1, 2, 3
SCALE = (-0.5, 1.5)  # of the maps of Fig. 8, in units of the target


def printed_counts(table: pd.DataFrame) -> Figure:
    """Table IV as printed: the IoU, and the whole numbers behind Pd and Fa.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.budget.printed`.

    Returns
    -------
    Figure
        A panel each; the bars of n = 2, the default, are full, the others hatched. Numbers: by n the table's columns.

    References
    ----------
    Paper, Table IV; each row is one run, its epoch chosen on the test list.
    """
    numbers = {f"n{n}": {name: float(value) for name, value in row.items()} for n, row in table.iterrows()}
    missed = ", ".join(f"{value:.0f}" for value in table["missed"])
    caption = f"Table IV as counts: of 263 targets {missed} are missed with n = 0 to 3. One run each."
    with in_style():
        figure = Figure(WIDTH, 2.9, caption, numbers)
        names = [f"n = {n}" for n in table.index]
        for axes, (column, label) in zip(figure.subplots(1, len(PRINTED)), PRINTED.items(), strict=True):
            axes.set_title(label, loc="left")
            if column == "iou":  # bars would have to begin at 0, and show no difference
                axes.plot(names, table[column], "o", color=CURVES[0], markersize=7)
                for x, value in enumerate(table[column]):
                    axes.annotate(f"{value:.2f}", (x, value), (0, 7), textcoords="offset points", ha="center")
                axes.margins(0.15, 0.25)
                axes.grid(axis="y", alpha=0.3)
                continue
            bars = axes.bar(names, table[column], 0.65, color=CURVES[0])
            for n, bar in zip(table.index, bars, strict=True):
                bar.set(hatch="" if n == 2 else "///", edgecolor="white")
            axes.bar_label(bars, fmt="%.0f", fontsize=8, padding=2)
            axes.set(ylim=(0, 1.15 * table[column].max()))
    return figure


def pass_costs(table: pd.DataFrame) -> Figure:
    """What n extra iterations cost by four counts, as multiples of n = 0.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.budget.costs`, with rows 0 and 2.

    Returns
    -------
    Figure
        Numbers: "over n = 0" by count and n; "values" by count and n; "steps", the factor on the steps by n that equal
        executed work buys, with n = 2 as the budget.
    """
    ratios = table / table.loc[0]
    factors = equal_compute(table["GMAC"])
    numbers = {
        "over n = 0": {c: {f"n{n}": float(v) for n, v in ratios[c].items()} for c in COUNTS},
        "values": {c: {f"n{n}": float(v) for n, v in table[c].items()} for c in COUNTS},
        "steps": {f"n{n}": float(v) for n, v in factors.items()},
    }
    two = {column: numbers["over n = 0"][column]["n2"] for column in COUNTS}
    caption = (
        f"n = 2 has {two['params']:.2f} times the parameters of n = 0 and {two['printed G']:.2f} times its printed "
        f"FLOPs, but does {two['GMAC']:.2f} times the work and keeps {two['kept MB']:.2f} times the activations."
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption, numbers)
        axes = figure.subplots()
        for i, (column, (label, colour, hatch)) in enumerate(COUNTS.items()):
            x = np.arange(len(table)) + (i - 1.5) * 0.2
            bars = axes.bar(
                x, ratios[column], 0.19, color=colour, hatch=hatch, edgecolor="white", label=label
            )
            axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
        axes.axhline(1, color=IOU, linewidth=0.8)
        axes.set(xticks=range(len(table)), xticklabels=[f"n = {n}" for n in table.index], ylabel="over n = 0")
        axes.set_ylim(0, 1.12 * ratios.max(axis=None))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def two_axes(racers: Sequence[Racer]) -> Figure:
    """The same short runs twice: over the steps, and over the executed work.

    Parameters
    ----------
    racers : sequence of Racer
        From `rrca.studies.budget.race`, of two n.

    Returns
    -------
    Figure
        Thin: one seed; thick: their mean. Dotted: where the comparison is made, after equally many steps on the left
        and for equal work on the right. Numbers: "equal steps" and "equal work", each with the mean IoU by n, "seeds"
        by n, "ahead", the larger n's mean minus the smaller one's, and "between seeds", the widest range of one n, in
        points; "steps" by n.
    """
    ns = sorted({one.n for one in racers})
    stands = standings(racers)
    numbers: dict = {"steps": {f"n{one.n}": int(one.steps[-1]) for one in racers}}
    for axis, found in stands.items():
        means = {n: float(values.mean()) for n, values in found.items()}
        numbers[axis] = {f"n{n}": value for n, value in means.items()}
        numbers[axis] |= {
            "seeds": {f"n{n}": found[n].tolist() for n in ns},
            "ahead": means[ns[-1]] - means[ns[0]],
            "between seeds": max(float(np.ptp(values)) for values in found.values()),
        }
    said = {axis: abs(numbers[axis]["ahead"]) for axis in stands}
    leader = {axis: ns[-1] if numbers[axis]["ahead"] > 0 else ns[0] for axis in stands}
    caption = (
        f"At equal steps n = {leader['equal steps']} is {said['equal steps']:.1f} points of IoU ahead, at equal work "
        f"n = {leader['equal work']} by {said['equal work']:.1f}. The curves are the same; the axis differs."
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        panels = figure.subplots(1, 2, sharey=True)
        for n in ns:
            colour, marker = LOOKS[n % len(LOOKS)]
            own = [one for one in racers if one.n == n]
            for axes, x in zip(panels, (own[0].steps, own[0].work), strict=True):
                for one in own:
                    axes.plot(x, one.iou, color=colour, linewidth=0.8, alpha=0.6)
                mean = np.mean([one.iou for one in own], axis=0)
                axes.plot(x, mean, color=colour, marker=marker, markersize=4, linewidth=2, label=f"n = {n}")
        last = min(int(one.steps[-1]) for one in racers)
        panels[0].axvline(last, color="0.4", linestyle="dotted")
        panels[1].axvline(max(one.work[-1] for one in racers), color="0.4", linestyle="dotted")
        panels[0].set(xlabel="steps", ylabel="IoU on held-out scenes / %", ylim=(0, None))
        panels[0].set_title(f"equal steps: {last}", loc="left")
        panels[1].set(xlabel="executed work, forward / GMAC")
        panels[1].set_title("equal work", loc="left")
        panels[0].legend(frameon=False, loc="lower right")
        for axes in panels:
            axes.grid(alpha=0.3)
    return figure


def maps_by_level(
    frame: np.ndarray, climbs: Mapping[int, Sequence[Sequence[np.ndarray]]], truth: np.ndarray
) -> Figure:
    """The paper's Fig. 8 with a measure: every level of every pass of every n, on the scale of the target.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    climbs : mapping of int to list of list of ndarray
        By n, the maps of `rrca.studies.contrast.levels`: `climbs[n][level][pass]`.
    truth : bool ndarray of shape (H, W)
        The drawn mask; the scale is that of its largest target.

    Returns
    -------
    Figure
        Rows are levels, the deepest first, as a pass climbs; columns are passes. In every map 0 is the median of the
        background and 1 the target's mean, so one colour bar serves all. Below each map the exposed share of the
        background. The last row has the target in the finest map. Numbers: by "n…", "level …" and "pass …" that share
        in per cent.

    Raises
    ------
    InputError
        If the frame has no target.

    References
    ----------
    Paper, Fig. 8, whose frame and scale are not told.
    """
    shape = check_shapes(frame, truth=truth)
    targets = components(truth)
    if not len(targets):
        raise InputError("truth has no target, so there is no scale; give a frame with one.")
    largest = int(np.argmax(targets.area))
    centre = (targets.row[largest], targets.column[largest])
    window = window_around(centre, targets.area[largest], shape)
    columns = [(n, t) for n in sorted(climbs) for t in range(len(climbs[n][0]))]
    depth = len(next(iter(climbs.values())))
    numbers: dict = {f"n{n}": {f"level {i}": {} for i in range(depth)} for n in climbs}
    with in_style():
        panel = WIDTH / (len(columns) + 1)
        height = panel * shape[0] / shape[1]
        figure = Figure(WIDTH, depth * (height + 0.22) + panel + 1.0, "", numbers)
        grid = figure.subplots(
            depth + 1,
            len(columns) + 1,
            squeeze=False,
            height_ratios=[height + 0.1] * depth + [panel],
        )
        for axes in grid.flat:
            axes.set_axis_off()
        show_image(grid[depth - 1, 0], stretched(frame), FRAME_MAP).axes.set_axis_on()
        grid[depth - 1, 0].set_title("frame")
        mark_window(grid[depth - 1, 0], window)
        show_image(grid[depth, 0], stretched(frame), FRAME_MAP).axes.set_axis_on()
        enlarge(grid[depth, 0], window)
        draw_outline(grid[depth, 0], truth, width=1.2)
        picture = None
        for j, (n, t) in enumerate(columns, start=1):
            for row, level in enumerate(reversed(range(depth))):
                values = enlarged(climbs[n][level][t], level, shape)
                share = 100 * float(exposure(values, truth)[largest])
                numbers[f"n{n}"][f"level {level}"][f"pass {t}"] = share
                axes = grid[row, j]
                axes.set_axis_on()
                picture = show_image(axes, on_the_targets_scale(values, truth, largest), FEATURE_MAP, SCALE)
                axes.set_xlabel(f"{share:.2g} %", labelpad=1)
                if j == 1:
                    axes.set_ylabel(f"level {level}")
                if row == 0:
                    axes.set_title(f"n = {n}\npass {t}")
            close = grid[depth, j]
            close.set_axis_on()
            finest = on_the_targets_scale(enlarged(climbs[n][0][t], 0, shape), truth, largest)
            show_image(close, finest, FEATURE_MAP, SCALE)
            enlarge(close, window)
            draw_outline(close, truth, width=1.2)
        bar = figure.colorbar(
            picture, ax=grid, orientation="horizontal", fraction=0.03, aspect=60, pad=0.02, ticks=[0, 0.5, 1]
        )
        bar.ax.set_xticklabels(
            ["median of the background", "half way: above it exposed", "mean of the target"]
        )
        figure.numbers = numbers
        last = {n: numbers[f"n{n}"]["level 0"][f"pass {len(climbs[n][0]) - 1}"] for n in sorted(climbs)}
        figure.caption = (
            "Every map on the scale of its own target; below it the share of the background beyond half way. In the "
            "finest map of the last pass: "
            + ", ".join(f"{v:.2g} % with n = {n}" for n, v in last.items())
            + "."
        )
    return figure


def exposure_by_level(table: pd.DataFrame) -> Figure:
    """How exposed the maps are on the way up, over the targets of many frames.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.levels.measure`.

    Returns
    -------
    Figure
        A panel for each n, a line for each pass; logarithmic. Numbers: "targets", and "exposed" and "dark" by "n…",
        "level …" and "pass …", per cent.
    """
    ns = table.index.unique("n")
    numbers: dict = {"targets": int(table["targets"].iloc[0])}
    for column in ("exposed", "dark"):
        of = numbers[column] = {}
        for (n, t, level), value in table[column].items():
            of.setdefault(f"n{n}", {}).setdefault(f"level {level}", {})[f"pass {t}"] = float(value)
    deepest = max(table.index.unique("level"))
    ends = {n: table.loc[n].xs(0, level="level")["exposed"].iloc[-1] for n in ns}
    caption = (
        f"Exposed share of the background, median of {numbers['targets']} targets, from the deepest level to the "
        "finest. Where the last pass ends: "
        + ", ".join(f"{v:.2g} % with n = {n}" for n, v in ends.items())
        + "."
    )
    with in_style():
        figure = Figure(WIDTH, 2.9, caption, numbers)
        panels = figure.subplots(1, len(ns), sharey=True, squeeze=False)[0]
        for axes, n in zip(panels, ns, strict=True):
            own = table.loc[n]["exposed"]
            for t in own.index.unique("pass"):
                colour, marker = LOOKS[t % len(LOOKS)]
                line = own.xs(t, level="pass").sort_index(ascending=False).clip(lower=0.01)
                axes.plot(deepest - line.index, line, marker=marker, color=colour, label=f"pass {t}")
            axes.set(
                xticks=range(deepest + 1), xticklabels=range(deepest, -1, -1), xlabel="level", yscale="log"
            )
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.set_title(f"n = {n}", loc="left")
            axes.grid(alpha=0.3)
            axes.legend(frameon=False, fontsize=7)
        panels[0].set_ylabel("exposed background / %")
    return figure
