"""Figures of what was found in a frame, with the verdict on every target."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.lines import Line2D

from rrca.errors import InputError
from rrca.metrics.matching import nearest
from rrca.metrics.reading import Truth
from rrca.metrics.view import View
from rrca.plots.parts import (
    add_inset,
    check_shapes,
    draw_circle,
    draw_outline,
    enlarge,
    show_image,
    stretched,
    strongest,
    window_around,
)
from rrca.plots.style import (
    DETECTION,
    FALSE_ALARM,
    FRAME_MAP,
    HIT,
    LINES,
    MISS,
    SCORE_MAP,
    TRUTH,
    WIDTH,
    Figure,
    in_style,
)

MATCH = 3.0  # px between centroids, as in the metrics
VERDICTS = {"hits": HIT, "false alarms": FALSE_ALARM, "misses": MISS, "detections": DETECTION}


def judge(targets: Sequence, truth: np.ndarray) -> dict[str, list[tuple[float, float]]]:
    """(row, column) of hits, false alarms and misses, matched as in the protocol "exact"."""
    row, column, area = np.array([(t.row, t.column, t.area) for t in targets], float).reshape(-1, 3).T
    H, W = truth.shape
    if len(row) and not (0 <= row.min() <= row.max() < H and 0 <= column.min() <= column.max() < W):
        raise InputError(f"a target lies outside the truth of {H} × {W} px; give targets of this frame.")
    drawn = Truth(truth, int(truth.sum()))
    # No scores, no overlaps: this rule goes by the centroids, and by the areas where those leave a tie.
    hits = nearest(View(drawn, None, None, area, row, column, None, MATCH))
    places = list(zip(row, column, strict=True))
    real = list(zip(drawn.targets.row, drawn.targets.column, strict=True))
    return {
        "hits": [places[i] for i in sorted(hits.prediction)],
        "false alarms": [place for i, place in enumerate(places) if i not in hits.prediction],
        "misses": [place for i, place in enumerate(real) if i not in hits.target],
    }


def draw_verdict(axes, verdict: Mapping[str, Sequence], shape: tuple[int, int]) -> None:
    """A circle around every place, in the colour and line of its verdict."""
    for name, places in verdict.items():
        for row, column in places:
            draw_circle(axes, row, column, max(5.0, 0.03 * max(shape)), VERDICTS[name])


def verdict_legend(figure: Figure, labels: Mapping[str, str], drawn: bool = True, **where) -> None:
    """What the circles mean, by the names of `VERDICTS`; on a dark ground, since their colours are pale."""
    looks = {name: {"color": VERDICTS[name], "linestyle": LINES[VERDICTS[name]]} for name in labels}
    entries = [Line2D([], [], linewidth=2, label=text, **looks[name]) for name, text in labels.items()]
    if drawn:
        entries.append(Line2D([], [], color=TRUTH, linewidth=1, label="outline: drawn mask"))
    where = {"loc": "outside lower right", "ncols": 4, **where}
    figure.legend(handles=entries, facecolor="#333333", labelcolor="white", framealpha=1, **where)


def counted(numbers: Mapping[str, int]) -> dict[str, str]:
    """Every name with its count behind it, for a legend."""
    return {name: f"{name}: {number}" for name, number in numbers.items()}


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
    H, W = shape = check_shapes(frame, scores=scores, mask_predicted=mask_predicted, truth=truth)
    row, column, area = strongest(targets, truth, scores)
    window = window_around((row, column), area, shape)
    if truth is None:
        verdict = {"detections": [(target.row, target.column) for target in targets]}
    else:
        verdict = judge(targets, truth)

    with in_style():
        numbers = {name: len(places) for name, places in verdict.items()}
        counts = ", ".join(counted(numbers).values())
        caption = (
            f"The score map is near 0 but on what looks like a target; its thresholded mask has {counts}."
        )
        figure = Figure(WIDTH, WIDTH / 3.3 * H / W + (0.75 if title is None else 1.0), caption, numbers)
        panels = figure.subplots(1, 3)
        heads = ["frame", "score", "mask: score above the threshold"]
        pictures = [(stretched(frame), FRAME_MAP), (scores, SCORE_MAP), (mask_predicted, FRAME_MAP)]
        places = [place for places in verdict.values() for place in places]
        for axes, head, (values, cmap) in zip(panels, heads, pictures, strict=True):
            picture = show_image(axes, values, cmap)
            inset = add_inset(axes, window, shape, places)
            show_image(inset, values, cmap)
            enlarge(inset, window)
            axes.set_title(head)
            if cmap == SCORE_MAP:
                figure.colorbar(picture, cax=axes.inset_axes([1.02, 0, 0.04, 1]), label="probability")
            if truth is not None:
                draw_outline(inset, truth)
        draw_verdict(panels[2], verdict, shape)
        panels[0].set_xlabel(f"{W} × {H} px; enlarged: {window[2]} × {window[2]} px")
        verdict_legend(figure, counted(numbers), truth is not None)
        if title is not None:
            figure.suptitle(title)
    return figure
