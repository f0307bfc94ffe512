"""Frames beside what several methods mark in them, with the verdict on every target."""

from collections.abc import Mapping, Sequence

import numpy as np

from rrca.detection import list_targets
from rrca.errors import InputError
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
from rrca.plots.style import FRAME_MAP, WIDTH, Figure, in_style

KINDS = {"hits": "hit", "false alarms": "false alarm", "misses": "miss"}
MOST_COLUMNS = 6  # a frame narrower than 1.6 inches shows nothing


def panels(frames: Sequence, scores: Mapping[str, Sequence[np.ndarray]], threshold: float = 0.5) -> Figure:
    """Frames in rows; in columns the frame, what each method marks in it, and the drawn mask.

    Parameters
    ----------
    frames : sequence
        Each with `image`, `mask` and `id`, as `rrca.data.Frame`.
    scores : mapping of str to sequence of ndarray
        Name of the method to its score maps, (H, W) each, one a frame; four methods at most.
    threshold : float, default 0.5
        Marked is what scores above it.

    Returns
    -------
    Figure
        Circles: green and solid, a hit; red and dashed, a false alarm; yellow and dotted, a miss (as in protocol
        "exact"). Enlarged, alike in all columns: the first target that a method missed, else the first false alarm,
        else the largest target. Numbers, by method: "hits", "false alarms", "misses" over these frames.

    Raises
    ------
    InputError
        If there is no frame or no method, or their numbers or shapes do not fit.

    References
    ----------
    Paper, Fig. 6.
    """
    frames = list(frames)
    if not frames or not scores or len(scores) > MOST_COLUMNS - 2:
        raise InputError(
            f"{len(frames)} frames and {len(scores)} methods; give 1 frame or more, 1 to 4 methods."
        )
    for name, maps in scores.items():
        if len(maps) != len(frames):
            raise InputError(
                f"scores[{name!r}] holds {len(maps)} maps for {len(frames)} frames; give one each."
            )
    rows = [
        _row(frame, {name: maps[i] for name, maps in scores.items()}, threshold)
        for i, frame in enumerate(frames)
    ]
    counts = {
        name: {kind: sum(len(verdicts[name][kind]) for _, verdicts in rows) for kind in KINDS}
        for name in scores
    }
    said = ", ".join(f"{name} ({', '.join(counted(found).values())})" for name, found in counts.items())
    columns = len(scores) + 2
    ratios = [frame.image.shape[0] / frame.image.shape[1] for frame in frames]
    with in_style():
        height = sum(WIDTH / columns * ratio + 0.25 for ratio in ratios) + 0.7
        figure = Figure(WIDTH, height, f"What is marked in {len(frames)} frames: {said}.", counts)
        grid = figure.subplots(len(frames), columns, squeeze=False, height_ratios=ratios)
        for line, frame, (marked, verdicts) in zip(grid, frames, rows, strict=True):
            pictures = {"frame": stretched(frame.image), **marked, "drawn mask": np.asarray(frame.mask, bool)}
            window = _window(frame, verdicts)
            places = [place for verdict in verdicts.values() for found in verdict.values() for place in found]
            for axes, (name, values) in zip(line, pictures.items(), strict=True):
                show_image(axes, values, FRAME_MAP)
                inset = add_inset(axes, window, frame.mask.shape, places)
                show_image(inset, values, FRAME_MAP)
                enlarge(inset, window)
                draw_outline(inset, pictures["drawn mask"])
                if name in verdicts:
                    draw_verdict(axes, verdicts[name], frame.mask.shape)
                    found = {kind: len(verdicts[name][kind]) for kind in KINDS}
                    axes.set_xlabel(", ".join(counted(found).values()))
                if frame is frames[0]:
                    axes.set_title(name)
            line[0].set_xlabel(f"{frame.id}, {frame.mask.shape[1]} × {frame.mask.shape[0]} px")
        verdict_legend(figure, KINDS)
    return figure


def _row(frame, scores: Mapping[str, np.ndarray], threshold: float) -> tuple[dict, dict]:
    """What each method marks in a frame, and the verdict on it."""
    check_shapes(np.asarray(frame.image), mask=frame.mask, **scores)
    marked = {name: np.asarray(values) > threshold for name, values in scores.items()}
    verdicts = {
        name: judge(list_targets(np.asarray(scores[name]), mask), np.asarray(frame.mask, bool))
        for name, mask in marked.items()
    }
    return marked, verdicts


def _window(frame, verdicts: Mapping[str, Mapping[str, Sequence]]) -> tuple[int, int, int]:
    """Around the first miss of any method, else its first false alarm, else the largest target."""
    mask = np.asarray(frame.mask, bool)
    for kind in ("misses", "false alarms"):
        for verdict in verdicts.values():
            if verdict[kind]:
                return window_around(verdict[kind][0], 1, mask.shape)
    row, column, area = strongest([], mask, mask)
    return window_around((row, column), area, mask.shape)
