"""Pd against Fa while the threshold on the score slides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rrca.errors import InputError
from rrca.metrics.counts import Counts, count_view
from rrca.metrics.detection_metrics import checked
from rrca.metrics.reading import Truth, pairs, read_masks, read_scores
from rrca.metrics.results import Metrics, summarise
from rrca.metrics.sweep import views


@dataclass(frozen=True, eq=False)
class Roc:
    """A curve over n thresholds, lowest first.

    Attributes
    ----------
    protocol : str
        How targets were matched.
    thresholds : float array of shape (n,)
        Ascending; a prediction is a score strictly above.
    counts : tuple of n Counts
        What was counted over all frames at each threshold.
    """

    protocol: str
    thresholds: np.ndarray
    counts: tuple[Counts, ...]

    @property
    def pd(self) -> np.ndarray:
        """Detected targets / targets, (n,). Not monotone where matching goes by components."""
        return self._values("pd")

    @property
    def fa(self) -> np.ndarray:
        """The protocol's Fa, (n,): pixels of false components / all pixels. Not monotone."""
        return self._values("fa")

    @property
    def pixel_fa(self) -> np.ndarray:
        """Predicted background pixels / background pixels, (n,). Falls as the threshold rises."""
        return np.array([_ratio(c.predicted - c.intersection, c.background) for c in self.counts])

    @property
    def iou(self) -> np.ndarray:
        """IoU of pixels, (n,)."""
        return self._values("iou")

    @property
    def breaks(self) -> np.ndarray:
        """Where the curve of Pd against `fa` turns back, bool (n,).

        True at a threshold where Pd or Fa is *smaller* than at the next higher one, though more pixels
        are predicted: a target's component has grown into another or away from its centroid, or a false
        component has joined a target. At the lowest thresholds everything is one blob that matches
        nothing. Compare areas under the curve only above the highest break (`monotone_above`).
        """
        turned = np.zeros(len(self.thresholds), bool)
        detected = np.array([c.detected for c in self.counts])
        false_pixels = np.array([c.false_pixels for c in self.counts])
        turned[:-1] = (np.diff(detected) > 0) | (np.diff(false_pixels) > 0)
        return turned

    @property
    def monotone_above(self) -> float:
        """The highest threshold at which the curve turns back, or -inf if it never does."""
        return float(self.thresholds[self.breaks].max(initial=-np.inf))

    def at(self, index: int) -> Metrics:
        """All figures at one threshold."""
        return summarise(self.counts[index], self.protocol)

    def _values(self, name: str) -> np.ndarray:
        return np.array([getattr(summarise(c, self.protocol), name) for c in self.counts])


def roc(
    scores,
    masks,
    thresholds: int | Sequence[float] | np.ndarray = 256,
    protocol: str = "exact",
    max_distance: float = 3.0,
    names: Sequence[str] | None = None,
) -> Roc:
    """The curve of a set of score maps.

    Parameters
    ----------
    scores : sequence of arrays or Tensors (H, W), or one array (H, W) or (B, 1, H, W)
        One map of probabilities for each frame; sizes may differ between frames.
    masks : the same
        Masks, read as by `rrca.metrics.count`.
    thresholds : int or sequence of float, default 256
        A number n: the scores of all frames are sorted and thresholds put where 0, 1, ... all pixels lie
        above, in n steps of equal *ratio* (at least one pixel): quantiles, dense among the few highest
        scores, where targets are. Equal scores give fewer thresholds. Or the thresholds themselves, in
        [0, 1], in any order.
    protocol : str, default "exact"
        A name of `rrca.metrics.PROTOCOLS`.
    max_distance : float, default 3.0
        Pixels between centroids; a match is strictly closer.
    names : sequence of str, optional
        What to call the frames in messages.

    Returns
    -------
    Roc

    Raises
    ------
    InputError
        For an unknown protocol, frames and masks that do not fit, and thresholds out of range.

    Notes
    -----
    Time: 256 thresholds of a 256 x 256 frame take about a tenth of a second; `rrca bench metrics`
    compares it with a labelling for every threshold.

    Examples
    --------
    A target and a weaker false alarm that grow together at the lowest threshold:

    >>> scores = np.array([[0.0, 0.9, 0.9, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.6, 0.6]])
    >>> curve = roc(scores, scores > 0.8, thresholds=[0.2, 0.5, 0.8])
    >>> curve.pd, curve.fa * 12, curve.pixel_fa * 10
    (array([0., 1., 1.]), array([11., 2., 0.]), array([9., 2., 0.]))
    >>> curve.breaks, curve.monotone_above
    (array([ True, False, False]), 0.2)
    """
    rules = checked(protocol, max_distance)
    frames = list(pairs(*_gather(scores, masks, rules.only_white, names)))
    if not frames:
        raise InputError("roc() needs at least one score map with its mask, got none.")
    grid = _quantiles([s for s, _ in frames], thresholds) if np.ndim(thresholds) == 0 else _given(thresholds)
    total = [Counts()] * len(grid)
    for frame, truth in frames:
        for index, view in views(frame, truth, grid, max_distance):
            total[index] += count_view(view, rules)
    return Roc(rules.name, grid, tuple(total))


def _gather(scores, masks, only_white: bool, names) -> tuple[list[np.ndarray], list[Truth]]:
    """Maps and truths of a sequence of frames, or of one array."""
    if hasattr(scores, "ndim") and hasattr(masks, "ndim") and scores.ndim in (2, 4):
        return read_scores(scores), read_masks(masks, only_white, names)
    scores, masks = list(scores), list(masks)
    names = [f"frame {index}" for index in range(len(masks))] if names is None else list(names)
    if len(names) != len(masks):
        raise InputError(f"names lists {len(names)} frames, but there are {len(masks)} masks; give one each.")
    maps = [frame for index, score in enumerate(scores) for frame in read_scores(score, f"scores[{index}]")]
    return maps, [
        t for mask, name in zip(masks, names, strict=True) for t in read_masks(mask, only_white, name)
    ]


def _quantiles(maps: list[np.ndarray], number) -> np.ndarray:
    """Scores above which 0, 1, ... all pixels but one lie, in steps of equal ratio."""
    if not isinstance(number, (int, np.integer)) or number < 2:
        raise InputError(f"thresholds must be a whole number from 2, or a list of numbers; got {number!r}.")
    falling = np.sort(np.concatenate([frame.ravel() for frame in maps]))[::-1]
    ranks, last, left = [0], len(falling) - 1, int(number) - 1
    while left and ranks[-1] < last:
        # The next step of equal ratio over what is left, but at least one pixel.
        ranks.append(max(ranks[-1] + 1, round(max(ranks[-1], 1) * (last / max(ranks[-1], 1)) ** (1 / left))))
        left -= 1
    return np.unique(falling[ranks])


def _given(thresholds) -> np.ndarray:
    """Thresholds as the caller lists them, ascending."""
    grid = np.unique(np.asarray(thresholds, np.float64))
    if grid.ndim != 1 or not grid.size or not (grid[0] >= 0 and grid[-1] <= 1):
        raise InputError(f"thresholds must be at least one number in [0, 1], got {thresholds!r}.")
    return grid


def _ratio(numerator: int, denominator: int) -> float:
    """A share; nan of nothing."""
    return numerator / denominator if denominator else float("nan")
