"""A frame and its score map as landscapes: how high the target stands, and what stands beside it."""

import numpy as np
from scipy import ndimage

from rrca.plots.detections import MATCH
from rrca.plots.parts import check_shapes, stretched, strongest, window_around
from rrca.plots.style import FEATURE_MAP, SCORE_MAP, WIDTH, Figure, in_style

FINEST = 96  # rows and columns of a landscape at most; more is not seen, and turns slowly without a GPU
ELEVATION, AZIMUTH = 32, -60  # degrees; the same for the static and the live picture


def surface(frame: np.ndarray, scores: np.ndarray, mask: np.ndarray | None = None) -> Figure:
    """The grey levels of a frame and its score map as landscapes, whole and around the target.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1]; drawn from its own minimum to its own maximum.
    scores : ndarray of shape (H, W)
        Probabilities in [0, 1].
    mask : bool ndarray of shape (H, W), optional
        Drawn targets. With it the numbers tell targets from the rest.

    Returns
    -------
    Figure
        Above the whole frame, below the enlarged window (on the largest drawn target, else on the highest score).
        Numbers, for "grey level" and "score": "highest", or with a mask "lowest peak of a target" and "highest
        elsewhere", 3 px or more from every drawn pixel (nan where no such pixel is left).

    Raises
    ------
    InputError
        If the shapes differ.

    Notes
    -----
    The whole frame is drawn from blocks, each as high as its highest pixel, so that no target is lost.

    References
    ----------
    Paper, Fig. 7.
    """
    frame, scores = stretched(frame), np.asarray(scores, float)
    mask = None if mask is None else np.asarray(mask, bool)
    shape = check_shapes(frame, scores=scores, mask=mask)
    grey = frame if frame.ndim == 2 else frame.mean(axis=2)
    numbers = {"grey level": heights(grey, mask), "score": heights(scores, mask)}
    caption = "Where the frame has many peaks, the score map has few"
    if mask is not None and mask.any():
        seen = [(what, n["lowest peak of a target"], n["highest elsewhere"]) for what, n in numbers.items()]
        caption = "; ".join(
            f"{what}: the lowest peak of a target is {peak:.2f}, the highest elsewhere {other:.2f}"
            for what, peak, other in seen
        )
    row, column, area = strongest([], mask, scores)
    top, left, side = window_around((row, column), area, shape)
    window = np.s_[top : top + side, left : left + side]
    with in_style():
        figure = Figure(WIDTH, 7.6, caption + ".", numbers)
        for place, (values, cmap, name) in enumerate(
            ((grey, FEATURE_MAP, "grey level"), (scores, SCORE_MAP, "score")), 1
        ):
            whole, step = blocks(values)
            _landscape(
                figure, (2, 2, place), whole, (0, 0), step, cmap, name, f"{name}, {shape[1]} × {shape[0]} px"
            )
            text = f"{name}, enlarged: {side} × {side} px"
            _landscape(figure, (2, 2, place + 2), values[window], (top, left), 1, cmap, name, text)
    return figure


def heights(values: np.ndarray, mask: np.ndarray | None) -> dict[str, float]:
    """The highest value, or with a mask the lowest peak of a target and the highest value away from all."""
    if mask is None or not mask.any():
        return {"highest": float(values.max())}
    labels, targets = ndimage.label(mask, np.ones((3, 3)))
    peaks = ndimage.maximum(values, labels, range(1, targets + 1))
    away = values[ndimage.distance_transform_edt(~mask) >= MATCH]
    return {
        "lowest peak of a target": float(np.min(peaks)),
        "highest elsewhere": float(away.max()) if away.size else float("nan"),
    }


def blocks(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The highest value of every square block, and the block's side in px; the last row and column may be partial."""
    step = -(-max(values.shape) // FINEST)
    H, W = (-(-n // step) * step for n in values.shape)
    padded = np.full((H, W), -np.inf)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(H // step, step, W // step, step).max(axis=(1, 3)), step


def _landscape(figure, place, values, corner, step: int, cmap: str, name: str, title: str) -> None:
    """One surface; rows run to the front and columns to the right, as in the frame."""
    axes = figure.add_subplot(*place, projection="3d")
    row = corner[0] + step * np.arange(values.shape[0])
    column = corner[1] + step * np.arange(values.shape[1])
    x, y = np.meshgrid(column, row)
    look = {"rcount": FINEST, "ccount": FINEST, "linewidth": 0, "antialiased": False}
    axes.plot_surface(x, y, values, cmap=cmap, vmin=0, vmax=1, **look)
    axes.set(xlabel="column / px", ylabel="row / px", zlabel=name, zlim=(0, 1), title=title)
    axes.invert_yaxis()
    longest = max(values.shape)
    axes.set_box_aspect((values.shape[1] / longest, values.shape[0] / longest, 0.5), zoom=0.95)
    axes.view_init(ELEVATION, AZIMUTH)
