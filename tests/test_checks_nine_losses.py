"""The exercises of notebook 13 speak in three voices, and their expectations agree with the studies."""

import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.studies import nine_losses, printed, steps


def stub(*given):
    raise NotImplementedError


EXERCISES = {
    "smallest_p": (
        checks.smallest_p,
        stub,
        lambda d: min(1, 2 * 0.5**d),
        [
            (lambda d: 0.5**d, "one side"),
            (lambda d: 2 * 0.5**d, "exceeds 1"),
            (lambda d: 0.5, "multiply them"),
            (lambda d: d / 263, "each of d targets"),
        ],
    ),
    "poly_in_the_square": (
        checks.poly_in_the_square,
        None,
        (0, 3),
        [
            ((3, 0), "other way round"),
            ((1, 2), "fewer are better"),
            ((2, 3), "what Dice does"),
            ((0,), "two numbers"),
            ((3, 3), "figure by figure"),
        ],
    ),
    "scaled_step": (
        checks.scaled_step,
        None,
        1,
        [(1000, "plain gradient descent"), (31.6, "mean *square*"), (0.001, "cancel"), (2, "multiply both")],
    ),
    "fair_winner": (
        checks.fair_winner,
        stub,
        lambda table: max(table, key=lambda name: max(table[name])),
        [
            (lambda table: max(table, key=lambda name: table[name][1]), "given to all"),
            (lambda table: max(table, key=lambda name: sum(table[name])), "the mean punishes"),
            (lambda table: max(map(max, table.values())), "the name"),
            (lambda table: "A", "the mean punishes"),  # the loss of the best mean in all three tables
            (lambda table: "B", "largest of the three"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_studies():
    assert checks.smallest_p(printed.least_p).voice == "correct"
    better = nine_losses.improved(nine_losses.square())
    assert checks.poly_in_the_square(tuple(better["Poly"])).voice == "correct"


def test_the_step_of_torch_is_that_of_the_check():
    gradients = [0.3, -0.1, 0.2, 0.25]
    plain, scaled = (sum(steps.moves("adamw", 1e-3, [f * g for g in gradients])) for f in (1, 1000))
    assert checks.scaled_step(scaled / plain).voice == "correct"
