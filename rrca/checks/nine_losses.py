"""The exercises of notebook 13; expectations are counted here, not by `rrca.studies.nine_losses`."""

from collections.abc import Callable
from itertools import product

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

DIFFERENCES = (0, 1, 3, 6)
# Top-k, Poly + Top-k, Dice + Top-k, DpT-k as printed: IoU, Pd, Fa.
SQUARE = ((73.85, 97.72, 16.328), (72.95, 97.34, 22.817), (75.40, 96.96, 15.401), (75.41, 98.10, 7.558))
# IoU of two losses at a third of the rate, at the rate, at three times it: made up, the mistakes each give other names.
RATES = (
    {"A": (70.0, 74.0, 71.0), "B": (75.0, 71.0, 60.0)},
    {"A": (73.0, 73.0, 73.0), "B": (60.0, 72.0, 74.0), "C": (72.5, 73.5, 72.0)},
    {"C": (50.0, 61.0, 40.0), "A": (59.0, 60.0, 58.0)},
)
SCALE = 1000
MOVES = (0.3, -0.1, 0.2, 0.25)  # gradients of one weight, step by step


def smallest_p(answer: Callable | None) -> Verdict:
    """13, exercise 1: `smallest_p(difference)`, two-sided, by coins; 1 for no difference.

    Parameters
    ----------
    answer : callable
        From targets that one method finds more than the other to a probability; raises NotImplementedError until the
        reader wrote it.
    """
    values = [attempt(answer, difference) for difference in DIFFERENCES]
    expected = [_by_coins(difference) for difference in DIFFERENCES]

    def all_near(to):
        return lambda found: all(abs(a - b) < 1e-6 for a, b in zip(found, to, strict=True))

    return judge(
        None if any(value is None for value in values) else values,
        all_near(expected),
        "six targets are the least that can be told from luck at 5 %, and only if the other method finds none of its "
        "own. Eight comparisons at once need more.",
        [
            (
                all_near([0.5**d for d in DIFFERENCES]),
                "that is one side. Heads alone and tails alone are equally extreme, so both count.",
            ),
            (
                all_near([2 * 0.5**d for d in DIFFERENCES]),
                "no probability exceeds 1: without a difference nothing speaks against luck.",
            ),
            (all_near([0.5] * len(DIFFERENCES)), "each target is a coin of its own; multiply them."),
            (
                otherwise,
                "each of d targets is a coin; all d fall alike with probability 2 · 0.5ᵈ, at most 1.",
            ),
        ],
    )


def _by_coins(difference: int) -> float:
    """All ways in which `difference` coins can fall, and how many are as one-sided as all alike."""
    sums = [abs(sum(coins)) for coins in product((-1, 1), repeat=difference)]
    return sum(one >= difference for one in sums) / len(sums)


def poly_in_the_square(answer: tuple | None) -> Verdict:
    """13, exercise 2: in how many of the three printed figures Poly makes Top-k better, without and with Dice.

    Parameters
    ----------
    answer : tuple of two int, or None
    """
    plain, poly, dice, both = SQUARE
    right = (_better(plain, poly), _better(dice, both))
    rises = tuple(sum(b > a for a, b in zip(*pair, strict=True)) for pair in ((plain, poly), (dice, both)))

    def given(*pairs):
        return lambda found: tuple(map(int, found)) in pairs

    return judge(
        answer,
        given(right),
        "none of three, then all three. One and the same term cannot be good and bad by itself: either the two terms "
        "need each other, or four single runs do not show what a term does.",
        [
            (lambda found: len(tuple(found)) != 2, "two numbers, please: without Dice, and with it."),
            (given(right[::-1]), "the other way round: first the pair without Dice."),
            (given(rises, rises[::-1]), "of false pixels fewer are better."),
            (
                given((_better(plain, dice), _better(poly, both))),
                "that is what Dice does. Which two pairs of rows differ in Poly alone?",
            ),
            (otherwise, "compare Poly + Top-k with Top-k, then DpT-k with Dice + Top-k, figure by figure."),
        ],
    )


def _better(before: tuple, after: tuple) -> int:
    """Figures in which a row is better: more IoU and Pd, less Fa."""
    return (after[0] > before[0]) + (after[1] > before[1]) + (after[2] < before[2])


def scaled_step(answer: float | None) -> Verdict:
    """13, exercise 3: by what factor AdamW's steps grow when the loss is multiplied by 1000.

    Parameters
    ----------
    answer : float or None
    """
    plain, scaled = (_adam([scale * gradient for gradient in MOVES]) for scale in (1, SCALE))
    return judge(
        answer,
        near(scaled / plain, 1e-3),
        "1. AdamW divides a weight's gradient by its own recent size, and AdaGrad by its past. So a loss is not slow "
        "because it is small; inside a sum, as Dice + Focal, size still decides.",
        [
            (near(SCALE, 0.5), "plain gradient descent would do that. AdamW divides by the gradient's size."),
            (
                near(SCALE**0.5, 1),
                "the root is taken of the mean *square*: the size itself is divided out.",
            ),
            (
                near(1 / SCALE, 1e-3),
                "larger gradients do not make smaller steps; both grow alike and cancel.",
            ),
            (otherwise, "a step is rate · mean gradient / √(mean squared gradient); multiply both means."),
        ],
    )


def _adam(gradients: list[float], rate: float = 1e-3, first: float = 0.9, second: float = 0.999) -> float:
    """Where Adam takes a weight from 0."""
    weight = mean = square = 0.0
    for step, gradient in enumerate(gradients, start=1):
        mean = first * mean + (1 - first) * gradient
        square = second * square + (1 - second) * gradient**2
        weight -= rate * (mean / (1 - first**step)) / ((square / (1 - second**step)) ** 0.5 + 1e-8)
    return weight


def fair_winner(answer: Callable | None) -> Verdict:
    """13, exercise 4: `winner(table)`, the loss that is best when each has the best of its three rates.

    Parameters
    ----------
    answer : callable
        From a dict of three IoU by loss (a third of the rate, the rate, three times it) to a name; raises
        NotImplementedError until the reader wrote it.
    """
    found = [attempt(answer, dict(table)) for table in RATES]

    def by(rule: Callable) -> list[str]:
        return [max(table, key=lambda name: rule(table[name])) for table in RATES]

    return judge(
        None if any(name is None for name in found) else found,
        lambda names: names == by(max),
        "each loss at its own best rate, all with equally many tries. The best of three is a lucky one, too: so the "
        "rate is chosen on a validation list and the losses are judged on another.",
        [
            (
                lambda names: names == by(lambda ious: ious[1]),
                "that is the winner at the rate that was given to all.",
            ),
            (lambda names: names == by(sum), "the mean punishes a loss for rates that nobody would give it."),
            (lambda names: all(not isinstance(name, str) for name in names), "return the name, not its IoU."),
            (
                otherwise,
                "of each loss take the largest of the three IoU; return the name of the largest of those.",
            ),
        ],
    )
