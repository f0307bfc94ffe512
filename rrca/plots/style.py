"""Colours, sizes and the class of all figures: one look, whatever the reader has set."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure

# One colour and one line style for one thing, in every figure: Okabe and Ito's palette, which survives
# colour blindness, brightened for dark frames. Line styles tell them apart without any colour.
HIT, FALSE_ALARM, MISS = "#00D19A", "#FF6A3D", "#F0E442"  # green, red, yellow
DETECTION, TRUTH, ZOOM = "#FF8AD8", "#56B4E9", "#E69F00"  # pink: not judged; blue: drawn; orange: enlarged
LINES = {HIT: "solid", FALSE_ALARM: (0, (4, 2)), MISS: (0, (1, 1)), DETECTION: "solid"}
TEXTURES = {HIT: "++", FALSE_ALARM: "///", MISS: ".."}  # checked, hatched, dotted
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # the whole loss, then its terms
IOU = "#222222"
FRAME_MAP, SCORE_MAP, FEATURE_MAP = "gray", "magma", "cividis"  # lightness rises evenly: readable in grey

WIDTH = 10.0  # inches; 1000 px in a notebook, 1500 px in a saved file
STYLE = {
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "nearest",
}


@contextmanager
def in_style() -> Iterator[None]:
    """Matplotlib's defaults and STYLE on top, whatever the reader has set; undone afterwards."""
    with matplotlib.style.context(["default", STYLE]):
        yield


class Figure(MatplotlibFigure):
    """A matplotlib Figure with a caption (what to see) and the numbers behind it.

    It shows itself in a notebook without pyplot, and always in the package's style.

    Attributes
    ----------
    caption : str
    numbers : dict
        Ready for JSON; `save` writes both beside the picture.
    """

    def __init__(
        self, width: float, height: float, caption: str = "", numbers: Mapping[str, Any] | None = None
    ):
        super().__init__(figsize=(width, height), dpi=100, layout="constrained")
        FigureCanvasAgg(self)
        self.get_layout_engine().set(w_pad=0.05, h_pad=0.05)
        self.caption, self.numbers = caption, dict(numbers or {})

    def draw(self, renderer) -> None:
        with in_style():  # ticks are made when drawn, and would take the reader's settings
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.canvas.print_png(buffer, metadata={"Software": None})  # savefig would lay it out twice
        return buffer.getvalue()


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign, a true minus where it is negative.

    Examples
    --------
    >>> signed(-0.25, 2), signed(3)
    ('−0.25', '+3.0')
    """
    return f"{value:+.{digits}f}".replace("-", "−")
