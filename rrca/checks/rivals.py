"""The exercises of notebook 16; expectations by loops over numbers, not by `rrca.studies.rivals` or a network."""

from collections.abc import Callable
from math import comb

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise


def branched_block(answer: tuple | None) -> Verdict:
    """16, exercise 1: parameters of a block of four branches with 2 channels, before and after folding.

    Parameters
    ----------
    answer : tuple of two int, or None
        (with branches, folded).
    """
    c, norm = 2, 4
    kernel, point = c * c * 9, c * c + c  # the 1×1 convolution has a bias, the 3×3 ones have none
    branches = [kernel + norm, kernel + norm, point + norm, norm]
    right = (sum(branches), kernel + c)

    def both(*wanted):
        return lambda given: len(tuple(given)) == 2 and tuple(map(int, given)) == wanted

    def first(wanted):
        return lambda given: int(next(iter(given))) == wanted

    return judge(
        answer,
        both(*right),
        f"{right[0]} in training, {right[1]} afterwards. Convolutions of one input add up to one convolution: nothing "
        "is lost.",
        [
            (lambda given: len(tuple(given)) != 2, "two numbers, please: with branches, and folded."),
            (both(right[1], right[0]), "the other way round: with branches first."),
            (first(sum(branches) - norm), "the input has a norm too, the fourth branch."),
            (first(sum(branches) - c), "the 1×1 convolution has a bias for each channel."),
            (
                first(sum(branches) - 4 * norm),
                "each of the four branches ends in a norm of 2 numbers a channel.",
            ),
            (
                both(right[0], kernel),
                "one convolution needs a bias: norms shift, and the shifts must go somewhere.",
            ),
            (
                both(right[0], kernel + point),
                "the 1×1 convolution goes into the middle of the 3×3 kernel; it needs no place of its own.",
            ),
            (
                otherwise,
                "a 3×3 kernel from 2 to 2 channels has 36 numbers, a norm 4; add up the four branches.",
            ),
        ],
    )


def folded_norm(answer: Callable | None) -> Verdict:
    """16, exercise 2: a convolution and its norm as one convolution, for one output channel.

    Parameters
    ----------
    answer : callable
        `fold(kernel, bias, gamma, beta, mean, variance)` gives (kernel, bias); raises NotImplementedError until the
        reader wrote it.
    """
    rng = np.random.default_rng(16)
    kernel, patch = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    bias, gamma, beta, mean, variance = 0.7, 1.5, -0.4, 0.3, 4.0
    given = attempt(answer, kernel.copy(), bias, gamma, beta, mean, variance)

    def says(folded):
        """What the folded convolution gives for one patch, added up pixel by pixel."""
        taps, shift = folded
        taps = np.asarray(taps, float)
        return sum(taps[i, j] * patch[i, j] for i in range(3) for j in range(3)) + float(shift)

    convolved = sum(kernel[i, j] * patch[i, j] for i in range(3) for j in range(3))

    def gives(value):
        return lambda folded: abs(says(folded) - value) < 1e-4  # ε of a norm is 1e-5

    sd = variance**0.5
    return judge(
        given,
        gives(gamma * (convolved + bias - mean) / sd + beta),
        "convolution and norm are one linear map per channel. So a norm need not cost anything in detection.",
        [
            (
                gives(gamma * (convolved - mean) / sd + beta),
                "the convolution's own bias is scaled and added as well. (The authors' program forgets it, too.)",
            ),
            (
                gives(gamma * (convolved + bias - mean) / variance + beta),
                "divide by the standard deviation, the root of the variance.",
            ),
            (gives(gamma * (convolved + bias) / sd + beta), "the norm takes its mean off, before it scales."),
            (
                gives(gamma * convolved / sd + beta + bias - mean),
                "bias and mean are scaled as well: by gamma over sd.",
            ),
            (gives(gamma * (convolved + bias - mean) / sd), "beta is missing."),
            (
                otherwise,
                "out = gamma · (conv(x) + bias − mean) / sd + beta: collect what is multiplied with x.",
            ),
        ],
    )


def sign_test(answer: Callable | None) -> Verdict:
    """16, exercise 3: the p of a sign test if one network found d targets more and missed none that the other found.

    Parameters
    ----------
    answer : callable
        `least_p(d)`, d of 1 or more; raises NotImplementedError until the reader wrote it.
    """
    tries = (1, 2, 3, 6, 9)

    def both_sides(d):
        """Heads in d throws of a coin: all or none."""
        return sum(comb(d, heads) for heads in (0, d)) / sum(comb(d, heads) for heads in range(d + 1))

    values = [attempt(answer, d) for d in tries]

    def all_of(rule):
        return lambda given: all(near(rule(d), 1e-9)(p) for d, p in zip(tries, given, strict=True))

    return judge(
        None if any(value is None for value in values) else values,
        all_of(both_sides),
        f"below 5 % from 6 targets on ({both_sides(6):.3f}; 5 give {both_sides(5):.4f}), and only if the winner misses "
        "none that the loser finds.",
        [
            (all_of(lambda d: 0.5**d), "either network could have won: count both sides."),
            (all_of(lambda d: 1 / d), "d targets are d throws of a coin, not one of d faces."),
            (all_of(lambda d: 2 * 0.5 ** (d - 1)), "d throws, not d − 1."),
            (otherwise, "all d throws of a fair coin fall on one side: 2 of 2^d outcomes."),
        ],
    )
