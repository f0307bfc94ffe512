"""The exercises of notebook 10; expectations are worked out here, not by `rrca.studies.stacking`."""

from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

TAILS = ((1, 8), (2, 8), (3, 8), (3, 4), (1, 16))  # maps, channels of each
TABLES = ((2, 10), (23, 365), (51, 325))  # runs, values


def stacked_share(answer: Callable | None) -> Verdict:
    """10, exercise 1: what pass t gives to a 1×1 convolution of stacked maps.

    Parameters
    ----------
    answer : callable
        `share(weight, maps, t)`, from (K, m·C) and a list of m pixels (C,) to (K,); raises NotImplementedError until
        the reader wrote it.
    """
    generator = np.random.default_rng(0)
    maps = [generator.standard_normal(2) for _ in range(3)]
    weight = generator.standard_normal((4, 6))

    def all_passes(form):
        return np.stack([form(t) for t in range(3)])

    found = [attempt(answer, weight.copy(), [d.copy() for d in maps], t) for t in range(3)]

    def same(expected):
        return lambda values: (
            all(np.shape(v) == (4,) for v in values) and np.allclose(np.stack(values), expected)
        )

    return judge(
        None if any(value is None for value in found) else found,
        same(all_passes(lambda t: weight[:, 2 * t : 2 * t + 2] @ maps[t])),
        "the shares add up to the convolution of the stack: FSM sums over the passes, with own weights for each.",
        [
            (
                same(all_passes(lambda t: weight @ np.concatenate(maps))),
                "that is the whole sum; take the columns that belong to pass t.",
            ),
            (
                same(all_passes(lambda t: weight[:, t::3] @ maps[t])),
                "the maps are stacked one after the other, not channel by channel: columns t·C to (t+1)·C.",
            ),
            (
                same(all_passes(lambda t: weight[:, :2] @ maps[t])),
                "those are pass 0's columns for every t.",
            ),
            (
                same(all_passes(lambda t: weight[:, 2 * t : 2 * t + 2] @ maps[-1])),
                "pass t has a map of its own.",
            ),
            (otherwise, "with C channels a map, pass t has the columns t·C to (t+1)·C of the weight."),
        ],
    )


def tail_parameters(answer: Callable | None) -> Verdict:
    """10, exercise 2: parameters of the tail that reads m maps of C channels.

    Parameters
    ----------
    answer : callable
        `tail_parameters(m, C)`; raises NotImplementedError until the reader wrote it.
    """
    values = [attempt(answer, *tail) for tail in TAILS]

    def count(m, C, shortcut=True, norms=True, biases=True):
        first = 9 * m * C * C + C * biases
        second = 9 * C * C + C * biases
        across = (m * C * C + C * biases + 2 * C * norms) * (m > 1) * shortcut
        return first + second + 4 * C * norms + across + C + biases

    def rule(**parts):
        return lambda found: list(found) == [count(m, C, **parts) for m, C in TAILS]

    return judge(
        None if any(value is None for value in values) else values,
        rule(),
        "1209 for one map, 2577 for three: FSM costs 1368 parameters, 192 + 24 of them in a shortcut that one map does "
        "not need.",
        [
            (
                rule(shortcut=False),
                "where m·C is not C the block has a shortcut: a 1×1 convolution and a norm.",
            ),
            (rule(norms=False), "the norms have 2 parameters for each channel."),
            (rule(biases=False), "all convolutions of the tail have biases."),
            (
                lambda found: list(found) == [m * count(1, C) for m, C in TAILS],
                "there is one tail; only its first convolution grows with m, and a shortcut comes.",
            ),
            (
                lambda found: list(found) == [count(m, C) - C - 1 for m, C in TAILS],
                "behind the block a 1×1 convolution leads to one logit.",
            ),
            (
                otherwise,
                "3×3 from m·C to C, norm, 3×3 from C to C, norm, shortcut if m > 1, 1×1 from C to 1.",
            ),
        ],
    )


def expected_pairs(answer: Callable | None) -> Verdict:
    """10, exercise 3: equal pairs that are expected of n runs, each with one of `values` equally likely numbers.

    Parameters
    ----------
    answer : callable
        `expected(n, values)`; raises NotImplementedError until the reader wrote it.
    """
    found = [attempt(answer, *table) for table in TABLES]

    def close(form):
        return lambda given: all(
            abs(float(value) - form(n, v)) < 0.02 * form(n, v)
            for value, (n, v) in zip(given, TABLES, strict=True)
        )

    return judge(
        None if any(value is None for value in found) else found,
        close(lambda n, v: n * (n - 1) / 2 / v),
        "pairs grow with the square of the runs: 51 runs make 1275 of them. Equal figures in two tables are no sign "
        "of a slip.",
        [
            (close(lambda n, v: n * (n - 1) / v), "each pair was counted twice."),
            (close(lambda n, v: n * n / v), "a run makes no pair with itself, and each pair counts once."),
            (close(lambda n, v: (n - 1) / v), "that is one run against all others; any two runs may agree."),
            (close(lambda n, v: n / v), "count the pairs, not the runs: n (n − 1) / 2 of them."),
            (otherwise, "each of n (n − 1) / 2 pairs is equal with probability 1 / values."),
        ],
    )
