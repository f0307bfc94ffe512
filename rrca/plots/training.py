"""Figures of a training: loss and IoU against the step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter

from rrca.errors import InputError
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.logs import end_of_plateau, predicts_nothing
from rrca.studies.steps import moves


def training_curves(log: Sequence[Mapping[str, Any]], plateau: float | None = None) -> Figure:
    """Loss, its terms, and the IoU of the watched list against the training step.

    Parameters
    ----------
    log : sequence of dict
        As `rrca.train.fit` gives it: records with "step", "loss" and the loss's terms by name ("rate" and
        "seconds" are left out here), and records with "step" and "iou" (and "list").
    plateau : float, optional
        Loss of an empty prediction, drawn as a thin line: `rrca.studies.plateau.best_constant(...).loss`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If no record has a loss.
    """
    losses = _losses(log)
    judged = [record for record in log if "iou" in record]
    if not losses:
        raise InputError(f"log has no record with a loss among its {len(log)}; give the log of a training.")
    steps = [record["step"] for record in losses]
    terms = [
        name
        for name in losses[0]
        if name not in ("step", "loss", "rate", "seconds", "iou", "pd", "fa", "list")
    ]
    numbers: dict[str, Any] = {"steps": steps[-1], "last loss": losses[-1]["loss"]}
    caption = f"The loss falls from {losses[0]['loss']:.3g} to {losses[-1]['loss']:.3g} in {steps[-1]} steps"
    if judged:
        best = max(judged, key=lambda record: record["iou"])
        numbers |= {"best IoU": best["iou"], "step of best IoU": best["step"]}
        caption += f"; the best IoU is {100 * best['iou']:.1f} % at step {best['step']}"

    with in_style():
        figure = Figure(7.0, 4.6, caption + ".", numbers)
        above, below = figure.subplots(2, 1, sharex=True)
        styles = ["solid", "dashed", "dotted", "dashdot"]
        for i, name in enumerate(["loss", *terms]):
            colour, line = CURVES[i % len(CURVES)], styles[i % len(styles)]
            values = np.array([record.get(name, np.nan) for record in losses], float)
            # Batches differ: the pale line is every record, the strong one a running mean over a twentieth.
            dot = "o" if len(steps) < 3 else ""  # a line of one point does not show
            above.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8, marker=dot)
            above.plot(steps, _running_mean(values), color=colour, linestyle=line, label=name)
        if plateau is not None:
            above.axhline(plateau, color=IOU, linewidth=0.9, label="empty prediction")
        above.set(ylabel="loss", ylim=(0, None))
        above.legend(ncols=4, loc="upper right")
        below.set(
            xlabel="step", ylabel="IoU / %", ylim=(0, 100), xlim=(0, max(record["step"] for record in log))
        )
        below.grid(axis="y", alpha=0.3)
        if judged:
            x, y = [record["step"] for record in judged], [100 * record["iou"] for record in judged]
            below.plot(x, y, "o-", color=IOU, markersize=4, label=judged[0].get("list", "validation"))
            below.plot(best["step"], 100 * best["iou"], "o", color=CURVES[1], markersize=8, fillstyle="none")
            below.set_title(
                f"best: {100 * best['iou']:.1f} % at step {best['step']}", loc="left", color=CURVES[1]
            )
            below.legend(loc="lower right")
    return figure


def _losses(log: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that have a loss."""
    return [record for record in log if "loss" in record]


def _running_mean(values: np.ndarray) -> np.ndarray:
    """Mean over a twentieth of the curve around each point, fewer at the ends."""
    kernel = np.ones(2 * (len(values) // 40) + 1)
    valid = np.isfinite(values)
    total = np.convolve(np.where(valid, values, 0), kernel, "same")
    weight = np.convolve(valid.astype(float), kernel, "same")
    return np.divide(total, weight, out=np.full(len(values), np.nan), where=weight > 0)


def learning_rates(log: Sequence[Mapping[str, Any]], rate: float = 0.05, shown: int = 10_000) -> Figure:
    """How far a step moves a weight whose gradient never changes: AdaGrad at a constant rate, AdamW at a logged one.

    Parameters
    ----------
    log : sequence of dict
        Of a training with AdamW: its "rate" is how far such a step goes.
    rate : float, default 0.05
        Of AdaGrad, whose step t goes rate / √t (the paper's recipe).
    shown : int, default 10 000
        Steps drawn of AdaGrad; torch takes them here.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If no record has a rate.
    """
    given = [(record["step"], record["rate"]) for record in log if "rate" in record]
    if not given:
        raise InputError(f"log has no record with a rate among its {len(log)}; give the log of a training.")
    ours = np.array(given)
    theirs = np.array(moves("adagrad", rate, [1.0] * shown))
    numbers = {
        "adagrad": {"first": theirs[0], "hundredth": theirs[min(99, shown - 1)], "last": theirs[-1]},
        "adamw": {"first": ours[0, 1], "middle": ours[len(ours) // 2, 1], "last": ours[-1, 1]},
    }
    with in_style():
        caption = (
            f"AdaGrad's steps shrink by themselves, from {rate:g} to {theirs[-1]:.2g} in {shown} steps at a constant "
            f"rate; AdamW's follow the schedule, here from {ours[0, 1]:.2g} down to 0."
        )
        figure = Figure(7.0, 3.0, caption, numbers)
        axes = figure.subplots()
        axes.plot(
            np.arange(1, shown + 1),
            theirs,
            color=CURVES[1],
            linestyle="dashed",
            label=f"paper: AdaGrad, rate {rate:g}",
        )
        axes.plot(*ours.T, color=CURVES[0], label=f"ours: AdamW, rate {ours[0, 1]:.2g}, cosine")
        axes.set(xlabel="step", ylabel="move of the weight", yscale="log", ylim=(1e-5, 0.1), xlim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower left")
    return figure


def series_curves(
    logs: Mapping[str, Sequence[Mapping[str, Any]]], plateau: Mapping[str, float], early: int = 600
) -> Figure:
    """The logs of several trainings: the first steps, and all of them.

    Parameters
    ----------
    logs : mapping of str to sequence of dict
        Log of `rrca.train.fit` by the curve's name; at most four.
    plateau : mapping of str to float
        Terms of the loss of an empty prediction, as `rrca.studies.plateau.best_constant(...).terms` gives.
    early : int, default 600
        Steps of the left column.

    Returns
    -------
    Figure
        Above the terms of the loss in the first steps, the thin lines being what an empty prediction pays; below
        the loss and the IoU of all steps. Numbers, by curve: end of the plateau, IoU by evaluation, best and last.
    """
    numbers: dict[str, Any] = {"plateau": dict(plateau)}
    for name, log in logs.items():
        judged = [record for record in log if "iou" in record]
        best = max(judged, key=lambda record: record["iou"])
        numbers[name] = {
            "end of plateau": end_of_plateau(log),
            "first": {term: _losses(log)[0][term] for term in plateau},
            "IoU / %": [100 * record["iou"] for record in judged],
            "steps judged": [record["step"] for record in judged],
            "best IoU / %": 100 * best["iou"],
            "step of best": best["step"],
            "last IoU / %": 100 * judged[-1]["iou"],
            "gain of second half": 100 * (judged[-1]["iou"] - judged[(len(judged) - 1) // 2]["iou"]),
        }
    slowest = max(logs, key=lambda name: numbers[name]["end of plateau"] or 0)
    gains = [numbers[name]["gain of second half"] for name in logs]
    with in_style():
        caption = (
            f"{slowest} pays the Dice of an empty prediction until about step {numbers[slowest]['end of plateau']}. In "
            f"the second half of the steps IoU gains {min(gains):.1f} to {max(gains):.1f} points."
        )
        figure = Figure(WIDTH, 5.6, caption, numbers)
        panels = figure.subplots(2, 2)
        for i, (name, log) in enumerate(logs.items()):
            look = {"color": CURVES[i], "linestyle": ["solid", "dashed", "dotted", "dashdot"][i]}
            records = _losses(log)
            steps = np.array([record["step"] for record in records])
            for axes, term in zip(panels[0], plateau, strict=True):
                values = np.array([record[term] for record in records], float)
                axes.plot(
                    steps[steps <= early], values[steps <= early], color=CURVES[i], alpha=0.25, linewidth=0.8
                )
                axes.plot(steps[steps <= early], _running_mean(values[steps <= early]), **look, label=name)
            whole = _running_mean(np.array([record["loss"] for record in records], float))
            panels[1, 0].plot(steps, whole, **look, label=name)
            panels[1, 1].plot(
                numbers[name]["steps judged"], numbers[name]["IoU / %"], marker="o", markersize=4, **look
            )
        for axes, (term, value) in zip(panels[0], plateau.items(), strict=True):
            axes.axhline(value, color=IOU, linewidth=0.9)
            axes.annotate("empty prediction", (early, value), ha="right", va="bottom", fontsize=8)
            axes.set(title=f"first {early} steps: {term}", xlabel="step", ylabel=term, xlim=(0, early))
        panels[0, 0].set_ylim(0, 1.1)
        panels[0, 1].set(yscale="log", ylim=(0.02, 4))
        panels[1, 0].axhline(sum(plateau.values()), color=IOU, linewidth=0.9)
        panels[1, 0].set(
            title="all steps: loss, running mean", xlabel="step", ylabel="loss", yscale="log", xlim=(0, None)
        )
        panels[1, 0].set_yticks([0.2, 0.5, 1.0], ["0.2", "0.5", "1"], minor=False)
        panels[1, 0].yaxis.set_minor_formatter(NullFormatter())
        panels[1, 1].set(
            title="all steps: IoU on the test list", xlabel="step", ylabel="IoU / %", xlim=(0, None)
        )
        for axes in panels.flat:
            axes.grid(alpha=0.3)
        figure.legend(*panels[1, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def empty_or_not(logs: Mapping[str, Sequence[Mapping[str, Any]]], plateau: Mapping[str, float]) -> Figure:
    """Runs beside what an empty prediction pays: which of them is only waiting, and which is dead?

    Parameters
    ----------
    logs : mapping of str to sequence of dict
        Log of `rrca.train.fit`, or its beginning, by the run's name; at most four.
    plateau : mapping of str to float
        As for `series_curves`; only its "dice" is drawn.

    Returns
    -------
    Figure
        Left Dice, right the IoU at each evaluation; a hollow square is one without a single detection.
        Numbers, by run: median Dice; IoU, Pd and Fa by evaluation, in per cent; how many evaluations are empty, and
        whether the last is.
    """
    numbers: dict[str, Any] = {"plateau dice": plateau["dice"]}
    with in_style():
        figure = Figure(WIDTH, 3.4)
        left, right = figure.subplots(1, 2, sharex=True)
        for i, (name, log) in enumerate(logs.items()):
            look = {"color": CURVES[i], "linestyle": ["solid", "dashed", "dotted", "dashdot"][i]}
            records = _losses(log)
            steps = [record["step"] for record in records]
            dice = np.array([record["dice"] for record in records], float)
            left.plot(steps, dice, color=CURVES[i], alpha=0.25, linewidth=0.8)
            left.plot(steps, _running_mean(dice), **look, label=name)
            judged = [record for record in log if "iou" in record]
            empty = [record for record in judged if predicts_nothing(record)]
            right.plot(
                [record["step"] for record in judged],
                [100 * record["iou"] for record in judged],
                marker="o",
                markersize=5,
                **look,
            )
            right.plot(
                [record["step"] for record in empty],
                [0] * len(empty),
                "s",
                color=CURVES[i],
                markersize=11,
                fillstyle="none",
            )
            numbers[name] = {
                "median dice": float(np.median(dice)),
                "IoU / %": [100 * record["iou"] for record in judged],
                "Pd / %": [100 * record["pd"] for record in judged],
                "Fa / %": [100 * record["fa"] for record in judged],
                "evaluations": len(judged),
                "empty": len(empty),
                "ends empty": bool(judged) and predicts_nothing(judged[-1]),
            }
        left.axhline(plateau["dice"], color=IOU, linewidth=0.9)
        look = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 8}
        left.annotate("empty prediction", (1, plateau["dice"]), (-4, -10), ha="right", va="top", **look)
        left.set(xlabel="step", ylabel="Dice", ylim=(0, 1.1), xlim=(0, None))
        top = 1.1 * max([1.0, *(iou for name in logs for iou in numbers[name]["IoU / %"])])
        right.set(xlabel="step", ylabel="IoU / %, hollow: nothing found", ylim=(-0.08 * top, top))
        for axes in (left, right):
            axes.grid(alpha=0.3)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4)
        dead = [name for name in logs if numbers[name]["ends empty"]]
        figure.caption = f"Nothing is found at the end of: {', '.join(dead) or 'none of these runs'}."
    figure.numbers = numbers
    return figure
