"""The exercises of notebook 20: whole targets, normal draws and the rule of verdicts, each by a route of its own."""

import math
from collections.abc import Callable

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

TARGETS = 263
POSSIBLE = {
    98.10: True,
    98.00: False,
    96.58: True,
    95.82: True,
    97.00: False,
    100.00: True,
    0.38: True,
    0.40: False,
}
QUANTILE = 1.959964  # of the normal distribution: 95 % lie within
RULE = (  # low, high, printed, and what follows
    (0.2, 1.5, 1.87, "agrees"),
    (0.2, 1.5, -0.40, "contradicts"),
    (-1.5, -0.2, -0.40, "agrees"),
    (-1.5, -0.2, 1.87, "contradicts"),
    (-0.1, 1.5, 1.87, "undecided"),
    (-1.5, 0.1, 1.87, "undecided"),
    (2.0, 3.0, 0.10, "agrees"),  # the printed difference lies outside
    (-0.5, 0.5, 0.10, "undecided"),  # and here inside
)


def possible_count(answer: Callable | None) -> Verdict:
    """20, exercise 1: whether a printed Pd can be a count of 263 targets.

    Parameters
    ----------
    answer : callable
        `possible(pd)`, Pd in per cent with two decimals; raises NotImplementedError until the reader wrote it.
    """
    values = {pd: attempt(answer, pd) for pd in POSSIBLE}
    if any(value is None for value in values.values()):
        return judge(None, otherwise, "", [])
    printable = {f"{100 * found / TARGETS:.2f}" for found in range(TARGETS + 1)}
    right = {pd: f"{pd:.2f}" in printable for pd in POSSIBLE}
    said = {pd: bool(value) for pd, value in values.items()}
    return judge(
        said,
        lambda given: given == right,
        f"of 10 001 values between 0.00 and 100.00 only {len(printable)} can be printed. A Pd between them was "
        "counted on other targets.",
        [
            (
                lambda given: not any(given.values()),
                "100 · found / 263 is hardly ever equal to a number of two decimals: round it first.",
            ),
            (lambda given: all(given.values()), "98.00 lies between 257 and 258 of 263, and is neither."),
            (
                lambda given: (
                    given == {pd: abs(100 * round(pd / 100 * TARGETS) / TARGETS - pd) < 0.19 for pd in given}
                ),
                "every Pd is near some count; it must equal one to the last digit printed.",
            ),
            (
                otherwise,
                "round pd / 100 · 263 to a whole number, turn it back into per cent, compare two decimals.",
            ),
        ],
    )


def single_runs(answer: Callable | None) -> Verdict:
    """20, exercise 2: whether two single runs may differ by that much through their seeds alone.

    Parameters
    ----------
    answer : callable
        `could_be_luck(difference, sd)`; raises NotImplementedError until the reader wrote it.
    """
    cases = [
        (d, sd) for sd in (0.5, 1.0, 2.0) for d in (0.3, -0.9, 1.3, -1.6, 1.87, 2.2, -2.6, 3.0, -4.5, 6.0)
    ]
    values = [attempt(answer, *case) for case in cases]
    if any(value is None for value in values):
        return judge(None, otherwise, "", [])

    def like(what: Callable[[float, float], bool]) -> Callable[[list], bool]:
        return lambda given: given == [what(*case) for case in cases]

    return judge(
        [bool(value) for value in values],
        like(lambda d, sd: abs(d) <= QUANTILE * math.sqrt(2) * sd),
        "at an s.d. of 1 point two single runs must lie 2.8 points apart, before 95 in 100 equal pairs lie closer.",
        [
            (
                like(lambda d, sd: abs(d) <= QUANTILE * sd),
                "both runs have a seed: the variances add up, so the s.d. of the difference is √2 times as large.",
            ),
            (like(lambda d, sd: abs(d) <= sd), "one s.d. is left by a third of all draws; take 95 %."),
            (
                like(lambda d, sd: d <= QUANTILE * math.sqrt(2) * sd),
                "a difference may be luck downwards, too: its sign must not matter.",
            ),
            (
                like(lambda d, sd: abs(d) > QUANTILE * math.sqrt(2) * sd),
                "the other way round: True where seeds alone may do it.",
            ),
            (otherwise, "True if |difference| ≤ 1.96 · √2 · sd."),
        ],
    )


def rule_of_verdicts(answer: Callable | None) -> Verdict:
    """20, exercise 3: the verdict that follows from an interval.

    Parameters
    ----------
    answer : callable
        `decide(low, high, printed)`; raises NotImplementedError until the reader wrote it.
    """
    values = [attempt(answer, *case[:3]) for case in RULE]

    def like(what: Callable[[float, float, float], str]) -> Callable[[list], bool]:
        return lambda given: given == [what(*case[:3]) for case in RULE]

    return judge(
        None if any(value is None for value in values) else [str(value) for value in values],
        lambda given: given == [case[3] for case in RULE],
        "the sign decides, not the size: an interval from 2 to 3 agrees with a printed +0.1, and one that holds 0 says "
        "nothing, even about a printed difference within it.",
        [
            (
                like(lambda low, high, printed: "agrees" if low <= printed <= high else "contradicts"),
                "it is 0 that must lie outside, not the printed difference that must lie inside.",
            ),
            (
                like(
                    lambda low, high, printed: (
                        "contradicts"
                        if low <= 0 <= high
                        else "agrees"
                        if (low > 0) == (printed > 0)
                        else "contradicts"
                    )
                ),
                "an interval that holds 0 does not contradict: it is undecided.",
            ),
            (
                like(lambda low, high, printed: "undecided" if low <= 0 <= high else "agrees"),
                "on which side of 0 does the interval lie, and on which the printed difference?",
            ),
            (
                like(
                    lambda low, high, printed: (
                        "agrees" if (low + high > 0) == (printed > 0) else "contradicts"
                    )
                ),
                "the middle alone does not decide; look whether the interval holds 0.",
            ),
            (
                otherwise,
                "undecided if the interval holds 0; otherwise compare its side with the printed sign.",
            ),
        ],
    )
