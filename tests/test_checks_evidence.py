"""The exercises of notebook 20 speak in three voices, and their expectations agree with the package's own ways."""

import pytest
from scipy import stats
from three_voices import assert_three_voices

from rrca import checks, compare
from rrca.checks import evidence as exercises
from rrca.data.survey import fits


def stub(*given):
    raise NotImplementedError


def possible(pd):
    return round(100 * round(pd / 100 * 263) / 263, 2) == pd


def luck(difference, sd):
    return abs(difference) <= 1.96 * 2**0.5 * sd


def decide(low, high, printed):
    if low <= 0 <= high:
        return "undecided"
    return "agrees" if (low > 0) == (printed > 0) else "contradicts"


EXERCISES = {
    "possible_count": (
        checks.possible_count,
        stub,
        possible,
        [
            (lambda pd: (pd / 100 * 263) % 1 == 0 and pd < 100, "round it first"),
            (lambda pd: True, "neither"),
            (lambda pd: pd != 97.00, "two decimals"),
        ],
    ),
    "single_runs": (
        checks.single_runs,
        stub,
        luck,
        [
            (lambda difference, sd: abs(difference) <= 1.96 * sd, "√2"),
            (lambda difference, sd: abs(difference) <= sd, "a third"),
            (lambda difference, sd: difference <= 1.96 * 2**0.5 * sd, "sign"),
            (lambda difference, sd: not luck(difference, sd), "other way round"),
            (lambda difference, sd: True, "True if"),
        ],
    ),
    "rule_of_verdicts": (
        checks.rule_of_verdicts,
        stub,
        decide,
        [
            (lambda low, high, printed: "agrees" if low <= printed <= high else "contradicts", "it is 0"),
            (
                lambda low, high, printed: decide(low, high, printed).replace("undecided", "contradicts"),
                "it is undecided",
            ),
            (lambda low, high, printed: "undecided" if low <= 0 <= high else "agrees", "which side"),
            (
                lambda low, high, printed: "agrees" if (low + high > 0) == (printed > 0) else "contradicts",
                "middle",
            ),
            (lambda low, high, printed: "open", "holds 0"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_package():
    assert checks.possible_count(lambda pd: fits(pd, 263)).voice == "correct"
    assert checks.rule_of_verdicts(compare.verdict).voice == "correct"
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-6) == exercises.QUANTILE


def test_no_case_lies_so_near_the_edge_that_1_96_decides_otherwise():
    assert checks.single_runs(lambda d, sd: abs(d) <= 1.96 * 2**0.5 * sd).voice == "correct"
    assert checks.single_runs(lambda d, sd: abs(d) <= 2 * 2**0.5 * sd).voice == "correct"
