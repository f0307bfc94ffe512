"""Whole numbers of one frame, which add up to those of a set."""

from dataclasses import dataclass, fields

import numpy as np

from rrca.metrics.matching import Matches
from rrca.metrics.protocols import Protocol
from rrca.metrics.view import View

UNIT = 2.0**60  # sums of ratios are kept as whole multiples of 2^-60, so that they add exactly in any order


@dataclass(frozen=True)
class Counts:
    """The state of an evaluation: everything that is summed over frames, and nothing else.

    All fields are whole numbers, so `a + b` is exact, in any order and grouping. Sums of ratios are in
    units of 2^-60. `Counts()` is the empty evaluation.

    Attributes
    ----------
    frames, pixels, background : int
        Frames, their pixels, and the pixels off the targets.
    predicted, labelled, intersection : int
        Pixels above the threshold, of the mask, and of both.
    frame_iou : int
        Sum of the frames' IoU, in units.
    targets, predictions, detected : int
        Components of the masks, of the predictions, and targets that were found.
    false_components, false_pixels : int
        What the protocol calls false alarms.
    pair_iou, merging, interference, perception : int
        Sums over the matched pairs, in units: IoU, and the shares of the pair's union that are
        predicted pixels on another target, predicted pixels on background, and missed pixels.
    stray_predictions, lost_targets : int
        Predictions without any candidate target, and targets without any candidate prediction.
    phantom_predictions, phantom_targets : int
        What `pyirstdmetrics` adds on frames without predictions or targets (M22).
    """

    frames: int = 0
    pixels: int = 0
    background: int = 0
    predicted: int = 0
    labelled: int = 0
    intersection: int = 0
    frame_iou: int = 0
    targets: int = 0
    predictions: int = 0
    detected: int = 0
    false_components: int = 0
    false_pixels: int = 0
    pair_iou: int = 0
    merging: int = 0
    interference: int = 0
    perception: int = 0
    stray_predictions: int = 0
    lost_targets: int = 0
    phantom_predictions: int = 0
    phantom_targets: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @property
    def union(self) -> int:
        """Pixels above the threshold or of the mask."""
        return self.predicted + self.labelled - self.intersection


_NAMES = tuple(field.name for field in fields(Counts))
_SHARES = ("pair_iou", "merging", "interference", "perception")


def count_view(view: View, protocol: Protocol) -> Counts:
    """Count one frame at one threshold.

    Parameters
    ----------
    view : View
        Targets and predictions.
    protocol : Protocol
        How to match and what to call a false alarm.

    Returns
    -------
    Counts
    """
    truth = view.truth
    matches = protocol.match(view)
    false_components, false_pixels = protocol.false_alarms(view, matches)
    targets, predictions = len(truth.targets), len(view.area)
    predicted = view.pixels
    intersection = int(view.common[2].sum())
    white = int(truth.targets.area.sum())
    hybrid = _pair_counts(view, matches) if protocol.one_to_one else {}
    return Counts(
        frames=1,
        pixels=truth.mask.size,
        background=truth.mask.size - white,
        predicted=predicted,
        labelled=truth.labelled,
        intersection=intersection,
        frame_iou=_frame_iou(intersection, predicted + white - intersection, protocol.empty_frame),
        targets=targets,
        predictions=predictions,
        detected=len(matches.target),
        false_components=false_components,
        false_pixels=false_pixels,
        phantom_predictions=int(protocol.phantoms and not predictions),
        phantom_targets=int(protocol.phantoms and not targets),
        **hybrid,
    )


def _frame_iou(intersection: int, union: int, empty: float) -> int:
    """IoU of one frame in units."""
    return int(UNIT * (intersection / union if union else empty))


def _pair_counts(view: View, matches: Matches) -> dict[str, int]:
    """The hybrid level's counts: shares of matched pairs, and components without a candidate.

    Candidates (Pang et al. 2025) are pairs with IoU >= 0.5 or nearer than `max_distance`.
    """
    target, prediction, pixels = view.common
    congruent = view.iou >= 0.5
    has_target = np.zeros(len(view.area), bool)
    has_target[view.near[1]] = True
    has_target[prediction[congruent]] = True
    has_prediction = np.zeros(len(view.truth.targets), bool)
    has_prediction[view.near[0]] = True
    has_prediction[target[congruent]] = True

    # Common pixels of the matched pairs, found by the prediction that each target got.
    partner = np.full(len(view.truth.targets), -1)
    partner[matches.target] = matches.prediction
    own = partner[target] == prediction
    common = np.zeros(len(view.truth.targets), np.int64)
    common[target[own]] = pixels[own]
    common = common[matches.target]
    on_targets = np.bincount(prediction, pixels, len(view.area))[matches.prediction]
    area = view.area[matches.prediction]
    truth_area = view.truth.targets.area[matches.target]
    parts = np.stack([common, on_targets - common, area - on_targets, truth_area - common])
    shares = np.rint(parts / (area + truth_area - common) * UNIT).astype(np.int64).tolist()
    return {
        # Python's sum: whole numbers without a limit, so the order of the pairs does not matter.
        **{name: sum(share) for name, share in zip(_SHARES, shares, strict=True)},
        "stray_predictions": int(np.count_nonzero(~has_target)),
        "lost_targets": int(np.count_nonzero(~has_prediction)),
    }
