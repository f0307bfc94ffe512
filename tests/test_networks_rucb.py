"""The three rivals with RuCB: what their passes share, what each owns, and the control without recurrence."""

import copy

import pytest
import torch
from torch import nn

import rrca
from rrca.blocks import ResidualBlock
from rrca.networks.rrcanet import FeatureStacking
from rrca.reuse import is_kernel

NAMES = ("resunet+rucb", "amfunet+rucb", "dnanet+rucb")


def norms(module):
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def shared_kernels(network):
    """Names of the body's kernels that every pass runs, found by counting calls."""
    calls = {}
    hooks = [
        m.register_forward_hook(lambda m, x, y, name=name: calls.__setitem__(name, calls.get(name, 0) + 1))
        for name, m in network.body.named_modules()
        if is_kernel(m)
    ]
    network(torch.randn(2, 1, 32, 32))
    for hook in hooks:
        hook.remove()
    # AMFU-net's attention runs once a level, so four times a pass
    assert set(calls.values()) <= {3, 12}
    return list(calls)


@pytest.mark.parametrize(
    ("name", "kernels"),
    # 3×3 of the encoder and decoder; of the four levels, the gates and the fusions; of column, lattice and fusion
    [
        ("resunet+rucb", 2 * 9 + 2 * 4),
        ("amfunet+rucb", 2 * 4 + 3 + 3 + 4 * (5 + 1)),
        ("dnanet+rucb", 18 + 3 * 16 + 3),
    ],
)
def test_every_kernel_of_the_body_runs_in_every_pass(name, kernels):
    assert len(shared_kernels(rrca.build(name, in_channels=1))) == kernels


@pytest.mark.parametrize("name", NAMES)
def test_shared_kernels_receive_gradient_from_every_pass(name):
    network = rrca.build(name, in_channels=1)
    weights = [network.body.get_submodule(part).weight for part in shared_kernels(network)]
    x = network.stem(torch.randn(2, 1, 32, 32)).detach()
    for t in range(3):
        given = network.body(x, t)
        score = sum(y.square().mean() for y in (given if isinstance(given, list) else [given]))
        gradients = torch.autograd.grad(score, weights, retain_graph=True)
        assert all(gradient.abs().sum() > 0 for gradient in gradients), f"pass {t}"
        x = network.reenter(given).detach()


@pytest.mark.parametrize("name", NAMES)
def test_a_state_dict_holds_each_tensor_once_and_keeps_the_sharing(name):
    network, other = (rrca.build(name, in_channels=1) for _ in range(2))
    state = network.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    other.load_state_dict(state)
    x = torch.randn(1, 1, 32, 32)
    assert torch.equal(other.eval()(x), network.eval()(x))
    assert len(shared_kernels(other)) == len(shared_kernels(network))


@pytest.mark.parametrize("name", NAMES)
def test_a_training_step_parts_the_statistics_that_passes_own(name):
    network = rrca.build(name, in_channels=1)
    network(torch.randn(2, 1, 32, 32))
    owner = {
        "resunet+rucb": lambda body: body,
        "amfunet+rucb": lambda body: body.decoder,
        "dnanet+rucb": lambda body: body.column[1],
    }[name](network.body)
    first, second, third = (
        [norm.running_var.clone() for norm in norms(run) if norm is not shared_shortcut_norm(run)]
        for run in owner._runs
    )
    assert all(not torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(not torch.equal(a, b) for a, b in zip(second, third, strict=True))


def shared_shortcut_norm(run):
    """The norm that DNANet with RuCB shares among passes."""
    is_dnanet = isinstance(run, nn.Sequential) and isinstance(run[0].shortcut, nn.Sequential)
    return run[0].shortcut[1] if is_dnanet else None


def test_resunet_owns_shortcuts_and_norms_and_amfunet_only_the_norms_of_its_decoder():
    resunet, amfunet = (rrca.build(name, in_channels=1) for name in NAMES[:2])
    a, b = (run.encoder[1][0] for run in resunet.body._runs[:2])
    assert a.conv1 is b.conv1 and a.shortcut[0] is not b.shortcut[0] and a.norm1 is not b.norm1
    assert not torch.equal(a.shortcut[0].weight, b.shortcut[0].weight)  # drawn by each pass
    a, b = (run.fusions[0] for run in amfunet.body.decoder._runs[:2])
    assert a.branches[0][1][0] is b.branches[0][1][0] and a.branches[0][1][1] is not b.branches[0][1][1]
    a, b = (run.attention for run in amfunet.body.decoder._runs[:2])
    assert a.norm1 is not b.norm1
    assert list(a.gates.parameters()) and all(
        p is q for p, q in zip(a.gates.parameters(), b.gates.parameters(), strict=True)
    )


def test_dnanet_owns_the_norms_of_its_column_alone_and_the_lattice_sees_all_passes():
    network = rrca.build("dnanet+rucb", in_channels=1)
    a, b = (run[0] for run in network.body.column[2]._runs[:2])
    assert a.shortcut is b.shortcut and a.conv2 is b.conv2 and a.norm2 is not b.norm2
    network(torch.randn(2, 1, 32, 32))
    assert {int(norm.num_batches_tracked) for norm in norms(network.body.lattice)} == {3}
    assert {int(norm.num_batches_tracked) for norm in (a.norm1, b.norm1)} == {1}


def test_the_control_without_iterations_is_a_plain_u_shape_bit_by_bit():
    """n = 0 of resunet+rucb: stem, one run of encoder and decoder called by hand, tail."""
    network = rrca.build("resunet+rucb", in_channels=1, iterations=0).eval()
    x = torch.randn(1, 1, 32, 32)
    unwrapped = copy.deepcopy(network.body.stage)
    assert torch.equal(network(x), network.output.tail(unwrapped(network.stem(x))))
    assert isinstance(network.stem, ResidualBlock) and isinstance(network.output, FeatureStacking)


def test_the_control_of_the_others_has_one_pass_and_no_reentry():
    for name in NAMES[1:]:
        network = rrca.build(name, in_channels=1, iterations=0)
        calls = []
        network.body.register_forward_hook(
            lambda module, inputs, output, calls=calls: calls.append(inputs[1])
        )
        network.eval()(torch.randn(1, 1, 32, 32))
        assert calls == [0]
    assert not list(rrca.build("amfunet+rucb", iterations=0).reenter.parameters())


@pytest.mark.parametrize("name", NAMES[1:])
def test_what_had_to_be_deduced_says_so(name):
    assert "not known to be the authors' network" in type(rrca.build(name)).__doc__
