"""The exercises of notebook 02 speak in three voices, and their expectations agree with the network itself."""

import numpy as np
import pytest
from three_voices import assert_three_voices

import rrca
from rrca import checks


def stub(*given):
    raise NotImplementedError


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "block_parameters": (
        checks.block_parameters,
        None,
        3728,
        [
            (3488, "the norms and the shortcut"),
            (3728 - 176, "cannot be added"),
            (3728 - 64, "two norms"),
            (3728 - 48, "has a bias"),
            (3728 - 32, "a norm of its own"),
            (3728 + 96, "buffers"),
            (100, "K²"),
        ],
    ),
    "join_levels": (
        checks.join_levels,
        stub,
        lambda low, logits, value: low + sigmoid(logits) * value,
        [
            (lambda low, logits, value: low + logits * value, "sigmoid makes a gate"),
            (lambda low, logits, value: sigmoid(logits) * value, "itself is added"),
            (lambda low, logits, value: value + sigmoid(logits) * low, "re-weight"),
            (lambda low, logits, value: low + value, "gate is missing"),
            (lambda low, logits, value: low.sum(), "shape"),
        ],
    ),
    "total_parameters": (
        checks.total_parameters,
        stub,
        lambda n: 193_113 + (n - 1) * 9136,
        [
            (lambda n: 193_113, "own"),
            (lambda n: 193_113 + (n - 1) * 8496, "tail grows"),
            (lambda n: 193_113 + (n - 1) * 9224, "the later ones add less"),
            (lambda n: 193_113 + n * 9136, "extra"),
            (lambda n: n, "difference"),
        ],
    ),
    "executed_work": (
        checks.executed_work,
        None,
        2.927 + (2.927 - 2.218),
        [
            (1.25, "printed column"),
            (2.927, "n = 3"),
            (7.27, "Eq. (15)"),
            (3.636e9, "divide"),
            (5 * 0.796, "not five times"),
            (0.3, "neighbours"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_networks_built_here():
    """The checks count by hand; what they expect must be what the code does."""
    block = rrca.blocks.ResidualBlock(8, 16)
    assert checks.block_parameters(sum(p.numel() for p in block.parameters())).voice == "correct"
    costs = {n: rrca.count(rrca.build("rrcanet-resnet18", iterations=n)) for n in (1, 2, 3, 4, 5)}
    assert checks.total_parameters(lambda n: costs[n].params).voice == "correct"
    verdict = checks.executed_work(costs[4].macs / 1e9)
    assert verdict.voice == "correct" and f"{costs[4].macs / 1e9:.3f} GMAC" in verdict.text
