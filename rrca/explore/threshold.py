"""The threshold under a slider, over one frame and over many."""

import math
from collections.abc import Sequence

import numpy as np

from rrca import plots
from rrca.errors import InputError
from rrca.explore.panel import Knob, panel
from rrca.metrics import Roc

FARTHEST, STEP = 10.0, 0.5  # of the slider, in logits
GOAL = (
    "find the lowest threshold at which Fa over all frames falls below 10 · 10⁻⁶, and read how many targets that costs "
    "against 0.5. Then look for a frame in which nothing changes on the way."
)


def threshold(frames: Sequence, scores: Sequence[np.ndarray], curve: Roc, logit: float = 0.0, frame: int = 0):
    """`plots.threshold` under two sliders: the threshold and the frame.

    Parameters
    ----------
    frames : sequence
        Each with `image` and `mask`, as `rrca.data.Frame`.
    scores : sequence of ndarray of shape (H, W)
        A score map for each.
    curve : Roc
        From `rrca.metrics.roc` over these frames, at the slider's places: ±10 in steps of 0.5 logits. Found once, so
        that a move costs a drawing only.
    logit : float, default 0
        Where the first slider starts: ln(p / (1 - p)) of the threshold p, the network's own scale. 0 is p = 0.5.
    frame : int, default 0
        Where the second one starts.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`.

    Raises
    ------
    InputError
        If there are fewer than two frames, or not one score map for each.
    """
    if len(frames) < 2 or len(frames) != len(scores):
        raise InputError(
            f"{len(frames)} frames and {len(scores)} score maps; give two at least, and a map for each."
        )
    last = len(frames) - 1

    def draw(logit: float, frame: int) -> plots.Figure:
        shown = frames[frame]
        return plots.threshold(shown.image, scores[frame], shown.mask, curve, 1 / (1 + math.exp(-logit)))

    knobs = {
        "logit": Knob("logit of the threshold (−10 to 10; 0 is 0.5)", logit, -FARTHEST, FARTHEST, STEP),
        "frame": Knob(f"frame (0 to {last})", frame, 0, last, 1),
    }
    return panel(GOAL, draw, knobs)
