"""What passes share: the split of the gradient is exact, exchanged norms are exactly exchanged."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import rrca
from rrca import losses
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.reuse import is_kernel
from rrca.studies import inside, sharing

DEFAULT = "rrcanet-resnet18"


def batch(side=32):
    x, mask = torch.randn(2, 1, side, side), torch.zeros(2, 1, side, side)
    mask[:, :, 8:11, 8:11] = 1
    return x, mask


def test_the_gradients_of_the_passes_add_up_to_the_models():
    """An independent route: the model itself, whose kernels autograd sums over all passes."""
    model = rrca.build(DEFAULT, in_channels=1).train()
    (x, mask), loss = batch(), losses.build("dpt-k")
    table = sharing.gradient_by_pass(model, x, mask, loss)
    assert all(p.grad is None for p in model.parameters())
    loss(model(x), mask).backward()
    for level, block in enumerate(model.encoder):
        kernels = [m.weight.grad.flatten() for m in block.stage.modules() if is_kernel(m)]
        assert table.loc[level, "together"] == pytest.approx(torch.cat(kernels).norm().item(), rel=1e-3)
    assert (table[["pass 0", "pass 1", "pass 2"]] > 0).all(axis=None)  # claim 35


def test_one_pass_sends_the_whole_gradient():
    model = rrca.build(DEFAULT, in_channels=1, iterations=0).train()
    table = sharing.gradient_by_pass(model, *batch(), losses.build("dice"))
    assert list(table.columns) == ["pass 0", "together"]
    assert np.allclose(table["pass 0"], table["together"])


def test_statistics_of_pass_t_reach_every_pass_and_nothing_else_changes():
    model = rrca.load()[0]
    changed = sharing.with_norms_of_pass(model, 1)
    before, after = model.state_dict(), changed.state_dict()
    differ = {name for name in before if not torch.equal(before[name], after[name])}
    assert differ and all(name.startswith("encoder") and "running" in name for name in differ)
    assert not any("shortcut" in name or "pass1" in name for name in differ)
    table = sharing.norm_statistics(changed)
    assert (table["pass 0"] == table["pass 1"]).all() and (table["pass 2"] == table["pass 1"]).all()


def test_whole_norms_can_be_exchanged_too():
    model = rrca.load()[0]
    changed = sharing.with_norms_of_pass(model, 0, what="all")
    first, last = changed.encoder[0]._runs[0][0].norm1, changed.encoder[0]._runs[2][0].norm1
    assert first is not last and torch.equal(first.weight, last.weight)
    assert not torch.equal(last.weight, model.encoder[0]._runs[2][0].norm1.weight)
    x = torch.randn(1, 1, 32, 32)
    assert torch.equal(
        changed.encoder[0](x.expand(1, 8, 32, 32), 0), model.encoder[0](x.expand(1, 8, 32, 32), 0)
    )


def test_norm_statistics_list_every_channel_once():
    """6·8 + 4·16 + 4·32 + 4·64 channels; a fresh network has seen nothing."""
    table = sharing.norm_statistics(rrca.build(DEFAULT))
    assert table.groupby("level").size().to_dict() == {0: 48, 1: 64, 2: 128, 3: 256}
    assert (table[["pass 0", "pass 1", "pass 2"]] == 1).all(axis=None)


def test_the_shipped_weights_need_the_norms_of_their_own_passes():
    """Claim 34, on synthetic frames: with pass 0's statistics everywhere IoU is less than it was."""
    model = rrca.load()[0]
    frames = rrca.data.open("synthetic", "test")[:4]
    own = rrca.evaluate(model, frames).iou
    assert rrca.evaluate(sharing.with_norms_of_pass(model, 0), frames).iou < own


def test_crops_hold_the_target_and_fit_the_frame():
    image, mask = np.zeros((40, 60), np.float32), np.zeros((40, 60), bool)
    image[35, 55], mask[35, 55] = 1, True
    empty = SimpleNamespace(image=image, mask=np.zeros_like(mask))
    frames = [SimpleNamespace(image=image, mask=mask), empty]
    x, truth = sharing.crops(frames, Normalisation([0.0], [1.0]), side=32)
    assert x.shape == truth.shape == (2, 1, 32, 32)
    assert truth[0].sum() == 1 and torch.equal(x[0], truth[0]) and truth[1].sum() == 0
    with pytest.raises(InputError, match="side = 48"):
        sharing.crops(frames, Normalisation([0.0], [1.0]), side=48)


def test_a_joint_follows_equation_3():
    detector = rrca.Detector()
    frame = rrca.data.open("synthetic", "test")[0]
    for t in range(3):
        seen = inside.joint(detector, frame.image, t)
        assert seen.low.shape == (8, *frame.mask.shape)
        assert 0 <= seen.gate.min() < seen.gate.max() <= 1
        np.testing.assert_allclose(seen.joined, seen.low + seen.gate * seen.value, rtol=1e-4, atol=1e-4)
    d = detector.pass_maps(frame.image)[1]
    np.testing.assert_allclose(inside.joint(detector, frame.image, 1).joined.mean(0), d, atol=1e-4)


def test_the_mean_gate_pools_the_pixels_of_all_frames():
    detector = rrca.Detector()
    frames = rrca.data.open("synthetic", "test")[:2]
    on_targets, elsewhere = inside.mean_gate(detector, frames, 2)
    gates = [inside.joint(detector, frame.image, 2).gate for frame in frames]
    inner = np.concatenate([gate[:, frame.mask].ravel() for gate, frame in zip(gates, frames, strict=True)])
    outer = np.concatenate([gate[:, ~frame.mask].ravel() for gate, frame in zip(gates, frames, strict=True)])
    assert (on_targets, elsewhere) == pytest.approx((inner.mean(), outer.mean()), rel=1e-4)
    assert np.isnan(inside.mean_gate(detector, [], 0)).all()


def test_wrong_arguments_are_named():
    model = rrca.load()[0]
    with pytest.raises(InputError, match="t = 3"):
        sharing.with_norms_of_pass(model, 3)
    with pytest.raises(InputError, match="what = 'none'"):
        sharing.with_norms_of_pass(model, 0, what="none")
    with pytest.raises(InputError, match="t = -1"):
        inside.joint(rrca.Detector(), np.zeros((16, 16), np.float32), -1)
    plain = rrca.Detector(rrca.build(DEFAULT, in_channels=1, decoder="sum"), Normalisation([0.0], [1.0]))
    with pytest.raises(InputError, match="'sum'"):
        inside.joint(plain, np.zeros((16, 16), np.float32), 0)
