"""The picture of a run: loss and watched IoU against the step, from the log, into the run folder.

Plain matplotlib on an Agg canvas of its own: no pyplot, no window, no setting of the reader's.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

LOSS, IOU, VERDICT = "#0072B2", "#222222", "#D55E00"  # those of rrca.plots


def png(log: Sequence[Mapping[str, Any]]) -> bytes:
    """A run's curve as a PNG file.

    Parameters
    ----------
    log : sequence of dict
        Of `rrca.train.fit`, as far as it goes; it may be empty.

    Returns
    -------
    bytes
        Above the loss, every record pale and a running mean over a twentieth of the run strong; below the IoU of the
        list that was watched. Where the run collapsed or recovered, a line in both.
    """
    with matplotlib.style.context("default"):
        figure = Figure((7.0, 4.6), dpi=100, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_loss(above, *_values(log, "loss"))
        _draw_iou(below, *_values(log, "iou"), {record["list"] for record in log if "iou" in record})
        for record in log:
            for verdict in record.keys() & {"collapsed", "recovered"}:
                for axes in (above, below):
                    axes.axvline(record["step"], color=VERDICT, linestyle="dotted")
                above.annotate(verdict, (record["step"], 0.97), xycoords=("data", "axes fraction"), va="top")
        below.set(xlabel="step", xlim=(0, max((record["step"] for record in log), default=1)))
        buffer = io.BytesIO()
        canvas.print_png(buffer, metadata={"Software": None})  # the same log gives the same bytes
    return buffer.getvalue()


def _draw_loss(axes, step: np.ndarray, loss: np.ndarray) -> None:
    axes.plot(step, loss, color=LOSS, alpha=0.3, linewidth=0.8, marker="o" if len(step) == 1 else "")
    if len(step) > 20:
        window = len(step) // 20
        mean = np.convolve(loss, np.ones(window) / window, "valid")
        axes.plot(step[window - 1 :], mean, color=LOSS)
    axes.set(ylabel="loss", ylim=(0, None))


def _draw_iou(axes, step: np.ndarray, iou: np.ndarray, lists: set[str]) -> None:
    axes.plot(step, 100 * iou, "o-", color=IOU, markersize=4)
    axes.set(ylabel=f"IoU on {', '.join(sorted(lists)) or 'no list yet'} / %", ylim=(0, 100))
    axes.grid(axis="y", alpha=0.3)
    if len(iou):
        best = int(iou.argmax())
        axes.set_title(f"best: {100 * iou[best]:.1f} % at step {step[best]:.0f}", loc="left")


def _values(log: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Step and value of the records that have it."""
    found = [(record["step"], record[name]) for record in log if name in record]
    step, value = np.array(found, float).reshape(-1, 2).T
    return step, value
