"""The exercises of notebook 06 that treat IoU, nIoU, Pd, Fa and the threshold."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import center_of_mass, label
from scipy.optimize import linear_sum_assignment

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

NEAR = 3.0  # px between centroids
QUIET = 10e-6  # the Fa that exercise 3 asks for
STEP = 0.5  # logits between two places of the threshold slider

# "o" is marked in the mask alone, "x" in the prediction alone, "#" in both.
_FIRST = """
. . . . . . . .
. # # # x . . .
. # # # . . . .
. o o o . . . .
. . . . . . . .
. . . . . x x .
. o o . . x x .
. . . . . . . .
"""
_SECOND = """
. . . . . . . .
. . . . . . . .
. . . . . . . .
. . . # # . . .
. . . . . . . .
. . . . . . . .
. . . . . . . .
. . . . . . . .
"""
_COLLISION = """
. . . . . . . . . . . .
. # # . . . . . . x x .
. # # . . . . . . x x .
. . . . . . . . . . . .
. . . . . . . . . . . .
. . . . . . . . . . . .
. . . . x x x . . . . .
. . . . . . . . . . . .
. . . . . . . . . . . .
. . . . . . . . . o o .
. . . . . . . . . o o .
. . . . . . . . . . . .
"""


def _drawn(picture: str) -> tuple[np.ndarray, np.ndarray]:
    """Mask and prediction of a drawing."""
    cells = np.array([row.split() for row in picture.strip().splitlines()])
    return np.isin(cells, ["o", "#"]), np.isin(cells, ["x", "#"])


def two_frames() -> list[tuple[np.ndarray, np.ndarray]]:
    """Mask and prediction of the two 8×8 frames that notebook 06 counts by hand.

    The first has a hit, a miss and a false alarm; the second a target of two pixels, found exactly.
    """
    return [_drawn(_FIRST), _drawn(_SECOND)]


def collision_frame() -> tuple[np.ndarray, np.ndarray]:
    """Mask and prediction of the 12×12 frame of notebook 06, in which a false alarm is as large as the hit."""
    return _drawn(_COLLISION)


def judge_pair(answer, right: Callable, insight: str, hints: list[tuple[Callable, str]]) -> Verdict:
    """`judge` for an answer of two numbers; anything else gets a hint."""
    if answer is not None:
        try:
            first, second = answer
            answer = float(first), float(second)
        except (TypeError, ValueError):
            return Verdict("hint", f"give two numbers, as in (1, 2), not {answer!r}.")
    return judge(answer, right, insight, hints)


def is_pair(first: float, second: float, tolerance: float = 0.005) -> Callable:
    """Whether an answer is a pair near two values."""
    return lambda answer: all(
        abs(one - value) <= tolerance for one, value in zip(answer, (first, second), strict=True)
    )


def iou_and_niou(answer: tuple[float, float] | None) -> Verdict:
    """06, exercise 1: IoU and nIoU of the two frames together, counted by hand.

    Parameters
    ----------
    answer : (float, float) or None
        The reader's IoU and nIoU.
    """
    overlap, union, recall, total = [], [], [], []
    for mask, predicted in two_frames():
        cells = list(zip(mask.flat, predicted.flat, strict=True))
        overlap.append(sum(bool(m and p) for m, p in cells))
        union.append(sum(bool(m or p) for m, p in cells))
        recall.append(overlap[-1] / sum(bool(m) for m, _ in cells))
        total.append(sum(int(m) + int(p) for m, p in cells))
    pooled = sum(overlap) / sum(union)
    each = [a / b for a, b in zip(overlap, union, strict=True)]
    mean = sum(each) / len(each)
    dice = 2 * sum(overlap) / sum(total)
    return judge_pair(
        answer,
        is_pair(pooled, mean),
        f"IoU {pooled:.2f}, nIoU {mean:.2f}. The second frame brings 2 of 18 pixels to IoU, and half of nIoU: IoU asks "
        "every pixel once, nIoU every frame once, so small targets weigh more in nIoU.",
        [
            (is_pair(mean, pooled), "the right numbers, but IoU is the one with the sums, nIoU the mean."),
            (
                is_pair(mean, mean),
                "that is the mean of the frames' IoU twice; for IoU add up all pixels first, and divide once.",
            ),
            (
                is_pair(pooled, pooled),
                "IoU is right; nIoU divides in each frame first, and then takes the mean.",
            ),
            (
                lambda a: abs(a[0] - dice) <= 0.005,
                "the first is F1 (Dice), which counts the overlap twice; divide the overlap by the union.",
            ),
            (
                lambda a: abs(a[1] - sum(recall) / 2) <= 0.005,
                "the second is the mean recall; a frame's IoU also pays for the pixels of the false alarm.",
            ),
            (
                lambda a: abs(a[0] - pooled) <= 0.005,
                f"IoU is right. For nIoU: the first frame has {overlap[0]} of {union[0]}, the second {overlap[1]} of "
                f"{union[1]}.",
            ),
            (
                otherwise,
                "count overlap and union in each frame. IoU: sum of overlaps / sum of unions; nIoU: mean of ratios.",
            ),
        ],
    )


def pd_and_fa(answer: tuple[float, float] | None) -> Verdict:
    """06, exercise 2: Pd and Fa of the two frames together, counted by hand.

    Parameters
    ----------
    answer : (float, float) or None
        The reader's Pd and Fa, both plain fractions.
    """
    masks = np.stack([mask for mask, _ in two_frames()])
    predicted = np.stack([predicted for _, predicted in two_frames()])
    pd, false, pixels = 2 / 3, 4, masks.size
    fa = false / pixels
    off_mask = int((predicted & ~masks).sum())
    recall = (masks & predicted).sum() / masks.sum()
    return judge_pair(
        answer,
        is_pair(pd, fa, 0.004),
        f"2 of 3 targets, and {false} of {pixels} pixels: {1e6 * fa:.0f}e-6. The hit marks one pixel too many and "
        "misses three; neither Pd nor Fa sees that, IoU does.",
        [
            (is_pair(fa, pd, 0.004), "the right numbers in the wrong order: Pd first."),
            (
                is_pair(pd, 1e6 * fa, 0.004),
                "the factor 10⁶ belongs to how Fa is printed; give the plain fraction.",
            ),
            (
                is_pair(pd, off_mask / pixels, 0.001),
                "a false pixel that hangs on a hit is none of Fa's: it counts components that found nothing.",
            ),
            (is_pair(pd, false / 64, 0.004), "Fa is right for the first frame; the pixels of both are 128."),
            (
                is_pair(pd, 1 / 3, 0.004),
                "that is one false component of three; Fa counts its pixels, over all pixels.",
            ),
            (
                lambda a: abs(a[0] - 0.75) <= 0.004,
                "0.75 is the mean of the frames' Pd; add up the targets of both frames first.",
            ),
            (
                lambda a: abs(a[0] - recall) <= 0.004,
                "that Pd is the share of pixels found (recall); Pd counts targets.",
            ),
            (
                otherwise,
                "Pd: targets found / targets. Fa: pixels of components that found nothing / all pixels.",
            ),
        ],
    )


def quiet_threshold(
    answer: tuple[float, int] | None, scores: Sequence[np.ndarray], masks: Sequence[np.ndarray]
) -> Verdict:
    """06, exercise 3: the lowest place of the slider at which Fa is below 10e-6, and the targets it costs.

    Parameters
    ----------
    answer : (float, int) or None
        The logit of the reader's threshold, and how many targets fewer are found than at 0.5.
    scores, masks : sequence of ndarray (H, W)
        Of the frames that the slider judges.
    """
    read = judge_pair(answer, otherwise, "", [])
    if read.voice != "correct":
        return read
    logit, cost = map(float, answer)
    here, below, half = (
        _counted(scores, masks, 1 / (1 + math.exp(-one))) for one in (logit, logit - STEP, 0.0)
    )
    lost = half[0] - here[0]
    return judge(
        (here[1], below[1], cost),
        lambda a: a[0] < QUIET <= a[1] and a[2] == lost,
        f"at logit {logit:.1f} Fa is {1e6 * here[1]:.1f}e-6 and {here[0]} targets are found, at 0.5 it is "
        f"{1e6 * half[1]:.1f}e-6 and {half[0]}. One frame cannot show you that price, and another list of frames has "
        "another one: a threshold chosen on the test list is a result chosen on it.",
        [
            (
                lambda a: 0.5 < logit < 1,
                f"{logit:g} looks like a probability; give the slider's own number, the logit.",
            ),
            (
                lambda a: a[0] >= QUIET,
                f"at logit {logit:.1f} Fa is still {1e6 * here[1]:.1f}e-6; go higher, and watch the curve of Fa.",
            ),
            (
                lambda a: a[1] < QUIET,
                f"Fa is below 10e-6, but at logit {logit - STEP:.1f} it is so already; look for the lowest.",
            ),
            (lambda a: a[2] == here[0], "that is how many are found; by how many fewer than at 0.5?"),
            (
                otherwise,
                f"the threshold is right; count the targets again: {half[0]} are found at 0.5, and how many here?",
            ),
        ],
    )


def _counted(scores, masks, threshold: float) -> tuple[int, float]:
    """Targets found, and Fa, by labels and distances of SciPy."""
    found = false = pixels = 0
    for score, mask in zip(scores, masks, strict=True):
        marked, truth = np.asarray(score, float) > threshold, np.asarray(mask, bool)
        predictions, targets = (label(one, np.ones((3, 3))) for one in (marked, truth))
        at, real = (
            np.array(center_of_mass(one[0] > 0, one[0], range(1, one[1] + 1))).reshape(-1, 2)
            for one in (predictions, targets)
        )
        distance = np.hypot(*(real[:, None] - at[None]).transpose(2, 0, 1))
        # A pair that is too far costs more than all near ones together, so that most targets are found.
        cost = np.where(distance < NEAR, distance, 1e6)
        pairs = [(t, p) for t, p in zip(*linear_sum_assignment(cost), strict=True) if cost[t, p] < NEAR]
        found += len(pairs)
        false += int(marked.sum()) - sum(int((predictions[0] == p + 1).sum()) for _, p in pairs)
        pixels += truth.size
    return found, false / pixels


def two_false_alarm_rates(answer: Callable | None) -> Verdict:
    """06, exercise 7: Fa of one frame as two programs count it, by identity and by area.

    Parameters
    ----------
    answer : callable
        `two_fa(areas, found, pixels)`: areas of the predicted components in pixels, which of them found a target (a
        list of bool), and all pixels; gives Fa by identity and Fa by area. Raises NotImplementedError until written.
    """
    # The frame of the notebook; a frame without collision; two hits, of which one hides two false alarms.
    cases = [
        ([4, 4, 3], [True, False, False], 144, 7, 3),
        ([4, 5, 3], [True, False, False], 144, 8, 8),
        ([6, 9, 9, 9, 2], [True, False, True, False, False], 900, 20, 2),
    ]
    given = [attempt(answer, list(areas), list(found), pixels) for areas, found, pixels, *_ in cases]
    if any(one is None for one in given):
        return judge(None, otherwise, "", [])

    def gives(rule: Callable) -> Callable:
        return lambda answers: all(
            is_pair(*rule(identity, area, pixels, areas), 1e-9)(one)
            for one, (areas, _, pixels, identity, area) in zip(answers, cases, strict=True)
        )

    return judge(
        given,
        gives(lambda identity, area, pixels, _: (identity / pixels, area / pixels)),
        "48 611e-6 and 20 833e-6 for the frame above, with not a pixel changed. By area, whatever is as large as a hit "
        "of its frame is no false alarm; so a printed Fa needs its program beside it.",
        [
            (
                gives(lambda identity, area, pixels, _: (area / pixels, identity / pixels)),
                "both are right, in the other order: by identity first.",
            ),
            (gives(lambda identity, area, pixels, _: (identity, area)), "divide by the pixels of the frame."),
            (
                gives(lambda identity, area, pixels, _: (1e6 * identity / pixels, 1e6 * area / pixels)),
                "the factor 10⁶ belongs to how Fa is printed; give plain fractions.",
            ),
            (
                gives(lambda identity, area, pixels, _: (identity / pixels, identity / pixels)),
                "the second program forgets every component whose area equals that of one that found a target.",
            ),
            (
                gives(lambda identity, area, pixels, areas: (sum(areas) / pixels, sum(areas) / pixels)),
                "a component that found a target is no false alarm.",
            ),
            (
                otherwise,
                "by identity: add the areas of components that found nothing. By area: of those, leave out every one "
                "whose area is also the area of one that found a target. Divide both by the pixels.",
            ),
        ],
    )
