"""α and k of the loss under two sliders."""

from rrca import losses, plots
from rrca.explore.panel import Knob, panel

GOAL = (
    "find the α at which the slope at p = 0.1 is twice that of α = 0. "
    "Then find the smallest k at which all three target pixels of the row are kept."
)


def loss(alpha: float = losses.ALPHA, k: float = losses.TOP_PER_CENT):
    """`plots.loss_knobs` under two sliders: α of Poly-1 and k of Top-k.

    Parameters
    ----------
    alpha : float, default 3.1
        Where the first slider starts, 0 to 12.
    k : float, default 10
        Where the second one starts, 1 to 50 per cent of the pixels.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`.
    """
    knobs = {
        "alpha": Knob("α (no unit, 0 to 12)", alpha, 0.0, 12.0, 0.1),
        "k": Knob("k (per cent of the pixels, 1 to 50)", k, 1.0, 50.0, 1.0),
    }
    return panel(GOAL, lambda **values: plots.loss_knobs(**values), knobs)
