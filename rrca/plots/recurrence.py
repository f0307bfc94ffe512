"""Figures of the recurrence: what the passes through the same kernels do to a frame."""

from collections.abc import Mapping, Sequence

import numpy as np

from rrca.errors import InputError
from rrca.metrics import target_scr
from rrca.metrics.components import components
from rrca.plots.parts import (
    add_inset,
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

GREYS = (FRAME_MAP, (0, 1))


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


def drawn_maps(maps: Mapping[str, np.ndarray], mask: np.ndarray) -> Figure:
    """Maps small enough to count by hand: every pixel with its value, the target outlined.

    Parameters
    ----------
    maps : mapping of str to ndarray of shape (H, W)
        By their headings. All share one grey scale.
    mask : bool ndarray of shape (H, W)

    Returns
    -------
    Figure
    """
    least, most = min(values.min() for values in maps.values()), max(values.max() for values in maps.values())
    with in_style():
        caption = "A brighter target need not stand out more: count how much its surroundings vary."
        brightest = {name: float(values[mask].mean()) for name, values in maps.items()}
        figure = Figure(3.2 * len(maps), 3.3, caption, {"target": brightest})
        for axes, (name, values) in zip(
            figure.subplots(1, len(maps), squeeze=False)[0], maps.items(), strict=True
        ):
            show_image(axes, values, FRAME_MAP, (least, most))
            draw_outline(axes, mask, width=2)
            axes.set_title(name)
            for (row, column), value in np.ndenumerate(values):
                ink = "black" if value > (least + most) / 2 else "white"
                axes.text(column, row, f"{value:g}", ha="center", va="center", color=ink)
    return figure


def maps_by_network(
    frame: np.ndarray,
    maps: Mapping[int, Sequence[np.ndarray]],
    scores: Mapping[int, np.ndarray],
    truth: np.ndarray,
) -> Figure:
    """What every pass of several networks leaves of a frame: a row for each n, a column for each pass.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    maps : mapping of int to sequence of n + 1 ndarrays of shape (H, W)
        By n: the mean over the channels of d_0 … d_n. The maps of one network share a colour scale; two
        networks have different units.
    scores : mapping of int to ndarray of shape (H, W)
        By n, probabilities.
    truth : bool ndarray of shape (H, W)
        The drawn mask; its largest target is enlarged.

    Returns
    -------
    Figure
        The number below a map is the SCR of the enlarged target in it.

    References
    ----------
    Paper, Fig. 2 and Fig. 8.
    """
    every = {f"maps[{n}][{t}]": values for n, passes in maps.items() for t, values in enumerate(passes)}
    every |= {f"scores[{n}]": values for n, values in scores.items()}
    shape = check_shapes(frame, truth=truth, **every)
    targets = components(truth)
    largest = int(np.argmax(targets.area)) if len(targets) else 0
    window = window_around(strongest([], truth, scores[max(scores)])[:2], targets.area.max(initial=1), shape)

    def show(axes, values, look, title, below):
        axes.set_axis_on()
        inset = add_inset(axes, window, shape)
        for each in (axes, inset):
            show_image(each, values, *look)
        enlarge(inset, window)
        draw_outline(inset, truth, width=1.2)
        axes.set_title(title)
        axes.set_xlabel(below)

    with in_style():
        caption = (
            "The number below each map is the SCR of the enlarged target. Every row has its own colour scale."
        )
        columns = max(maps) + 3
        height = len(maps) * (WIDTH / columns * shape[0] / shape[1] + 0.45)
        figure = Figure(WIDTH, height, caption, {"frame": _scr(frame, truth, largest)})
        grid = figure.subplots(len(maps), columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        show(grid[0, 0], stretched(frame), GREYS, "frame", f"SCR {figure.numbers['frame']:.1f}")
        for row, (n, passes) in zip(grid, sorted(maps.items()), strict=True):
            limits = min(map(np.min, passes)), max(map(np.max, passes))
            found = figure.numbers[f"n{n}"] = {}
            for t, values in enumerate(passes):
                found[f"pass {t}"] = _scr(values, truth, largest)
                below = f"SCR {found[f'pass {t}']:.1f}"
                show(row[t + 1], values, (FEATURE_MAP, limits), f"n = {n}, pass {t}", below)
            found["score"] = float(np.max(scores[n], where=targets.labels == largest + 1, initial=0))
            show(
                row[-1],
                scores[n],
                (SCORE_MAP, (0, 1)),
                f"n = {n}, score",
                f"on the target {found['score']:.2f}",
            )
    return figure


def _scr(values: np.ndarray, truth: np.ndarray, index: int) -> float:
    """SCR of one target of a map; nan where there is none."""
    scr = target_scr(values, truth)
    return float(scr[index]) if len(scr) else float("nan")


def passes_at_level(
    frame: np.ndarray,
    maps: Sequence[np.ndarray],
    scores: np.ndarray,
    truth: np.ndarray,
    level: int = 0,
    gmac: float | None = None,
) -> Figure:
    """`pass_by_pass` at any level of the decoder, with the SCR of the largest target below each map.

    Parameters
    ----------
    frame, scores, truth
        As for `pass_by_pass`; the mask is the scores above 0.5.
    maps : sequence of n + 1 ndarrays of shape (H/2^level, W/2^level), each rounded up or down
        Mean over the channels; enlarged to the frame without smoothing.
    level : int, default 0
        0 is the finest.
    gmac : float, optional
        The network's executed work, for the caption.

    Returns
    -------
    Figure
        Numbers: "SCR" of the target in each pass, "frame SCR", its highest "score", "found" (above 0.5).
    """
    H, W = frame.shape[:2]
    large = [np.kron(values, np.ones((2**level, 2**level)))[:H, :W] for values in maps]
    figure = pass_by_pass(frame, large, scores, scores > 0.5, truth)
    targets = components(truth)
    largest = int(np.argmax(targets.area)) if len(targets) else 0
    scr = [_scr(values, truth, largest) for values in large]
    score = float(np.max(scores, where=targets.labels == largest + 1, initial=0))
    count = len(maps) + 3
    lower = figure.axes[count : 2 * count]  # the enlarged windows
    below = [_scr(frame, truth, largest), *scr]
    for axes, value in zip(lower, below, strict=False):
        axes.set_xlabel(f"SCR {value:.1f}")
    lower[len(maps) + 1].set_xlabel(f"highest {score:.2f}")
    cost = "" if gmac is None else f", {gmac:.2f} GMAC"
    figure.caption = (
        f"n = {len(maps) - 1}{cost}, level {level}. SCR of the target: {below[0]:.1f} in the frame, "
        f"{', '.join(f'{value:.1f}' for value in scr)} in passes 0 to {len(maps) - 1}. Highest score on it "
        f"{score:.2f}: {'found' if score > 0.5 else 'missed'} at 0.5."
    )
    figure.numbers = {"SCR": scr, "frame SCR": below[0], "score": score, "found": score > 0.5}
    return figure
