"""The exercises of notebook 14: a filter and a threshold by hand, Max-Median, and the tail of a normal "
"distribution."""

import math
from collections.abc import Callable

import numpy as np

from rrca.checks.evaluation import is_pair, judge_pair
from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

WINDOW = 5  # pixels
# Sky, a target in columns 4 and 5, a cloud from column 9 to 14.
_ROW = (20, 22, 21, 20, 60, 80, 22, 20, 21, 50, 54, 52, 51, 53, 50, 20, 21, 20)
_TARGET = (4, 5)


def filter_row() -> np.ndarray:
    """Eighteen grey levels in a row: sky, a target of 2 px (columns 4 and 5), and a cloud of 6 px (columns 9 "
    "to 14)."""
    return np.array(_ROW, float)


def toy_top_hat(answer: tuple[float, int] | None) -> Verdict:
    """14, exercise 1: the Top-Hat of a row in column 5, and how many pixels of the row T-C marks.

    Parameters
    ----------
    answer : (float, int) or None
        Grey levels, and pixels.
    """
    half = WINDOW // 2
    row = list(_ROW)
    least = [min(row[max(0, i - half) : i + half + 1]) for i in range(len(row))]
    left = [level - max(least[max(0, i - half) : i + half + 1]) for i, level in enumerate(row)]
    mean = sum(left) / len(left)
    spread = math.sqrt(sum((value - mean) ** 2 for value in left) / (len(left) - 1))
    threshold = max(0.7 * max(left), mean + spread / 2)
    marked = sum(value > threshold for value in left)
    peak = left[_TARGET[1]]
    median = sorted(row[_TARGET[1] - half : _TARGET[1] + half + 1])[half]
    return judge_pair(
        answer,
        is_pair(peak, marked),
        f"the opening is {row[5] - peak} there, so {peak:.0f} are left, and T = 0.7 · {peak:.0f} = "
        f"{threshold:.0f} lies "
        f"above the {left[4]:.0f} of column 4. A rule that looks at the maximum cuts the dimmer half off the target: "
        "found, with an IoU of 0.5.",
        [
            (
                lambda a: abs(a[0] - (row[5] - median)) < 0.5,
                f"that is the level minus the median of its window, {median}. The opening takes the least "
                f"level of each "
                "window of 5, and then the largest of these.",
            ),
            (
                lambda a: abs(a[0] - row[5]) < 0.5,
                "that is the level itself; take its opening away.",
            ),
            (
                is_pair(peak, 2),
                f"the first is right. Column 4 has {left[4]:.0f}: is that above 0.7 of the maximum?",
            ),
            (
                lambda a: abs(a[0] - peak) < 0.5,
                f"the first is right. T is the larger of 0.7 · {peak:.0f} and μ + 0.5σ = "
                f"{mean + spread / 2:.0f}; count "
                "what lies above it.",
            ),
            (
                otherwise,
                "write the least of each five neighbours under the row, then the largest of each five of those.",
            ),
        ],
    )


def _four_medians(window: np.ndarray) -> list[float]:
    """Medians of row, column and both diagonals through the centre, by sorting lists."""
    n = len(window)
    lines = [
        [window[n // 2][i] for i in range(n)],
        [window[i][n // 2] for i in range(n)],
        [window[i][i] for i in range(n)],
        [window[i][n - 1 - i] for i in range(n)],
    ]
    return [float(sorted(line)[n // 2]) for line in lines]


def max_median_function(answer: Callable | None) -> Verdict:
    """14, exercise 2: Max-Median of the centre of one window.

    Parameters
    ----------
    answer : callable
        `max_median(window)`: grey levels (5, 5) -> a float. Raises NotImplementedError until written.
    """
    generator = np.random.default_rng(0)
    edge = np.tile(np.array([10.0, 10, 60, 60, 60]), (5, 1))
    windows = [edge, *(generator.integers(0, 256, (5, 5)).astype(float) for _ in range(8))]
    given = [attempt(answer, window.copy()) for window in windows]
    if any(one is None for one in given):
        return judge(None, otherwise, "", [])

    def gives(rule: Callable) -> Callable:
        return lambda answers: all(
            abs(float(one) - rule(window)) < 1e-9 for one, window in zip(answers, windows, strict=True)
        )

    def centre(window):
        return window[2, 2]

    return judge(
        given,
        gives(lambda w: centre(w) - max(_four_medians(w))),
        "on the edge it gives 0: along the edge the median is the edge's own level, and the largest of the four takes "
        "it. A point has no direction in which it lasts. A target wider than two pixels in some direction has "
        "one, and "
        "is taken for background.",
        [
            (
                gives(lambda w: centre(w) - min(_four_medians(w))),
                "with the least of the four medians an edge stays; take the largest.",
            ),
            (
                gives(lambda w: centre(w) - float(np.mean(_four_medians(w)))),
                "with the mean of the four medians half an edge stays; take the largest.",
            ),
            (
                gives(lambda w: max(_four_medians(w))),
                "that is the background's estimate; the filter is the level minus it.",
            ),
            (
                gives(lambda w: max(0.0, centre(w) - max(_four_medians(w)))),
                "the reference keeps what is negative; clipping it would change μ and σ of every threshold rule.",
            ),
            (
                gives(lambda w: centre(w) - float(np.median(w))),
                "that is the median of all 25; take four lines of 5 through the centre, each with its own median.",
            ),
            (
                otherwise,
                "four lines of 5 pixels through the centre, four medians, the largest of them, level minus that.",
            ),
        ],
    )


def normal_tail(answer: float | None) -> Verdict:
    """14, exercise 3: Fa, in 1e-6, that T = μ + 3σ would have if responses to background were normal.

    Parameters
    ----------
    answer : float or None
    """
    tail = 0.5 * math.erfc(3 / math.sqrt(2))
    return judge(
        answer,
        near(1e6 * tail, 20),
        f"{1e6 * tail:.0f}: over a thousand in a million even then, {65536 * tail:.0f} pixels of a frame of "
        f"256×256. A rule "
        "with a small k has an Fa in the thousands by itself; the tail of clutter comes on top.",
        [
            (near(2e6 * tail, 40), "that counts both tails; a threshold marks only what lies above it."),
            (near(tail, 1e-4), "right as a fraction; the field prints it in units of 10⁻⁶."),
            (near(100 * tail, 0.01), "right in per cent; the field prints it in units of 10⁻⁶."),
            (near(1e6 * (1 - tail), 1000), "that is the share below T."),
            (otherwise, "the share of a normal distribution above 3σ: 0.5 · erfc(3 / √2), times 10⁶."),
        ],
    )
