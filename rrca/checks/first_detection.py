"""The exercises of notebook 00."""

from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise


def toy_iou(answer: float | None) -> Verdict:
    """00, exercise 1: IoU of the 8×8 frame of the notebook, counted by hand.

    Parameters
    ----------
    answer : float or None
        The reader's IoU.
    """
    mask, predicted = toy_frame()
    both = sum(bool(a and b) for a, b in zip(mask.flat, predicted.flat, strict=True))
    either = sum(bool(a or b) for a, b in zip(mask.flat, predicted.flat, strict=True))
    marked, real = int(predicted.sum()), int(mask.sum())
    return judge(
        answer,
        near(both / either),
        f"{both} pixels agree, {either} are marked by one or the other. Without the three "
        f"pixels of the false alarm it would be {both / (either - 3):.2f}.",
        [
            (
                near(both / real),
                "that is the share of the target that was found (recall); IoU also pays for false pixels.",
            ),
            (near(both / marked), "that is the share of the marked pixels that are right (precision)."),
            (
                lambda a: near(2 * both / (marked + real))(a),
                "that is F1 (Dice): it counts the overlap twice. IoU divides it by the union.",
            ),
            (
                near(both / (marked + real)),
                "the pixels in both are in the union only once: subtract them from the sum of the two areas.",
            ),
            (
                otherwise,
                "count the pixels that are marked in both, then those marked in at least one, and divide.",
            ),
        ],
    )


def toy_frame() -> tuple[np.ndarray, np.ndarray]:
    """The 8×8 mask and prediction that notebook 00 counts by hand: one hit, one false alarm."""
    mask = _drawn(
        """
        . . . . . . . .
        . # # . . . . .
        . # # . . . . .
        . . . . . . . .
        . . . . . . . .
        . . . . . . . .
        . . . . . . . .
        . . . . . . . .
        """
    )
    predicted = _drawn(
        """
        . . . . . . . .
        . # # # . . . .
        . # # # . . . .
        . . . . . . . .
        . . . . . . . .
        . . . . . # # .
        . . . . . # . .
        . . . . . . . .
        """
    )
    return mask, predicted


def _drawn(picture: str) -> np.ndarray:
    """A mask from its drawing: # is a target's pixel."""
    return np.array([[cell == "#" for cell in row.split()] for row in picture.strip().splitlines()])


def highest_threshold(answer: float | None, scores: np.ndarray, mask: np.ndarray) -> Verdict:
    """00, exercise 2: the highest threshold at which every target still has a marked pixel.

    Parameters
    ----------
    answer : float or None
        The reader's threshold.
    scores, mask : ndarray of shape (H, W)
        Of the notebook's frame.
    """
    from scipy.ndimage import label, maximum

    labels, count = label(mask, np.ones((3, 3)))
    peaks = np.atleast_1d(maximum(scores, labels, range(1, count + 1)))
    weakest, highest = float(peaks.min()), float(scores.max())
    return judge(
        answer,
        lambda a: weakest - 0.01 <= float(a) < weakest,
        f"the weakest target peaks at {weakest:.3f}; a pixel needs a score *above* the threshold. From there on up you "
        "trade misses for false alarms, which is what a ROC curve draws.",
        [
            (
                lambda a: weakest <= float(a) <= highest,
                "at this threshold at least one target has no pixel left; look at the peak of each target.",
            ),
            (lambda a: not 0 <= float(a) <= 1, "a threshold is a probability, from 0 to 1."),
            (
                otherwise,
                "every target is still there, but you can go higher: which target would be lost first?",
            ),
        ],
    )


def false_alarm_rate(answer: Callable | None, scores: np.ndarray, mask: np.ndarray) -> Verdict:
    """00, exercise 3: Fa of one frame, as a function of its two counts.

    Parameters
    ----------
    answer : callable
        `fa(false_pixels, pixels)`; raises NotImplementedError until the reader wrote it.
    scores, mask : ndarray of shape (H, W)
        Of the notebook's frame; the shape is the test.
    """
    false_pixels, pixels = 7, scores.shape[0] * scores.shape[1]
    expected = false_pixels / pixels
    return judge(
        attempt(answer, false_pixels, pixels),
        lambda a: abs(float(a) - expected) <= 1e-3 * expected,
        f"7 false pixels in this frame are an Fa of {expected * 1e6:.0f}e-6. The paper's 7.56e-6 on NUAA-SIRST is 106 "
        "pixels in all 214 test frames of 256×256.",
        [
            (
                lambda a: abs(float(a) - expected * 1e6) <= 1e-3 * expected * 1e6,
                "the factor 10⁶ belongs to how Fa is printed; the function returns the plain fraction.",
            ),
            (
                lambda a: abs(float(a) - false_pixels / (pixels - mask.sum())) <= 1e-6 * expected,
                "the denominator is all pixels, targets included.",
            ),
            (otherwise, "Fa = false pixels / all pixels of the frame."),
        ],
    )
