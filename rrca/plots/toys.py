"""Frames of a few rectangles in which two protocols print different numbers for the same prediction."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rrca.errors import InputWarning
from rrca.metrics import DetectionMetrics, Metrics, components
from rrca.plots.parts import draw_outline
from rrca.plots.style import CURVES, WIDTH, Figure, in_style

SIDE = 256  # px; as the frames of the released program, so that a pixel is 15.26e-6 of Fa
EMPTY, PREDICTED, GREY, BOTH = "#F2F2F2", "#F3B6DC", "#9DB8CC", "#B48FC0"
OUTLINE, CENTRE = CURVES[0], "#9E2A7B"
MARGIN = 3  # px around what is drawn


@dataclass(frozen=True)
class Toy:
    """A mask and a prediction, drawn as rectangles in an empty frame of 256 × 256 px.

    Parameters
    ----------
    what : str
        One line: what happens.
    mask, predicted : tuple of (row, column, height, width)
        In pixels.
    protocols : tuple of str
        Which ones to compare.
    grey : tuple of (row, column, height, width)
        Pixels of the mask with grey value 128 in place of 255.
    """

    what: str
    mask: tuple[tuple[int, int, int, int], ...]
    predicted: tuple[tuple[int, int, int, int], ...]
    protocols: tuple[str, str] = ("exact", "dnanet")
    grey: tuple[tuple[int, int, int, int], ...] = ()

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Mask, uint8 with 0, 128 and 255, and prediction, bool; (256, 256) each."""
        return (255 * _painted(self.mask) + 128 * _painted(self.grey)).astype(np.uint8), _painted(
            self.predicted
        )

    def judge(self) -> dict[str, Metrics]:
        """The figures under each of its protocols."""
        mask, predicted = self.arrays()
        results = {}
        for name in self.protocols:
            metrics = DetectionMetrics(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InputWarning)  # of grey masks, which are the point here
                metrics.update(predicted.astype(float), mask)
            results[name] = metrics.compute()
        return results


TOYS: dict[str, Toy] = {
    "M1": Toy(
        "a false alarm as large as a hit vanishes",
        ((100, 100, 3, 3),),
        ((100, 100, 3, 3), (100, 108, 3, 3), (106, 104, 3, 3)),
    ),
    "M2": Toy(
        "first come, first served takes the wrong one",
        ((100, 100, 1, 1), (100, 104, 1, 1)),
        ((100, 102, 1, 1), (101, 98, 1, 1)),
        ("exact", "basicirstd"),
    ),
    "M3": Toy("a hit without a common pixel", ((100, 100, 2, 2),), ((100, 102, 2, 2),)),
    "M4": Toy(
        "a long target, partly found, costs Pd and Fa",
        ((100, 100, 9, 16),),
        ((100, 100, 9, 10),),
        ("exact", "opdc"),
    ),
    "M5": Toy("a target in two pieces", ((100, 100, 5, 5),), ((100, 100, 2, 5), (103, 100, 2, 5))),
    "M12": Toy(
        "a grey row of the mask costs IoU",
        ((100, 100, 3, 3),),
        ((100, 100, 4, 3),),
        grey=((103, 100, 1, 3),),
    ),
}


def toy_protocols(toys: Mapping[str, Toy] | None = None) -> Figure:
    """Drawn cases, each with what two protocols print for it.

    Parameters
    ----------
    toys : mapping of str to Toy, optional
        `TOYS` by default: the faults that notebook 06 numbers.

    Returns
    -------
    Figure
        Numbers, by case and then by protocol: "pd", "fa / 1e-6", "iou".

    References
    ----------
    Found by running the released programs on these frames; `rrca.metrics.PROTOCOLS` says what each does.
    """
    toys = TOYS if toys is None else toys
    results = {name: toy.judge() for name, toy in toys.items()}
    numbers = {
        name: {p: {"pd": m.pd, "fa / 1e-6": 1e6 * m.fa, "iou": m.iou} for p, m in judged.items()}
        for name, judged in results.items()
    }
    differ = [
        name for name, by in numbers.items() if len({tuple(figures.values()) for figures in by.values()}) > 1
    ]
    caption = (
        f"The same prediction, the same mask, two sets of numbers: the protocols disagree on {', '.join(differ)}. One "
        f"pixel of these {SIDE} × {SIDE} frames is {1e6 / SIDE**2:.2f}e-6 of Fa."
    )
    columns = 3
    rows = -(-len(toys) // columns)
    with in_style():
        figure = Figure(WIDTH, 2.75 * rows + 0.4, caption, numbers)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(toys) :]:
            axes.set_axis_off()
        for axes, (name, toy) in zip(grid.flat, toys.items(), strict=False):
            _draw(axes, toy)
            axes.set_title(f"{name}: {toy.what}")
            lines = [
                f"{protocol:<10} Pd {by['pd']:.1f}  Fa {by['fa / 1e-6']:6.1f}e-6  IoU {by['iou']:.3f}"
                for protocol, by in numbers[name].items()
            ]
            axes.set_xlabel("\n".join(lines), family="monospace", fontsize=8.5)
        dot = {"linestyle": "none", "markersize": 8}
        entries = [
            Patch(facecolor=PREDICTED, label="predicted"),
            Patch(facecolor=BOTH, label="predicted on grey, 128 of 255"),
            Line2D([], [], color=OUTLINE, linewidth=2, label="outline: mask"),
            Line2D([], [], color=OUTLINE, marker="+", label="centroid of a target", **dot),
            Line2D([], [], color=CENTRE, marker="x", label="centroid of a prediction", **dot),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _painted(rectangles) -> np.ndarray:
    """True on the rectangles."""
    painted = np.zeros((SIDE, SIDE), bool)
    for row, column, height, width in rectangles:
        painted[row : row + height, column : column + width] = True
    return painted


def _draw(axes, toy: Toy) -> None:
    """The part of the frame that holds the rectangles, one square a pixel."""
    mask, predicted = toy.arrays()
    everything = np.argwhere((mask > 0) | predicted)
    (top, left), (bottom, right) = everything.min(0) - MARGIN, everything.max(0) + MARGIN + 1
    # All panels are of one shape, 4 by 3, and 16 px wide at least.
    wide = max(right - left, (bottom - top) * 4 / 3, 16)
    x, y = (left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5
    ground = np.full((SIDE, SIDE, 3), to_rgb(EMPTY))
    for where, colour in ((mask == 128, GREY), (predicted, PREDICTED), (predicted & (mask == 128), BOTH)):
        ground[where] = to_rgb(colour)
    axes.imshow(ground)
    axes.set(xticks=np.arange(SIDE) - 0.5, yticks=np.arange(SIDE) - 0.5)
    axes.set(xlim=(x - wide / 2, x + wide / 2), ylim=(y + wide * 3 / 8, y - wide * 3 / 8))
    axes.tick_params(length=0, labelbottom=False, labelleft=False)
    axes.grid(color="white", linewidth=0.8)
    axes.spines[:].set_visible(False)
    draw_outline(axes, mask > 0, OUTLINE, 2.0)
    for binary, marker, colour in ((mask > 0, "+", OUTLINE), (predicted, "x", CENTRE)):
        found = components(binary)
        axes.plot(found.column, found.row, marker, color=colour, markersize=9, markeredgewidth=1.6)
