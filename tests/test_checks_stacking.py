"""The exercises of notebook 10 speak in three voices, and their expectations agree with the network's own modules."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.networks.rrcanet import Tail
from rrca.studies import stacking


def stub(*given):
    raise NotImplementedError


def share(weight, maps, t):
    C = len(maps[t])
    return weight[:, t * C : (t + 1) * C] @ maps[t]


def tail(m, C):
    block = (9 * m * C * C + C) + (9 * C * C + C) + 4 * C
    return block + ((m * C * C + C) + 2 * C if m > 1 else 0) + C + 1


EXERCISES = {
    "stacked_share": (
        checks.stacked_share,
        stub,
        share,
        [
            (lambda W, maps, t: W @ np.concatenate(maps), "the whole sum"),
            (lambda W, maps, t: W[:, t :: len(maps)] @ maps[t], "not channel by channel"),
            (lambda W, maps, t: W[:, :2] @ maps[t], "pass 0's columns"),
            (lambda W, maps, t: W[:, 2 * t : 2 * t + 2] @ maps[-1], "a map of its own"),
            (lambda W, maps, t: 0 * W[:, 0], "the columns"),
        ],
    ),
    "tail_parameters": (
        checks.tail_parameters,
        stub,
        tail,
        [
            (lambda m, C: tail(m, C) - (m * C * C + 3 * C) * (m > 1), "a shortcut"),
            (lambda m, C: tail(m, C) - 4 * C - 2 * C * (m > 1), "2 parameters for each channel"),
            (lambda m, C: tail(m, C) - 2 * C - 1 - C * (m > 1) + 1, "1×1 from C to 1"),
            (lambda m, C: m * tail(1, C), "one tail"),
            (lambda m, C: tail(m, C) - C - 1, "one logit"),
            (lambda m, C: m, "1×1 from C to 1"),
        ],
    ),
    "expected_pairs": (
        checks.expected_pairs,
        stub,
        lambda n, values: n * (n - 1) / 2 / values,
        [
            (lambda n, values: n * (n - 1) / values, "counted twice"),
            (lambda n, values: n * n / values, "no pair with itself"),
            (lambda n, values: (n - 1) / values, "any two runs"),
            (lambda n, values: n / values, "not the runs"),
            (lambda n, values: 0.0, "with probability"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_modules():
    def counted(m, C):
        return sum(p.numel() for p in Tail(m * C, C).parameters())

    assert checks.tail_parameters(counted).voice == "correct"
    assert (counted(1, 8), counted(3, 8)) == (1209, 2577)
    counts = stacking.counts().params
    assert counts["FSM"] - counts["without FSM"] == 2577 - 1209 == 1368


def test_the_birthday_rule_agrees_with_drawn_tables():
    """23 runs of 365 values: 0.693 pairs on average, drawn here."""
    drawn = np.random.default_rng(3).integers(365, size=(4000, 23))
    pairs = np.mean([(row[:, None] == row).sum() - 23 for row in drawn]) / 2
    assert pairs == pytest.approx(23 * 22 / 2 / 365, abs=0.05)
