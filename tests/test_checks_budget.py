"""The exercises of notebook 09 speak in three voices, and their expectations agree with the package."""

import pandas as pd
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.studies import budget

PIXELS = 214 * 256 * 256


def stub(*given):
    raise NotImplementedError


EXERCISES = {
    "false_pixels": (
        checks.false_pixels,
        stub,
        lambda fa: round(fa * 1e-6 * PIXELS),
        [
            (lambda fa: fa * PIXELS, "1e-6"),
            (lambda fa: fa * 1e-6 * 256**2, "one frame"),
            (lambda fa: fa / 100 * 1e-6 * PIXELS, "percentage"),
            (lambda fa: fa * 1e-6 * 263, "not over targets"),
            (lambda fa: fa, "214 frames"),
        ],
    ),
    "steps_of_equal_work": (
        checks.steps_of_equal_work,
        stub,
        lambda work, steps: {n: round(steps * work[2] / work[n]) for n in work},
        [
            (lambda work, steps: {n: steps * work[n] / work[2] for n in work}, "turned round"),
            (lambda work, steps: {n: steps * 3 / (n + 1) for n in work}, "counts passes"),
            (lambda work, steps: {n: steps * work[0] / work[n] for n in work}, "not of n = 0"),
            (lambda work, steps: dict.fromkeys(work, steps), "equal steps"),
            (lambda work, steps: {}, "a dictionary by n"),
        ],
    ),
    "luck_of_a_claim": (
        checks.luck_of_a_claim,
        None,
        1 / 8,
        [
            (3, "number of orders"),
            (12.5, "per cent"),
            (1 / 4, "n = 2 first"),
            (1 / 2, "n = 3 below n = 0;"),
            (1 / 24, "very order"),
            (1 / 12, "need not be last"),
            (0.9, "24 orders"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_package():
    by_fa = budget.printed().set_index("fa")["pixels"]
    assert checks.false_pixels(lambda fa: by_fa.get(fa, 0)).voice == "correct"
    claim_5 = budget.share_of_orders(lambda order: order[0] == 2 and order.index(3) > order.index(0))
    assert checks.luck_of_a_claim(claim_5).voice == "correct"

    def equal_work(work, steps):
        return (steps * budget.equal_compute(pd.Series(work))).to_dict()

    assert checks.steps_of_equal_work(equal_work).voice == "correct"
