"""Figures of threshold rules: tails of responses, Pd and Fa by rule, raw and stretched responses, the paper."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator
from scipy.special import ndtr

from rrca import paper
from rrca.errors import InputError
from rrca.metrics import Roc, summarise
from rrca.plots.classical import LOOKS
from rrca.plots.shares import as_key
from rrca.plots.style import CURVES, WIDTH, Figure, in_style
from rrca.studies.classical import FIGURES, Judged
from rrca.studies.classical_paper import NAMES, SCALE, WORDS

FAMILIES = {
    "T-A": ("o", CURVES[0]),
    "T-C": ("s", "#222222"),
    "T-D": ("D", CURVES[3]),
    "T-E": ("^", CURVES[2]),
}


def response_tails(tails: Mapping[str, np.ndarray], deviations: Sequence[float], targets: float) -> Figure:
    """How much of a frame lies k standard deviations above the mean of its response, and what a normal one has.

    Parameters
    ----------
    tails : mapping of str to ndarray
        By method, from `rrca.studies.classical.tails`: shares of all pixels.
    deviations : sequence of float
        k of each.
    targets : float
        Share of the pixels that belong to targets; drawn as a line.

    Returns
    -------
    Figure
        Numbers, by method and "normal": share in 1e-6 at each whole k, as "k = 3"; "target pixels / 1e-6".
    """
    normal = ndtr(-np.asarray(deviations, float))
    named = {**tails, "normal": normal}
    numbers = {
        as_key(name): {
            f"k = {k:g}": 1e6 * share
            for k, share in zip(deviations, shares, strict=True)
            if float(k).is_integer()
        }
        for name, shares in named.items()
    }
    numbers["target pixels / 1e-6"] = 1e6 * targets
    caption = (
        "A normal distribution leaves the picture after k = 4, the responses do not. What lies above the thin line "
        "cannot all be targets."
    )
    with in_style():
        figure = Figure(0.72 * WIDTH, 3.8, caption, numbers)
        axes = figure.subplots()
        for name, shares in tails.items():
            colour, dashes = LOOKS[name]
            axes.plot(deviations, 1e6 * np.asarray(shares), color=colour, linestyle=dashes, label=name)
        axes.axhline(1e6 * targets, color="#222222", linewidth=0.8)
        axes.text(deviations[0], 1e6 * targets, "pixels of targets", va="bottom", fontsize=8)
        axes.plot(deviations, 1e6 * normal, color="#BBBBBB", linewidth=4, zorder=0, label="normal")
        axes.set(yscale="log", ylim=(10, 1e6), xlabel="k, standard deviations above the mean")
        axes.set_ylabel("pixels above / 10⁻⁶ of all")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure


def rules_plane(judged: Mapping[str, Judged]) -> Figure:
    """Pd against Fa of every threshold rule, a panel for each method.

    Parameters
    ----------
    judged : mapping of str to Judged
        By method, over the same frames.

    Returns
    -------
    Figure
        Numbers, by method and rule: "iou" and "pd" in per cent, "fa / 1e-6"; "best", the rule of the highest IoU, and
        "span", the largest Fa over the least (of no false alarm: half a pixel).
    """
    if not judged:
        raise InputError("judged is empty; give what rrca.studies.classical.judge returns, by method.")
    results = {
        name: {rule: summarise(found.total, one.protocol) for rule, found in one.rules.items()}
        for name, one in judged.items()
    }
    numbers: dict[str, Any] = {
        as_key(name): {
            as_key(rule): {"iou": 100 * m.iou, "pd": 100 * m.pd, "fa / 1e-6": 1e6 * m.fa}
            for rule, m in by_rule.items()
        }
        for name, by_rule in results.items()
    }
    for name, by_rule in results.items():
        numbers[as_key(name)]["best"] = max(by_rule, key=lambda rule: by_rule[rule].iou)
    least = 0.5e6 / next(iter(next(iter(results.values())).values())).pixels
    alarms = {name: [max(1e6 * m.fa, least) for m in by_rule.values()] for name, by_rule in results.items()}
    for name, values in alarms.items():
        numbers[as_key(name)]["span"] = max(values) / min(values)
    widest = max(numbers, key=lambda name: numbers[name]["span"])
    caption = (
        f"One response, nine rules: Fa differs by a factor of {numbers[widest]['span']:.0f} with {widest}, and Pd by "
        "tens of points. Points further up and to the left are better."
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        panels = figure.subplots(1, len(judged), sharex=True, sharey=True, squeeze=False)[0]
        for axes, (name, by_rule) in zip(panels, results.items(), strict=True):
            for rule, m in by_rule.items():
                marker, colour = FAMILIES[rule[:3]]
                x, y = max(1e6 * m.fa, least), 100 * m.pd
                axes.plot(
                    x, y, marker, color=colour, markersize=9 if rule.startswith("T-A") else 6.5, alpha=0.85
                )
                if rule.startswith("T-A"):
                    axes.text(x, y, rule[6:], color="white", fontsize=6, ha="center", va="center_baseline")
            axes.set(xscale="log", title=name, xlabel="Fa / 10⁻⁶")
            axes.grid(alpha=0.3)
        axes.set(xlim=(0.6 * least, 3 * max(map(max, alarms.values()))), ylim=(-3, 104))
        panels[0].set_ylabel("Pd / %")
        kinds = {
            "T-A: μ + kσ, with k in the point": "T-A",
            "T-C: 0.7 of the maximum": "T-C",
            "T-D: half of the range": "T-D",
            "T-E: λ = 0.6 … 0.9": "T-E",
        }
        handles = [
            Line2D([], [], linestyle="", marker=FAMILIES[kind][0], color=FAMILIES[kind][1], label=text)
            for text, kind in kinds.items()
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


def raw_and_stretched(curves: Mapping[str, tuple[Roc, Roc]], fa: float = 1e-4) -> Figure:
    """Pd against Fa with one threshold for all frames: on raw responses, and on those stretched frame by frame.

    Parameters
    ----------
    curves : mapping of str to (Roc, Roc)
        By method, from `rrca.studies.classical.curves`.
    fa : float, default 1e-4
        Where Pd is read off for the numbers.

    Returns
    -------
    Figure
        Numbers, by method: "raw" and "stretched", the highest Pd in per cent with an Fa of at most `fa`.
    """
    numbers = {
        as_key(name): {
            kind: 100 * float(curve.pd[curve.fa <= fa].max(initial=0))
            for kind, curve in zip(("raw", "stretched"), pair, strict=True)
        }
        for name, pair in curves.items()
    }
    caption = (
        f"Pd at Fa = {1e6 * fa:g} · 10⁻⁶ (grey line), raw and stretched: "
        + ", ".join(
            f"{name} {told['raw']:.0f} and {told['stretched']:.0f} %" for name, told in numbers.items()
        )
        + "."
    )
    with in_style():
        figure = Figure(WIDTH, 3.8, caption, numbers)
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        heads = ("raw: one threshold in the method's unit", "each frame stretched to [0, 1] first")
        for i, (axes, head) in enumerate(zip(panels, heads, strict=True)):
            for name, pair in curves.items():
                colour, dashes = LOOKS[name]
                floor = 0.5 / pair[i].counts[0].pixels
                x = 1e6 * np.maximum(pair[i].fa, floor)
                axes.plot(x, 100 * pair[i].pd, color=colour, linestyle=dashes, label=name)
            axes.axvline(1e6 * fa, color="#999999", linewidth=0.8)
            axes.set(xscale="log", title=head, xlabel="Fa / 10⁻⁶", ylim=(0, 103))
            axes.grid(alpha=0.3)
        panels[0].set_ylabel("Pd / %")
        panels[1].legend(frameon=False)
    return figure


def rules_beside_paper(
    lines: Mapping[str, Mapping[str, Any]], methods: Sequence[str], data: str = paper.NUAA
) -> Figure:
    """The paper's IoU, Pd and Fa beside ours: under T-C, under the best rule, and over all rules.

    Parameters
    ----------
    lines : mapping of str to dict
        Result lines by method, from `rrca.studies.classical_results.lines`.
    methods : sequence of str
        Which to draw; one without a line has the paper's value alone, and is said to be not run.
    data : str, default "NUAA-SIRST"
        Data set of the paper's rows.

    Returns
    -------
    Figure
        Numbers, by method: "paper", "T-C" and "best" with "iou", "pd" and "fa" in the paper's units; "nearest" with
        "rule" and "factor"; "frames".
    """
    numbers = {as_key(name): _beside(lines[name]) for name in methods if name in lines}
    count = len(numbers)
    caption = (
        f"{count} of {len(methods)} methods were run. A cross inside the grey bar lies within what the rules give; "
        "outside, a rule alone cannot explain it."
    )
    with in_style():
        figure = Figure(WIDTH, 1.3 + 0.42 * len(methods), caption, numbers)
        panels = figure.subplots(1, 3, sharey=True)
        for axes, figure_name in zip(panels, FIGURES, strict=True):
            scale = SCALE[figure_name]
            for y, method in enumerate(methods):
                line = lines.get(method)
                printed = getattr(paper.row("I", NAMES[method], data), figure_name)
                axes.plot(printed, y, "x", color=CURVES[1], markeredgewidth=2)
                if line is None:
                    place = {"transform": axes.get_yaxis_transform(), "ha": "center", "va": "center"}
                    axes.text(0.5, y + 0.3, "not run", **place)
                    continue
                values = np.array([scale * one[figure_name] for one in line["rules"].values()])
                if figure_name == "fa":
                    values = np.maximum(values, 0.1)
                best = scale * line["rules"][line["best on the test set"]][figure_name]
                axes.plot([values.min(), values.max()], [y, y], color="#CCCCCC", linewidth=7, zorder=0)
                axes.plot(values[0], y, "o", color=CURVES[0], markersize=6)
                axes.plot(max(best, 0.1), y, "D", color=CURVES[2], markersize=5)
            unit = "10⁻⁶" if figure_name == "fa" else "%"
            axes.set(xlabel=f"{WORDS[figure_name]} / {unit}", ylim=(len(methods) - 0.5, -0.5))
            axes.grid(alpha=0.3, axis="x")
        panels[2].set_xscale("log")
        panels[0].set_yticks(range(len(methods)), [NAMES[method] for method in methods])
        entries = [
            Line2D([], [], color="#CCCCCC", linewidth=7, label="ours, all nine rules"),
            Line2D([], [], linestyle="", marker="o", color=CURVES[0], label="ours, T-C"),
            Line2D(
                [],
                [],
                linestyle="",
                marker="D",
                color=CURVES[2],
                label="ours, best rule (chosen on the test set)",
            ),
            Line2D(
                [], [], linestyle="", marker="x", color=CURVES[1], markeredgewidth=2, label="paper, Table I"
            ),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=4, frameon=False)
    return figure


def false_pixels(table: pd.DataFrame) -> Figure:
    """IoU of our rows before and after they get the paper's Fa, and the targets found, beside the paper's.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.classical_paper.false_pixels`.

    Returns
    -------
    Figure
        Numbers, by method: the columns of `table`, and "off / %", by how much IoU with the paper's Fa misses the
        printed one. In all: "targets within 4" and "IoU within 5 %", how many methods.
    """
    off = 100 * (table["IoU with the paper's Fa"] / table["IoU, paper"] - 1)
    missed = table["targets"] - table["targets, paper"]
    numbers = {as_key(name): {**row, "off / %": off[name]} for name, row in table.to_dict("index").items()}
    numbers |= {
        "targets within 4": int((missed.abs() <= 4).sum()),
        "IoU within 5 %": int((off.abs() <= 5).sum()),
    }
    caption = (
        "An arrow adds the false pixels that our row lacks of the paper's Fa, and nothing else. Right: targets "
        "found, less those of the print."
    )
    with in_style():
        figure = Figure(WIDTH, 1.3 + 0.42 * len(table), caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        for y, row in enumerate(table.to_dict("records")):
            after = row["IoU with the paper's Fa"]
            left.annotate("", (after, y), (row["IoU"], y), arrowprops=dict(arrowstyle="->", color="#999999"))
            left.plot(row["IoU"], y, "o", color=CURVES[0])
            left.plot(after, y, "D", color=CURVES[2], markersize=5)
            left.plot(row["IoU, paper"], y, "x", color=CURVES[1], markeredgewidth=2)
        right.barh(range(len(table)), missed, color=CURVES[0], height=0.5)
        right.axvline(0, color="#222222", linewidth=0.8)
        left.set(xscale="log", xlabel="IoU / %", ylim=(len(table) - 0.5, -0.5))
        left.set_xticks([1, 2, 5, 10, 20], [1, 2, 5, 10, 20])
        left.xaxis.set_minor_locator(NullLocator())
        left.set_yticks(range(len(table)), table.index)
        right.set(xlabel="targets, ours − paper")
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (left, right):
            axes.grid(alpha=0.3, axis="x")
        entries = [
            Line2D([], [], linestyle="", marker="o", color=CURVES[0], label="ours, T-C"),
            Line2D([], [], linestyle="", marker="D", color=CURVES[2], label="ours with the paper's Fa"),
            Line2D(
                [], [], linestyle="", marker="x", color=CURVES[1], markeredgewidth=2, label="paper, Table I"
            ),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _beside(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line's figures in the paper's units."""
    kinds = {
        "paper": line["paper"],
        "T-C": line["rules"][line["rule"]],
        "best": line["rules"][line["best on the test set"]],
    }
    scaled = {kind: {name: SCALE[name] * told[name] for name in FIGURES} for kind, told in kinds.items()}
    return {**scaled, "nearest": dict(line["nearest"]), "frames": line["frames"]}
