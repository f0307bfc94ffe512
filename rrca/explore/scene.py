"""Sliders over the synthetic generator."""

from rrca import plots
from rrca.explore.panel import Knob, panel

GOAL = (
    "find the lowest SCR at which no pixel of the frame is brighter than the target. Then lower the "
    "clutter to 0.06: is a lower SCR enough now?"
)


def scene(scr: float = 5.0, target_size: float = 0.0, clutter: float = 0.14):
    """`rrca.plots.scene` with a slider for each of its three arguments.

    Parameters
    ----------
    scr : float, default 5.0
        Where the slider starts; 1 to 12.
    target_size : float, default 0.0
        0 to 10 px before blur.
    clutter : float, default 0.14
        0.02 to 0.14 grey levels.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`. A scene that cannot be made leaves the last picture and says why.
    """
    knobs = {
        "scr": Knob("SCR (no unit, 1 to 12)", scr, 1.0, 12.0, 0.5),
        "target_size": Knob("target size, px (0 to 10)", target_size, 0.0, 10.0, 1.0),
        "clutter": Knob("clutter, grey levels (0.02 to 0.14)", clutter, 0.02, 0.14, 0.02),
    }
    return panel(GOAL, lambda **values: plots.scene(**values), knobs)
