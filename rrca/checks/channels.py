"""The exercises of notebook 08; expectations by loops and by Student's t, not by `rrca.studies.channels`."""

from collections.abc import Callable, Mapping

from scipy import stats

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

KERNELS = ((8, 64), (16, 32), (4, 16))  # channels, side in pixels
CONTROL = 27
CASES = ((1.30, 1.0), (2.35, 2.0), (0.65, 1.0))  # a difference and a standard deviation, points


def kernel_cost(answer: Callable | None) -> Verdict:
    """08, exercise 1: `kernel(c, side)`, weights and multiply-accumulates of a 3×3 kernel from c to c channels.

    Parameters
    ----------
    answer : callable
        From channels and the side of a square map to (weights, multiply-accumulates), without the bias; raises
        NotImplementedError until the reader wrote it.
    """

    def of(weights, macs):
        return lambda given: all(
            near(weights(c, s), 0.5)(w) and near(macs(c, s), 0.5)(m)
            for (c, s), (w, m) in zip(KERNELS, (tuple(each) for each in given), strict=True)
        )

    def counted(c, side):
        return sum(9 * c for _ in range(c))  # each output channel has nine weights for each input channel

    given = [attempt(answer, c, side) for c, side in KERNELS]
    return judge(
        None if any(each is None for each in given) else given,
        of(counted, lambda c, s: counted(c, s) * s * s),
        "twice the channels are four times the weights; half the side is a quarter of the places. So a kernel one "
        "level deeper does the same work with four times the weights.",
        [
            (
                of(lambda c, s: c * c, lambda c, s: c * c * s * s),
                "a 3×3 kernel has nine weights for each pair of channels.",
            ),
            (
                of(lambda c, s: 9 * c, lambda c, s: 9 * c * s * s),
                "from c to c channels: every output channel looks at every input channel.",
            ),
            (
                of(lambda c, s: 9 * c * c + c, lambda c, s: (9 * c * c + c) * s * s),
                "leave the bias out: c more, and no multiplication.",
            ),
            (
                of(counted, lambda c, s: counted(c, s) * s),
                "a map has side · side places, and every weight is used at each.",
            ),
            (otherwise, "weights: 9 · c · c; each is used once at each of side · side places."),
        ],
    )


def fewest_seeds(answer: Callable | None) -> Verdict:
    """08, exercise 2: `seeds(difference, sd)`, the fewest seeds of a row that tell a difference from the default's 27.

    Parameters
    ----------
    answer : callable
        Raises NotImplementedError until the reader wrote it; the smallest n of 2 or more counts.
    """

    def fewest(freedom, spread):
        def first(difference, sd):
            n = 2
            while n < 500 and stats.t.ppf(0.975, freedom(n)) * sd * spread(n) ** 0.5 >= difference:
                n += 1
            return n

        return [first(*case) for case in CASES]

    def are(wanted):
        return lambda given: [round(float(value)) for value in given] == wanted

    given = [attempt(answer, *case) for case in CASES]
    right = fewest(lambda n: n + CONTROL - 2, lambda n: 1 / n + 1 / CONTROL)
    return judge(
        None if any(value is None for value in given) else given,
        are(right),
        f"{right[0]}, {right[1]} and {right[2]}: half the difference needs more than four times the seeds, since the "
        "default's 27 do not grow with them.",
        [
            (
                are([value - 1 for value in right]),
                "the interval must be *narrower* than the difference: one more.",
            ),
            (
                are(fewest(lambda n: n - 1, lambda n: 1 / n)),
                "that compares with a known number; the default's 27 seeds have an error, too.",
            ),
            (
                are(fewest(lambda n: 2 * n - 2, lambda n: 2 / n)),
                "that is a default of as many seeds; it has 27.",
            ),
            (
                are(fewest(lambda n: n + CONTROL - 2, lambda n: (1 / n + 1 / CONTROL) ** 2)),
                "the root is missing: sd · sqrt(1/n + 1/27).",
            ),
            (
                otherwise,
                "count n up from 2 until t · sd · sqrt(1/n + 1/27) is below the difference; t has n + 25 degrees of "
                "freedom.",
            ),
        ],
    )


def front_by_work(answer, iou: Mapping, work: Mapping, params: Mapping) -> Verdict:
    """08, exercise 3: the rows of Table III that no other beats in both printed IoU and executed work.

    Parameters
    ----------
    answer : collection of str or None
        Names of rows.
    iou, work, params : mapping of str to float
        By row; columns of a table will do.
    """
    iou, work, params = dict(iou), dict(work), dict(params)

    def unbeaten(cost):
        return {a for a in iou if not any(cost[b] <= cost[a] and iou[b] >= iou[a] and b != a for b in iou)}

    def named(given) -> set:
        if isinstance(given, str):
            raise TypeError("give a set of names")
        return set(given)

    right, by_params = unbeaten(work), unbeaten(params)
    return judge(
        answer,
        lambda given: named(given) == right,
        f"{len(right)} of {len(iou)} by work and {len(by_params)} by parameters. Two rows of l = 5 enter, since depth "
        "is paid in parameters and not in work. And 0.02 points of one run decide about one of them.",
        [
            (lambda given: named(given) - set(iou), "names as in the table, please."),
            (lambda given: named(given) == by_params, "that is the front by parameters; take the work."),
            (
                lambda given: named(given) == {max(iou, key=iou.get)},
                "that is the best row; the front also holds what is cheaper and less good.",
            ),
            (lambda given: named(given) < right, "those are on it, and there are more."),
            (lambda given: named(given) > right, "too many: one of them is beaten in both by another."),
            (otherwise, "order the rows by work; keep each that is better than all the cheaper ones."),
        ],
    )
