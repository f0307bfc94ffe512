"""The exercises of notebook 12 speak in three voices."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca.checks import alpha_k as checks
from rrca.studies import alpha_k


def stub(*given):
    raise NotImplementedError


def largest(m):
    return np.random.default_rng(1).standard_normal((20000, m)).max(axis=1).mean()


EXERCISES = {
    "kept_pixels": (
        checks.kept_pixels,
        stub,
        lambda H, W, k: max(1, int(H * W * k / 100)),
        [
            (lambda H, W, k: k, "not a number of pixels"),
            (lambda H, W, k: H * W * k, "divide by 100"),
            (lambda H, W, k: int(H * W * k / 100), "one pixel at least"),
            (lambda H, W, k: H, "rounded down"),
        ],
    ),
    "targets_found": (
        checks.targets_found,
        stub,
        lambda value: round(value / 100 * 263),
        [
            (lambda value: int(value / 100 * 263), "do not cut off"),
            (lambda value: round(value * 263), "in per cent"),
            (lambda value: 0, "over 263"),
        ],
    ),
    "best_of": (
        checks.best_of,
        stub,
        largest,
        [
            (lambda m: 0.0, "mean of all draws"),
            (lambda m: 1.0 * m, "no choice"),
            (lambda m: 0.05 * (m - 1), "keep the largest"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_the_expected_best_of_the_study_is_the_check_s():
    assert checks.best_of(alpha_k.expected_best).voice == "correct"
