"""The exercises of notebook 12; expectations are counted here, not by `rrca.studies.alpha_k`."""

from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

TARGETS = 263
FRAMES = ((256, 256, 10), (100, 100, 5), (256, 256, 0.001))  # rows, columns, k in per cent
PER_CENT = (98.10, 96.58, 91.63)
DRAWS = 20000  # of the simulation; its error is about 0.01 of a standard deviation


def kept_pixels(answer: Callable | None) -> Verdict:
    """12, exercise 1: `kept(rows, columns, k)`, pixels that Top-k keeps of one frame, k in per cent."""
    values = [attempt(answer, *frame) for frame in FRAMES]
    expected = [max(1, int(H * W * k / 100)) for H, W, k in FRAMES]
    return judge(
        None if any(value is None for value in values) else values,
        lambda found: found == expected,
        f"{expected[0]} of 65536: far more than a small target has, so that most of the kept ones are background.",
        [
            (lambda found: found[:2] == [10, 5], "k is in per cent of the pixels, not a number of pixels."),
            (lambda found: found[:2] == [655360, 50000], "per cent: divide by 100."),
            (lambda found: found[:2] == expected[:2], "round down, but keep one pixel at least."),
            (otherwise, "k per cent of rows times columns, rounded down to a whole number."),
        ],
    )


def targets_found(answer: Callable | None) -> Verdict:
    """12, exercise 2: `targets(pd)`, how many of 263 targets a printed Pd in per cent stands for."""
    values = [attempt(answer, value) for value in PER_CENT]
    expected = [round(value / 100 * TARGETS) for value in PER_CENT]
    return judge(
        None if any(value is None for value in values) else values,
        lambda found: found == expected,
        "258, 254 and 241: the whole argument of a table is a handful of targets.",
        [
            (lambda found: found == [int(v / 100 * TARGETS) for v in PER_CENT], "round, do not cut off."),
            (lambda found: found == [round(v * TARGETS) for v in PER_CENT], "Pd is in per cent."),
            (otherwise, "Pd is targets found over 263 targets, times 100."),
        ],
    )


def best_of(answer: Callable | None) -> Verdict:
    """12, exercise 3: `best_of(m)`, mean of the largest of m standard normal draws, to 0.05."""
    tries = (1, 3, 27)
    values = [attempt(answer, m) for m in tries]
    generator = np.random.default_rng(0)
    expected = [float(generator.standard_normal((DRAWS, m)).max(axis=1).mean()) for m in tries]

    def close(to):
        return lambda found: all(abs(a - b) < 0.05 for a, b in zip(found, to, strict=True))

    return judge(
        None if any(value is None for value in values) else values,
        close(expected),
        "The best of 27 equal runs is expected two standard deviations above their mean, by luck alone.",
        [
            (close([0, 0, 0]), "that is the mean of all draws; take the largest of each m first."),
            (lambda found: abs(found[0]) > 0.1, "one draw has no choice: its mean is 0."),
            (otherwise, "draw m numbers many times, keep the largest each time, and average."),
        ],
    )
