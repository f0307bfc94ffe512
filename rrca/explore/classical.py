"""Window and threshold of a filter, and the sparsity of a low-rank model, under sliders."""

from collections.abc import Mapping, Sequence

import numpy as np

from rrca import plots
from rrca.errors import InputError
from rrca.explore.panel import Knob, panel

FILTER_GOAL = (
    "find a window and a k with which this frame's target is found and nothing else is marked. Then move to the other "
    "frames, and find one for which no k does it."
)
SPARSITY_GOAL = (
    "find the least λ at which nothing is left off the target. What has it cost the target's peak?"
)


def filters(frames: Sequence, size: int = 5, k: float = 5.0, frame: int = 0):
    """`plots.filter_knobs` under three sliders: window, k of the rule T-A, and frame.

    Parameters
    ----------
    frames : sequence
        Each with `image` and `mask`, as `rrca.data.Frame`.
    size : int, default 5
        Where the first slider starts, 3 to 15 px.
    k : float, default 5.0
        Where the second starts, 1 to 20 standard deviations.
    frame : int, default 0
        Where the third starts.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`.

    Raises
    ------
    InputError
        If there are fewer than two frames.
    """
    if len(frames) < 2:
        raise InputError(f"{len(frames)} frames; give two at least.")
    last = len(frames) - 1

    def draw(size: int, k: float, frame: int) -> plots.Figure:
        return plots.filter_knobs(frames[frame].image, frames[frame].mask, size, k)

    knobs = {
        "size": Knob("window (3 to 15 px)", size, 3, 15, 2),
        "k": Knob("k (standard deviations, 1 to 20)", k, 1.0, 20.0, 0.5),
        "frame": Knob(f"frame (0 to {last})", frame, 0, last, 1),
    }
    return panel(FILTER_GOAL, draw, knobs)


def sparsity(frame: np.ndarray, mask: np.ndarray, targets: Mapping[float, np.ndarray]):
    """`plots.sparsity` under a slider over the λ of a grid that was computed before.

    Parameters
    ----------
    frame, mask, targets
        As for `plots.sparsity`.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`. The slider counts places of the grid; the picture says λ.
    """
    factors = sorted(targets)
    last = len(factors) - 1
    start = int(np.argmin(np.abs(np.log(factors))))
    knobs = {
        "place": Knob(
            f"λ (0: {factors[0]:g}, to {last}: {factors[-1]:g} times its default)", start, 0, last, 1
        )
    }
    return panel(SPARSITY_GOAL, lambda place: plots.sparsity(frame, mask, targets, factors[place]), knobs)
