"""The exercises of notebook 03."""

import math
from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

ALPHA, K = 3.1, 10  # of the paper's Table VII


def toy_row() -> tuple[np.ndarray, np.ndarray]:
    """The row of 20 pixels that notebook 03 counts by hand: probabilities and mask.

    Columns 8, 9 and 10 are a target whose right edge is nearly missed; column 15 is a bright cloud.
    """
    p = [0.02, 0.03, 0.02, 0.05, 0.04, 0.06, 0.03, 0.08, 0.60, 0.90]
    p += [0.20, 0.07, 0.05, 0.12, 0.30, 0.70, 0.09, 0.04, 0.02, 0.03]
    mask = np.zeros(20, bool)
    mask[8:11] = True
    return np.array(p), mask


def _row_losses() -> list[float]:
    """Cross-entropy of every pixel of the row."""
    return [-math.log(p if target else 1 - p) for p, target in zip(*toy_row(), strict=True)]


def toy_top_k(answer: float | None) -> Verdict:
    """03, exercise 1: Top-k of the row with k = 10 %, in the release's form, counted by hand.

    Parameters
    ----------
    answer : float or None
        The reader's loss.
    """
    _, mask = toy_row()
    row = _row_losses()
    worst = sorted(row, reverse=True)
    on_target = [loss for loss, target in zip(row, mask, strict=True) if target]
    return judge(
        answer,
        near(sum(worst[:2]) / 2, 0.01),
        f"{sum(worst[:2]) / 2:.2f}, from a missed edge and a cloud. The mean over all 20 pixels would be "
        f"{sum(row) / 20:.2f}: the 16 quiet pixels drown them.",
        [
            (
                near(sum(worst[:2]) / 20, 0.01),
                "you divided by all 20 pixels, as the paper's Eq. (9) does; the release divides by those kept.",
            ),
            (near(sum(row) / 20, 0.01), "that is the mean over all pixels; keep the worst 10 % of 20 only."),
            (
                near(sum(on_target) / 3, 0.01),
                "that is the mean over the target's pixels; Top-k does not look at the mask, only at the losses.",
            ),
            (near(sum(worst[:2]), 0.01), "that is the sum of the two kept; take their mean."),
            (
                near(worst[0], 0.01),
                "that is the worst pixel alone; 10 % of 20 pixels are two.",
            ),
            (otherwise, "10 % of 20 pixels are two: find the two largest −log p_t and take their mean."),
        ],
    )


def _slope(p: float, alpha: float, dice: bool = True) -> float:
    """|dL/dp| of one target pixel, by a central difference of the formula."""

    def value(p: float) -> float:
        return (1 - (2 * p + 1) / (p + 1 + 1) if dice else 0.0) - math.log(p) + alpha * (1 - p)

    return abs(value(p + 1e-5) - value(p - 1e-5)) / 2e-5


def doubling_alpha(answer: float | None, p: float = 0.1) -> Verdict:
    """03, exercise 2: the α at which the slope of DpT-k at p = 0.1 is twice what it is without Poly.

    Parameters
    ----------
    answer : float or None
        The reader's α.
    p : float, default 0.1
        Of a single target pixel.
    """
    plain = _slope(p, 0)
    right = plain  # α adds itself to the slope
    without_dice = _slope(p, 0, dice=False)
    from_default = 2 * _slope(p, ALPHA) - plain
    ratio = _slope(p, ALPHA) / plain
    easy = _slope(0.9, ALPHA) / _slope(0.9, 0)
    return judge(
        answer,
        near(right, 0.15),
        f"the slope without Poly is {plain:.2f}, and α adds itself at every p. So the paper's α = {ALPHA} makes the "
        f"slope {ratio:.2f} times as steep at p = 0.1, but {easy:.2f} times at p = 0.9: Poly helps easy pixels most.",
        [
            (
                near(without_dice, 0.15),
                "that doubles cross-entropy alone, whose slope is 1/p; Dice has one too.",
            ),
            (near(from_default, 0.3), "that doubles the slope at α = 3.1; double the one at α = 0."),
            (near(2.0), "α is no factor: it is added to the slope. Look at what it adds to."),
            (
                lambda a: float(a) < right,
                "the slope is not yet doubled; go on, and watch the ratio above the curve.",
            ),
            (otherwise, "beyond the double; go back, and watch the ratio above the curve."),
        ],
    )


def all_targets_kept(answer: float | None) -> Verdict:
    """03, exercise 3: the smallest k, in per cent, at which Top-k keeps all three target pixels of the row.

    Parameters
    ----------
    answer : float or None
        The reader's k.
    """
    _, mask = toy_row()
    row = _row_losses()
    best_learnt = min(loss for loss, target in zip(row, mask, strict=True) if target)
    rank = sum(loss >= best_learnt for loss in row)  # pixels at least as bad
    right = 100 * rank / len(row)
    share = 100 * mask.sum() / len(row)
    return judge(
        answer,
        near(right, 0.5),
        f"the target's middle, p = 0.9, has only the {rank}th largest loss: clouds come before it. Top-k ranks by "
        "loss, and what is learnt falls out of the list, target or not.",
        [
            (near(rank), "that is the number of pixels; k is a per cent of the 20."),
            (
                near(share, 0.5),
                "that is the share of target pixels; but Top-k also keeps clouds, by their loss.",
            ),
            (
                lambda a: float(a) < right,
                "at this k a target pixel is still left out: look for the one with the smallest loss.",
            ),
            (otherwise, "all three are kept, but a smaller k is enough."),
        ],
    )


def top_k_function(answer: Callable | None) -> Verdict:
    """03, exercise 4: Top-k of a batch as a function of its pixel losses, in the release's form.

    Parameters
    ----------
    answer : callable
        `top_k(pixel_losses, k)` for an array of shape (B, H, W); raises NotImplementedError until written.
    """
    batch = np.random.default_rng(3).exponential(size=(2, 6, 10))
    batch[1] *= 5  # the second frame is the hard one

    def mean_of_worst(values: np.ndarray, count: int) -> float:
        return sum(sorted(values.ravel().tolist(), reverse=True)[:count]) / count

    right = mean_of_worst(batch, 12)
    return judge(
        attempt(answer, batch, 10.0),
        lambda a: near(right, 1e-6)(a) and near(2.0, 1e-6)(_of_three_pixels(answer)),
        "the worst pixels of the *batch* count: here 12 of 120, and most of them lie in the hard frame. A frame "
        "that is learnt sends back next to nothing.",
        [
            (
                lambda a: near(right, 1e-6)(a),
                "right for a batch of frames; but of 3 pixels 10 % is none: keep one at least.",
            ),
            (
                near(np.mean([mean_of_worst(frame, 6) for frame in batch]), 1e-6),
                "you kept 10 % of each frame; the release keeps 10 % of the batch.",
            ),
            (near(right * 12 / 120, 1e-6), "you divided by all pixels; the release divides by those kept."),
            (near(right * 12, 1e-6), "that is the sum; take the mean of the pixels kept."),
            (
                near(mean_of_worst(batch, 120), 1e-6),
                "that is the mean over all pixels; keep the worst k per cent.",
            ),
            (
                near(sum(sorted(batch.ravel().tolist())[:12]) / 12, 1e-6),
                "you kept the smallest losses; keep the largest.",
            ),
            (near(mean_of_worst(batch, 10), 1e-6), "k is a per cent of the pixels, not their number."),
            (otherwise, "sort all pixel losses of the batch, keep the largest k per cent, take their mean."),
        ],
    )


def _of_three_pixels(function: Callable) -> float:
    """The reader's Top-k of 3 pixels, of which 10 % is none; not a number where it fails on them."""
    try:
        return function(np.array([[[0.5, 2.0, 1.0]]]), 10.0)
    except (ArithmeticError, IndexError, ValueError):
        return math.nan
