"""Figures of the recurrence: what the passes through the same kernels do to a frame."""

from collections.abc import Sequence

import numpy as np

from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.plots.parts import (
    check_shapes,
    draw_outline,
    enlarge,
    mark_window,
    show_image,
    stretched,
    strongest,
    window_around,
)
from rrca.plots.style import FEATURE_MAP, FRAME_MAP, SCORE_MAP, WIDTH, Figure, in_style


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
    H, W = shape = check_shapes(frame, scores=scores, mask=mask, truth=truth, **named)
    peak = np.unravel_index(np.argmax(np.where(mask, scores, -1)), shape)
    found = components(mask)
    if mask.any():
        label = found.labels[peak] - 1
        row, column, area = found.row[label], found.column[label], found.area[label]
    else:
        row, column, area = strongest([], truth, scores)
    window = top, left, side = window_around((row, column), area, shape)
    limits = min(map(np.min, maps)), max(map(np.max, maps))

    inside = np.s_[top : top + side, left : left + side]
    contrast = [float(values[inside].max() - np.median(values)) for values in maps]
    with in_style():
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
        values = [stretched(frame), *maps, scores, mask]
        looks = [
            (FRAME_MAP, (0, 1)),
            *[(FEATURE_MAP, limits)] * len(maps),
            (SCORE_MAP, (0, 1)),
            (FRAME_MAP, (0, 1)),
        ]
        pictures = []
        for (whole, close), head, image, look in zip(rows.T, heads, values, looks, strict=True):
            pictures.append(show_image(whole, image, *look))
            show_image(close, image, *look)
            whole.set_title(head)
            mark_window(whole, window)
            enlarge(close, window)
            if truth is not None:
                draw_outline(close, truth, width=1.3)
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
