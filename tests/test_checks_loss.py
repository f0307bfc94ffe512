"""The exercises of notebook 03 in three voices, and their row."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks, losses


def stub(*given):
    raise NotImplementedError


def worst(values, count):
    return np.sort(values, axis=None)[::-1][:count]


def right_top_k(values, k):
    return worst(values, max(1, int(values.size * k / 100))).mean()


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "toy_top_k": (
        checks.toy_top_k,
        None,
        1.41,
        [
            (0.141, "by all 20 pixels"),
            (0.225, "mean over all pixels"),
            (0.742, "does not look at the mask"),
            (2.81, "sum of the two"),
            (1.61, "worst pixel alone"),
            (1.0, "two largest"),
        ],
    ),
    "doubling_alpha": (
        checks.doubling_alpha,
        None,
        10.7,
        [
            (10.0, "Dice has one too"),
            (16.9, "double the one at α = 0"),
            (2.0, "no factor"),
            (6.0, "not yet doubled"),
            (11.9, "beyond"),
        ],
    ),
    "all_targets_kept": (
        checks.all_targets_kept,
        None,
        30,
        [(6, "number of pixels"), (15, "share of target pixels"), (25, "left out"), (40, "smaller k")],
    ),
    "top_k_function": (
        checks.top_k_function,
        stub,
        right_top_k,
        [
            (lambda v, k: np.mean([right_top_k(frame, k) for frame in v]), "of the batch"),
            (lambda v, k: worst(v, max(1, int(v.size * k / 100))).sum() / v.size, "by all pixels"),
            (lambda v, k: worst(v, int(v.size * k / 100)).sum(), "the sum"),
            (lambda v, k: v.mean(), "mean over all pixels"),
            (lambda v, k: np.sort(v, axis=None)[: int(v.size * k / 100)].mean(), "smallest losses"),
            (lambda v, k: worst(v, int(k)).mean(), "not their number"),
            (lambda v, k: sum(worst(v, int(v.size * k / 100))) / int(v.size * k / 100), "one at least"),
            (lambda v, k: v.max(), "sort all"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_the_expectations_are_those_of_the_losses_that_they_teach():
    """Worked out by formula in the checks, by the package here."""
    import torch

    p, mask = (torch.tensor(one) for one in checks.toy_row())
    loss = losses.build("top-k")(torch.logit(p), mask)
    assert checks.toy_top_k(loss.item()).voice == "correct"
    row = losses.cross_entropy(torch.logit(p), mask.double())
    by_loss = row.argsort(descending=True).tolist()
    rank = max(by_loss.index(column) for column in (8, 9, 10)) + 1
    assert checks.all_targets_kept(100 * rank / 20).voice == "correct"


def test_insights_quote_what_the_notebook_measures():
    """1.29 and 3.11 are the numbers of figure 03_knobs."""
    assert "1.29 times" in checks.doubling_alpha(10.68).text
    assert "3.11 times" in checks.doubling_alpha(10.68).text
