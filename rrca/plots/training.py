"""Figures of a training: loss and IoU against the step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rrca.errors import InputError
from rrca.plots.style import CURVES, IOU, Figure, in_style


def training_curves(log: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss, its terms, and the IoU of the watched list against the training step.

    Parameters
    ----------
    log : sequence of dict
        As `rrca.train.fit` gives it: records with "step", "loss" and the loss's terms by name ("rate" and
        "seconds" are left out here), and records with "step" and "iou" (and "list").

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If no record has a loss.
    """
    losses = [record for record in log if "loss" in record]
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


def _running_mean(values: np.ndarray) -> np.ndarray:
    """Mean over a twentieth of the curve around each point, fewer at the ends."""
    kernel = np.ones(2 * (len(values) // 40) + 1)
    valid = np.isfinite(values)
    total = np.convolve(np.where(valid, values, 0), kernel, "same")
    weight = np.convolve(valid.astype(float), kernel, "same")
    return np.divide(total, weight, out=np.full(len(values), np.nan), where=weight > 0)
