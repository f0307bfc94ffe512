"""Figures of Table V: three heads as diagrams and as counts, equal figures, what passes hear and the tail reads."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from rrca.networks.rrcanet import RRCANet
from rrca.plots.diagram import FREE, ONCE, Diagram
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.stacking import equal_pairs

HATCHES = ("", "///", "...", "xx")  # passes, told apart in grey


def heads(networks: Mapping[str, RRCANet]) -> Figure:
    """What each head makes of d_0 … d_n, drawn from the modules: the paper's Fig. 9.

    Parameters
    ----------
    networks : mapping of str to RRCANet
        By row, from `rrca.studies.fusion.networks`.

    Returns
    -------
    Figure
        A panel each. Green: one set of weights; grey: no parameters. Numbers: the texts of the boxes by row.

    References
    ----------
    Paper, Fig. 9 and Eq. (5).
    """
    caption = (
        "Three heads on the same passes: the last map alone, one tail that judges every map in training, and one tail "
        "that sees all maps stacked."
    )
    with in_style():
        figure = Figure(WIDTH, 3.1, caption)
        for axes, (name, network) in zip(figure.subplots(1, len(networks)), networks.items(), strict=True):
            axes.set(xlim=(-0.05, 4.75), ylim=(-0.1, 3.9))
            axes.set_axis_off()
            axes.set_title(name, fontweight="bold")
            diagram = Diagram(axes, 8)
            _head(diagram, network)
            figure.numbers[name] = diagram.texts
        entries = [
            Patch(facecolor=ONCE, alpha=0.6, label="one set of weights"),
            Patch(facecolor=FREE, alpha=0.6, label="no parameters"),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _head(diagram: Diagram, network: RRCANet) -> None:
    """The maps of the passes on the left, the tail that they reach on the right."""
    config, block = network.config, network.output.tail.block
    C, passes = config.channels[0], config.passes
    rows = [3.4 - 3.0 * t / max(1, passes - 1) for t in range(passes)]
    tail = f"tail: {block.conv1.in_channels} → {block.conv1.out_channels} → 1"
    for t, y in enumerate(rows):
        diagram.box(0.5, y, 0.95, f"$d_{t}$: {C}", FREE, 0.5)
        if t:
            diagram.arrow((0.5, rows[t - 1] - 0.25), (0.5, y + 0.25), FREE)
    if config.output == "fsm":
        middle = np.mean(rows)
        for y in rows:
            diagram.arrow((0.98, y), (1.4, middle + 0.2 * np.sign(y - middle)))
        diagram.box(1.75, middle, 0.7, f"stack:\n{C * passes}", FREE, 0.8)
        diagram.arrow((2.1, middle), (2.4, middle))
        diagram.box(3.1, middle, 1.4, tail, ONCE, 0.5)
        diagram.arrow((3.8, middle), (4.1, middle))
        diagram.text(4.45, middle, "logits")
        return
    judged = range(passes) if config.output == "deep-supervision" else [passes - 1]
    for t in judged:
        diagram.arrow((0.98, rows[t]), (1.5, rows[t]))
        diagram.box(2.2, rows[t], 1.4, tail, ONCE, 0.5)
        diagram.arrow((2.9, rows[t]), (3.2, rows[t]))
        last = t == passes - 1
        diagram.text(3.75, rows[t], "logits" if last else "loss only,\nin training")
    if len(judged) > 1:
        for above, below in pairwise(rows):
            diagram.axes.plot([2.2, 2.2], [above - 0.25, below + 0.25], ":", color=ONCE, linewidth=1.4)
        diagram.axes.text(2.3, np.mean(rows[:2]), "the same tail", fontsize=8, va="center")


def table_v_counts(table: pd.DataFrame) -> Figure:
    """Cost of the three heads: as printed, as executed in evaluation, and as executed in training.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.stacking.counts`.

    Returns
    -------
    Figure
        Numbers: by row all columns of the table.
    """
    numbers = {name: row.to_dict() for name, row in table.iterrows()}
    deep = table.loc["deep supervision"]
    caption = (
        f"Deep supervision and no FSM are printed alike; in training deep supervision executes "
        f"{deep['GMAC in training']:.2f} GMAC, more than FSM."
    )
    with in_style():
        figure = Figure(WIDTH, 1.9, caption, numbers)
        panels = figure.subplots(1, 4, sharey=True)
        looks = (
            (table["params"], "parameters", "%.0f", (200_000, 203_000)),
            (table["printed G"], "printed FLOPs / G", "%.2f", (0, 1.5)),
            (table["GMAC"], "executed / GMAC", "%.3f", (0, 3.2)),
            (table["GMAC in training"], "executed in training / GMAC", "%.3f", (0, 3.2)),
        )
        for axes, (values, label, form, limits) in zip(panels, looks, strict=True):
            bars = axes.barh(table.index, values, color=[CURVES[1], CURVES[1], CURVES[0]])
            axes.bar_label(bars, fmt=form, fontsize=8, padding=3)
            axes.set(xlabel=label, xlim=limits)
        panels[0].set(xlabel="parameters, axis from 200 000", xticks=(200_000, 202_000))
        panels[0].invert_yaxis()
    return figure


def equal_figures(pixels: pd.Series, expected: float) -> Figure:
    """False pixels of all ablation runs, with those marked that are equal.

    Parameters
    ----------
    pixels : Series
        From `rrca.studies.stacking.false_pixels`.
    expected : float
        Equal pairs by chance, from `rrca.studies.stacking.expected_pairs`.

    Returns
    -------
    Figure
        Numbers: "runs", "pairs", "expected", "least" and "most" (false pixels).
    """
    pairs = equal_pairs(pixels)
    numbers = {
        "runs": len(pixels),
        "pairs": len(pairs),
        "expected": expected,
        "least": int(pixels.min()),
        "most": int(pixels.max()),
    }
    caption = (
        f"Of {len(pixels)} printed runs {len(pairs)} pairs have the same number of false pixels; chance alone gives "
        f"{expected:.1f}."
    )
    with in_style():
        figure = Figure(WIDTH, 3.0, caption, numbers)
        axes = figure.subplots()
        axes.plot(pixels, np.zeros(len(pixels)), "|", color="0.5", markersize=18, markeredgewidth=1.2)
        for k, (a, b) in enumerate(sorted(pairs, key=lambda pair: pixels[pair[0]])):
            height = 1 + k % 3
            axes.vlines(pixels[a], 0.3, height, CURVES[1], linewidth=1)
            axes.text(
                pixels[a], height + 0.1, f"{pixels[a]}:\n{a}\n{b}", fontsize=8, va="bottom", ha="center"
            )
        axes.set(ylim=(-0.5, 4.6), yticks=[], xlabel="false pixels, of 214 frames of 256×256", xlim=(90, 450))
        axes.spines["left"].set_visible(False)
    return figure


def hearing(table: pd.DataFrame) -> Figure:
    """What each pass hears of the loss under three heads, in fresh networks.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.stacking.hearing`.

    Returns
    -------
    Figure
        Numbers: by head and pass, as "head.pass t", the columns of the table.
    """
    numbers: dict = {}
    for (name, t), row in table.iterrows():
        numbers.setdefault(name, {})[f"pass {t}"] = row.to_dict()
    names = list(numbers)
    first = numbers[names[0]]["pass 0"]["whole"] / 100
    caption = (
        f"Even {names[0]} pass 0 hears {first:.0f} times as much as the last pass: what comes back through the passes "
        "grows."
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption, numbers)
        left, right = figure.subplots(1, 2)
        for k, name in enumerate(names):
            own = table.loc[name]
            left.plot(own.index, own["whole"], "osD"[k] + "-", color=CURVES[k], label=f"{name}: in all")
            shown = own["direct"] > 0
            left.plot(
                own.index[shown],
                own["direct"][shown],
                "osD"[k],
                color=CURVES[k],
                fillstyle="none",
                label=f"{name}: directly" + ("" if shown.all() else ", last pass alone"),
            )
            right.bar(own.index + 0.27 * (k - 1), own["kernels"], 0.25, color=CURVES[k], label=name)
        left.axhline(100, color=IOU, linewidth=0.8, linestyle=(0, (4, 3)))
        left.set(
            yscale="log",
            xlabel="pass t",
            xticks=own.index,
            ylabel="gradient at $d_t$ / % of the last pass's",
        )
        left.set_yticks([100, 200, 500, 1000, 2000], ["100", "200", "500", "1000", "2000"])
        left.minorticks_off()
        left.legend(frameon=False, fontsize=8)
        right.set(xlabel="pass t", xticks=own.index, ylabel="sent to the shared kernels / %")
        right.legend(frameon=False)
    return figure


def tail_reads(tables: Mapping[int, pd.DataFrame]) -> Figure:
    """What each pass gives to the tail's first convolution, for networks with several n.

    Parameters
    ----------
    tables : mapping of int to DataFrame
        n to what `rrca.studies.stacking.tail_shares` gives.

    Returns
    -------
    Figure
        Numbers: by "n…" and "d…" the share in per cent.
    """
    numbers = {
        f"n{n}": {f"d{t}": float(value) for t, value in table["spread"].items()}
        for n, table in tables.items()
    }
    strongest = {n: int(table["spread"].idxmax()) for n, table in tables.items()}
    caption = "The largest share comes from " + ", ".join(f"d_{t} with n = {n}" for n, t in strongest.items())
    with in_style():
        figure = Figure(WIDTH, 1.0 + 0.4 * len(tables), caption + ".", numbers)
        axes = figure.subplots()
        for n, table in tables.items():
            start = 0.0
            for t, share in table["spread"].items():
                bar = axes.barh(
                    f"n = {n}", share, left=start, color=CURVES[t], hatch=HATCHES[t], edgecolor="white"
                )
                text = axes.bar_label(bar, [f"$d_{t}$: {share:.0f} %"], label_type="center", fontsize=9)
                text[0].set_bbox(dict(facecolor="white", edgecolor="none", pad=1.5))
                start += share
        axes.set(xlim=(0, 100), xlabel="share of what reaches the tail's first convolution / %")
        axes.invert_yaxis()
    return figure
