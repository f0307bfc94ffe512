"""Boxes and arrows, from which the diagrams of networks are drawn."""

from matplotlib.patches import FancyBboxPatch

from rrca.plots.style import CURVES

# the colours of a box: kernels that every pass reuses, norms that a pass owns, what runs once, what has no parameters
SHARED, OWNED, ONCE, FREE = CURVES[0], CURVES[1], CURVES[2], "#777777"


class Diagram:
    """Boxes and arrows on one pair of axes."""

    def __init__(self, axes, fontsize: float):
        self.axes, self.fontsize, self.texts = axes, fontsize, []

    def box(self, x, y, width, text, colour, height=0.66):
        look = dict(boxstyle="round,pad=0,rounding_size=0.08", linewidth=1.2)
        for face, edge, alpha in ((colour, "none", 0.16), ("none", colour, 1)):
            corner = (x - width / 2, y - height / 2)
            self.axes.add_patch(
                FancyBboxPatch(corner, width, height, facecolor=face, edgecolor=edge, alpha=alpha, **look)
            )
        self.text(x, y, text)
        self.texts.append(text.replace("\n", " "))

    def text(self, x, y, text):
        self.axes.text(x, y, text, ha="center", va="center", fontsize=self.fontsize)

    def arrow(self, start, end, colour="#333333"):
        look = dict(arrowstyle="-|>", color=colour, linewidth=1.1, shrinkA=0, shrinkB=0)
        self.axes.annotate("", end, start, arrowprops=look)
