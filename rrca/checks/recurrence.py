"""The exercises of notebook 04."""

from collections.abc import Callable
from math import factorial

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise


def toy_maps() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The two maps that notebook 04 counts by hand, and their mask.

    Returns
    -------
    maps : dict of str to ndarray of shape (7, 7)
        A target of 3×3 pixels on a checkerboard: 6 on 2 and 4 in map A, 9 on 0 and 10 in map B. The ring of the
        target, 20 px wide, is all the rest: 20 squares of each colour.
    mask : bool ndarray of shape (7, 7)
    """
    row, column = np.indices((7, 7))
    board, mask = (row + column) % 2, np.zeros((7, 7), bool)
    mask[2:5, 2:5] = True
    return {
        "map A": np.where(mask, 6.0, 2.0 + 2 * board),
        "map B": np.where(mask, 9.0, 10.0 * board),
    }, mask


def toy_contrast(answer: float | None) -> Verdict:
    """04, exercise 1: the SCR of map B, by hand.

    Parameters
    ----------
    answer : float or None
        The reader's SCR.
    """
    ring, target = [0] * 20 + [10] * 20, 9
    mean = sum(ring) / len(ring)
    variance = sum((value - mean) ** 2 for value in ring) / len(ring)
    right = (target - mean) / variance**0.5
    return judge(
        answer,
        near(right, 0.004),
        f"{right:g}, where map A has 3. The target of map B is brighter, and lost: its surroundings vary five times as "
        "much. A pass that lifts everything gains nothing.",
        [
            (near(3.0, 0.01), "that is map A: (6 − 3) / 1. Now the ring of map B, 20 zeros and 20 tens."),
            (
                near(target - mean),
                "that is the distance of the means; divide it by the ring's standard deviation.",
            ),
            (near((target - mean) / variance), "divide by the standard deviation, not by the variance."),
            (
                near(target / variance**0.5),
                "take the ring's mean away first: a bright ring is no contrast.",
            ),
            (near(target / mean), "that is a ratio of means; SCR sets the distance against the spread."),
            (
                near((target - mean) / (variance * 40 / 39) ** 0.5, 0.004),
                "divide the squares by the 40 pixels of the ring, not by one less.",
            ),
            (
                near((target - 10) / variance**0.5),
                "the ring has 20 zeros too: its mean is 5, not 10.",
            ),
            (otherwise, "|mean of the target − mean of the ring| / standard deviation of the ring."),
        ],
    )


def exposure_function(answer: Callable | None) -> Verdict:
    """04, exercise 2: the share of a map's background beyond half way from its median to the target's mean.

    Parameters
    ----------
    answer : callable
        `exposed(values, mask)` of a map and a bool mask with one target; raises NotImplementedError until written.
    """
    rng = np.random.default_rng(10)
    values, mask = rng.exponential(1.5, (9, 11)) ** 1.5 + 5.0, np.zeros((9, 11), bool)
    mask[3:5, 4:7] = True
    values[mask] = 11.0
    background = sorted(values[~mask].tolist())
    middle = background[len(background) // 2]  # 93 of them: one in the middle
    half = (middle + 11.0) / 2
    count = len([value for value in background if value > half])
    size = len(background)
    mean = sum(background) / size

    given = [
        attempt(answer, each, mask.copy()) for each in (values.copy(), 16.0 - values)
    ]  # a bright, a dark target

    def gives(bright: float, dark: float | None = None) -> Callable:
        def matches(pair) -> bool:
            return near(bright, 1e-9)(pair[0]) and (dark is None or near(dark, 1e-9)(pair[1]))

        return matches

    share = count / size
    return judge(
        None if any(one is None for one in given) else given,
        gives(share, share),
        f"{count} of {size} pixels of this made map. Inverted, it has the same exposure, as it has the same SCR: the "
        "tail can turn a sign, so a sign is no contrast.",
        [
            (
                gives(share),
                "right for a bright target; but a map may show its target dark. Take distances from the median on the "
                "target's side.",
            ),
            (gives(count), "that is their number; divide it by the pixels of the background."),
            (gives(100 * share), "a share from 0 to 1, please, not per cent."),
            (gives(count / values.size), "divide by the pixels of the background, not of the whole map."),
            (
                gives((count + 6) / values.size),
                "the target's own pixels are no background: leave them out above and below the line.",
            ),
            (
                gives(sum(value > (mean + 11.0) / 2 for value in background) / size),
                "half way from the *median*: the mean of a background moves with the very pixels that you count.",
            ),
            (
                gives(sum(value > 11.0 / 2 for value in background) / size),
                "half way between the background's median and the target's mean, not half of the target's value.",
            ),
            (
                gives(sum(value > 11.0 for value in background) / size),
                "those are brighter than the target; half way is asked for.",
            ),
            (
                otherwise,
                "m = median of the background, h = mean of the target − m; the share of the background's pixels with "
                "(value − m) / h above 0.5.",
            ),
        ],
    )


def missed_by_both(answer: float | None, first: int, second: int, targets: int) -> Verdict:
    """04, exercise 3: how many targets both networks would miss if each missed at random.

    Parameters
    ----------
    answer : float or None
        The reader's expectation, in targets.
    first, second : int
        Targets that each of the two misses.
    targets : int
        Of the list.
    """
    right = sum(
        [first / targets] * second
    )  # each miss of the second is also one of the first with this probability
    return judge(
        answer,
        near(right, 0.02),
        f"{right:.2f} targets. If many more are missed by both, then what is hard is in the targets, not in n.",
        [
            (near(right / targets, 1e-4), "that is the probability for one target; the list has many."),
            (
                near(min(first, second)),
                "so many would be missed by both if one network missed all that the other does.",
            ),
            (near(first + second), "those are all misses; how many of them fall on the same target?"),
            (
                near((targets - first) * (targets - second) / targets, 0.5),
                "that is how many both would find.",
            ),
            (near(0.0), "chance lets two misses fall on the same target now and then: how often?"),
            (
                otherwise,
                "the first misses this share of all targets; take this share of the second's misses.",
            ),
        ],
    )


def coin(answer: Callable | None) -> Verdict:
    """04, exercise 4: the probability that a fair coin splits as unevenly as two networks do.

    Parameters
    ----------
    answer : callable
        `chance(first, second)` of the targets that only the first and only the second network finds; raises
        NotImplementedError until written.
    """

    def exactly(k: int, cases: int) -> float:
        return factorial(cases) / factorial(k) / factorial(cases - k) / 2**cases

    tries = [(5, 1), (1, 5), (3, 3), (9, 0)]
    right, uncapped, one_sided, alone, from_first = [], [], [], [], []
    for a, b in tries:
        tail = sum(exactly(k, a + b) for k in range(min(a, b) + 1))
        right.append(
            sum(p for k in range(a + b + 1) if abs(2 * k - a - b) >= abs(a - b) for p in [exactly(k, a + b)])
        )
        uncapped.append(2 * tail)
        one_sided.append(tail)
        alone.append(exactly(a, a + b))
        from_first.append(2 * sum(exactly(k, a + b) for k in range(a + 1)))
    given = [attempt(answer, a, b) for a, b in tries]

    def are(wanted):
        return lambda a: bool(np.allclose(np.asarray(a, float), wanted, rtol=0, atol=1e-9))

    def like(wanted):
        return lambda a: are(wanted)(a) or are(np.minimum(wanted, 1.0))(a)

    return judge(
        None if any(value is None for value in given) else given,
        are(right),
        f"5 to 1 comes up in {100 * right[0]:.0f} of 100 such tosses: it proves nothing. 9 to 0 does in "
        f"{100 * right[3]:.1f}. Few targets tell two networks apart, so Pd needs seeds, or more targets.",
        [
            (
                like(uncapped),
                "right where the sides differ; but 3 to 3 gives more than 1: the middle was counted twice.",
            ),
            (are(one_sided), "that is one side; 1 to 5 would have been as uneven as 5 to 1."),
            (are(alone), "that is this very split; add those that are more uneven."),
            (like(from_first), "1 to 5 and 5 to 1 are equally uneven: start from the smaller of the two."),
            (
                are([5 / 6, 1 / 6, 0.5, 1.0]),
                "that is the share of the first; ask how often a fair coin does this.",
            ),
            (
                otherwise,
                "n cases, each with probability 1/2 on either side: add the probabilities of all splits that are at "
                "least as uneven as this one, on both sides.",
            ),
        ],
    )
