"""Figures of a data set: many frames side by side."""

from collections.abc import Sequence

import numpy as np

from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.plots.parts import add_inset, draw_outline, enlarge, show_image, stretched, strongest, window_around
from rrca.plots.style import WIDTH, Figure, in_style


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
    with in_style():
        total = sum(len(found.area) for found in drawn)
        caption = f"{len(frames)} frames with {total} targets, most of them a few pixels wide."
        areas = [int(area) for found in drawn for area in found.area]
        figure = Figure(WIDTH, rows * (WIDTH / columns * tallest + 0.25), caption, {"areas in px": areas})
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(frames) :]:
            axes.set_axis_off()
        for axes, frame, found in zip(grid.flat, frames, drawn, strict=False):
            image, shape = stretched(frame.image), frame.image.shape[:2]
            show_image(axes, image)
            draw_outline(axes, np.asarray(frame.mask, bool), width=0.8)
            name = frame.id if hasattr(frame, "id") else f"{frame.kind}, seed {frame.seed}"
            axes.set_title(f"{name} ({shape[1]} × {shape[0]} px)", fontsize=8)
            if len(found.area):
                row, column, area = strongest([], np.asarray(frame.mask, bool), None)
                window = window_around((row, column), area, shape)
                inset = add_inset(axes, window, shape, list(zip(found.row, found.column, strict=True)))
                show_image(inset, image)
                enlarge(inset, window)
                draw_outline(inset, np.asarray(frame.mask, bool))
    return figure
