"""The printed grid of Table VII beside grids that luck alone draws."""

from rrca import plots
from rrca.explore.panel import Knob, panel
from rrca.studies import alpha_k

GOAL = (
    "find a table drawn by luck whose best cell stands out by more than the printed one. How many seeds did it take? "
    "Turn both landscapes: does the printed one look any less like luck?"
)
SEEDS = 99  # the last of the slider


def luck(seed: int = 0, azimuth: int = -50):
    """`plots.alpha_k_surface` under two sliders: the seed of a grid in which α and k do nothing, and the side it is
    seen from.

    Parameters
    ----------
    seed : int, default 0
        Where the first slider starts; 0 to 99.
    azimuth : int, default -50
        Where the second one starts, in degrees.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`.
    """
    printed = alpha_k.printed_cells("pd")

    def draw(seed: int, azimuth: int) -> plots.Figure:
        return plots.alpha_k_surface([printed, alpha_k.luck(seed)], azimuth=azimuth)

    knobs = {
        "seed": Knob(f"seed of the table drawn by luck (0 to {SEEDS})", seed, 0, SEEDS, 1),
        "azimuth": Knob("seen from (degrees, −180 to 180)", azimuth, -180, 180, 10),
    }
    return panel(GOAL, draw, knobs)
