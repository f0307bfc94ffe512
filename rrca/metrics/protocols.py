"""The evaluation protocols by name: how each matches, what it calls a false alarm, how it reads masks.

The same predictions give different Pd and Fa in different programs, so a figure without its protocol
says little. Faults of published programs are reproduced under the name of the program, for comparison
with printed figures only. M1, M12 and so on number them as in the notebooks; all were found by running
the programs on frames small enough to count by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rrca.errors import InputError
from rrca.metrics import matching
from rrca.metrics.matching import Matches
from rrca.metrics.view import View

NAN = float("nan")


def unmatched(view: View, matches: Matches) -> tuple[int, int]:
    """False components and their pixels: the predictions without a target, by identity."""
    matched = view.area[matches.prediction]
    return len(view.area) - len(matched), view.pixels - int(matched.sum())


def unmatched_areas(view: View, matches: Matches) -> tuple[int, int]:
    """The same by area: whatever is as large as a matched prediction of its frame vanishes (M1)."""
    areas = view.area[~np.isin(view.area, view.area[matches.prediction])]
    return len(areas), int(areas.sum())


def far_pixels(view: View, matches: Matches) -> tuple[int, int]:
    """Predicted pixels farther than 4 px (Chebyshev) from every target; counted in pixels only."""
    return 0, int(np.count_nonzero(view.predicted & view.truth.far))


@dataclass(frozen=True)
class Protocol:
    """One way to evaluate.

    Attributes
    ----------
    name, summary : str
        The name, and one line on it.
    match : callable
        View -> Matches, a rule of `rrca.metrics.matching`.
    false_alarms : callable
        (View, Matches) -> (false components, false pixels).
    one_to_one : bool, default True
        Whether matches are pairs. Without pairs there is no hybrid level and no count of components.
    only_white : bool, default False
        Grey masks: False, 128 of 255 and above is target; True, only 255 is, while 128 and above enter
        the union of the IoU (M12).
    empty_iou : float, default nan
        IoU of a set without a predicted or labelled pixel.
    empty_frame : float, default 1.0
        What a correctly empty frame adds to nIoU (M15).
    undefined : float, default nan
        Any other ratio 0 / 0: Pd without targets, precision without predictions and so on.
    phantoms : bool, default False
        A frame without predictions adds a false alarm, one without targets a miss (M22).
    """

    name: str
    summary: str
    match: Callable[[View], Matches]
    false_alarms: Callable[[View, Matches], tuple[int, int]]
    one_to_one: bool = True
    only_white: bool = False
    empty_iou: float = NAN
    empty_frame: float = 1.0
    undefined: float = NAN
    phantoms: bool = False


_RELEASED = {"match": matching.greedy, "only_white": True, "empty_iou": 0.0, "empty_frame": 0.0}

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("exact", "best one-to-one matches, Fa by identity", matching.nearest, unmatched),
        Protocol(
            "dnanet",
            "DNANet, and RRCA-Net on NUAA-SIRST and IRSTD-1k: greedy, Fa by area; frames of 256 x 256",
            false_alarms=unmatched_areas,
            **_RELEASED,
        ),
        Protocol(
            "basicirstd",
            "BasicIRSTD: greedy, Fa by identity; native size",
            false_alarms=unmatched,
            **_RELEASED,
        ),
        Protocol(
            "rrcanet-dense",
            "RRCA-Net on DenseSIRST: greedy, Fa by area; native size",
            false_alarms=unmatched_areas,
            **_RELEASED,
        ),
        Protocol(
            "opdc",
            "Pang et al. 2025: overlap priority, distance compensation",
            matching.overlap_first,
            unmatched,
        ),
        Protocol(
            "opdc-package",
            "the same as in pyirstdmetrics 1.0.2, with its phantoms on frames without predictions or targets",
            matching.overlap_first,
            unmatched,
            empty_iou=0.0,
            empty_frame=0.0,
            undefined=0.0,
            phantoms=True,
        ),
        Protocol(
            "shooting",
            "Li et al. 2023: a predicted pixel within 1 px hits; pixels farther than 4 px are false",
            matching.touched,
            far_pixels,
            one_to_one=False,
        ),
    )
}


def get_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises
    ------
    InputError
        For an unknown name; the message lists the names.

    Examples
    --------
    >>> get_protocol("basicirstd").summary
    'BasicIRSTD: greedy, Fa by identity; native size'
    """
    if name not in PROTOCOLS:
        raise InputError(f"unknown protocol {name!r}; choose one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
