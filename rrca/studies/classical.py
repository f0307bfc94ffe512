"""A classical detector on a list of frames: what every threshold rule makes of its responses, and the ROC of them raw.

The responses are found once (`rrca.classical.Responses` keeps them); rules and curves only read them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rrca.classical import Responses, segment
from rrca.classical.grey import minmax
from rrca.classical.thresholds import DEFAULT
from rrca.data import Frame, FrameSet
from rrca.errors import InputError
from rrca.evaluation import RESIZED, Counted, squash
from rrca.metrics import Roc, count_frame, roc

RULES = (  # the default first; then k and λ as the literature has them
    DEFAULT,
    *(f"T-A:k={k}" for k in (3, 5, 10)),
    "T-D",
    *(f"T-E:weight={weight}" for weight in (0.6, 0.7, 0.8, 0.9)),
)
THRESHOLDS = 48  # of a curve
FIGURES = ("iou", "pd", "fa")


@dataclass(frozen=True, eq=False)
class Judged:
    """One method on some frames under one protocol.

    Attributes
    ----------
    method, protocol : str
    rules : dict of str to Counted
        What was counted frame by frame, by threshold rule.
    raw : Roc
        One threshold for all frames, in the response's own unit.
    stretched : Roc
        One threshold for all frames, each of whose responses was stretched to [0, 1] by itself.
    """

    method: str
    protocol: str
    rules: dict[str, Counted]
    raw: Roc
    stretched: Roc


def judge(responses: Responses, frames: Sequence, protocol: str, rules: Sequence[str] = RULES) -> Judged:
    """Judge a method by every rule at once.

    Parameters
    ----------
    responses : Responses
        The method.
    frames : sequence of Frame
    protocol : str
        See `rrca.metrics`. Under "dnanet" the method sees frames of 256×256, as networks do.
    rules : sequence of str, default `RULES`
        As for `rrca.classical.rule`.

    Returns
    -------
    Judged

    Examples
    --------
    >>> from rrca import data
    >>> judged = judge(Responses("top-hat"), data.open("synthetic")[:2], "exact", ["T-C", "T-A:k=3"])
    >>> {rule: found.total.frames for rule, found in judged.rules.items()}
    {'T-C': 2, 'T-A:k=3': 2}
    """
    counted = {rule: Counted() for rule in rules}
    maps, masks = [], []
    for id, image, mask in as_seen(frames, protocol):
        response = responses(image)
        maps.append(response)
        masks.append(mask)
        for rule, found in counted.items():
            marked = segment(response, rule)[0].astype(np.float32)
            counts, hits = count_frame(marked, mask, protocol, name=id)
            found.ids.append(id)
            found.counts.append(counts)
            found.hits.append(hits)
    return Judged(responses.method, protocol, counted, *curves(maps, masks, protocol))


def as_seen(frames: Sequence, protocol: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """ID, image and raw mask of each frame, as a protocol has a detector see them: as they are, or squashed."""
    side = RESIZED.get(protocol)
    for frame in frames:
        seen = (frame.image, frame.raw_mask) if side is None else squash(frame.image, frame.raw_mask, side)
        yield frame.id, *seen


def curves(
    maps: Sequence[np.ndarray], masks: Sequence[np.ndarray], protocol: str = "exact", steps: int = THRESHOLDS
) -> tuple[Roc, Roc]:
    """ROC of responses with one threshold for all frames: raw, and each stretched to [0, 1] by itself.

    Parameters
    ----------
    maps : sequence of float ndarray of shape (H, W)
        Raw responses; signed ones too.
    masks : sequence of ndarray of shape (H, W)
    protocol : str, default "exact"
    steps : int, default 48
        Thresholds, as `rrca.metrics.roc` places them.

    Returns
    -------
    raw, stretched : Roc
        The thresholds of the first are in the response's unit.

    Notes
    -----
    A stretched response has a peak of 1 in every frame, the empty ones too: whatever is brightest becomes a target.
    """
    low, high = min(one.min() for one in maps), max(one.max() for one in maps)
    span = high - low if high > low else 1.0
    raw = roc([(one - low) / span for one in maps], masks, steps, protocol)
    stretched = roc([minmax(one) for one in maps], masks, steps, protocol)
    return Roc(raw.protocol, low + span * raw.thresholds, raw.counts), stretched


def by_size(frames: FrameSet, count: int, seed: int = 0) -> list[Frame]:
    """Some frames of a list, drawn so that small and large ones are there in their proportion.

    Parameters
    ----------
    frames : FrameSet
    count : int
        How many; the list is put in the order of pixels and cut into as many runs, one frame of each is drawn.
    seed : int, default 0

    Returns
    -------
    list of Frame
        In the list's order.

    Raises
    ------
    InputError
        If the list has fewer frames.
    """
    if not 1 <= count <= len(frames):
        raise InputError(
            f"{count} frames asked for, but the {frames.split} list of {frames.name} has {len(frames)}."
        )
    pixels = np.array([frame.raw_mask.size for frame in frames])
    generator = np.random.default_rng(seed)
    runs = np.array_split(np.argsort(pixels, kind="stable"), count)
    drawn = sorted(int(generator.choice(run)) for run in runs)
    return [frames[index] for index in drawn]


def interval(counted: Counted, draws: int = 2000, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Where IoU, Pd and Fa lie when the frames are drawn anew: 95 % of the draws.

    Parameters
    ----------
    counted : Counted
    draws : int, default 2000
        Bootstrap samples, each of as many frames as there are, with replacement.
    seed : int, default 0

    Returns
    -------
    dict of str to (float, float)
        Fractions; the percentiles 2.5 and 97.5.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, Section 13.3.
    """
    counts = counted.counts
    names = ("intersection", "union", "detected", "targets", "false_pixels", "pixels")
    each = np.array([[getattr(one, name) for name in names] for one in counts], float)
    times = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), draws)
    top, bottom = np.split((times @ each).reshape(draws, 3, 2), 2, axis=2)
    ratios = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)[..., 0]
    low, high = np.nanpercentile(ratios, (2.5, 97.5), axis=0)
    return {name: (float(a), float(b)) for name, a, b in zip(FIGURES, low, high, strict=True)}


def distance(ours: Mapping[str, float], paper: Mapping[str, float], least: float) -> float:
    """By what factor three figures are off, in the geometric mean; 1 is equal.

    Parameters
    ----------
    ours, paper : mapping
        "iou", "pd" and "fa", in the same units.
    least : float
        What a figure below it counts as: half of what one pixel makes, so that an Fa of 0 has a distance.

    Examples
    --------
    >>> distance({"iou": 5, "pd": 80, "fa": 40}, {"iou": 10, "pd": 80, "fa": 20}, least=0.01)
    1.587...
    """
    logs = [abs(np.log(max(ours[name], least) / paper[name])) for name in FIGURES]
    return float(np.exp(np.mean(logs)))


def tails(maps: Sequence[np.ndarray], deviations: Sequence[float]) -> np.ndarray:
    """Share of all pixels above μ + kσ of their own response, for each k; (len(deviations),).

    Parameters
    ----------
    maps : sequence of float ndarray of shape (H, W)
        Raw responses.
    deviations : sequence of float
        k.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(200, 200))
    >>> tails([noise], [0, 2]).round(2)  # a normal distribution: 0.5 and 0.023
    array([0.5 , 0.02])
    """
    above = [[segment(one, f"T-A:k={k}")[0].sum() for k in deviations] for one in maps]
    return np.sum(above, axis=0) / sum(one.size for one in maps)
