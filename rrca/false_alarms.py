"""A false-alarm rate instead of a threshold: what the scores on the validation part say of both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from rrca import checkpoint
from rrca.detection import Detector, open_detector
from rrca.errors import InputError
from rrca.metrics import roc

PROTOCOL = "exact"
POINTS = 512  # of a curve at most: some 10 kB on a card


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and what it gives on the frames that it was read from.

    Attributes
    ----------
    threshold : float
        On the score; a pixel above it is a target's.
    detected, targets : int
        Targets found, and all of them.
    false_components, false_pixels, pixels : int
        False alarms in components and in pixels, and all pixels.
    where : str
        Data set and list.
    """

    threshold: float
    detected: int
    targets: int
    false_components: int
    false_pixels: int
    pixels: int
    where: str

    @property
    def fa(self) -> float:
        """False pixels / pixels, as a fraction."""
        return self.false_pixels / self.pixels

    def __str__(self) -> str:
        plural = "" if self.false_components == 1 else "s"
        return (
            f"threshold {self.threshold:.6g}: Fa {1e6 * self.fa:.3g}e-6 ({self.false_pixels} px in "
            f"{self.false_components} component{plural}) and {self.detected} of {self.targets} targets on {self.where}"
        )


def curve(model, frames: Iterable, points: int = POINTS) -> dict[str, Any]:
    """What every threshold gives on some frames, small enough for a card.

    Parameters
    ----------
    model : Detector, Module, str, path-like or None
        As for `rrca.detect`.
    frames : FrameSet or PixelStore
        With masks; not those that the weights were fitted to.
    points : int, default 512
        Thresholds that are looked at: scores of background pixels, dense where they are high, and the highest
        score of all.

    Returns
    -------
    dict
        Ready for JSON: "protocol", "frames", "pixels", "targets", and as lists of equal length "thresholds"
        (ascending), "detected", "false_components" and "false_pixels" above each. A threshold that changes nothing
        against the next lower one is left out.
    """
    detector = open_detector(model)
    maps, masks, background = [], [], []
    for frame in frames:
        maps.append(detector.scores(frame.image))
        masks.append(frame.raw_mask)
        background.append(maps[-1][~frame.mask])
    falling = np.sort(np.concatenate(background))[::-1]
    ranks = np.unique(np.geomspace(1, falling.size, points).astype(int)) - 1
    swept = roc(maps, masks, [*falling[ranks], max(scores.max() for scores in maps)], PROTOCOL)
    found = [(c.detected, c.false_components, c.false_pixels) for c in swept.counts]
    kept = [i for i in range(len(found)) if i == 0 or found[i] != found[i - 1]]
    detected, components, false_pixels = zip(*(found[i] for i in kept), strict=True)
    any_count = swept.counts[0]
    return {
        "protocol": PROTOCOL,
        "frames": any_count.frames,
        "pixels": any_count.pixels,
        "targets": any_count.targets,
        "thresholds": swept.thresholds[kept].tolist(),
        "detected": list(detected),
        "false_components": list(components),
        "false_pixels": list(false_pixels),
    }


def operating_point(model=None, fa: float = 1e-5) -> OperatingPoint:
    """The lowest threshold from which on Fa stays at or below a rate, with what it gives.

    Parameters
    ----------
    model, fa
        As for `threshold_for`, which gives the threshold alone.

    Returns
    -------
    OperatingPoint

    Raises
    ------
    InputError
        As for `threshold_for`.
    """
    card = _card(model)
    if not 0 < fa < 1:
        raise InputError(f"fa = {fa!r}: give a rate between 0 and 1, such as 1e-5.")
    known = card.get("validation")
    if known is None:
        fitted = (
            f"the {card['split']} list of {card['data']}" if "split" in card else "frames it does not name"
        )
        raise InputError(
            f"the card of {card.get('name', 'the network')}, fitted to {fitted}, holds no scores on a validation part, "
            "so no threshold can be told for a false-alarm rate; train with select = 'val', or choose a threshold."
        )
    where = f"the {known['list']} list of {known['data']}"
    if fa < 1 / known["pixels"]:
        raise InputError(
            f"fa = {fa:g} is less than one pixel of {where}, 1 / {known['pixels']} = {1 / known['pixels']:.2g}, so it "
            "cannot be told from there; ask for a larger rate."
        )
    too_many = np.flatnonzero(np.array(known["false_pixels"]) > fa * known["pixels"])
    i = int(too_many.max(initial=-1)) + 1  # Fa is not monotone: below this one it exceeds the rate somewhere
    if not known["detected"][i]:
        raise InputError(
            f"fa = {fa:g} is reached on {where} only where no target is found any more; ask for a larger rate."
        )
    counts = {name: known[name][i] for name in ("detected", "false_components", "false_pixels")}
    return OperatingPoint(
        known["thresholds"][i], targets=known["targets"], pixels=known["pixels"], where=where, **counts
    )


def threshold_for(model=None, fa: float = 1e-5) -> float:
    """The threshold that keeps false alarms at or below a rate, by the scores on the card.

    Parameters
    ----------
    model : Detector, Module, str, path-like, mapping or None
        As for `rrca.detect`, or a card.
    fa : float, default 1e-5
        False pixels / all pixels under `exact`, as a fraction: 1e-5 is some 3 pixels of a frame of 512².

    Returns
    -------
    float
        For `detect(…, threshold=…)`: the lowest one on the card from which on the validation part keeps to the rate.

    Raises
    ------
    InputError
        If the card has no scores of frames that the weights were not fitted to (weights fitted on `trainval` have
        none), if `fa` is less than one pixel of the validation part or leaves no target there, or for a classical
        method or a detector with flips, whose scores are others.

    Notes
    -----
    Promised is the rate on the validation part: frames that the weights were not fitted to, though the step whose
    weights are kept was chosen on them. For frames of the same sensor and the same kind of scene, read the same way
    (polarity, `scale`), it is an estimate, rather too low than too high. False alarms come in components of several
    pixels, so it is as sure as these are many (`operating_point` counts them): if components fall independently, a
    count of 3 leaves a 95 % interval of 0.2 to 2.9 times their rate, a count of 10 one of 0.5 to 1.8 times, a count of
    none excludes only more than 3.7 of them; and how large they are varies, too. For other sensors, scenes or clutter
    nothing is promised: take `false_alarms.curve(model, frames)` of frames of your own, with masks, on a card.

    Measured: NUAA-SIRST, recipe `cpu` cut to 4000 steps, seeds 0 and 1, threshold from `val` (43 frames, 49 targets,
    2 886 718 pixels), Fa in 1e-6 under `exact` on the 214 frames of `test`: asked 10, got 9.4 and 45.1 (4 and 3
    components on `val`); asked 30, got 62.8 and 66.5 (5 and 4); asked 100, got 121 and 179 (13 and 21). With few
    components the rate elsewhere is up to 4.6 times the one asked for.

    References
    ----------
    Intervals of a Poisson mean: F. Garwood, Biometrika 28, 1936.

    Examples
    --------
    >>> seen = {"data": "made", "list": "val", "pixels": 10**6, "targets": 4, "thresholds": [0.2, 0.5, 0.8, 0.9]}
    >>> seen |= {"detected": [4, 4, 3, 0], "false_components": [9, 2, 1, 0], "false_pixels": [90, 12, 7, 0]}
    >>> threshold_for({"validation": seen}, fa=1e-5)
    0.8
    >>> print(operating_point({"validation": seen}, fa=2e-5))
    threshold 0.5: Fa 12e-6 (12 px in 2 components) and 4 of 4 targets on the val list of made
    """
    return operating_point(model, fa).threshold


def _card(model) -> Mapping[str, Any]:
    """The card of whatever `threshold_for` takes."""
    if isinstance(model, Mapping):
        return model
    if isinstance(model, Detector):
        if model.turns:
            raise InputError("the scores on a card are without flips; ask for a threshold without flips.")
        name, card = type(model).__name__, model.card
    elif isinstance(model, nn.Module):
        name, card = type(model).__name__, getattr(model, "card", None)
    else:
        return checkpoint.card(checkpoint.DEFAULT if model is None else model)
    if card is None:
        raise InputError(
            f"{name} has no card, so no threshold can be told for a false-alarm rate; choose one."
        )
    return card
