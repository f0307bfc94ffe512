"""The folded solutions of notebook 14, as printed, are correct; its text keeps to what was measured."""

import lesson
import numpy as np
from scipy.special import ndtr

from rrca import checks, classical


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(14, np=np, ndtr=ndtr, classical=classical, row=checks.filter_row())
    assert lesson.voices(
        checks.toy_top_hat(answers["left_and_marked"]),
        checks.max_median_function(answers["max_median"]),
        checks.normal_tail(answers["fa_of_normal"]),
    ) == {"correct"}


def test_stubs_are_not_yet_solved():
    stubs = lesson.stubs(14)
    assert lesson.voices(
        checks.toy_top_hat(stubs["left_and_marked"]),
        checks.max_median_function(stubs["max_median"]),
        checks.normal_tail(stubs["fa_of_normal"]),
    ) == {"not yet"}


def test_every_rule_of_the_text_is_one_that_the_figure_has():
    """The factor between the largest and the least Fa is read off nine rules, not off the default alone."""
    from rrca.studies.classical import RULES

    assert [rule[:3] for rule in RULES] == ["T-C", *["T-A"] * 3, "T-D", *["T-E"] * 4]
