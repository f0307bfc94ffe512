"""Where the gradient goes: against finite differences, against formulas, and counted by hand."""

import numpy as np
import pytest
import torch

from rrca import data, losses
from rrca.checks import toy_row
from rrca.data import Frame
from rrca.errors import InputError
from rrca.studies import gradients


@pytest.mark.parametrize("target", [True, False])
@pytest.mark.parametrize("name", ["dice", "soft-iou", "poly", "top-k", "dpt-k"])
def test_slopes_are_those_of_the_values(name, target):
    """The slope is the difference of two values nearby, and each value is that of a batch of one pixel."""
    loss, p = losses.build(name), torch.tensor([0.1, 0.4, 0.8], dtype=torch.float64)
    values, slopes = gradients.along_p(loss, p, target)
    step = 1e-3
    after, before = (gradients.along_p(loss, p + sign * step, target)[0] for sign in (1, -1))
    torch.testing.assert_close(slopes.double(), (after - before).double() / (2 * step), rtol=2e-3, atol=2e-3)
    for one, value in zip(p, values, strict=True):
        alone = loss(torch.logit(one).reshape(1, 1, 1, 1), torch.full((1, 1, 1, 1), float(target)))
        assert value.item() == pytest.approx(alone.item(), rel=1e-5)


def test_claim_23_dpt_k_is_steepest_on_a_background_pixel_too():
    p = torch.linspace(0.05, 0.95, 19)
    steepest = gradients.along_p(losses.build("dpt-k"), p, target=False)[1]
    for name in ("soft-iou", "dice", "top-k", "poly"):
        assert (steepest >= gradients.along_p(losses.build(name), p, target=False)[1]).all()


def test_the_two_forms_over_the_row_by_hand():
    """Kept are p = 0.2 on a target and 0.7 on a cloud: −ln 0.2 = 1.609, −ln 0.3 = 1.204."""
    both = gradients.both_forms(*toy_row())
    kept = 1.6094 + 1.2040
    assert both["release"]["poly+top-k"] == pytest.approx(kept / 2 + 3.1 * (0.8 + 0.7) / 2, abs=1e-3)
    assert both["paper"]["top-k"] == pytest.approx(kept / 20, abs=1e-3)
    for terms in both.values():
        assert terms["sum"] == pytest.approx(sum(value for name, value in terms.items() if name != "sum"))


def test_cross_entropys_gradient_is_p_minus_g():
    logits, mask = torch.tensor([[[[-3.0, 0.0, 2.0, 5.0]]]]), torch.tensor([[[[1.0, 0.0, 1.0, 0.0]]]])
    pull = gradients.per_pixel(gradients.rivals()["cross-entropy"], logits, mask)
    torch.testing.assert_close(pull, (torch.sigmoid(logits) - mask).abs() / 4)
    assert not logits.requires_grad


def test_top_k_keeps_the_worst_and_only_they_have_a_gradient():
    logits = torch.randn(2, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros_like(logits)
    mask[0, 0, 4, 4:7] = 1
    kept = gradients.kept_by_top_k(logits, mask, k=15)
    assert kept.sum() == 30
    pixel = losses.cross_entropy(logits, mask)
    assert pixel[kept].min() > pixel[~kept].max()
    for name in ("top-k", "poly+top-k"):  # Poly inside Top-k keeps the same pixels
        pull = gradients.per_pixel(losses.build(name, k=15), logits, mask)
        assert ((pull > 0) == kept).all()


class Bright(torch.nn.Module):
    """A network that scores by brightness, and a norm whose statistics a training step would move."""

    multiple = 8

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(1, affine=False)

    def forward(self, x):
        return self.norm(x)


def frame(H=12, W=20):
    image = np.zeros((H, W), np.float32)
    image[3, 4:8] = 1  # two target pixels and two of a cloud
    mask = np.zeros((H, W), np.uint8)
    mask[3, 4:6] = 255
    mask[9, 9] = 255  # a target that cannot be seen
    return Frame("drawn", image, mask)


def stage(batch_statistics=False, name="drawn"):
    normalisation = data.Normalisation((0.5,), (0.1,))
    return gradients.Stage(name, Bright(), normalisation, batch_statistics)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_a_stage_gives_logits_of_the_frames_size_and_leaves_its_network_alone(batch_statistics):
    one = stage(batch_statistics)
    logits = one.logits(frame().image)
    assert logits.shape == (1, 1, 12, 20) and not logits.requires_grad
    assert one.network.norm.num_batches_tracked == 0
    assert (logits.min() < -1) != batch_statistics  # −5 by the running statistics, near 0 by the frame's


def test_shares_by_hand():
    """Logits ±5: two target pixels found, one missed, two cloud pixels, 235 of sky. |p − g| sums them up."""
    shares = gradients.share(
        stage(), [frame(), frame()], {"cross-entropy": losses.build("top-k", k=100)}, k=1
    )
    small, large = 1 / (1 + np.exp(5)), 1 / (1 + np.exp(-5))
    assert (shares.frames, shares.pixels, shares.targets, shares.missed_pixels) == (2, 480, 6, 2)
    assert shares.background["cross-entropy"] == pytest.approx((2 * large + 235 * small) / 240, rel=1e-3)
    assert shares.target["cross-entropy"] == pytest.approx((2 * small + large) / 240, rel=1e-3)
    assert shares.on_missed("cross-entropy") == pytest.approx(large / (2 * small + large), rel=1e-3)
    # 1 % of 240 pixels are two, both from the three worst: cloud, cloud, missed target.
    assert shares.kept == 4 and shares.kept_targets in (0, 1, 2)
    assert 0.3 < shares.cross_entropy_kept < 0.7
    assert shares.part("cross-entropy", "cross-entropy") == 1


def test_shares_agree_with_the_maps_of_the_same_frame():
    rivals = gradients.rivals()
    shares, maps = gradients.share(stage(), [frame()], rivals), gradients.maps(stage(), frame(), rivals)
    for name, values in maps.items():
        assert values.shape == (12, 20)
        assert values[~frame().mask].sum() == pytest.approx(shares.background[name], rel=1e-4)
    numbers = shares.numbers()
    share = numbers["gradient on background / %"]["dice"]
    assert share == pytest.approx(100 * shares.on_background("dice"))
    assert 0 < numbers["dice / % of dpt-k release"] < 100


def test_frames_without_targets_are_refused():
    empty = Frame("empty", frame().image, np.zeros((12, 20), np.uint8))
    with pytest.raises(InputError, match="1 frames with no target"):
        gradients.share(stage(), [empty])


def test_stages_are_drawn_from_the_seed_and_leave_the_random_state_alone():
    state = torch.random.get_rng_state()
    (first, trained), (again, _), (other, _) = (gradients.stages(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (first.name, trained.name) == ("before training", "after training")
    image = frame(16, 24).image
    assert torch.equal(first.logits(image), again.logits(image))
    assert not torch.equal(first.logits(image), other.logits(image))
    assert not trained.network.training


def test_claim_24_dpt_k_sends_more_to_background_than_dice_before_training_not_after():
    """On synthetic scenes, with two seeds; the trained network's shares are within 15 points of each other."""
    scenes = data.open("synthetic", "test")[:3]
    compared = {name: gradients.rivals()[name] for name in ("dice", "dpt-k release")}
    for seed in (0, 1):
        before = gradients.share(gradients.stages(seed=seed)[0], scenes, compared)
        assert before.on_background("dpt-k release") > 0.98
        assert before.on_background("dice") < before.on_background("dpt-k release")
        assert before.part("dice", "dpt-k release") < 0.05
    after = gradients.share(gradients.stages()[1], scenes, compared)
    assert abs(after.on_background("dice") - after.on_background("dpt-k release")) < 0.15
