"""Number of iterations, level and frame under sliders."""

from collections.abc import Mapping, Sequence
from math import gcd

from rrca import plots
from rrca.cost import count
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.explore.panel import Knob, panel
from rrca.registry import build
from rrca.studies import iterations
from rrca.studies.contrast import levels

GOAL = (
    "find a frame whose target one n finds and another misses. Then, for the n that finds it, find a level at which "
    "the target stands out less than in the frame. How can the score on it be 1.00 all the same?"
)


def recurrence(
    frames: Sequence, weights: Mapping[int, str] | None = None, n: int | None = None, level: int = 0
):
    """`plots.passes_at_level` under three sliders: n, level, and frame.

    Parameters
    ----------
    frames : sequence of Frame
        A few, each with a target at least.
    weights : mapping of int to str, optional
        Names of shipped weights by n; default: `rrca.studies.iterations.series`.
    n : int, optional
        Where the first slider starts; default: the largest there is.
    level : int, default 0
        Where the second starts: 0, the finest, to 3, the deepest, which is the encoder's.

    Returns
    -------
    ipywidgets.VBox
        See `rrca.explore.panel.panel`. Every network runs over every frame once, before the sliders appear; a move
        only draws. An n without weights leaves the last picture and says so.

    Raises
    ------
    InputError
        If there is no frame.
    """
    weights = iterations.series() if weights is None else weights
    if not len(frames) or not weights:
        raise InputError(f"{len(frames)} frames and {len(weights)} networks; at least one of each is needed.")
    seen = [{n: levels(Detector(name), frame.image) for n, name in weights.items()} for frame in frames]
    work = {n: count(build("rrcanet-resnet18", iterations=n)).macs / 1e9 for n in weights}
    least, most = min(weights), max(weights)
    deepest = len(seen[0][least][0]) - 1

    def draw(n: int, level: int, frame: int) -> plots.Figure:
        if n not in weights:
            raise InputError(
                f"no weights with n = {n} are shipped; there are n = {', '.join(map(str, weights))}."
            )
        maps, scores = seen[frame][n]
        return plots.passes_at_level(
            frames[frame].image, maps[level], scores, frames[frame].mask, level, work[n]
        )

    step = gcd(*(other - least for other in weights)) or 1
    knobs = {
        "n": Knob(f"n, extra iterations ({least} to {most})", most if n is None else n, least, most, step),
        "level": Knob(f"level (0, finest, to {deepest}, deepest)", level, 0, deepest, 1),
        "frame": Knob(f"frame (0 to {len(frames) - 1})", 0, 0, len(frames) - 1, 1),
    }
    return panel(GOAL, draw, knobs)
