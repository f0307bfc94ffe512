"""The exercises of notebook 17 speak in three voices, and their expectations agree with the network itself."""

import copy

import pytest
import torch
from three_voices import assert_three_voices
from torch import nn

from rrca import checks
from rrca.reuse import is_kernel_or_norm, recurrent
from rrca.studies import plugin, ten_lines


def stub(*given):
    raise NotImplementedError


def made(network, n, **more):
    return recurrent(network, stem="first", head="head", iterations=n, **more)


class Copies(nn.Module):
    """What people write who copy the network: kernels of its own for every pass."""

    def __init__(self, network, n):
        super().__init__()
        self.first, self.head = network.first, network.head
        self.bodies = nn.ModuleList(copy.deepcopy(made(network, 0).body) for _ in range(n + 1))

    def forward(self, x):
        x = self.first(x)
        for body in self.bodies:
            x = body(x, 0)
        return self.head(x)


EXERCISES = {
    "pass_costs": (
        checks.pass_costs,
        stub,
        lambda n: 5409 + 80 * n,
        [
            (lambda n: 5409, "owns its norms"),
            (lambda n: 5409 + 40 * n, "*and* a bias"),
            (lambda n: 5409 + 96 * n, "outside the passes"),
            (lambda n: 5409 + 80 * (n + 1), "extra"),
            (lambda n: 5409 * (n + 1), "shared"),
            (lambda n: n, "2·C"),
        ],
    ),
    "made_recurrent": (
        checks.made_recurrent,
        stub,
        made,
        [
            (Copies, "more kernels"),
            (lambda network, n: network, "still the plain"),
            (lambda network, n: made(network, n - 1), "n + 1 passes"),
            (lambda network, n: made(network, n, shared=is_kernel_or_norm), "share their norms"),
            (lambda network, n: "a network", "must return a network"),
        ],
    ),
    "table_ii_cells": (
        checks.table_ii_cells,
        None,
        (6, 4, 9),
        [
            ((6, 4, 0), "falls"),
            ((2, 1, 3), "NUAA-SIRST alone"),
            ((9, 9, 9), "Pd often falls"),
            ((6, 4), "three numbers"),
            ((5, 4, 9), "by colour"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_what_is_built_and_printed():
    def parameters(n):
        return sum(p.numel() for p in ten_lines.ten_lines(ten_lines.TenLineConfig(iterations=n)).parameters())

    assert checks.pass_costs(parameters).voice == "correct"
    better = plugin.improved(plugin.printed_changes())
    assert checks.table_ii_cells(tuple(better.values())).voice == "correct"


def test_the_check_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    checks.made_recurrent(made)
    assert torch.equal(torch.rand(3), expected)
