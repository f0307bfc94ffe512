"""The exercises of notebook 09; expectations by hand, by loops and by listing, not by `rrca.studies.budget`."""

from collections.abc import Callable
from itertools import product

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

FRAMES, HEIGHT, WIDTH = 214, 256, 256  # of the test list, squashed as the paper's program does
RATES = (16.76, 7.558, 30.66, 0.0)  # 1e-6
WORKS = ({0: 2.0, 1: 3.0, 2: 4.0, 3: 5.0}, {0: 7.0, 1: 12.5, 2: 21.0, 3: 27.0})  # by n, unequal steps upwards
STEPS = 1000


def false_pixels(answer: Callable | None) -> Verdict:
    """09, exercise 1: `pixels(fa)`, how many false pixels a printed Fa in 1e-6 stands for.

    Parameters
    ----------
    answer : callable
        Raises NotImplementedError until the reader wrote it; an answer within half a pixel of the whole number counts.
    """
    area = sum(HEIGHT * WIDTH for _ in range(FRAMES))
    expected = [fa / 1_000_000 * area for fa in RATES]

    def are(wanted, tolerance=0.51):
        return lambda values: all(near(w, tolerance)(v) for w, v in zip(wanted, values, strict=True))

    values = [attempt(answer, fa) for fa in RATES]
    return judge(
        None if any(value is None for value in values) else values,
        are(expected),
        f"{round(expected[0])} for n = 0 and {round(expected[1])} for n = 2: all that the two differ by in Fa is some "
        "130 pixels of 14 million, a handful of blobs.",
        [
            (are([e * 1e6 for e in expected], 1e6), "Fa is printed in 1e-6: that factor is missing."),
            (are([e / FRAMES for e in expected], 0.02), "that is one frame; the list has 214."),
            (
                are([e / 100 for e in expected], 0.01),
                "Fa is no percentage: it is a share of all pixels, times 1e6.",
            ),
            (
                are([fa / 1e6 * 263 for fa in RATES], 1e-4),
                "Fa is over pixels, not over targets.",
            ),
            (otherwise, "Fa · 1e-6 · 214 frames · 256 · 256 pixels."),
        ],
    )


def steps_of_equal_work(answer: Callable | None) -> Verdict:
    """09, exercise 2: `equal_work(work, steps)`, the steps of each n for the work that `steps` steps of n = 2 are.

    Parameters
    ----------
    answer : callable
        From a dictionary of work a frame by n, and the steps of n = 2, to a dictionary of steps by n; raises
        NotImplementedError until the reader wrote it. Rounded or not.
    """

    def all_of(rule):
        return lambda given: all(
            set(one) == set(work) and all(near(rule(work, n), 1.0)(one[n]) for n in work)
            for one, work in zip(given, WORKS, strict=True)
        )

    given = [attempt(answer, dict(work), STEPS) for work in WORKS]
    return judge(
        None if any(one is None for one in given) else given,
        all_of(lambda work, n: STEPS * work[2] / work[n]),
        "fewer passes, more steps. By the default network's own work the factors are 2.79, 1.47, 1 and 0.76: not 3, "
        "1.5, 1 and 0.75, since stem and tail do not run once a pass.",
        [
            (
                all_of(lambda work, n: STEPS * work[n] / work[2]),
                "turned round: what does less in a step may do *more* steps.",
            ),
            (
                all_of(lambda work, n: STEPS * 3 / (n + 1)),
                "that counts passes; stem and tail run beside them: divide by the work itself.",
            ),
            (
                all_of(lambda work, n: STEPS * work[0] / work[n]),
                "the budget is that of n = 2, not of n = 0.",
            ),
            (all_of(lambda work, n: STEPS), "those are equal steps; equal *work* is asked for."),
            (otherwise, "a dictionary by n: steps · work[2] / work[n]."),
        ],
    )


def luck_of_a_claim(answer: float | None) -> Verdict:
    """09, exercise 3: how often four equal networks would put n = 2 first and n = 3 below n = 0, by luck alone.

    Parameters
    ----------
    answer : float or None
        The reader's probability, 0 to 1.
    """
    places = product(range(4), repeat=4)  # of n = 0, 1, 2, 3; 0 is the best
    orders = [order for order in places if len(set(order)) == 4]
    holds = [order[2] == 0 and order[3] > order[0] for order in orders]
    right = sum(holds) / len(orders)
    return judge(
        answer,
        near(right, 0.004),
        f"{sum(holds)} of {len(orders)} orders, or {right:g}. If n made no difference at all, one in eight papers "
        "would print a table for which claim 5 is true. So the order alone is weak evidence: the spread over seeds "
        "decides.",
        [
            (near(sum(holds)), "that is the number of orders; divide it by all 24."),
            (near(100 * right, 0.4), "a probability from 0 to 1, please, not per cent."),
            (near(0.25, 0.004), "that is n = 2 first; claim 5 also puts n = 3 below n = 0."),
            (near(0.5, 0.004), "that is n = 3 below n = 0; claim 5 also puts n = 2 first."),
            (near(1 / 24, 0.002), "that is the very order of Table IV; claim 5 says less: where is n = 1?"),
            (near(1 / 12, 0.004), "n = 3 need not be last: it may be above n = 1."),
            (otherwise, "list all 24 orders of 0, 1, 2, 3 and count those for which both parts hold."),
        ],
    )
