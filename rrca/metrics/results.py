"""From counts to figures."""

from dataclasses import dataclass, fields

from rrca.metrics.counts import UNIT, Counts
from rrca.metrics.protocols import NAN, get_protocol

ERRORS = (
    "localisation_interference",
    "localisation_perception",
    "localisation_many_to_one",
    "localisation_one_to_many",
    "segmentation_merging",
    "segmentation_interference",
    "segmentation_perception",
)


@dataclass(frozen=True)
class Metrics:
    """The figures of a set under one protocol; shares and rates as plain fractions.

    Attributes
    ----------
    protocol : str
        How they were found. No figure means anything without it.
    iou : float
        Intersection over union of pixels, each summed over the set (the paper's IoU).
    niou : float
        Mean over frames of the frame's IoU.
    precision, recall, f1 : float
        Of pixels, summed over the set.
    pd : float
        Detected targets / targets.
    fa : float
        False pixels / all pixels. The field prints it in units of 1e-6.
    hiou, loc_iou, seg_iou : float
        Hybrid level: TP / (TP + FP + FN) in targets, mean IoU of matched pairs, and their product. NaN
        under "shooting", which has no pairs.
    errors : dict of str to float
        Where the hybrid level is lost, by the names in `ERRORS`. The four localisation shares and
        `loc_iou` add up to 1, the three segmentation shares and `seg_iou` too.
    intersection, union : int
        Pixels.
    targets, predictions, detected : int
        Components.
    false_components : int or None
        False alarms in components; None under "shooting", which knows pixels only.
    false_pixels, pixels, frames : int
        False alarms in pixels, all pixels, frames.

    References
    ----------
    IoU, Pd, Fa: Li et al., IEEE TIP 2023. nIoU: Dai et al., WACV 2021. Hybrid level and error shares:
    Pang et al., NeurIPS 2025, arXiv 2509.16888.
    """

    protocol: str
    iou: float
    niou: float
    precision: float
    recall: float
    f1: float
    pd: float
    fa: float
    hiou: float
    loc_iou: float
    seg_iou: float
    errors: dict[str, float]
    intersection: int
    union: int
    detected: int
    targets: int
    predictions: int
    false_components: int | None
    false_pixels: int
    pixels: int
    frames: int

    def as_dict(self) -> dict[str, str | float | int | None]:
        """All figures in one flat dict, the protocol first, the error shares by their own names."""
        flat = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**{name: value for name, value in flat.items() if name != "errors"}, **self.errors}

    def __str__(self) -> str:
        lines = [
            f"protocol {self.protocol}: {self.frames} frames, {self.targets} targets",
            f"  pixels   IoU {self.iou:.4f}   nIoU {self.niou:.4f}   "
            f"precision {self.precision:.4f}   recall {self.recall:.4f}   F1 {self.f1:.4f}",
            f"  targets  Pd {self.pd:.4f} ({self.detected}/{self.targets})   Fa {self.fa * 1e6:.2f}e-6 "
            f"({self.false_pixels}/{self.pixels} px"
            + (")" if self.false_components is None else f" in {self.false_components} components)"),
        ]
        if get_protocol(self.protocol).one_to_one:
            lines.append(
                f"  hybrid   hIoU {self.hiou:.4f} = localisation {self.loc_iou:.4f} "
                f"x segmentation {self.seg_iou:.4f}"
            )
        return "\n".join(lines)


def summarise(counts: Counts, protocol: str = "exact") -> Metrics:
    """The figures that follow from counts.

    Parameters
    ----------
    counts : Counts
        Of one frame or of many, added up.
    protocol : str, default "exact"
        The protocol that they were counted under; it also says what 0 / 0 is.

    Returns
    -------
    Metrics

    Examples
    --------
    >>> summarise(Counts(frames=1, pixels=100, targets=2, detected=1, false_pixels=3)).pd
    0.5
    """
    rules = get_protocol(protocol)

    def ratio(numerator: float, denominator: float, nothing: float = rules.undefined) -> float:
        return numerator / denominator if denominator else nothing

    localisation, segmentation = _hybrid(counts, ratio) if rules.one_to_one else (_NO_TARGETS, _NO_PAIRS)
    loc_iou, *localisation_shares = localisation
    seg_iou, *segmentation_shares = segmentation
    return Metrics(
        protocol=rules.name,
        iou=ratio(counts.intersection, counts.union, rules.empty_iou),
        niou=ratio(counts.frame_iou / UNIT, counts.frames),
        precision=ratio(counts.intersection, counts.predicted),
        recall=ratio(counts.intersection, counts.labelled),
        f1=ratio(2 * counts.intersection, counts.predicted + counts.labelled),
        pd=ratio(counts.detected, counts.targets + counts.phantom_targets),
        fa=ratio(counts.false_pixels, counts.pixels),
        hiou=0.0 if loc_iou == 0 else loc_iou * seg_iou,  # no pair at all: seg_iou is nan, but hIoU is 0
        loc_iou=loc_iou,
        seg_iou=seg_iou,
        errors=dict(zip(ERRORS, localisation_shares + segmentation_shares, strict=True)),
        intersection=counts.intersection,
        union=counts.union,
        detected=counts.detected,
        targets=counts.targets,
        predictions=counts.predictions,
        false_components=counts.false_components if rules.one_to_one else None,
        false_pixels=counts.false_pixels,
        pixels=counts.pixels,
        frames=counts.frames,
    )


_NO_TARGETS = [NAN] * 5
_NO_PAIRS = [NAN] * 4


def _hybrid(counts: Counts, ratio) -> tuple[list[float], list[float]]:
    """loc_iou with its four shares, and seg_iou with its three."""
    surplus = counts.predictions - counts.detected
    missed = counts.targets - counts.detected
    # A phantom has no candidate, so it is interference if it is a prediction, perception if a target.
    everything = counts.detected + surplus + missed + counts.phantom_predictions + counts.phantom_targets
    localisation = (
        counts.detected,
        counts.stray_predictions + counts.phantom_predictions,
        counts.lost_targets + counts.phantom_targets,
        surplus - counts.stray_predictions,
        missed - counts.lost_targets,
    )
    segmentation = (counts.pair_iou, counts.merging, counts.interference, counts.perception)
    return (
        [ratio(part, everything) for part in localisation],
        [ratio(part / UNIT, counts.detected) for part in segmentation],
    )
