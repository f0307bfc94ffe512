"""Names beside the marks of a crowded scatter plot, placed so that they do not cover each other."""

from collections.abc import Sequence

import numpy as np

POINTS = 7  # font size
WIDTH_OF_LETTER = 0.56  # of the font size, on average
DIRECTIONS = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)]
REACHES = (1, 9, 18, 28)  # points beyond the mark's edge, the nearest that is free


def name_marks(
    axes, x: Sequence[float], y: Sequence[float], names: Sequence[str], radii: Sequence[float]
) -> None:
    """Write a name at each mark where there is room, with a thin line to marks from which it had to move away.

    Parameters
    ----------
    axes : Axes
        Its scales and limits must be final.
    x, y : sequence of float
        Places of the marks, in the data's units.
    names : sequence of str
    radii : sequence of float
        Of the marks, in points.

    Notes
    -----
    Greedy: the most crowded mark first; each takes the nearest of 32 places whose box meets no mark, no name that is
    there already and no border, or the one that meets fewest.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # so that the layout, and with it the axes' size, is known
    scale = 72 / figure.dpi
    centres = axes.transData.transform(np.stack([x, y], 1).astype(float)) * scale  # points
    border = axes.get_window_extent()
    low, high = np.array([border.x0, border.y0]) * scale, np.array([border.x1, border.y1]) * scale
    radii = np.asarray(radii, float)
    taken = [(*(c - r), *(c + r)) for c, r in zip(centres, radii, strict=True)]
    crowd = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    for i in np.argsort(np.sort(crowd, axis=1)[:, 1:3].sum(1)):
        size = np.array([WIDTH_OF_LETTER * POINTS * len(names[i]), 1.1 * POINTS])
        best = None
        for reach in REACHES:
            for direction in map(np.array, DIRECTIONS):
                middle = centres[i] + direction * (radii[i] + reach + size / 2)
                box = (*(middle - size / 2), *(middle + size / 2))
                covered = sum(_overlap(box, other) for other in taken) + 1e3 * bool(
                    (middle - size / 2 < low).any() or (middle + size / 2 > high).any()
                )
                if best is None or covered < best[0] - 1e-9:
                    best = covered, middle, box, reach
        _, middle, box, reach = best
        taken.append(box)
        look = (
            dict(arrowstyle="-", color="0.5", linewidth=0.6, shrinkA=0, shrinkB=0)
            if reach > REACHES[0]
            else None
        )
        axes.annotate(
            names[i],
            (x[i], y[i]),
            middle - centres[i],
            textcoords="offset points",
            fontsize=POINTS,
            ha="center",
            va="center",
            arrowprops=look,
        )


def _overlap(box: tuple, other: tuple) -> float:
    """Area that two boxes (left, lower, right, upper) share."""
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    return float(np.prod(np.maximum(sides, 0)))
