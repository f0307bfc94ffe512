"""Figures of an evaluation: what is counted in a prediction."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from rrca.errors import InputError
from rrca.plots.parts import draw_outline
from rrca.plots.style import FALSE_ALARM, HIT, IOU, MISS, TEXTURES, Figure, in_style

LARGEST_GRID = 16  # rows and columns; nobody counts more by hand


def confusion(mask: np.ndarray, predicted: np.ndarray) -> Figure:
    """A small frame, pixel by pixel: which were hit, which are false, which were missed.

    Parameters
    ----------
    mask : bool ndarray of shape (H, W)
        The drawn targets; 16 rows and columns at most.
    predicted : bool ndarray of shape (H, W)
        Scores above the threshold.

    Returns
    -------
    Figure
        One square a pixel: hit green and checked, false red and hatched, missed yellow and dotted; the
        union of mask and prediction is outlined. The numbers are "intersection", "union", "false pixels",
        "missed pixels" (pixels), and "iou" (nan where the union is empty, as in the protocol "exact").

    Raises
    ------
    InputError
        If one is not bool, or they differ in shape, or there are more pixels than can be counted.

    Notes
    -----
    False here is every predicted pixel off the mask, as IoU counts. Fa counts components: a false pixel
    attached to a hit is none of its.

    Examples
    --------
    >>> from rrca.checks import toy_frame
    >>> confusion(*toy_frame()).numbers
    {'intersection': 4, 'union': 9, 'iou': 0.444, 'false pixels': 5, 'missed pixels': 0}
    """
    mask, predicted = np.asarray(mask), np.asarray(predicted)
    for name, values in (("mask", mask), ("predicted", predicted)):
        if values.dtype != bool or values.ndim != 2:
            raise InputError(
                f"{name} holds {values.dtype} of shape {values.shape}; it must be bool of shape (H, W)."
            )
    if mask.shape != predicted.shape:
        raise InputError(f"mask has shape {mask.shape}, predicted {predicted.shape}; they must agree.")
    H, W = mask.shape
    if not 1 <= min(H, W) <= max(H, W) <= LARGEST_GRID:
        raise InputError(
            f"mask has shape {mask.shape}; give 1 to {LARGEST_GRID} rows and columns, a part of the frame."
        )
    both, false, missed, union = mask & predicted, predicted & ~mask, mask & ~predicted, mask | predicted
    numbers = {
        "intersection": int(both.sum()),
        "union": int(union.sum()),
        "iou": float(both.sum() / union.sum()) if union.any() else float("nan"),
        "false pixels": int(false.sum()),
        "missed pixels": int(missed.sum()),
    }
    squares = [
        ("intersection", both, HIT),
        ("false pixels", false, FALSE_ALARM),
        ("missed pixels", missed, MISS),
    ]

    with in_style():
        ratio = f"{numbers['intersection']} / {numbers['union']}"
        caption = (
            f"IoU is intersection over union, {ratio}: a false pixel adds to the union, a missed one is lacking "
            "in the intersection."
        )
        cell = min(0.42, 5.0 / max(H, W))  # inches
        figure = Figure(cell * W + 2.3, max(cell * H + 0.6, 1.6), caption, numbers)
        axes = figure.subplots()
        axes.set(xlim=(-0.55, W - 0.45), ylim=(H - 0.45, -0.55), aspect="equal")
        axes.set(xlabel="column", ylabel="row", xticks=range(W), yticks=range(H))
        axes.xaxis.set_label_position("top")
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axes.spines[:].set_visible(False)
        entries = []
        axes.add_patch(Rectangle((-0.5, -0.5), W, H, color="#F2F2F2", linewidth=0))
        for name, where, colour in squares:
            look = {"facecolor": colour, "edgecolor": "#00000090", "hatch": TEXTURES[colour], "linewidth": 0}
            for row, column in np.argwhere(where):
                axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **look))
            entries.append(Patch(**look, label=f"{name}: {numbers[name]}"))
        axes.vlines(np.arange(W + 1) - 0.5, -0.5, H - 0.5, color="white", linewidth=1.2)
        axes.hlines(np.arange(H + 1) - 0.5, -0.5, W - 0.5, color="white", linewidth=1.2)
        draw_outline(axes, union, IOU, 2.2)
        entries.append(Line2D([], [], color=IOU, linewidth=2.2, label="outline: union"))
        figure.legend(
            handles=entries, loc="outside right center", handlelength=2.4, handleheight=1.8, frameon=False
        )
    return figure
