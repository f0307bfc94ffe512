"""What figures are made of: a frame as a picture, the enlarged window, outlines, circles."""

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke

from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.plots.style import FRAME_MAP, LINES, TRUTH, ZOOM

WINDOW = 24  # px, least side of the enlarged window


def check_shapes(frame: np.ndarray, **maps: np.ndarray | None) -> tuple[int, int]:
    """Rows and columns of the frame, which every map must share."""
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] != 3):
        raise InputError(f"frame has shape {frame.shape}; it must be (H, W) or (H, W, 3).")
    for name, values in maps.items():
        if values is not None and np.shape(values) != frame.shape[:2]:
            raise InputError(
                f"{name} has shape {np.shape(values)}, the frame {frame.shape[:2]}; they must agree."
            )
    return frame.shape[:2]


def stretched(frame: np.ndarray) -> np.ndarray:
    """The frame from its own minimum (0) to its own maximum (1)."""
    frame = np.asarray(frame, float)
    low, high = frame.min(), frame.max()
    return (frame - low) / (high - low) if high > low else np.full(frame.shape, 0.5)


def strongest(
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


def window_around(centre: tuple[float, float], area: float, shape: tuple[int, int]) -> tuple[int, int, int]:
    """First row, first column and side (px) of the enlarged square, moved inside the frame."""
    side = min(int(max(WINDOW, 4 * np.sqrt(area))), *shape)
    top, left = (int(np.clip(round(c) - side // 2, 0, n - side)) for c, n in zip(centre, shape, strict=True))
    return top, left, side


def show_image(axes, values: np.ndarray, cmap: str = FRAME_MAP, limits: tuple[float, float] = (0, 1)):
    """An image without ticks and frame, at the top of its place."""
    picture = axes.imshow(values, cmap=cmap, vmin=limits[0], vmax=limits[1])
    axes.set(xticks=[], yticks=[], anchor="N")
    axes.spines[:].set_visible(False)
    return picture


def enlarge(axes, window: tuple[int, int, int]) -> None:
    """Limit the axes to the window and frame them in the window's colour."""
    top, left, side = window
    axes.set(xlim=(left - 0.5, left + side - 0.5), ylim=(top + side - 0.5, top - 0.5), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=ZOOM, linewidth=1.5)


def mark_window(axes, window: tuple[int, int, int]) -> None:
    """Outline of the window on the whole picture."""
    top, left, side = window
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, color=ZOOM, linewidth=1.2))


def add_inset(
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
    enlarge(inset, window)
    mark_window(axes, window)
    return inset


def draw_outline(axes, mask: np.ndarray, colour: str = TRUTH, width: float = 1.0) -> None:
    """The border of a mask along its pixels' edges (a contour would cut the corners of 3-px targets)."""
    padded = np.pad(mask, 1)
    down, across = np.nonzero(padded[1:] != padded[:-1]), np.nonzero(padded[:, 1:] != padded[:, :-1])
    edges = [[(x - 1.5, y - 0.5), (x - 0.5, y - 0.5)] for y, x in zip(*down, strict=True)]
    edges += [[(x - 0.5, y - 1.5), (x - 0.5, y - 0.5)] for y, x in zip(*across, strict=True)]
    axes.add_collection(LineCollection(edges, colors=colour, linewidths=width), autolim=False)


def draw_circle(axes, row: float, column: float, radius: float, colour: str) -> None:
    """A circle around a target, over a dark rim so that it shows on bright ground too."""
    look = {"edgecolor": colour, "linestyle": LINES[colour], "linewidth": 1.6, "clip_on": False}
    circle = Circle((column, row), radius, fill=False, **look)
    circle.set_path_effects([withStroke(linewidth=2.8, foreground=(0, 0, 0, 0.55))])
    axes.add_patch(circle)
