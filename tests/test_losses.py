"""The losses: properties that any correct implementation has, the paper's claims, and values counted by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from rrca import losses
from rrca.errors import InputError

ALL = [
    (name, {"form": form} if form else {})
    for name in losses.names()
    for form in (["release", "paper"] if name in ("top-k", "poly+top-k", "dice+top-k", "dpt-k") else [None])
]
REGION = {"soft-iou", "dice", "focal-iou"}  # their only way to a pixel is p, whose slope is p (1 − p)
every_loss = pytest.mark.parametrize(("name", "settings"), ALL, ids=lambda value: str(value))


def scene(B=2, side=16):
    """Logits at random, a 3×3 target in each frame."""
    mask = torch.zeros(B, 1, side, side)
    mask[:, :, 5:8, 9:12] = 1
    return torch.randn(B, 1, side, side, generator=torch.Generator().manual_seed(1)), mask


# --- Properties ----------------------------------------------------------------------------------------------


@every_loss
def test_perfection_costs_nothing(name, settings):
    _, mask = scene()
    assert losses.build(name, **settings)(200 * mask - 100, mask).item() == pytest.approx(0, abs=2e-3)


@every_loss
def test_a_better_score_on_a_target_pixel_costs_less(name, settings):
    logits, mask = scene()
    logits = logits - 3  # a hard case: most pixels say "clutter"
    loss, values = losses.build(name, **settings), []
    for score in (-8.0, -4.0, 0.0, 4.0, 8.0):
        logits[0, 0, 6, 10] = score
        values.append(loss(logits, mask).item())
    assert all(a >= b for a, b in pairwise(values)) and values[0] > values[-1]


@every_loss
def test_order_of_the_pixels_does_not_matter(name, settings):
    logits, mask = scene()
    order = torch.randperm(logits.numel())
    shuffled = [x.flatten()[order].reshape(x.shape) for x in (logits, mask)]
    loss = losses.build(name, **settings)
    torch.testing.assert_close(loss(*shuffled), loss(logits, mask), rtol=1e-5, atol=1e-6)


@every_loss
@pytest.mark.parametrize("fill", [-100.0, 0.0, 100.0])
@pytest.mark.parametrize("truth", ["target", "none", "all"])
def test_value_and_gradient_stay_finite(name, settings, fill, truth):
    _, mask = scene()
    mask = {"target": mask, "none": torch.zeros_like(mask), "all": torch.ones_like(mask)}[truth]
    logits = torch.full_like(mask, fill, requires_grad=True)
    value = losses.build(name, **settings)(logits, mask)
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(logits.grad).all()


@every_loss
def test_a_confidently_missed_target_pulls(name, settings):
    """At logit −100 every loss with a pixel term has a gradient. Dice, SoftIoU and FocalIoU alone cannot: by their
    formulas it is proportional to p (1 − p) = 4e-44. That is a property of the loss, not of the arithmetic."""
    _, mask = scene()
    logits = torch.full_like(mask, -100.0, requires_grad=True)
    losses.build(name, **settings)(logits, mask).backward()
    pull = -logits.grad[mask > 0]
    if name in REGION:
        assert pull.abs().max() < 1e-30
    else:
        assert (pull > 1e-4).all()


@every_loss
def test_few_pixels_are_enough(name, settings):
    """Under 10 pixels, 10 % is less than one pixel: one is kept."""
    logits = torch.tensor([[[[-1.0, 2.0, 0.5]]]], requires_grad=True)
    value = losses.build(name, **settings)(logits, torch.tensor([[[[1.0, 0.0, 0.0]]]]))
    value.backward()
    assert torch.isfinite(value) and logits.grad.abs().sum() > 0


@every_loss
def test_bf16_autocast_sums_in_float32(name, settings):
    logits, mask = scene()
    loss = losses.build(name, **settings)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(logits.bfloat16(), mask)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits.bfloat16().float(), mask))


@every_loss
def test_the_sum_is_the_sum_of_the_named_terms(name, settings):
    logits, mask = scene()
    loss = losses.build(name, **settings)
    terms = loss.terms(logits, mask)
    assert (
        len(terms) == {"dpt-k": 2}.get(name, name.count("+") + 1)
        or settings == {"form": "paper"}
        or name == "poly+top-k"
    )
    torch.testing.assert_close(sum(terms.values()), loss(logits, mask))


@every_loss
def test_a_list_of_logits_gives_the_mean(name, settings):
    logits, mask = scene()
    loss = losses.build(name, **settings)
    expected = (loss(logits, mask) + loss(logits + 1, mask)) / 2
    torch.testing.assert_close(loss([logits, logits + 1], mask), expected)


# --- Values by hand ------------------------------------------------------------------------------------------


def by_hand(logits, mask, name, form="release", alpha=3.1, k=10.0):
    """Each loss again, pixel by pixel in Python floats."""
    pairs = [
        (1 / (1 + math.exp(-z)), g)
        for z, g in zip(logits.flatten().tolist(), mask.flatten().tolist(), strict=True)
    ]
    N = len(pairs)
    overlap, scores, targets = (sum(v) for v in zip(*((p * g, p, g) for p, g in pairs), strict=True))
    true = [p if g else 1 - p for p, g in pairs]
    ce = [-math.log(t) for t in true]
    poly = [c + alpha * (1 - t) for c, t in zip(ce, true, strict=True)]
    focal = [(0.25 if g else 0.75) * (1 - t) ** 2 * c for (_, g), t, c in zip(pairs, true, ce, strict=True)]
    kept = max(1, math.floor(N * k / 100))

    def top(values):
        return sum(sorted(values)[-kept:]) / (kept if form == "release" else N)

    dice = 1 - (2 * overlap + 1) / (scores + targets + 1)
    values = {
        "soft-iou": 1 - (overlap + 1) / (scores + targets - overlap + 1),
        "dice": dice,
        "dice+focal": dice + sum(focal) / N,
        "top-k": top(ce),
        "poly": sum(poly) / N,
        "poly+top-k": top(poly) if form == "release" else sum(poly) / N + top(ce),
        "dice+top-k": dice + top(ce),
    }
    values["dpt-k"] = dice + values["poly+top-k"]
    q = [0.999 * (p - 0.5) + 0.5 for p, _ in pairs]
    soft = sum(a * g for a, (_, g) in zip(q, pairs, strict=True))
    iou = (soft + 1) / (sum(q) + targets - soft + 1)
    hard = [
        (a if not g else 1 - a) ** 2 * -math.log(a if g else 1 - a)
        for a, (_, g) in zip(q, pairs, strict=True)
    ]
    values["focal-iou"] = sum(
        (0.75 if g else 0.25) * (1 - iou) * F ** ((1 + iou) / 2)
        for F, (_, g) in zip(hard, pairs, strict=True)
    )
    return values[name]


@every_loss
def test_values_against_a_plain_loop(name, settings):
    logits, mask = scene()
    expected = by_hand(logits, mask, name, **settings)
    assert losses.build(name, **settings)(logits, mask).item() == pytest.approx(expected, rel=1e-5)


def test_dice_of_a_row_counted_by_hand():
    """p = ½ on four pixels, one of them a target: 1 − (2·½ + 1) / (2 + 1 + 1) = ½."""
    assert losses.dice(torch.zeros(4), torch.tensor([1.0, 0, 0, 0])).item() == pytest.approx(0.5)


def test_top_k_keeps_the_worst_pixels_of_the_batch_not_of_each_frame():
    """20 pixels in 2 frames, k = 10 %: both kept pixels lie in the bad frame."""
    logits = torch.full((2, 1, 1, 10), -20.0)
    logits[1, 0, 0, :2] = 5.0  # two confident false alarms
    kept = losses.build("top-k")(logits, torch.zeros_like(logits)).item()
    assert kept == pytest.approx(math.log1p(math.exp(5)), rel=1e-5)


# --- Paper and release ---------------------------------------------------------------------------------------


def test_paper_and_release_divide_top_k_by_different_numbers():
    logits, mask = scene(side=10)
    release, paper = (losses.build("top-k", form=form)(logits, mask) for form in ("release", "paper"))
    assert (paper / release).item() == pytest.approx(10 / 100)


def test_release_dpt_k_without_poly_is_dice_plus_top_k():
    logits, mask = scene()
    torch.testing.assert_close(
        losses.build("dpt-k", alpha=0)(logits, mask), losses.build("dice+top-k")(logits, mask)
    )


def test_poly_inside_top_k_is_not_poly_plus_top_k():
    logits, mask = scene()
    release, paper = (losses.build("dpt-k", form=form).terms(logits, mask) for form in ("release", "paper"))
    assert set(release) == {"dice", "poly+top-k"} and set(paper) == {"dice", "poly", "top-k"}
    assert abs(sum(release.values()) - sum(paper.values())) > 0.1


def test_claim_23_dpt_k_is_larger_and_steeper_than_the_single_losses():
    """Fig. 4: one positive pixel whose probability p rises; at equal p, DpT-k's value and slope are the largest."""
    p = torch.tensor(np.linspace(0.05, 0.95, 19), dtype=torch.float32)
    for one in p:
        values, slopes = {}, {}
        for name in ("dpt-k", "soft-iou", "dice", "top-k", "poly"):
            prob = one.clone().requires_grad_()
            value = losses.build(name)(torch.logit(prob).reshape(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
            value.backward()
            values[name], slopes[name] = value.item(), -prob.grad.item()
        assert all(values["dpt-k"] >= value for value in values.values()), f"p = {one:.2f}"
        assert all(slopes["dpt-k"] >= slope for slope in slopes.values()), f"p = {one:.2f}"


# --- Bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("dpt", {}, "unknown loss 'dpt'.*dpt-k"),
        ("dice", {"alpha": 3.1}, "no setting 'alpha'; it has none"),
        ("dpt-k", {"form": "both"}, "form = 'both': choose one of release, paper"),
        ("dpt-k", {"k": 0}, "k = 0"),
        ("top-k", {"k": 101}, "k = 101"),
        ("poly", {"alpha": float("nan")}, "alpha = nan"),
    ],
)
def test_bad_settings_raise_with_what_was_expected(name, settings, message):
    with pytest.raises(InputError, match=message):
        losses.build(name, **settings)


def test_shapes_that_differ_raise_with_both():
    with pytest.raises(InputError, match=r"\(1, 1, 4, 4\).*\(1, 4, 4\)"):
        losses.build("dice")(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4))
