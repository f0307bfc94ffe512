"""RuCB as a plug-in: what passes share and own, and a stranger's U-Net, MONAI's, made recurrent."""

import copy
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.networks.nets import BasicUNet
from torch import nn

import rrca
from rrca.blocks import ResidualBlock, residual_stage
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.reuse import Recurrent, RuCB, is_convolution, is_kernel, recurrent


def size(module):
    return sum(p.numel() for p in module.parameters())


def kernels(module):
    return [m for m in module.modules() if is_kernel(m)]


# --- A stage -------------------------------------------------------------------------------------------------


def test_transposed_convolutions_are_shared_and_1x1_ones_owned():
    stage = nn.Sequential(nn.ConvTranspose2d(4, 4, 2, stride=2), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    block = RuCB(stage, passes=3)
    assert size(block) == size(stage) + 2 * (4 * 4 + 4 + 2 * 4)
    assert block._runs[0][0] is block._runs[2][0] and block._runs[0][1] is not block._runs[2][1]
    assert size(RuCB(stage, passes=3, shared=is_convolution)) == size(stage) + 2 * 2 * 4


def test_a_shared_container_brings_all_that_is_in_it():
    stage = residual_stage(4, 8, 1)
    shortcut = stage[0].shortcut
    block = RuCB(stage, passes=2, shared=lambda part: is_kernel(part) or part is shortcut)
    assert block._runs[1][0].shortcut is shortcut
    assert size(block) == size(stage) + 2 * 2 * 8  # two norms; neither the shortcut nor what is in it


def test_a_kernel_with_a_parametrisation_is_registered_once():
    stage = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3, padding=1)), nn.BatchNorm2d(4)
    )
    block = RuCB(stage, passes=2)
    assert size(block) == size(stage) + 2 * 4
    state = block.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    x = torch.randn(1, 4, 6, 6)
    assert torch.equal(block.eval()(x, 0), block(x, 1))


# --- A stranger's network ------------------------------------------------------------------------------------

SIDE = 32  # pixels; four poolings need 16, and an instance norm more than one pixel


def stranger(last=8):
    """MONAI's U-Net: instance norms, leaky ReLU, transposed convolutions; `last` channels in front of its head."""
    return BasicUNet(spatial_dims=2, in_channels=1, out_channels=1, features=(8, 8, 16, 32, 64, last))


@pytest.fixture
def plain():
    torch.manual_seed(0)
    return stranger()


@pytest.fixture
def again(plain):
    return recurrent(plain, stem="conv_0", head="final_conv", iterations=2, fuse=ResidualBlock(3 * 8, 8))


def frames(batch=2):
    return torch.randn(batch, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_without_iterations_it_is_the_network_bit_by_bit(plain, mode):
    x = torch.randn(2, 1, SIDE, 2 * SIDE)
    wrapped = recurrent(plain, stem="conv_0", head="final_conv", iterations=0)
    getattr(plain, mode)(), getattr(wrapped, mode)()
    assert torch.equal(wrapped(x), plain(x))
    assert size(wrapped) == size(plain)


def test_without_iterations_it_learns_as_the_network_does_bit_by_bit(plain):
    wrapped = recurrent(plain, stem="conv_0", head="final_conv", iterations=0)
    for network in (plain, wrapped):
        network(frames()).square().mean().backward()
    expected = {p.grad.sum().item() for p in plain.parameters()}
    assert {p.grad.sum().item() for p in wrapped.parameters()} == expected


def test_the_network_given_stays_as_it_was(plain):
    before = copy.deepcopy(plain.state_dict())
    again = recurrent(plain, stem="conv_0", head="final_conv")
    again(frames()).mean().backward()
    assert isinstance(plain.final_conv, nn.Conv2d) and all(p.grad is None for p in plain.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before.values(), plain.state_dict().values(), strict=True))


def test_further_passes_cost_their_norms_and_nothing_else(plain, again):
    per_pass = sum(
        size(m)
        for name, m in plain.named_modules()
        if isinstance(m, nn.InstanceNorm2d) and not name.startswith("conv_0")
    )
    assert per_pass == 2 * 2 * (8 + 16 + 32 + 64) + 2 * 2 * (
        32 + 16 + 8 + 8
    )  # down, then up; 2 norms of 2 C each
    assert size(again) == size(plain) + 2 * per_pass + size(again.output.fuse)


def test_all_passes_run_the_same_kernels(again):
    calls = {}
    for kernel in kernels(again.body):
        kernel.register_forward_hook(lambda m, x, y: calls.__setitem__(m, calls.get(m, 0) + 1))
    again(frames())
    assert len(calls) == 2 * 4 + 3 * 4 and set(calls.values()) == {3}  # two a level down, three up


def test_shared_kernels_receive_gradient_from_every_pass_alone(again):
    x = again.stem(frames()).detach()
    for t in range(3):
        y = again.body(x, t)
        gradients = torch.autograd.grad(y.square().mean(), [kernel.weight for kernel in kernels(again.body)])
        assert all(gradient.abs().sum() > 0 for gradient in gradients), f"pass {t}"
        x = y.detach()


def test_the_gradient_of_a_shared_kernel_is_the_sum_over_passes(again):
    """In a copy each pass has kernels of its own with the same values, so that the summands stay apart."""
    apart = copy.deepcopy(again)
    apart.body._runs = [copy.deepcopy(run) for run in apart.body._runs]
    for network in (again, apart):
        network(frames()).square().mean().backward()
    for i, kernel in enumerate(kernels(again.body.stage)):
        summands = [kernels(run)[i].weight.grad for run in apart.body._runs]
        torch.testing.assert_close(kernel.weight.grad, sum(summands))
        assert all(not torch.allclose(kernel.weight.grad, summand, atol=0) for summand in summands)


def test_norms_of_the_passes_part_in_a_training_step_and_kernels_do_not(again):
    optimiser = torch.optim.SGD(again.parameters(), lr=0.1)
    again(frames()).square().mean().backward()
    optimiser.step()
    first, *later = (
        [m.weight for m in run.modules() if isinstance(m, nn.InstanceNorm2d)] for run in again.body._runs
    )
    assert all(not torch.equal(a, b) for run in later for a, b in zip(first, run, strict=True))
    assert all(
        a is b
        for run in again.body._runs
        for a, b in zip(kernels(again.body.stage), kernels(run), strict=True)
    )


def test_a_state_dict_holds_each_tensor_once_and_keeps_the_sharing(again):
    state = again.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    other = recurrent(stranger(), "conv_0", "final_conv", iterations=2, fuse=ResidualBlock(24, 8))
    other.load_state_dict(state)
    assert torch.equal(other.eval()(frames()), again.eval()(frames()))
    assert all(
        a is b for a, b in zip(kernels(other.body._runs[0]), kernels(other.body._runs[2]), strict=True)
    )


def test_recurrent_names_what_it_cannot_do(plain):
    with pytest.raises(InputError, match=r"BasicUNet has no layer 'first'; it has conv_0, down_1"):
        recurrent(plain, stem="first", head="final_conv")
    with pytest.raises(InputError, match="iterations = -1"):
        Recurrent(nn.Identity(), RuCB(nn.Conv2d(1, 1, 3), 1), nn.Identity(), iterations=-1)
    uneven = stranger(last=12)
    with pytest.raises(
        InputError, match=r"took \(2, 8, 32, 32\) and gave the next one \(2, 12, 32, 32\).*reenter"
    ):
        recurrent(uneven, stem="conv_0", head="final_conv")(frames())
    returned = recurrent(uneven, stem="conv_0", head="final_conv", reenter=nn.Conv2d(12, 8, 1))
    assert returned(frames()).shape == (2, 1, SIDE, SIDE)


def test_it_learns_by_the_loss_of_the_training_and_detects_like_any_network(again):
    again.multiple = 16
    x, mask = frames(), torch.zeros(2, 1, SIDE, SIDE)
    mask[:, :, 6:8, 6:8] = 1
    x += 3 * mask
    loss, optimiser = rrca.losses.build("dpt-k"), torch.optim.AdamW(again.parameters(), 3e-3)
    first = loss(again(x), mask).item()
    for _ in range(20):
        optimiser.zero_grad()
        loss(again(x), mask).backward()
        optimiser.step()
    assert loss(again(x), mask).item() < 0.75 * first
    detector = rrca.Detector(again, Normalisation((0.5,), (0.2,)))
    assert detector(np.full((40, 50), 0.5, np.float32)).scores.shape == (40, 50)


def test_the_lines_in_the_readme_run():
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    (block,) = [
        code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "recurrent(" in code
    ]
    lines = [line for line in block.splitlines() if line.strip()]
    assert len(lines) <= 5
    names: dict = {}
    exec(block, names)
    costs = [rrca.count(names[name].eval(), (1, 64, 64)) for name in ("network", "again")]
    assert 2.5 < costs[1].macs / costs[0].macs < 3 and costs[1].params < 1.01 * costs[0].params
    assert all(line in inspect.getsource(recurrent) for line in lines if "Unet" in line or "stem=" in line)
