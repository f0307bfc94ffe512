"""The figures of a set of frames, gathered frame by frame."""

from collections.abc import Sequence

import numpy as np

from rrca.errors import InputError
from rrca.metrics.counts import Counts, count_view
from rrca.metrics.protocols import Protocol, get_protocol
from rrca.metrics.reading import pairs, read_masks, read_scores
from rrca.metrics.results import Metrics, summarise
from rrca.metrics.view import View


def count(
    scores,
    mask,
    protocol: str = "exact",
    threshold: float = 0.5,
    max_distance: float = 3.0,
    name: str | Sequence[str] | None = None,
) -> Counts:
    """Count one frame or a batch.

    Parameters
    ----------
    scores : array or Tensor of shape (H, W) or (B, 1, H, W)
        Probabilities in [0, 1]. A prediction is what lies strictly above `threshold`, compared as exact
        numbers: a float32 score of 0.3 lies above a threshold of 0.3, since float32 rounds it upwards.
    mask : array or Tensor of the same shape
        bool, 0 and 1, or uint8 with 0 to 255 (told apart by dtype; uint8 is always 0 to 255).
    protocol : str, default "exact"
        A name of `rrca.metrics.PROTOCOLS`.
    threshold : float, default 0.5
        Released programs threshold logits at 0, which is the same.
    max_distance : float, default 3.0
        Pixels between centroids; a match is strictly closer. "shooting" measures no such distance and
        takes no other value.
    name : str or sequence of str, optional
        What to call the frame, or the B frames, in messages.

    Returns
    -------
    Counts
        Add them up and `summarise` them.

    Raises
    ------
    InputError
        For an unknown protocol, other shapes, NaN, scores outside [0, 1] or other mask values.

    Warns
    -----
    InputWarning
        If a uint8 mask holds grey values; it names the frame.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((8, 8), bool)
    >>> mask[2:4, 2:4] = True
    >>> counts = count(np.roll(mask, 1, axis=1).astype(float), mask)
    >>> counts.intersection, counts.union, counts.detected, counts.false_pixels
    (2, 6, 1, 0)
    """
    rules = checked(protocol, max_distance)
    return _count(scores, mask, rules, checked_threshold(threshold), max_distance, name)


def checked(protocol: str, max_distance: float) -> Protocol:
    """The protocol, if it can be used with that distance."""
    rules = get_protocol(protocol)
    if not max_distance > 0:
        raise InputError(f"max_distance must be above 0 px, got {max_distance}; the field uses 3.")
    if not rules.one_to_one and max_distance != 3.0:
        raise InputError(
            f"protocol {rules.name!r} measures no centroid distance; leave out max_distance={max_distance}."
        )
    return rules


def checked_threshold(threshold: float) -> float:
    """The threshold as a float, if scores can lie above it."""
    if not 0 <= threshold < 1:
        raise InputError(f"threshold must be in [0, 1), got {threshold}; scores are probabilities.")
    return float(threshold)


def _count(scores, mask, rules: Protocol, threshold: float, max_distance: float, name) -> Counts:
    """`count` after its settings were checked."""
    total = Counts()
    for score, truth in pairs(read_scores(scores), read_masks(mask, rules.only_white, name)):
        total += count_view(View.of(truth, score, threshold, max_distance), rules)
    return total


def count_frame(
    scores,
    mask,
    protocol: str = "exact",
    threshold: float = 0.5,
    max_distance: float = 3.0,
    name: str | None = None,
) -> tuple[Counts, np.ndarray]:
    """Count one frame, and say which of its targets are found.

    Parameters
    ----------
    scores, mask : array or Tensor of shape (H, W)
    protocol, threshold, max_distance, name
        As for `count`, which raises and warns alike.

    Returns
    -------
    counts : Counts
    hits : bool ndarray of shape (targets,)
        In raster order of the mask's 8-connected components.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((20, 20), bool)
    >>> mask[2:4, 2:4] = mask[12:14, 12:14] = True
    >>> scores = np.where(np.arange(20) < 10, mask, 0.0)  # the left half only
    >>> count_frame(scores, mask)[1]
    array([ True, False])
    """
    rules = checked(protocol, max_distance)
    ((score, truth),) = pairs(read_scores(scores), read_masks(mask, rules.only_white, name))
    view = View.of(truth, score, checked_threshold(threshold), max_distance)
    hits = np.zeros(len(truth.targets), bool)
    hits[rules.match(view).target] = True
    return count_view(view, rules), hits


class DetectionMetrics:
    """Figures of a set of frames under a named protocol.

    Parameters
    ----------
    protocol : str, default "exact"
        A name of `rrca.metrics.PROTOCOLS`.
    threshold : float, default 0.5
        A prediction is a score strictly above it.
    max_distance : float, default 3.0
        Pixels between centroids; a match is strictly closer.

    Attributes
    ----------
    counts : Counts
        The whole state. It is one immutable value, so that `reset` cannot forget a part (the released
        program's reset forgets its targets, and its Pd falls from epoch to epoch: M7).

    Raises
    ------
    InputError
        For an unknown protocol or a setting out of range.

    Examples
    --------
    One target found one pixel off, one false alarm of 2 x 1 pixels:

    >>> import numpy as np
    >>> mask = np.zeros((100, 100), bool)
    >>> mask[20:23, 20:23] = True
    >>> scores = np.roll(mask, 1, axis=0) * 0.9
    >>> scores[70:72, 50] = 0.8
    >>> metrics = DetectionMetrics("exact")
    >>> metrics.update(scores, mask)
    >>> print(metrics.compute())
    protocol exact: 1 frames, 1 targets
      pixels   IoU 0.4286   nIoU 0.4286   precision 0.5455   recall 0.6667   F1 0.6000
      targets  Pd 1.0000 (1/1)   Fa 200.00e-6 (2/10000 px in 1 components)
      hybrid   hIoU 0.2500 = localisation 0.5000 x segmentation 0.5000
    """

    def __init__(self, protocol: str = "exact", threshold: float = 0.5, max_distance: float = 3.0):
        self._rules = checked(protocol, max_distance)
        self.threshold = checked_threshold(threshold)
        self.max_distance = max_distance
        self.counts = Counts()

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return self._rules.name

    def update(self, scores, mask, name: str | Sequence[str] | None = None) -> None:
        """Add one frame or a batch; see `count` for the arguments and what they raise.

        A call that raises adds nothing.
        """
        if name is None:
            name = f"frame {self.counts.frames}"
            if getattr(mask, "ndim", 2) == 4:
                name = [f"frame {self.counts.frames + index}" for index in range(len(mask))]
        self.counts += _count(scores, mask, self._rules, self.threshold, self.max_distance, name)

    def compute(self) -> Metrics:
        """The figures of all frames so far."""
        return summarise(self.counts, self.protocol)

    def reset(self) -> None:
        """Forget all frames."""
        self.counts = Counts()

    def merge(self, other: "DetectionMetrics") -> None:
        """Add the frames of another evaluation, which must have the same settings.

        Raises
        ------
        InputError
            If protocol, threshold or distance differ.
        """
        for setting in ("protocol", "threshold", "max_distance"):
            mine, theirs = getattr(self, setting), getattr(other, setting)
            if mine != theirs:
                raise InputError(f"cannot merge evaluations with {setting} {mine!r} and {theirs!r}; use one.")
        self.counts += other.counts
