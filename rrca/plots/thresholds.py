"""Figures of what a threshold on the score does: to one frame, and to a whole list."""

from collections.abc import Mapping

import numpy as np

from rrca import metrics
from rrca.detection import list_targets
from rrca.errors import InputError
from rrca.metrics import Roc
from rrca.plots.detections import counted, draw_verdict, judge, verdict_legend
from rrca.plots.parts import (
    add_inset,
    check_shapes,
    draw_outline,
    enlarge,
    show_image,
    stretched,
    strongest,
    window_around,
)
from rrca.plots.shares import as_key
from rrca.plots.style import CURVES, FRAME_MAP, IOU, WIDTH, Figure, in_style

DASHES = ("solid", (0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
TICKS = (1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
OFF = "#999999"


def roc_curves(curves: Mapping[str, Roc], mark: float = 0.5) -> Figure:
    """Pd against Fa while the threshold slides, with Fa in background pixels and in false components.

    Parameters
    ----------
    curves : mapping of str to Roc
        Name to what `rrca.metrics.roc` gives; all over the same frames.
    mark : float, default 0.5
        The threshold whose working point is marked; the nearest one of each curve is taken.

    Returns
    -------
    Figure
        Left, Fa counts every predicted background pixel and can only rise as the threshold falls. Right, Fa counts
        pixels of false components, as the paper's tables do; crosses stand where that curve turns back: a lower
        threshold gives fewer detections or less Fa. Numbers, by name: "threshold" of the mark, and there "pd",
        "fa / 1e-6" of components and "pixel fa / 1e-6"; "turns", at how many thresholds the right curve turns
        back, and "highest turn", the highest of them (nan if there is none).

    Raises
    ------
    InputError
        If there is no curve.

    Notes
    -----
    A logarithmic axis has no place for Fa = 0; such points stand at its left end, at half a pixel. A grid that is
    even in the logit, as `scipy.special.expit(np.arange(-9, 12.25, 0.25))`, shows the whole curve and holds 0.5.

    References
    ----------
    Paper, Fig. 5. Why the curve of components is not monotone: `rrca.metrics.Roc.breaks`.
    """
    if not curves:
        raise InputError("curves is empty; give a name and what rrca.metrics.roc returns.")
    numbers = {as_key(name): _working_point(curve, mark) for name, curve in curves.items()}
    turning = ", ".join(
        f"{name}: {numbers[as_key(name)]['turns']} of {len(curves[name].counts)}" for name in curves
    )
    caption = (
        "Fa of pixels can only rise as the threshold falls; Pd can fall on both sides, as blobs outgrow targets. "
        f"Fa of components falls too, wherever false blobs join or become a hit: thresholds at a cross, {turning}."
    )
    with in_style():
        figure = Figure(WIDTH, 4.0, caption, numbers)
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        for i, (name, curve) in enumerate(curves.items()):
            here = _nearest(curve, mark)
            look = {"color": CURVES[i % 4], "linestyle": DASHES[i % 4], "linewidth": 1.6}
            spot = {"marker": "o^sD"[i % 4], "markevery": [here], "markersize": 8}
            for axes, fa in ((left, curve.pixel_fa), (right, curve.fa)):
                x, y = 1e6 * np.maximum(fa, _floor(curve)), curve.pd
                label = f"{name}: Pd {100 * y[here]:.1f} %, Fa {1e6 * fa[here]:.1f}"
                axes.plot(x, y, **look, **spot, label=label)
            back = curve.breaks
            right.plot(x[back], y[back], "x", color=look["color"], markersize=6, markeredgewidth=1.2)
        for axes, what in ((left, "predicted background pixels"), (right, "pixels of false components")):
            axes.set(xscale="log", xlabel=f"Fa / 10⁻⁶: {what}", ylim=(0, 1.03))
            axes.legend(loc="lower center", frameon=False, title=f"marked: the threshold nearest to {mark:g}")
            axes.grid(alpha=0.3)
        left.set(ylabel="Pd", title="Fa in pixels", xlim=(1e6 * min(map(_floor, curves.values())), None))
        right.set_title("Fa in components; crosses: the curve turns back")
    return figure


def threshold(
    frame: np.ndarray, scores: np.ndarray, mask: np.ndarray, curve: Roc, threshold: float = 0.5
) -> Figure:
    """What one threshold marks in a frame, beside IoU, Pd and Fa over many frames at every threshold.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1].
    scores : ndarray of shape (H, W)
        Its score map.
    mask : bool ndarray of shape (H, W)
        Its drawn targets.
    curve : Roc
        From `rrca.metrics.roc`, over the frames of a list; found once, before the slider moves.
    threshold : float, default 0.5
        In [0, 1); a pixel is marked if its score is above it.

    Returns
    -------
    Figure
        Numbers: "threshold"; "hits", "false alarms", "misses" and "iou" of the frame; "all iou", "all pd",
        "all fa / 1e-6", "all detected", "all false alarms" of the list, at the curve's nearest threshold,
        "all threshold".

    Raises
    ------
    InputError
        If shapes differ or the threshold is out of range.

    Notes
    -----
    The axis of thresholds is even in the logit, ln(p / (1 - p)), in which a network computes: on an even axis
    of probabilities, nearly all of the change would stand at its two ends.
    """
    frame, scores, mask = np.asarray(frame), np.asarray(scores), np.asarray(mask, bool)
    H, W = shape = check_shapes(frame, scores=scores, mask=mask)
    here = metrics.summarise(metrics.count(scores, mask, curve.protocol, threshold), curve.protocol)
    marked = scores > threshold
    verdict = judge(list_targets(scores, marked), mask)
    counts = {name: len(places) for name, places in verdict.items()}
    nearest = _nearest(curve, threshold)
    many = curve.at(nearest)
    numbers = {
        "threshold": threshold,
        **counts,
        "iou": here.iou,
        "all threshold": float(curve.thresholds[nearest]),
        "all iou": many.iou,
        "all pd": many.pd,
        "all fa / 1e-6": 1e6 * many.fa,
        "all detected": many.detected,
        "all false alarms": many.false_components,
    }
    caption = (
        f"Over {many.frames} frames, {many.detected} of {many.targets} targets are found and Fa is "
        f"{1e6 * many.fa:.1f}e-6; in this frame IoU is {here.iou:.2f}."
    )
    row, column, area = strongest([], mask, scores)
    window = window_around((row, column), area, shape)
    places = [place for found in verdict.values() for place in found]
    with in_style():
        # Placed by hand, in inches: finding a layout would take as long as the drawing, and this is for a slider.
        wide, high = 3.0, max(2.6, 3.0 * H / W)
        figure = Figure(WIDTH, high + 0.9, caption, numbers)
        figure.set_layout_engine("none")
        pictures = (stretched(frame), "frame"), (marked, f"marked: score > {threshold:.6g}")
        for left, (values, head) in zip((0.05, 3.15), pictures, strict=True):
            axes = _place(figure, left, 0.65, wide, high)
            show_image(axes, values, FRAME_MAP)
            inset = add_inset(axes, window, shape, places)
            show_image(inset, values, FRAME_MAP)
            enlarge(inset, window)
            draw_outline(inset, mask)
            axes.set_title(head)
        draw_verdict(axes, verdict, shape)
        axes.set_xlabel(f"this frame: IoU {here.iou:.2f}, Fa {1e6 * here.fa:.1f} · 10⁻⁶")
        below, above = (_place(figure, 6.85, 0.65 + i * high / 2, 3.05, high / 2 - 0.12) for i in (0, 1))
        _draw_curve(above, below, curve, threshold, many)
        verdict_legend(figure, counted(counts), loc="lower left", bbox_to_anchor=(0.05 / WIDTH, 0.01))
    return figure


def _place(figure: Figure, left: float, bottom: float, width: float, height: float):
    """Axes at a place in inches."""
    W, H = figure.get_size_inches()
    return figure.add_axes([left / W, bottom / H, width / W, height / H])


def _draw_curve(above, below, curve: Roc, threshold: float, many) -> None:
    """IoU and Pd above, Fa below, against the logit of the threshold, with the current one marked."""
    inside = (curve.thresholds > 0) & (curve.thresholds < 1)
    x = _logit(curve.thresholds[inside])
    figures = [curve.at(int(i)) for i in np.flatnonzero(inside)]
    alarms = 1e6 * np.maximum([m.fa for m in figures], _floor(curve))
    lines = (
        (above, [m.pd for m in figures], many.pd, CURVES[0], DASHES[0], f"Pd {100 * many.pd:.1f} %"),
        (above, [m.iou for m in figures], many.iou, IOU, DASHES[1], f"IoU {100 * many.iou:.1f} %"),
        (below, alarms, 1e6 * many.fa, CURVES[1], DASHES[0], f"Fa {1e6 * many.fa:.1f} · 10⁻⁶"),
    )
    for axes, y, value, colour, dashes, label in lines:
        axes.plot(x, y, color=colour, linestyle=dashes, label=label)
        axes.plot(_logit(threshold), value, "o", color=colour)
    for axes in (above, below):
        axes.axvline(_logit(threshold), color=OFF, linewidth=0.8)
        axes.set(xticks=_logit(np.array(TICKS)), xlim=(x.min(), x.max()))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower left", frameon=False)
    above.set(ylim=(0, 1.03), title=f"all {many.frames} frames", xticklabels=[])
    below.set(yscale="log", xlabel="threshold, spaced by its logit", ylabel="Fa / 10⁻⁶")
    below.minorticks_off()  # a third of the drawing's time
    below.set_xticklabels([f"{tick:g}" for tick in TICKS], rotation=35, ha="right", rotation_mode="anchor")


def _working_point(curve: Roc, mark: float) -> dict[str, float]:
    """What a curve says at the threshold nearest to the mark, and where it turns back."""
    here = _nearest(curve, mark)
    return {
        "threshold": float(curve.thresholds[here]),
        "pd": float(curve.pd[here]),
        "fa / 1e-6": float(1e6 * curve.fa[here]),
        "pixel fa / 1e-6": float(1e6 * curve.pixel_fa[here]),
        "turns": int(curve.breaks.sum()),
        "thresholds": len(curve.thresholds),
        "highest turn": curve.monotone_above if curve.breaks.any() else float("nan"),
    }


def _floor(curve: Roc) -> float:
    """Half a pixel of all: where Fa = 0 stands on a logarithmic axis."""
    return 0.5 / curve.counts[0].pixels


def _nearest(curve: Roc, threshold: float) -> int:
    """The position of the curve's threshold that is nearest in the logit."""
    return int(np.argmin(np.abs(_logit(curve.thresholds) - _logit(threshold))))


def _logit(p):
    """ln(p / (1 - p)), within ±20."""
    p = np.clip(p, 2e-9, 1 - 2e-9)
    return np.log(p / (1 - p))
