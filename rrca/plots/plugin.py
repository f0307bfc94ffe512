"""Figures of RuCB as a plug-in: what it adds beside the passes, and what the paper's own figures say it changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style, signed
from rrca.studies.plugin import FIGURES, FORMS, improved

SAID = {"params": "parameters", "counted G": "the paper's count of FLOPs", "GMAC": "executed MACs"}
UNITS = {"IoU": "IoU / points", "Pd": "Pd / points", "Fa": "Fa / 1e-6"}


def extras_and_passes(counts: pd.DataFrame) -> Figure:
    """How much of what Table II adds to a network is other layers, and how much is passes.

    Parameters
    ----------
    counts : DataFrame
        From `rrca.studies.plugin.counts`.

    Returns
    -------
    Figure
        A panel for each count, with its own scale; bars in per cent of the plain network: from plain to n = 0, then
        from n = 0 to n = 2. Numbers: by network and count "layers", "passes" and "together" (per cent), and "share of
        layers" in the growth of the paper's count (per cent).

    References
    ----------
    Paper, Table II and Section IV-D.
    """
    plain, control, again = (counts.xs(form, level="form") for form in FORMS)
    parts = {"layers": 100 * (control - plain) / plain, "passes": 100 * (again - control) / plain}
    together = parts["layers"] + parts["passes"]
    share = 100 * parts["layers"]["counted G"] / together["counted G"]
    numbers = {
        name: {
            column: {
                **{part: float(values.loc[name, column]) for part, values in parts.items()},
                "together": float(together.loc[name, column]),
            }
            for column in SAID
        }
        | {"share of layers": float(share[name])}
        for name in plain.index
    }
    shares = ", ".join(f"{name} {value:.0f} %" for name, value in share.items())
    caption = (
        "Table II's networks differ from the plain ones by layers, too. Of the growth that the paper's count shows, "
        f"the layers make {shares}. Of the executed work, nearly all is passes."
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption, numbers)
        looks = {
            "layers": (CURVES[1], "///", "other layers, at n = 0"),
            "passes": (CURVES[0], "", "two more passes"),
        }
        for axes, (column, said) in zip(figure.subplots(1, len(SAID)), SAID.items(), strict=True):
            for i, (part, values) in enumerate(parts.items()):
                colour, hatch, label = looks[part]
                x = np.arange(len(plain)) + (i - 0.5) * 0.4
                bars = axes.bar(
                    x, values[column], 0.38, color=colour, hatch=hatch, edgecolor="white", label=label
                )
                digits = 0 if column == "GMAC" else 1
                labels = [signed(value, digits) for value in values[column]]
                axes.bar_label(bars, labels, fontsize=8, padding=2)
            axes.axhline(0, color=IOU, linewidth=0.8)
            axes.set(xticks=range(len(plain)), xticklabels=plain.index, ylabel="of the plain network / %")
            axes.set_title(said, loc="left")
            axes.margins(y=0.15)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def changes(table: pd.DataFrame) -> Figure:
    """What RuCB changes in the paper's own figures: Table II minus Table I, cell by cell.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.plugin.printed_changes`.

    Returns
    -------
    Figure
        A panel for IoU, Pd and Fa; blue and plain where the figure is better with RuCB, orange and hatched where worse.
        Numbers: "better" by figure (of "cells"), and the change by figure and cell.

    References
    ----------
    Paper, Tables I and II; each figure is one run, its epoch chosen on the test list.
    """
    better = improved(table)
    cells = [f"{network}, {data}" for network, data in table.index]
    numbers = {"better": better, "cells": len(table)}
    numbers |= {figure: dict(zip(cells, table[figure].tolist(), strict=True)) for figure in FIGURES}
    caption = "By the paper's own figures " + ", ".join(
        f"{figure} is better with RuCB in {better[figure]} of {len(table)} cells" for figure in FIGURES
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption + ".", numbers)
        panels = figure.subplots(1, 3, sharey=True)
        for axes, name in zip(panels, FIGURES, strict=True):
            good = table[name] < 0 if name == "Fa" else table[name] > 0
            bars = axes.barh(cells, table[name], color=[CURVES[0] if g else CURVES[1] for g in good])
            for bar, is_good in zip(bars, good, strict=True):
                bar.set(hatch="" if is_good else "///", edgecolor="white")
            labels = [signed(value, 1 if name == "Fa" else 2) for value in table[name]]
            axes.bar_label(bars, labels, fontsize=8, padding=3)
            axes.axvline(0, color=IOU, linewidth=0.8)
            axes.set(xlabel=UNITS[name])
            axes.set_title(f"better in {better[name]} of {len(table)}", loc="left")
            axes.margins(x=0.25)
        panels[0].invert_yaxis()
    return figure


def live_runs(runs: Mapping[tuple[int, int], Sequence[Mapping[str, Any]]]) -> Figure:
    """Short runs of one network with several n and seeds: the loss, and the IoU at the end.

    Parameters
    ----------
    runs : mapping of (int, int) to sequence of dict
        (n, seed) to the log of `rrca.train.fit`; judged at its end at least.

    Returns
    -------
    Figure
        One colour an n, one line style a seed. Numbers: by "n = …, seed …" the last "IoU / %", "Pd / %" and "Fa / %",
        and the mean "loss" of the last ten records; "between n" and "between seeds": the largest difference of IoU,
        in points, of two runs that differ in n alone and in the seed alone.
    """
    numbers: dict[str, Any] = {}
    for (n, seed), log in runs.items():
        last = [record for record in log if "iou" in record][-1]
        numbers[f"n = {n}, seed {seed}"] = {
            **{
                name: 100 * last[key]
                for name, key in (("IoU / %", "iou"), ("Pd / %", "pd"), ("Fa / %", "fa"))
            },
            "loss": float(np.mean([record["loss"] for record in log if "loss" in record][-10:])),
        }
    ious = {key: numbers[f"n = {key[0]}, seed {key[1]}"]["IoU / %"] for key in runs}
    for said, place in (("between n", 1), ("between seeds", 0)):
        gaps = [abs(ious[a] - ious[b]) for a in ious for b in ious if a[place] == b[place]]
        numbers[said] = max(gaps)
    caption = (
        f"Two runs that differ in n alone end up to {numbers['between n']:.1f} points of IoU apart, two that differ in "
        f"the seed alone up to {numbers['between seeds']:.1f}."
    )
    colours = dict(zip(dict.fromkeys(n for n, _ in runs), CURVES, strict=False))
    lines = dict(zip(dict.fromkeys(seed for _, seed in runs), ("solid", "dashed", "dotted"), strict=False))
    with in_style():
        figure = Figure(WIDTH, 3.2, caption, numbers)
        left, right = figure.subplots(1, 2, width_ratios=(2, 1))
        for i, ((n, seed), log) in enumerate(runs.items()):
            records = [record for record in log if "loss" in record]
            look = {"color": colours[n], "linestyle": lines[seed], "label": f"n = {n}, seed {seed}"}
            left.plot([r["step"] for r in records], [r["loss"] for r in records], **look)
            bar = right.barh(f"n = {n}, seed {seed}", ious[n, seed], color=colours[n], hatch="///" * (i % 2))
            right.bar_label(bar, fmt="%.1f", fontsize=8, padding=3)
        left.set(xlabel="step", ylabel="loss of the batch", ylim=(None, 1.02))
        left.grid(alpha=0.3)
        left.legend(frameon=False)
        right.set(xlabel="IoU on val at the end / %", xlim=(0, 1.2 * max(1.0, *ious.values())))
        right.invert_yaxis()
    return figure
