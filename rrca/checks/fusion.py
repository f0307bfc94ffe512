"""The exercises of notebook 11; expectations are worked out here, not by `rrca.blocks` or `rrca.studies.fusion`."""

from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

SIZES = ((8, 8), (16, 8), (32, 8), (32, 4), (4, 8))  # channels, r


def _sigmoid(values):
    return 1 / (1 + np.exp(-values))


def weights_of_channels(answer: Callable | None) -> Verdict:
    """11, exercise 1: the weight of each channel by Eq. (4).

    Parameters
    ----------
    answer : callable
        `weights(values, squeeze, expand)`, from a map (C, H, W) and the matrices (h, C) and (C, h) of the MLP to (C,);
        raises NotImplementedError until the reader wrote it.
    """
    generator = np.random.default_rng(0)
    values = generator.standard_normal((3, 5, 4))
    squeeze, expand = generator.standard_normal((2, 3)), generator.standard_normal((3, 2))
    top, mean = (pool.reshape(3, -1) for pool in (values, values))
    top, mean = top.max(1), mean.mean(1)

    def mlp(pooled, bend=lambda x: np.maximum(x, 0)):
        return expand @ bend(squeeze @ pooled)

    def same(expected):
        return lambda found: np.shape(found) == np.shape(expected) and np.allclose(found, expected, atol=1e-5)

    found = attempt(answer, values.copy(), squeeze.copy(), expand.copy())
    return judge(
        None if found is None else np.asarray(found),
        same(_sigmoid(mlp(top) + mlp(mean))),
        "the largest and the mean response pass one MLP, one after the other. A hidden unit with a negative input is "
        "silent; if all are, every weight is sigmoid(0), one half.",
        [
            (same(mlp(top) + mlp(mean)), "a weight lies between 0 and 1: the sigmoid is missing."),
            (
                same(_sigmoid(mlp(mean))),
                "that is the mean alone; a small target shows in the largest response.",
            ),
            (same(_sigmoid(mlp(top))), "that is the largest response alone; the mean is added."),
            (
                same(_sigmoid(mlp(top + mean))),
                "pool, then the MLP for each pooling, then add: the ReLU bends each.",
            ),
            (
                same(_sigmoid(mlp(top, lambda x: x) + mlp(mean, lambda x: x))),
                "between the two matrices stands a ReLU.",
            ),
            (same(_sigmoid(mlp(top)) + _sigmoid(mlp(mean))), "add first, then one sigmoid of the sum."),
            (
                otherwise,
                "pool each channel over all its pixels: (C, H, W) to (C,), once by max and once by mean.",
            ),
        ],
    )


def attention_parameters(answer: Callable | None) -> Verdict:
    """11, exercise 2: parameters of the channel attention of C channels with ratio r.

    Parameters
    ----------
    answer : callable
        `attention_parameters(C, r)`; raises NotImplementedError until the reader wrote it.
    """
    values = [attempt(answer, *size) for size in SIZES]

    def rule(form):
        return lambda found: list(found) == [form(C, r) for C, r in SIZES]

    return judge(
        None if any(value is None for value in values) else values,
        rule(lambda C, r: 2 * C * max(1, C // r)),
        "16, 64 and 256 at the three levels for r = 8, so 336 in a pass and 1008 in three; r = 4 has twice as many. "
        "That makes 203 257 for the network, not the printed 0.202 M.",
        [
            (
                rule(lambda C, r: C * max(1, C // r)),
                "that is one of the two matrices; one more leads back to C channels.",
            ),
            (rule(lambda C, r: 2 * C * (C // r)), "at C = 4, r = 8 one hidden unit is left: max(1, C // r)."),
            (
                rule(lambda C, r: 2 * C * max(1, C // r) + max(1, C // r) + C),
                "these convolutions have no bias.",
            ),
            (
                rule(lambda C, r: 4 * C * max(1, C // r)),
                "both poolings share one MLP: it is counted once.",
            ),
            (rule(lambda C, r: 2 * C * r), "r divides: the hidden width is C // r, not r."),
            (otherwise, "two 1×1 convolutions without bias: C to max(1, C // r), and back."),
        ],
    )


def counted_apart(answer: tuple | None) -> Verdict:
    """11, exercise 3: what lies between the rows "DIAAM" and "CA, r = 4" of Table VI, in targets and false pixels.

    Parameters
    ----------
    answer : tuple of two int, or None
        Targets more, and false pixels fewer.
    """
    targets = round((98.10 - 96.20) / 100 * 263)
    pixels = round((18.967 - 7.558) * 1e-6 * 214 * 256**2)
    return judge(
        answer,
        lambda given: tuple(map(int, given)) == (targets, pixels),
        f"{targets} targets and {pixels} pixels decide that r = 8 is better than r = 4, in one run of each.",
        [
            (lambda given: len(tuple(given)) != 2, "two numbers, please: targets and false pixels."),
            (
                lambda given: int(tuple(given)[1]) == round((18.967 - 7.558) * 1e-6 * 256**2),
                "that is one frame's worth of pixels; the list has 214 frames.",
            ),
            (
                lambda given: abs(float(next(iter(given))) - (98.10 - 96.20)) < 0.1,
                "that is in points; 1 % of 263 targets is 2.63 targets.",
            ),
            (
                lambda given: int(next(iter(given))) == targets - 1,
                "round, do not cut off: 258 and 253 targets were found.",
            ),
            (otherwise, "Pd is of 263 targets, Fa of 214 frames of 256×256 pixels."),
        ],
    )


def folded_gate(answer: Callable | None) -> Verdict:
    """11, exercise 4: fold constant channel weights into the 1×1 convolution before them.

    Parameters
    ----------
    answer : callable
        `fold(weight, bias, a)`, from (C_out, C_in), (C_out,) and (C_out,) to a new weight and bias; raises
        NotImplementedError until the reader wrote it.
    """
    generator = np.random.default_rng(1)
    weight, bias = generator.standard_normal((3, 3)), generator.standard_normal(3)
    a, x = generator.uniform(0, 1, 3), generator.standard_normal(3)
    found = attempt(answer, weight.copy(), bias.copy(), a.copy())
    if found is not None:
        try:
            new_weight, new_bias = (np.asarray(part, float) for part in found)
            found = new_weight @ x + new_bias
        except (TypeError, ValueError):
            return Verdict(
                "hint", "fold(weight, bias, a) must return two things: a new weight and a new bias."
            )

    def same(expected):
        return lambda value: np.shape(value) == np.shape(expected) and np.allclose(value, expected)

    return judge(
        found,
        same(a * (weight @ x + bias)),
        "a constant gate costs nothing: the convolution before it can hold it. Channel attention can do more than one "
        "without it only by changing from frame to frame.",
        [
            (same(weight @ x + bias), "nothing has changed yet: where is a?"),
            (same(a * (weight @ x) + bias), "the bias is multiplied, too: a · (W x + b)."),
            (
                same((weight * a) @ x + a * bias),
                "a belongs to the outputs, the rows of the matrix, not its columns.",
            ),
            (
                same((weight * a) @ x + bias),
                "a belongs to the outputs: to the rows of the matrix, and to the bias.",
            ),
            (otherwise, "a · (W x + b) = (a · W) x + a · b, row by row."),
        ],
    )
