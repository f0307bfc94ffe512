"""Figures: each function takes arrays and returns a Figure; none touches pyplot or a global setting.

Frames are shown in grey from their own minimum to their own maximum. Score maps always run from 0 to
1. Targets are a few pixels wide, so every picture carries an enlarged window on one of them; the
orange frame says where it lies.
"""

import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke
from PIL import Image
from scipy.optimize import linear_sum_assignment

from rrca.errors import InputError
from rrca.metrics.components import components

# One colour and one line style for one thing, in every figure: Okabe and Ito's palette, which survives
# colour blindness, brightened for dark frames. Line styles tell them apart without any colour.
HIT, FALSE_ALARM, MISS = "#00D19A", "#FF6A3D", "#F0E442"  # green, red, yellow
DETECTION, TRUTH, ZOOM = "#FF8AD8", "#56B4E9", "#E69F00"  # pink: not judged; blue: drawn; orange: enlarged
LINES = {HIT: "solid", FALSE_ALARM: (0, (4, 2)), MISS: (0, (1, 1)), DETECTION: "solid"}
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # the whole loss, then its terms
IOU = "#222222"
FRAME_MAP, SCORE_MAP, FEATURE_MAP = "gray", "magma", "cividis"  # lightness rises evenly: readable in grey

WIDTH = 10.0  # inches; 1000 px in a notebook, 1500 px in a saved file
SAVED_DPI = 150
WINDOW = 24  # px, least side of the enlarged window
MATCH = 3.0  # px between centroids, as in the metrics
STYLE = {
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "nearest",
}


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib's defaults and STYLE on top, whatever the reader has set; undone afterwards."""
    with matplotlib.style.context(["default", STYLE]):
        yield


class Figure(MatplotlibFigure):
    """A matplotlib Figure with a caption (what to see) and the numbers behind it.

    It shows itself in a notebook without pyplot, and always in the package's style.

    Attributes
    ----------
    caption : str
    numbers : dict
        Ready for JSON; `save` writes both beside the picture.
    """

    def __init__(
        self, width: float, height: float, caption: str = "", numbers: Mapping[str, Any] | None = None
    ):
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)
        self.get_layout_engine().set(w_pad=0.05, h_pad=0.05)
        self.caption, self.numbers = caption, dict(numbers or {})

    def draw(self, renderer) -> None:
        with _style():  # ticks are made when drawn, and would take the reader's settings
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
        return buffer.getvalue()


# ------------------------------------------------------------------------------------------ ingredients
def _check(frame: np.ndarray, **maps: np.ndarray | None) -> tuple[int, int]:
    """Rows and columns of the frame, which every map must share."""
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] != 3):
        raise InputError(f"frame has shape {frame.shape}; it must be (H, W) or (H, W, 3).")
    for name, values in maps.items():
        if values is not None and np.shape(values) != frame.shape[:2]:
            raise InputError(
                f"{name} has shape {np.shape(values)}, the frame {frame.shape[:2]}; they must agree."
            )
    return frame.shape[:2]


def _stretched(frame: np.ndarray) -> np.ndarray:
    """The frame from its own minimum (0) to its own maximum (1)."""
    frame = np.asarray(frame, float)
    low, high = frame.min(), frame.max()
    return (frame - low) / (high - low) if high > low else np.full(frame.shape, 0.5)


def _strongest(
    targets: Sequence, truth: np.ndarray | None, scores: np.ndarray | None
) -> tuple[float, float, float]:
    """Row, column, area (px) of the highest peak, else of the largest drawn target, else best score."""
    if len(targets):
        best = max(targets, key=lambda target: target.peak)
        return best.row, best.column, best.area
    if truth is not None and truth.any():
        drawn = components(truth)
        largest = int(np.argmax(drawn.area))
        return float(drawn.row[largest]), float(drawn.column[largest]), float(drawn.area[largest])
    row, column = np.unravel_index(np.argmax(scores), scores.shape)
    return float(row), float(column), 1.0


def _window(centre: tuple[float, float], area: float, shape: tuple[int, int]) -> tuple[int, int, int]:
    """First row, first column and side (px) of the enlarged square, moved inside the frame."""
    side = min(int(max(WINDOW, 4 * np.sqrt(area))), *shape)
    top, left = (int(np.clip(round(c) - side // 2, 0, n - side)) for c, n in zip(centre, shape, strict=True))
    return top, left, side


def _show(axes, values: np.ndarray, cmap: str = FRAME_MAP, limits: tuple[float, float] = (0, 1)):
    """An image without ticks and frame, at the top of its place."""
    picture = axes.imshow(values, cmap=cmap, vmin=limits[0], vmax=limits[1])
    axes.set(xticks=[], yticks=[], anchor="N")
    axes.spines[:].set_visible(False)
    return picture


def _enlarge(axes, window: tuple[int, int, int]) -> None:
    """Limit the axes to the window and frame them in the window's colour."""
    top, left, side = window
    axes.set(xlim=(left - 0.5, left + side - 0.5), ylim=(top + side - 0.5, top - 0.5), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=ZOOM, linewidth=1.5)


def _mark(axes, window: tuple[int, int, int]) -> None:
    """Outline of the window on the whole picture."""
    top, left, side = window
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, color=ZOOM, linewidth=1.2))


def _inset(
    axes, window: tuple[int, int, int], shape: tuple[int, int], avoid: Sequence[tuple[float, float]] = ()
):
    """Axes for the enlarged window, in the corner that hides least of it and of `avoid` (row, column)."""
    H, W = shape
    side = 0.42 * min(H, W)
    top, left, size = window

    def hidden(corner: tuple[bool, bool]) -> float:
        y, x = (n - side if far else 0 for n, far in zip(shape, corner, strict=True))
        overlap = max(0, min(y + side, top + size) - max(y, top)) * max(
            0, min(x + side, left + size) - max(x, left)
        )
        return overlap / size**2 * 100 + sum(y <= r <= y + side and x <= c <= x + side for r, c in avoid)

    low, right = min([(False, True), (False, False), (True, True), (True, False)], key=hidden)
    inset = axes.inset_axes([(1 - side / W) * right, (1 - side / H) * (not low), side / W, side / H])
    _enlarge(inset, window)
    _mark(axes, window)
    return inset


def _outline(axes, mask: np.ndarray, colour: str = TRUTH, width: float = 1.0) -> None:
    """The border of a mask along its pixels' edges (a contour would cut the corners of 3-px targets)."""
    padded = np.pad(mask, 1)
    down, across = np.nonzero(padded[1:] != padded[:-1]), np.nonzero(padded[:, 1:] != padded[:, :-1])
    edges = [[(x - 1.5, y - 0.5), (x - 0.5, y - 0.5)] for y, x in zip(*down, strict=True)]
    edges += [[(x - 0.5, y - 1.5), (x - 0.5, y - 0.5)] for y, x in zip(*across, strict=True)]
    axes.add_collection(LineCollection(edges, colors=colour, linewidths=width), autolim=False)


def _circle(axes, row: float, column: float, radius: float, colour: str) -> None:
    """A circle around a target, over a dark rim so that it shows on bright ground too."""
    look = {"edgecolor": colour, "linestyle": LINES[colour], "linewidth": 1.6, "clip_on": False}
    circle = Circle((column, row), radius, fill=False, **look)
    circle.set_path_effects([withStroke(linewidth=2.8, foreground=(0, 0, 0, 0.55))])
    axes.add_patch(circle)


def _judge(targets: Sequence, truth: np.ndarray) -> dict[str, list[tuple[float, float]]]:
    """(row, column) of hits, false alarms and misses: most pairs under 3 px, then the shortest in total."""
    drawn = components(truth)
    found = np.array([(target.row, target.column) for target in targets]).reshape(-1, 2)
    real = np.stack([drawn.row, drawn.column], axis=1)
    distance = np.hypot(*(found[:, None] - real[None]).transpose(2, 0, 1))
    # A pair within reach is worth more than any sum of distances.
    rows, columns = linear_sum_assignment(np.where(distance < MATCH, distance - 1e6, 0))
    pairs = [(i, j) for i, j in zip(rows, columns, strict=True) if distance[i, j] < MATCH]
    hit, met = {i for i, _ in pairs}, {j for _, j in pairs}
    return {
        "hits": [tuple(found[i]) for i in sorted(hit)],
        "false alarms": [tuple(p) for i, p in enumerate(found) if i not in hit],
        "misses": [tuple(p) for j, p in enumerate(real) if j not in met],
    }


# ---------------------------------------------------------------------------------------------- figures
def detection(
    frame: np.ndarray,
    scores: np.ndarray,
    mask_predicted: np.ndarray,
    targets: Sequence,
    truth: np.ndarray | None = None,
    title: str | None = None,
) -> Figure:
    """One detected frame: the frame, its score map, and its mask with the verdict on every target.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1].
    scores : ndarray of shape (H, W)
        Probabilities in [0, 1].
    mask_predicted : bool ndarray of shape (H, W)
        Scores above the threshold.
    targets : sequence
        What was found; each with `row`, `column`, `area` and `peak`, as `rrca.detection.Target`.
    truth : bool ndarray of shape (H, W), optional
        The drawn mask. With it, circles are green and solid (hit), red and dashed (false alarm), yellow and
        dotted (miss): centroids less than 3 px apart are a hit, matched one to one.
    title : str, optional
        Above the panels.

    Returns
    -------
    Figure
        Enlarged: the target of the highest peak; without any, the largest drawn one, or the highest score.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    frame, scores, mask_predicted = np.asarray(frame), np.asarray(scores), np.asarray(mask_predicted, bool)
    truth = None if truth is None else np.asarray(truth, bool)
    H, W = shape = _check(frame, scores=scores, mask_predicted=mask_predicted, truth=truth)
    row, column, area = _strongest(targets, truth, scores)
    window = _window((row, column), area, shape)
    if truth is None:
        verdict = {"detections": [(target.row, target.column) for target in targets]}
    else:
        verdict = _judge(targets, truth)
    colours = {"hits": HIT, "false alarms": FALSE_ALARM, "misses": MISS, "detections": DETECTION}

    with _style():
        numbers = {name: len(places) for name, places in verdict.items()}
        counts = ", ".join(f"{name}: {number}" for name, number in numbers.items())
        caption = (
            f"The score map is near 0 but on what looks like a target; its thresholded mask has {counts}."
        )
        figure = Figure(WIDTH, WIDTH / 3.3 * H / W + (0.75 if title is None else 1.0), caption, numbers)
        panels = figure.subplots(1, 3)
        heads = ["frame", "score", "mask: score above the threshold"]
        pictures = [(_stretched(frame), FRAME_MAP), (scores, SCORE_MAP), (mask_predicted, FRAME_MAP)]
        places = [place for places in verdict.values() for place in places]
        for axes, head, (values, cmap) in zip(panels, heads, pictures, strict=True):
            picture = _show(axes, values, cmap)
            inset = _inset(axes, window, shape, places)
            _show(inset, values, cmap)
            _enlarge(inset, window)
            axes.set_title(head)
            if cmap == SCORE_MAP:
                figure.colorbar(picture, cax=axes.inset_axes([1.02, 0, 0.04, 1]), label="probability")
            if truth is not None:
                _outline(inset, truth)
        for name, found in verdict.items():
            for place in found:
                _circle(panels[2], *place, max(5.0, 0.03 * max(H, W)), colours[name])
        panels[0].set_xlabel(f"{W} × {H} px; enlarged: {window[2]} × {window[2]} px")
        entries = [
            Line2D(
                [],
                [],
                color=colours[name],
                linestyle=LINES[colours[name]],
                linewidth=2,
                label=f"{name}: {number}",
            )
            for name, number in numbers.items()
        ]
        if truth is not None:
            entries.append(Line2D([], [], color=TRUTH, linewidth=1, label="outline: drawn mask"))
        # Pale colours need a dark ground here as on the frames.
        figure.legend(
            handles=entries,
            loc="outside lower right",
            ncols=4,
            facecolor="#333333",
            labelcolor="white",
            framealpha=1,
        )
        if title is not None:
            figure.suptitle(title)
    return figure


def pass_by_pass(
    frame: np.ndarray,
    pass_maps: Sequence[np.ndarray],
    scores: np.ndarray,
    mask: np.ndarray,
    truth: np.ndarray | None = None,
) -> Figure:
    """What a frame becomes pass by pass: frame, d_0 ... d_n, score, mask; below, the same window enlarged.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1].
    pass_maps : sequence of n + 1 ndarrays of shape (H, W)
        Mean over the channels of what each pass gives. All share one colour scale.
    scores : ndarray of shape (H, W)
        Probabilities in [0, 1].
    mask : bool ndarray of shape (H, W)
        Scores above the threshold.
    truth : bool ndarray of shape (H, W), optional
        The drawn mask, outlined in the enlarged windows.

    Returns
    -------
    Figure
        1000 px wide in a notebook. Enlarged: the component of the mask with the highest score; in an empty
        mask the largest drawn target, or the highest score.

    Raises
    ------
    InputError
        If there is no pass map, or the shapes differ.
    """
    frame, scores, mask = np.asarray(frame), np.asarray(scores), np.asarray(mask, bool)
    truth = None if truth is None else np.asarray(truth, bool)
    maps = [np.asarray(values, float) for values in pass_maps]
    if not maps:
        raise InputError("pass_maps is empty; give one map (H, W) for each pass.")
    named = {f"pass_maps[{t}]": values for t, values in enumerate(maps)}
    H, W = shape = _check(frame, scores=scores, mask=mask, truth=truth, **named)
    peak = np.unravel_index(np.argmax(np.where(mask, scores, -1)), shape)
    found = components(mask)
    if mask.any():
        label = found.labels[peak] - 1
        row, column, area = found.row[label], found.column[label], found.area[label]
    else:
        row, column, area = _strongest([], truth, scores)
    window = top, left, side = _window((row, column), area, shape)
    limits = min(map(np.min, maps)), max(map(np.max, maps))

    inside = np.s_[top : top + side, left : left + side]
    contrast = [float(values[inside].max() - np.median(values)) for values in maps]
    with _style():
        caption = (
            "Every pass sends the map through the same kernels. Enlarged peak over the map's median: "
            f"{', '.join(f'{value:.3g}' for value in contrast)} in passes 0 to {len(maps) - 1}."
        )
        count = len(maps) + 3
        panel = WIDTH / count
        figure = Figure(WIDTH, panel * (H / W + 1.07) + 1.1, caption, {"peak over median": contrast})
        grid = figure.add_gridspec(3, count, height_ratios=[H / W, 1, 0.07])
        rows = np.array([[figure.add_subplot(grid[i, j]) for j in range(count)] for i in (0, 1)])
        heads = ["frame", *(f"pass {t}" for t in range(len(maps))), "score", "mask"]
        values = [_stretched(frame), *maps, scores, mask]
        looks = [
            (FRAME_MAP, (0, 1)),
            *[(FEATURE_MAP, limits)] * len(maps),
            (SCORE_MAP, (0, 1)),
            (FRAME_MAP, (0, 1)),
        ]
        pictures = []
        for (whole, close), head, image, look in zip(rows.T, heads, values, looks, strict=True):
            pictures.append(_show(whole, image, *look))
            _show(close, image, *look)
            whole.set_title(head)
            _mark(whole, window)
            _enlarge(close, window)
            if truth is not None:
                _outline(close, truth, width=1.3)
        rows[0, 0].set_xlabel(f"{W} × {H} px")
        rows[1, 0].set_xlabel(f"enlarged: {side} × {side} px")
        for picture, place, label, ticks in (
            (pictures[1], grid[2, 1:-2], "mean over the channels, all passes on one scale", None),
            (pictures[-2], grid[2, -2], "probability", [0, 0.5, 1]),
        ):
            bar = figure.add_subplot(place)
            figure.colorbar(
                picture, cax=bar, orientation="horizontal", label=label, ticks=ticks, format="{x:g}"
            )
    return figure


def overlay(frame: np.ndarray, targets: Sequence, upscale: int | None = None) -> np.ndarray:
    """The frame with a circle and the peak score at every target, as an RGB picture.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1]; stretched from its minimum to its maximum.
    targets : sequence
        Each with `row`, `column`, `area` and `peak`.
    upscale : int, optional
        Picture pixels per frame pixel. Default: the least that makes the picture 768 px wide or high.

    Returns
    -------
    uint8 ndarray of shape (upscale H, upscale W, 3)
        Pixels away from the drawing are the frame's, enlarged without smoothing.

    Raises
    ------
    InputError
        If the frame has another shape, or `upscale` is not an integer of 1 or more.

    Examples
    --------
    >>> overlay(np.eye(256), []).shape
    (768, 768, 3)
    """
    frame = np.asarray(frame)
    H, W = _check(frame)
    if upscale is None:
        upscale = -(-768 // max(H, W))
    if not isinstance(upscale, int | np.integer) or upscale < 1:
        raise InputError(f"upscale={upscale!r} must be an integer of 1 or more.")
    levels = np.round(255 * _stretched(frame)).astype(np.uint8)
    levels = levels if frame.ndim == 3 else np.repeat(levels[..., None], 3, axis=2)
    picture = levels.repeat(upscale, axis=0).repeat(upscale, axis=1)

    # Only the drawing goes through matplotlib, on a transparent ground of the picture's size.
    with _style():
        dpi = 100
        figure = MatplotlibFigure(figsize=(W * upscale / dpi, H * upscale / dpi), dpi=dpi, facecolor="none")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
        axes.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
        axes.set_axis_off()
        for target in targets:
            radius = max(6.0, 10 / upscale, 1.6 * np.sqrt(target.area))
            _circle(axes, target.row, target.column, radius, DETECTION)
            # Up and to the right, unless the border is near.
            right, up = target.column + radius + 36 / upscale < W, target.row - radius - 14 / upscale > 0
            label = axes.annotate(
                f"{target.peak:.2f}",
                (
                    target.column + (0.7 if right else -0.7) * radius,
                    target.row - (0.7 if up else -0.7) * radius,
                ),
                ha="left" if right else "right",
                va="bottom" if up else "top",
                color=DETECTION,
                fontsize=10,
            )
            label.set_path_effects([withStroke(linewidth=2.5, foreground=(0, 0, 0, 0.75))])
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[: H * upscale, : W * upscale]
    touched = drawn[..., 3] > 0
    alpha = drawn[touched, 3:] / 255  # straight, not premultiplied
    picture[touched] = np.round(picture[touched] * (1 - alpha) + drawn[touched, :3] * alpha)
    return picture


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

    with _style():
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


def frames_grid(frames: Sequence, columns: int = 4) -> Figure:
    """Contact sheet: every frame with its drawn targets outlined and the largest one enlarged.

    Parameters
    ----------
    frames : sequence
        Each with `image` (H, W) and `mask` (H, W), and for the heading an `id` (`rrca.data.Frame`) or a
        `kind` and a `seed` (`rrca.data.scenes.Scene`).
    columns : int, default 4
        Frames a row.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no frame, or `columns` is under 1.
    """
    frames = list(frames)
    if not frames or columns < 1:
        raise InputError(f"{len(frames)} frames in columns={columns}; at least one of each is needed.")
    rows = -(-len(frames) // columns)
    drawn = [components(np.asarray(frame.mask, bool)) for frame in frames]
    tallest = max(frame.image.shape[0] / frame.image.shape[1] for frame in frames)
    with _style():
        total = sum(len(found.area) for found in drawn)
        caption = f"{len(frames)} frames with {total} targets, most of them a few pixels wide."
        areas = [int(area) for found in drawn for area in found.area]
        figure = Figure(WIDTH, rows * (WIDTH / columns * tallest + 0.25), caption, {"areas in px": areas})
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(frames) :]:
            axes.set_axis_off()
        for axes, frame, found in zip(grid.flat, frames, drawn, strict=False):
            image, shape = _stretched(frame.image), frame.image.shape[:2]
            _show(axes, image)
            _outline(axes, np.asarray(frame.mask, bool), width=0.8)
            name = frame.id if hasattr(frame, "id") else f"{frame.kind}, seed {frame.seed}"
            axes.set_title(f"{name} ({shape[1]} × {shape[0]} px)", fontsize=8)
            if len(found.area):
                row, column, area = _strongest([], np.asarray(frame.mask, bool), None)
                window = _window((row, column), area, shape)
                inset = _inset(axes, window, shape, list(zip(found.row, found.column, strict=True)))
                _show(inset, image)
                _enlarge(inset, window)
                _outline(inset, np.asarray(frame.mask, bool))
    return figure


# ----------------------------------------------------------------------------------------------- saving
def _write(path: Path, content: bytes) -> Path:
    """A file, whole or not at all; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
    return path


def _png(picture: np.ndarray) -> bytes:
    """A uint8 picture, (H, W) or (H, W, 3), as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def write_mask(mask: np.ndarray, path: str | Path) -> Path:
    """Write a mask as data sets have them: a PNG of one 8-bit channel, 255 on targets and 0 elsewhere.

    Parameters
    ----------
    mask : bool ndarray of shape (H, W)
    path : path-like
        Of the PNG, whose folder is made if need be.

    Returns
    -------
    Path
        The file, written whole or not at all.
    """
    return _write(Path(path), _png(np.where(mask, 255, 0).astype(np.uint8)))


def write_overlay(frame: np.ndarray, targets: Sequence, path: str | Path, upscale: int | None = None) -> Path:
    """Write the `overlay` picture of a frame and its targets as a PNG; parameters as there.

    Returns
    -------
    Path
        The file, written whole or not at all.
    """
    return _write(Path(path), _png(overlay(frame, targets, upscale)))


def _plain(value: Any) -> Any:
    """Numbers of NumPy as JSON has them; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def save(
    figure: MatplotlibFigure,
    name: str,
    folder: str | Path,
    numbers: Mapping[str, Any] | None = None,
    caption: str | None = None,
) -> Path:
    """Write FOLDER/NAME.png and, beside it, FOLDER/NAME.json with the numbers behind it and its caption.

    Parameters
    ----------
    figure : Figure
    name : str
        Without suffix, as "01_passes".
    folder : path-like
        Made if need be.
    numbers : mapping, optional
        Added to the figure's own `numbers`. NumPy values are welcome; what is not finite becomes null.
    caption : str, optional
        Replaces the figure's own.

    Returns
    -------
    Path
        Of the PNG: 150 dots per inch, no time and no version in it, so that the same figure gives the same
        bytes on the same machine.

    Raises
    ------
    InputError
        If `name` holds a folder.
    """
    if not name or Path(name).name != name:
        raise InputError(
            f"name={name!r} must be a plain file name without a folder; the folder is an argument."
        )
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=SAVED_DPI, metadata={"Software": None})
    record = {
        "caption": getattr(figure, "caption", "") if caption is None else caption,
        "numbers": _plain({**getattr(figure, "numbers", {}), **(numbers or {})}),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    _write(Path(folder) / f"{name}.json", text.encode())
    return _write(Path(folder) / f"{name}.png", picture.getvalue())
