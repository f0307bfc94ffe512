"""The exercises of notebook 04 in three voices, and their maps."""

from math import comb

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.metrics import target_scr
from rrca.studies import contrast, iterations


def stub(*given):
    raise NotImplementedError


def exposed(values, mask):
    background = values[~mask]
    middle = np.median(background)
    return np.mean((background - middle) / (values[mask].mean() - middle) > 0.5)


def half_way(values, mask, middle=np.median):
    return (middle(values[~mask]) + values[mask].mean()) / 2


def tail(first, second, start=None):
    cases = first + second
    return sum(comb(cases, k) for k in range((min(first, second) if start is None else start) + 1)) / 2**cases


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "toy_contrast": (
        checks.toy_contrast,
        None,
        0.8,
        [
            (3.0, "that is map A"),
            (4.0, "distance of the means"),
            (0.16, "not by the variance"),
            (1.8, "ring's mean away first"),
            (0.79, "not by one less"),
            (-0.2, "20 zeros too"),
            (7.0, "standard deviation of the ring"),
        ],
    ),
    "exposure_function": (
        checks.exposure_function,
        stub,
        exposed,
        [
            (lambda v, m: np.mean(v[~m] > half_way(v, m)), "show its target dark"),
            (lambda v, m: np.sum(v[~m] > half_way(v, m)), "their number"),
            (lambda v, m: 100 * np.mean(v[~m] > half_way(v, m)), "not per cent"),
            (lambda v, m: np.sum(v[~m] > half_way(v, m)) / v.size, "not of the whole map"),
            (lambda v, m: np.mean(v > half_way(v, m)), "no background"),
            (lambda v, m: np.mean(v[~m] > half_way(v, m, np.mean)), "*median*"),
            (lambda v, m: np.mean(v[~m] > v[m].mean() / 2), "not half of the target's value"),
            (lambda v, m: np.mean(v[~m] > v[m].mean()), "brighter than the target"),
            (lambda v, m: 0.5, "above 0.5"),
        ],
    ),
    "missed_by_both": (
        lambda answer: checks.missed_by_both(answer, 6, 10, 263),
        None,
        60 / 263,
        [
            (60 / 263**2, "probability for one target"),
            (6, "missed all that the other"),
            (16, "all misses"),
            (257 * 253 / 263, "both would find"),
            (0, "now and then"),
            (3, "share of the second's"),
        ],
    ),
    "coin": (
        checks.coin,
        stub,
        lambda a, b: min(1, 2 * tail(a, b)),
        [
            (lambda a, b: 2 * tail(a, b), "counted twice"),
            (lambda a, b: tail(a, b), "one side"),
            (lambda a, b: comb(a + b, a) / 2 ** (a + b), "this very split"),
            (lambda a, b: min(1, 2 * tail(a, b, a)), "smaller of the two"),
            (lambda a, b: a / (a + b), "share of the first"),
            (lambda a, b: 0.05, "add the probabilities"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_the_expectations_are_those_of_the_functions_that_they_teach():
    """Worked out by hand in the checks, by the package here."""
    maps, mask = checks.toy_maps()
    assert target_scr(maps["map A"], mask)[0] == pytest.approx(3)
    assert checks.toy_contrast(target_scr(maps["map B"], mask)[0]).voice == "correct"
    assert [contrast.exposure(values, mask)[0] for values in maps.values()] == [0, 0.5]
    assert checks.exposure_function(lambda v, m: contrast.exposure(v, m)[0]).voice == "correct"
    assert checks.coin(iterations.sign_test).voice == "correct"
    hits = {0: np.arange(263) >= 6, 2: np.arange(263) < 253}
    assert checks.missed_by_both(iterations.pairs(hits)["by chance"].iloc[0], 6, 10, 263).voice == "correct"


def test_both_toy_targets_have_rings_of_twenty_and_twenty():
    maps, mask = checks.toy_maps()
    for values in maps.values():
        assert np.unique(values[~mask], return_counts=True)[1].tolist() == [20, 20]
