"""The exercises of notebook 18; expectations by loops over pairs and pixels, not by `rrca.studies.efficiency`."""

from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, otherwise


def rank_correlation(answer: Callable | None) -> Verdict:
    """18, exercise 1: Spearman's rank correlation of two lists without ties.

    Parameters
    ----------
    answer : callable
        `rank_correlation(first, second)`; raises NotImplementedError until the reader wrote it.
    """
    rng = np.random.default_rng(18)
    pairs = [(np.exp(3 * rng.normal(size=size)), np.exp(3 * rng.normal(size=size))) for size in (4, 7, 12)]

    def ranks(values):
        return np.array([sum(other <= value for other in values) for value in values], float)

    def squares(a, b):
        return sum((p - q) ** 2 for p, q in zip(ranks(a), ranks(b), strict=True))

    def all_of(rule):
        wanted = [rule(a, b) for a, b in pairs]
        return lambda values: bool(np.allclose(np.asarray(values, float), wanted, atol=1e-6))

    values = [attempt(answer, list(a), list(b)) for a, b in pairs]
    return judge(
        None if any(value is None for value in values) else values,
        all_of(lambda a, b: 1 - 6 * squares(a, b) / (len(a) * (len(a) ** 2 - 1))),
        "it asks about order alone: a network ten times as heavy and one a little heavier count the same.",
        [
            (
                all_of(lambda a, b: np.corrcoef(a, b)[0, 1]),
                "that is the correlation of the values themselves, which one heavy network decides; take their ranks.",
            ),
            (
                all_of(lambda a, b: 1 - squares(a, b) / (len(a) * (len(a) ** 2 - 1))),
                "the factor 6 is missing: opposite orders must give −1.",
            ),
            (
                all_of(lambda a, b: 6 * squares(a, b) / (len(a) * (len(a) ** 2 - 1)) - 1),
                "the sign is turned: equal orders must give 1.",
            ),
            (
                all_of(lambda a, b: 1 - 6 * squares(a, b) / (len(a) * (len(a) - 1))),
                "the denominator is N · (N² − 1), with N squared.",
            ),
            (otherwise, "ranks 1 to N of each list, d = difference of the ranks, 1 − 6 Σ d² / (N (N² − 1))."),
        ],
    )


def work_per_value(answer: Callable | None) -> Verdict:
    """18, exercise 2: multiply-accumulates of a convolution for each value read or written.

    Parameters
    ----------
    answer : callable
        `work_per_value(c_in, c_out, side)` of a 3×3 convolution on side × side pixels; raises NotImplementedError until
        the reader wrote it.
    """
    cases = ((8, 8, 16), (64, 64, 8), (3, 8, 16), (40, 8, 4))

    def all_of(rule):
        wanted = [rule(*case) for case in cases]
        return lambda values: bool(np.allclose(np.asarray(values, float), wanted, rtol=1e-6))

    def counted(c_in, c_out, side):
        macs = sum(9 * c_in for _ in range(c_out * side * side))  # each output value sums 9 · C_in products
        return macs / (c_in * side * side + c_out * side * side)

    values = [attempt(answer, *case) for case in cases]
    return judge(
        None if any(value is None for value in values) else values,
        all_of(counted),
        "the side cancels, the channels do not: 36 for 8 → 8, 288 for 64 → 64. Narrow layers at full resolution wait "
        "for memory.",
        [
            (
                all_of(lambda c_in, c_out, side: 9 * c_in * c_out),
                "you divided by pixels; a pixel has C_in values that are read and C_out that are written.",
            ),
            (
                all_of(lambda c_in, c_out, side: 9 * c_in),
                "the input is read as well: C_in + C_out values a pixel.",
            ),
            (
                all_of(lambda c_in, c_out, side: 9 * c_out),
                "the output is written too: C_in + C_out values a pixel.",
            ),
            (
                all_of(lambda c_in, c_out, side: c_in * c_out / (c_in + c_out)),
                "a 3×3 kernel does nine products for each pair of channels.",
            ),
            (otherwise, "9 · C_in · C_out · side² products, over (C_in + C_out) · side² values."),
        ],
    )


def unbeaten(answer: Callable | None) -> Verdict:
    """18, exercise 3: the networks that no other beats in cost and accuracy at once.

    Parameters
    ----------
    answer : callable
        `unbeaten(cost, accuracy)` from two dictionaries by name to the set of names; raises NotImplementedError until
        the reader wrote it.
    """
    rng = np.random.default_rng(3)
    cases = []
    for size in (5, 8, 12):
        cost = {f"network {i}": int(value) for i, value in enumerate(rng.permutation(40)[:size])}
        cases.append(
            (cost, {name: int(value) for name, value in zip(cost, rng.permutation(40), strict=False)})
        )

    def front(cost, accuracy):
        return {
            a
            for a in cost
            if not any(cost[b] <= cost[a] and accuracy[b] >= accuracy[a] for b in cost if b != a)
        }

    def all_of(rule):
        wanted = [set(rule(cost, accuracy)) for cost, accuracy in cases]
        return lambda found: [set(names) for names in found] == wanted

    found = [attempt(answer, dict(cost), dict(accuracy)) for cost, accuracy in cases]
    return judge(
        None if any(names is None for names in found) else found,
        all_of(front),
        "to be on the front is not to be best: it is that nobody is better in both. Change how cost is counted, and "
        "the front changes.",
        [
            (
                all_of(lambda cost, accuracy: {max(accuracy, key=accuracy.get)}),
                "that is the most accurate one; a cheaper one of less accuracy may be unbeaten too.",
            ),
            (
                all_of(
                    lambda cost, accuracy: front({name: -value for name, value in cost.items()}, accuracy)
                ),
                "you look for the *most* costly ones; small cost is good.",
            ),
            (
                all_of(lambda cost, accuracy: {min(cost, key=cost.get), max(accuracy, key=accuracy.get)}),
                "those are the two ends of the front; what lies between them?",
            ),
            (all_of(lambda cost, accuracy: set(cost) - front(cost, accuracy)), "those are the beaten ones."),
            (
                otherwise,
                "keep a name if no *other* has a cost as low or lower and an accuracy as high or higher.",
            ),
        ],
    )
