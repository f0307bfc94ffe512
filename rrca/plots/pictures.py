"""Pictures as files: the overlay of a frame's targets, and masks as data sets have them."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.patheffects import withStroke
from PIL import Image

from rrca.errors import InputError
from rrca.plots.parts import check_shapes, draw_circle, stretched
from rrca.plots.saving import write_file
from rrca.plots.style import DETECTION, in_style


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
    H, W = check_shapes(frame)
    if upscale is None:
        upscale = -(-768 // max(H, W))
    if not isinstance(upscale, int | np.integer) or upscale < 1:
        raise InputError(f"upscale={upscale!r} must be an integer of 1 or more.")
    levels = np.round(255 * stretched(frame)).astype(np.uint8)
    levels = levels if frame.ndim == 3 else np.repeat(levels[..., None], 3, axis=2)
    picture = levels.repeat(upscale, axis=0).repeat(upscale, axis=1)

    # Only the drawing goes through matplotlib, on a transparent ground of the picture's size.
    with in_style():
        dpi = 100
        figure = MatplotlibFigure(figsize=(W * upscale / dpi, H * upscale / dpi), dpi=dpi, facecolor="none")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
        axes.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
        axes.set_axis_off()
        for target in targets:
            radius = max(6.0, 10 / upscale, 1.6 * np.sqrt(target.area))
            draw_circle(axes, target.row, target.column, radius, DETECTION)
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
    return write_file(Path(path), _png(np.where(mask, 255, 0).astype(np.uint8)))


def write_overlay(frame: np.ndarray, targets: Sequence, path: str | Path, upscale: int | None = None) -> Path:
    """Write the `overlay` picture of a frame and its targets as a PNG; parameters as there.

    Returns
    -------
    Path
        The file, written whole or not at all.
    """
    return write_file(Path(path), _png(overlay(frame, targets, upscale)))
