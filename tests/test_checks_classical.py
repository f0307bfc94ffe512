"""The exercises of notebooks 14 and 15 in three voices, and what they rest on."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks, classical
from rrca.studies import classical_low_rank


def stub(*given):
    raise NotImplementedError


def medians(window):
    lines = window[2], window[:, 2], np.diag(window), np.diag(np.fliplr(window))
    return [np.median(line) for line in lines]


def shrunk(change):
    def made(matrix, by):
        U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
        return (U * change(s, by)) @ Vt

    return made


soft = shrunk(lambda s, by: np.maximum(s - by, 0))


def grid():
    """A target that weakens as λ grows, with a false pixel up to λ = 1 and nothing left at 4."""
    mask = np.zeros((32, 32), bool)
    mask[10:12, 10:12] = True
    peaks = {0.5: 0.9, 1.0: 0.8, 2.0: 0.4, 3.0: 0.2, 4.0: 0.0}
    targets = {factor: np.where(mask, peak, 0.0) for factor, peak in peaks.items()}
    targets[0.5][20, 20] = targets[1.0][20, 20] = 0.1
    return targets, mask


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "toy_top_hat": (
        checks.toy_top_hat,
        None,
        (60, 1),
        [
            ((58, 1), "median"),
            ((80, 1), "level itself"),
            ((60, 2), "above 0.7"),
            ((60, 5), "count what lies above"),
            ((10, 1), "the largest of each"),
        ],
    ),
    "max_median_function": (
        checks.max_median_function,
        stub,
        lambda window: window[2, 2] - max(medians(window)),
        [
            (lambda window: window[2, 2] - min(medians(window)), "least of the four"),
            (lambda window: window[2, 2] - np.mean(medians(window)), "mean of the four"),
            (lambda window: max(medians(window)), "level minus it"),
            (lambda window: max(0, window[2, 2] - max(medians(window))), "negative"),
            (lambda window: window[2, 2] - np.median(window), "all 25"),
            (lambda window: 0.0, "four lines"),
        ],
    ),
    "normal_tail": (
        checks.normal_tail,
        None,
        1350,
        [
            (2700, "both tails"),
            (0.00135, "fraction"),
            (0.135, "per cent"),
            (998_650, "below T"),
            (300, "erfc"),
        ],
    ),
    "patch_count": (
        checks.patch_count,
        None,
        (2500, 441),
        [
            ((441, 2500), "other order"),
            ((2500, 25), "without overlap"),
            ((2500, 625), "does not fit"),
            ((2500, 484), "flush"),
            ((2500, 21), "one row"),
            ((50, 441), "one column"),
            ((1, 1), "as long as they fit"),
        ],
    ),
    "shrinking": (
        checks.shrinking,
        stub,
        soft,
        [
            (shrunk(lambda s, by: s * (s > by)), "soft, not hard"),
            (shrunk(lambda s, by: np.abs(s - by)), "becomes 0"),
            (lambda matrix, by: np.sign(matrix) * np.maximum(np.abs(matrix) - by, 0), "entries"),
            (lambda matrix, by: matrix - soft(matrix, by), "left over"),
            (lambda matrix, by: matrix, "np.linalg.svd"),
        ],
    ),
    "clean_weight": (
        lambda answer: checks.clean_weight(answer, *grid()),
        None,
        (2.0, 0.5),
        [
            ((2.0, 0.4), "divide the peak"),
            ((1.0, 1.0), "go higher"),
            ((3.0, 0.25), "a smaller λ"),
            ((2.0, 0.9), "read the peak"),
            ((7.0, 0.5), "at its bottom"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_a_frame_for_which_no_weight_is_clean_gets_a_hint():
    targets, mask = grid()
    dirty = {factor: np.ones_like(one) for factor, one in targets.items()}
    nothing = {factor: np.zeros_like(one) for factor, one in targets.items()}
    for made in (dirty, nothing):
        assert checks.clean_weight(None, made, mask).voice == "not yet"
        assert "no λ of the slider" in checks.clean_weight((1.0, 1.0), made, mask).text


def test_the_row_is_counted_as_the_filters_count_it():
    left = classical.top_hat(checks.filter_row()[None])
    assert checks.toy_top_hat((left[0, 5], classical.segment(left, "T-C")[0].sum())).voice == "correct"


def test_max_median_of_the_package_agrees_with_the_check():
    def by_package(window):
        return classical.max_median(np.pad(window, 4, mode="edge"))[6, 6]

    assert checks.max_median_function(by_package).voice == "correct"


def test_the_patches_are_counted_as_ipi_cuts_them():
    assert classical_low_rank.patch_matrix(np.eye(256)).shape == (441, 2500)
