"""The exercises of notebook 01."""

from collections.abc import Callable, Sequence

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

_DRAWN = """
. . . . . . . .
# # . # # . . .
# # . # # . . .
. . . . . . . .
. . . . . . # .
. # . . . . . .
. . # . . . . .
. . . . . . . .
"""


def toy_mask() -> np.ndarray:
    """The 8×8 mask that notebook 01 counts by hand."""
    return np.array([[cell == "#" for cell in row.split()] for row in _DRAWN.strip().splitlines()])


def toy_targets(answer: int | None) -> Verdict:
    """01, exercise 1: targets of the 8×8 mask of the notebook.

    Parameters
    ----------
    answer : int or None
        The reader's count.
    """
    corner, side = _flood(toy_mask(), corners=True), _flood(toy_mask(), corners=False)
    marked = int(toy_mask().sum())
    return judge(
        answer,
        near(corner, 0),
        f"the two pixels that touch at a corner are one target, so there are {corner}. In NUAA-SIRST and DenseSIRST "
        "counting sides alone gives the same number; in predictions it does not.",
        [
            (near(side, 0), "the field counts pixels that touch at a corner as one target (8-connected)."),
            (near(marked, 0), "that is the number of marked pixels; pixels that touch are one target."),
            (lambda a: float(a) < corner, "an empty column between two blocks keeps them apart."),
            (
                otherwise,
                "start at a marked pixel, collect all that touch it, also at corners; then the next.",
            ),
        ],
    )


def _flood(mask: np.ndarray, corners: bool) -> int:
    """Components of a mask by filling from each pixel that was not reached yet."""
    left, count = {tuple(place) for place in np.argwhere(mask).tolist()}, 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            touching = {(b, a) for b, a in left if max(abs(b - y), abs(a - x)) == 1}
            touching = touching if corners else {(b, a) for b, a in touching if abs(b - y) + abs(a - x) == 1}
            left -= touching
            edge += touching
    return count


def signal_to_clutter(answer: Callable | None) -> Verdict:
    """01, exercise 2: SCR of one target, from its grey levels and those of its ring.

    Parameters
    ----------
    answer : callable
        `scr(target, ring)` of two arrays of grey levels; raises NotImplementedError until the reader wrote it.
    """
    # A dark target, so that a missing absolute value shows; worked out with plain sums.
    target, ring = [0.20, 0.30, 0.10], [0.40, 0.50, 0.60, 0.70, 0.50, 0.30]
    mean = sum(ring) / len(ring)
    deviations = [(value - mean) ** 2 for value in ring]
    gap, spread = sum(target) / len(target) - mean, (sum(deviations) / len(ring)) ** 0.5
    both = float(np.std([*target, *ring]))
    found = attempt(answer, np.array(target), np.array(ring))
    return judge(
        found,
        near(abs(gap) / spread, 1e-6),
        f"a dark target of mean 0.2 on a ring of mean {mean:.1f} has SCR {abs(gap) / spread:.2f}, as one that far "
        "above would. The ring decides: the same target on calmer clutter has a higher SCR.",
        [
            (near(gap / spread, 1e-6), "a target may be darker than its ring: take the absolute difference."),
            (near(abs(gap), 1e-6), "that is the contrast; divide it by the standard deviation of the ring."),
            (near(abs(gap) / spread**2, 1e-6), "divide by the standard deviation, not by the variance."),
            (
                near(abs(gap) / both, 1e-6),
                "the standard deviation is the ring's alone; the target is not clutter.",
            ),
            (
                near(abs(gap) / (sum(deviations) / (len(ring) - 1)) ** 0.5, 1e-6),
                "divide the squares by the number of ring pixels, not by one less (NumPy's default does).",
            ),
            (
                near(abs(max(target) - mean) / spread, 1e-6),
                "take the mean of the target's pixels, not its brightest: one noisy pixel must not decide.",
            ),
            (otherwise, "SCR = |mean of the target − mean of the ring| / standard deviation of the ring."),
        ],
    )


def unseen(answer: Callable | None, test: Sequence[str], trained: Sequence[str]) -> Verdict:
    """01, exercise 3: the frames of a test list that a network may be judged on.

    Parameters
    ----------
    answer : callable
        `unseen(test, trained)` of two lists of IDs, giving the IDs of `test` that are not in `trained`, in their order;
        raises NotImplementedError until the reader wrote it.
    test, trained : sequence of str
        The lists that the notebook uses.
    """
    small_test, small_trained = ["d", "a", "c", "b"], ["a", "b", "x"]
    small = attempt(answer, list(small_test), list(small_trained))
    found = attempt(answer, list(test), list(trained))
    if small is None or found is None:  # the stub, or a function that returns nothing
        return judge(None, otherwise, "", [])
    try:
        small, found = list(small), list(found)
    except TypeError:
        return Verdict("hint", "return the IDs themselves, as a list; their number is its length.")
    expected = []
    for id in test:
        if id not in trained:
            expected.append(id)
    return judge(
        [small, found],
        lambda a: a == [["d", "c"], expected],
        f"{len(expected)} of {len(test)} frames are left. IDs only find leaks that kept their names; for a renamed "
        "copy the pictures must be compared, which `rrca data check` does.",
        [
            (lambda a: sorted(a[0]) == ["a", "b"], "these are the frames that leak; return the others."),
            (lambda a: a[0] == ["x"], "that is what the training list has more; start from the test list."),
            (
                lambda a: sorted(a[0]) == ["c", "d"],
                "the right frames in another order: keep the list's, so that results can be compared frame by frame.",
            ),
            (otherwise, "go through the test list and keep an ID if the training list does not name it."),
        ],
    )
