"""The exercises of notebook 02; every expectation is counted here by hand, not by the ledger or the network."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise


def block_parameters(answer: int | None) -> Verdict:
    """02, exercise 1: parameters of a residual block from 8 to 16 channels.

    Parameters
    ----------
    answer : int or None
        The reader's count.
    """
    first, second = 3 * 3 * 8 * 16 + 16, 3 * 3 * 16 * 16 + 16
    norms, shortcut = 2 * (16 + 16), (8 * 16 + 16) + (16 + 16)
    whole = first + second + norms + shortcut
    biases = 16 + 16 + 16
    return judge(
        answer,
        near(whole, 0.5),
        f"{first} + {second} in the two kernels, {norms} in their norms, {shortcut} in the shortcut. From the second "
        f"pass on this block costs {norms + shortcut} more, not {whole}.",
        [
            (near(first + second, 0.5), "those are the kernels; the norms and the shortcut learn too."),
            (near(whole - shortcut, 0.5), "8 channels cannot be added to 16: which part makes them fit?"),
            (near(whole - norms, 0.5), "the two norms have a weight and a bias for each channel."),
            (
                near(whole - biases, 0.5),
                "every convolution of this block has a bias, one for each output channel.",
            ),
            (near(whole - 32, 0.5), "the shortcut's convolution has a norm of its own."),
            (
                near(whole + 3 * 32, 0.5),
                "running mean and variance are measured, not learnt: they are buffers, not parameters.",
            ),
            (
                otherwise,
                "a convolution has K²·C_in·C_out + C_out, a norm 2·C. Add two 3×3 convolutions, two norms, and the "
                "shortcut: a 1×1 convolution with a norm.",
            ),
        ],
    )


def join_levels(answer: Callable | None) -> Verdict:
    """02, exercise 2: Eq. (3), from the low level, the gate's logits and the value.

    Parameters
    ----------
    answer : callable
        `join(low, gate_logits, value)` on arrays; raises NotImplementedError until the reader wrote it.
    """
    rng = np.random.default_rng(2)
    low, logits, value = rng.normal(size=(3, 4, 5, 6))
    expected, forgot, swapped = np.empty((3, 4, 5, 6))
    for place in np.ndindex(low.shape):  # number by number, as Eq. (3) reads
        gate = 1 / (1 + np.exp(-logits[place]))
        expected[place] = low[place] + gate * value[place]
        forgot[place] = low[place] + logits[place] * value[place]
        swapped[place] = value[place] + gate * low[place]

    def close(wanted):
        return lambda a: np.shape(a) == wanted.shape and np.allclose(np.asarray(a, float), wanted, atol=1e-5)

    return judge(
        attempt(answer, low, logits, value),
        close(expected),
        "with the gate shut the low level passes unchanged: what the deep levels say is added, never put in its place.",
        [
            (close(forgot), "P_low gives any number; a sigmoid makes a gate between 0 and 1 of it."),
            (close(expected - low), "the low level itself is added: low + gate · value."),
            (
                close(swapped),
                'you gate the low level and add the value; that is nearer to "re-weight" of Table VI.',
            ),
            (close(low + value), "the gate is missing: that is a plain sum of the two levels."),
            (otherwise, "low + sigmoid(gate_logits) · value, number by number; the shape stays that of low."),
        ],
    )


def total_parameters(answer: Callable | None) -> Verdict:
    """02, exercise 3: parameters of the default network as a function of n, for n of at least 1.

    Parameters
    ----------
    answer : callable
        `parameters(n)`; raises NotImplementedError until the reader wrote it.
    """
    widths, blocks = (8, 16, 32, 64), (3, 2, 2, 2)
    norms = sum(2 * 2 * c * b for c, b in zip(widths, blocks, strict=True))
    pairs = list(pairwise(widths))
    shortcuts = sum(a * b + b + 2 * b for a, b in pairs)
    joints = sum(a * a + a + b * a + a + 2 * a * max(1, a // 8) for a, b in pairs)
    tail = (9 * 8 + 8) * 8  # 8 more input channels: of the tail's first kernel and of its shortcut
    one_pass = norms + shortcuts + joints
    tries = [1, 2, 3, 5]

    def line(slope, start=193_113):
        return [start + slope * (n - 1) for n in tries]

    def given(n):
        return attempt(answer, n)

    def is_close(wanted):
        return lambda a: bool(np.allclose(np.asarray(a, float), wanted, rtol=0, atol=0.5))

    values = [given(n) for n in tries]
    return judge(
        None if any(value is None for value in values) else values,
        is_close(line(one_pass + tail)),
        f"each pass brings {norms} in norms, {shortcuts} in shortcuts, {joints} in DIAAMs, and {tail} in a wider tail. "
        'The abstract\'s "no extra parameters" is true of the 3×3 kernels alone.',
        [
            (
                is_close([193_113] * 4),
                "only the 3×3 kernels stay; what does each pass own, as the table shows?",
            ),
            (
                is_close(line(one_pass)),
                "the tail grows too: it sees 8 more channels with every pass that FSM stacks.",
            ),
            (
                is_close(line(9_224)),
                "the first iteration adds 9224, since the tail gets a shortcut with it; the later ones add less.",
            ),
            (
                is_close(line(one_pass + tail, 193_113 + one_pass + tail)),
                "you are one pass too far: n counts the *extra* iterations, and n = 1 has 193 113.",
            ),
            (
                otherwise,
                "take n = 1 and n = 2 from the table: the difference is what every further pass adds.",
            ),
        ],
    )


def executed_work(answer: float | None) -> Verdict:
    """02, exercise 4: GMAC that the default network executes with n = 4.

    Parameters
    ----------
    answer : float or None
        In GMAC, for one frame of 256×256 pixels.
    """
    widths, blocks = (8, 16, 32, 64), (3, 2, 2, 2)
    pixels = [(256 // 2**i) ** 2 for i in range(4)]
    one_pass, c_in = 0, 8
    for c, b, area in zip(widths, blocks, pixels, strict=True):
        one_pass += area * (9 * c_in * c + (2 * b - 1) * 9 * c * c + (c_in * c if c_in != c else 0))
        c_in = c
    for (a, b), area in zip(pairwise(widths), pixels, strict=False):
        one_pass += area * (a * a + b * a) + 2 * 2 * a * max(1, a // 8)
    stem = pixels[0] * (9 * 3 * 8 + 9 * 8 * 8 + 3 * 8)

    def tail(n):
        stacked = 8 * (n + 1)
        return pixels[0] * (9 * stacked * 8 + 9 * 8 * 8 + (stacked * 8 if n else 0) + 8)

    def whole(n):
        return (stem + (n + 1) * one_pass + tail(n)) / 1e9

    right = whole(4)
    return judge(
        answer,
        near(right, 0.02),
        f"{right:.3f} GMAC, {whole(1) - whole(0):.2f} and then {whole(4) - whole(3):.2f} for each iteration. By the "
        "paper's count n = 4 would look like 1.25 G.",
        [
            (
                lambda a: 1.2 <= float(a) <= 1.35,
                "that continues the printed column, which counts a kernel once however often it runs.",
            ),
            (near(whole(3), 0.02), "that is n = 3. With n = 4 the stages run five times."),
            (near(2 * right, 0.05), "that is Eq. (15)'s count, two FLOPs for each multiply-accumulate."),
            (lambda a: abs(float(a) / 1e9 - right) <= 0.02, "in GMAC, please: divide by 10⁹."),
            (near(5 * whole(0), 0.03), "stem and most of the tail run once, not five times."),
            (
                otherwise,
                "take two neighbours of the column *executed*; an iteration adds the same work every time.",
            ),
        ],
    )
