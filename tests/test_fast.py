"""The drop-ins give what they replace: outputs, gradients, statistics, detections. How fast they are is not tested."""

import copy

import pytest
import torch
from torch import nn

import rrca
from rrca import fast, losses
from rrca.blocks import DIAAM, ResidualBlock
from rrca.errors import InputError
from rrca.fast import fused, wide
from rrca.fast.drop_ins import FastResidualBlock
from rrca.fast.fused import FusedConv
from rrca.fast.join import Join
from rrca.networks.rrcanet import RRCANet, RRCANetConfig

CHANNELS_LAST = torch.channels_last


def difference(a, b):
    """‖a − b‖ / ‖b‖, in float64."""
    a, b = a.double(), b.double()
    return ((a - b).norm() / b.norm().clamp_min(1e-300)).item()


def maps(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype).contiguous(memory_format=CHANNELS_LAST)


def network(seed=0, dtype=torch.float64, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = rrca.build("rrcanet-resnet10", **{"in_channels": 1, "iterations": 1} | settings)
    return model.to(dtype, memory_format=CHANNELS_LAST).train()


def step(model, x):
    """Logits and gradients by name of one training step."""
    mask = torch.zeros(len(x), 1, *x.shape[2:])
    mask[:, :, 5:8, 9:12] = 1
    logits = model(x)
    (losses.build("dpt-k")(logits, mask) if x.dtype == torch.float32 else _weighted_sum(logits)).backward()
    return logits, {name: p.grad for name, p in model.named_parameters()}


def _weighted_sum(logits):
    """A float64 loss with another gradient at every pixel; those of `rrca.losses` go through float32."""
    many = logits if isinstance(logits, list) else [logits]
    return sum((one * maps(*one.shape, seed=7, dtype=one.dtype)).sum() for one in many)


def biases_before_norms(model):
    """Names of the convolution biases that a norm takes away: gradient zero but for rounding."""
    before = ("conv1.bias", "conv2.bias", "shortcut.0.bias", "shortcut/0.bias")
    return {name for name, _ in model.named_parameters() if name.endswith(before)}


# --- Training ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"in_channels": 3},
        {"iterations": 0},
        {"iterations": 3, "output": "deep-supervision"},
        {"output": "last"},
        {"decoder": "concat"},
        {"decoder": "sum"},
        {"guide": "high"},
        {"attention_ratio": None},
        {"norms": "shared"},
        {"channels": (12, 24), "blocks": (1, 1)},
        {"channels": (4, 8, 16), "blocks": (1, 2, 1)},
    ],
    ids=str,
)
def test_in_float64_a_step_is_the_plain_one(settings):
    """Outputs, gradients and running statistics; in float64, where rounding flips no ReLU."""
    plain = network(**settings)
    quick = fast.training(copy.deepcopy(plain))
    x = maps(2, settings.get("in_channels", 1), 32, 40, dtype=torch.float64)
    (a, of_plain), (b, of_quick) = step(plain, x), step(quick, x)
    for one, other in zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]:
        assert difference(other, one) < 1e-10
    zero = biases_before_norms(plain)
    for name in of_plain.keys() - zero:
        assert difference(of_quick[name], of_plain[name]) < 1e-8, name
    assert all(of_quick[name].abs().max() < 1e-8 for name in zero)
    for (name, one), other in zip(plain.state_dict().items(), quick.state_dict().values(), strict=True):
        assert torch.allclose(other, one, rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize(
    "shape", [(1, 8, 64, 64), (8, 8, 64, 64), (24, 8, 32, 48), (8, 8, 31, 33), (4, 12, 16, 16)]
)
def test_in_float32_each_block_is_the_plain_one(shape):
    """The issue's bound, 1e-4, part by part: through the whole network one flipped ReLU is worth more than that."""
    C_in, C_out, H, W = shape
    plain = ResidualBlock(C_in, C_out).to(memory_format=CHANNELS_LAST)
    quick = fast.training(copy.deepcopy(plain))
    assert type(quick) is FastResidualBlock
    results = []
    for block in (plain, quick):
        x = maps(2, C_in, H, W).requires_grad_()
        out = block(x)
        out.backward(maps(2, C_out, H, W, seed=1))
        gradients = {n: p.grad for n, p in block.named_parameters() if n not in biases_before_norms(block)}
        buffers = {n: b for n, b in block.named_buffers() if "running" in n}
        results.append({"out": out.detach(), "x": x.grad} | gradients | buffers)
    if (
        C_in == 1
    ):  # a norm takes away the scale of its input too: a kernel of one number has gradient 0 but for ε
        del results[0]["shortcut.0.weight"]
    for name, expected in results[0].items():
        assert difference(results[1][name], expected) < 1e-4, name


def test_in_float32_the_network_is_as_near_to_float64_as_the_plain_one():
    """Either differs from float64 by ReLUs that fall on the other side of 0; neither by more than the other tenfold."""
    exact = network(iterations=2)
    x = maps(2, 1, 64, 64)
    plain = copy.deepcopy(exact).float()
    quick = fast.training(copy.deepcopy(plain))
    expected, a, b = exact(x.double()), plain(x), quick(x)
    assert difference(a, expected) < 1e-4 and difference(b, expected) < 1e-4
    assert difference(b, expected) < 10 * difference(a, expected)


def test_in_bfloat16_the_drop_ins_round_as_the_plain_parts_do():
    x = maps(2, 1, 64, 64)
    exact = network(dtype=torch.float32)
    expected = exact(x)
    errors = []
    for model in (network(dtype=torch.float32), fast.training(network(dtype=torch.float32))):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        logits.float().square().mean().backward()
        assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())
        errors.append(difference(logits, expected))
    assert errors[1] < 1.5 * errors[0] < 0.1


def test_evaluation_and_frozen_norms_run_what_is_replaced():
    plain = network(dtype=torch.float32)
    quick = fast.training(copy.deepcopy(plain))
    x = maps(1, 1, 32, 32)
    for module in [*plain.modules(), *quick.modules()]:
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    assert torch.allclose(quick(x), plain(x), rtol=1e-5, atol=1e-6)  # the decoder has no norms
    assert torch.equal(quick.eval()(x), plain.eval()(x))


def test_weights_are_interchangeable_and_a_copy_trains_on():
    plain, quick = network(seed=0), fast.training(network(seed=1))
    assert list(plain.state_dict()) == list(quick.state_dict())
    quick.load_state_dict(plain.state_dict())
    x = maps(1, 1, 32, 32, dtype=torch.float64)
    twin = copy.deepcopy(quick)
    assert torch.equal(twin(x), quick(x)) and difference(quick(x), plain(x)) < 1e-10
    assert len({type(run[0]) for run in twin.encoder[0]._runs}) == 1
    assert twin.encoder[0]._runs[1][0].conv1 is twin.encoder[0]._runs[0][0].conv1


def test_statistics_keep_their_digits_far_from_zero():
    """Mean 1000, spread 1: sums of squares in float32 would lose the variance altogether."""
    x = maps(2, 8, 32, 32) + 1000
    norm = nn.BatchNorm2d(8)
    y, mean, spread = wide.normalise(x, norm)
    exact = x.double()
    assert torch.allclose(spread.double() ** -2, exact.var((0, 2, 3), unbiased=False) + norm.eps, rtol=1e-3)
    assert difference(y, nn.BatchNorm2d(8).double()(exact)) < 1e-3
    assert torch.allclose(mean.double(), exact.mean((0, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("shape", [(8, 3, 6, 10), (8, 24, 4, 4), (6, 5, 5, 7), (4, 3, 6, 6), (16, 8, 6, 6)])
def test_convolutions_in_pairs_are_convolutions(shape, lanes, monkeypatch):
    monkeypatch.setattr(wide, "LANES", lanes)  # whatever this processor's registers hold
    C_out, C_in, H, W = shape
    x, weight, g = maps(2, C_in, H, W), maps(C_out, C_in, 3, 3, seed=1), maps(2, C_out, H, W, seed=2)
    bias = torch.arange(C_out).float()
    x.requires_grad_(), weight.requires_grad_()
    expected = torch.conv2d(x, weight, bias, 1, 1)
    expected.backward(g)
    with torch.no_grad():
        assert torch.allclose(wide.convolve(x, weight, bias), expected, atol=1e-4)
        assert torch.allclose(wide.input_gradient(g, x, weight), x.grad, atol=1e-4)
        assert torch.allclose(wide.weight_gradient(g, x, weight), weight.grad, atol=1e-4)


def test_the_largest_value_shares_its_gradient_where_it_is_found_twice():
    """As torch's amax does: here whole rows of the map hold the largest value."""
    block = DIAAM(8, 16).double()
    value = torch.arange(6.0).view(1, 1, 6, 1).expand(2, 8, 6, 4).double()
    low, gate = maps(2, 8, 6, 4, dtype=torch.float64), maps(2, 8, 6, 4, seed=1, dtype=torch.float64)
    given = [tensor.clone(memory_format=CHANNELS_LAST).requires_grad_() for tensor in (low, gate, value)]
    matrices = [block.attention.mlp[i].weight.flatten(1) for i in (0, 2)]
    expected = given[0] + torch.sigmoid(given[1]) * block.attention(given[2])
    found = Join.apply(*given, *matrices)
    assert difference(found, expected) < 1e-10
    g = maps(2, 8, 6, 4, seed=2, dtype=torch.float64)
    wanted = [*given, block.attention.mlp[0].weight, block.attention.mlp[2].weight]
    for a, b in zip(*(torch.autograd.grad(out, wanted, g) for out in (found, expected)), strict=True):
        assert difference(a, b) < 1e-10


# --- Inference -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return rrca.load()[0]


@pytest.mark.parametrize("size", [(8, 8), (64, 96), (256, 256)])
def test_the_folded_network_gives_the_same_scores(shipped, size):
    frame = rrca.data.scenes.scene(seed=3, size=(256, 256), targets=3).image[: size[0], : size[1]]
    x = rrca.Detector(shipped).normalisation(frame)[None]
    with torch.inference_mode():
        scores, expected = (torch.sigmoid(model(x)) for model in (fast.inference(shipped), shipped))
    assert (scores - expected).abs().max() < 1e-5


@pytest.mark.parametrize(
    "settings",
    [
        {"guide": "high"},
        {"decoder": "sum"},
        {"attention_ratio": None},
        {"output": "deep-supervision"},
        {"norms": "shared"},
    ],
    ids=str,
)
def test_every_variant_folds(settings):
    model = network(**settings)
    model(maps(2, 1, 32, 32, dtype=torch.float64))  # moves the running statistics
    model.eval()
    x = maps(2, 1, 32, 40, seed=1, dtype=torch.float64)
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        folded = fast.inference(model)
        assert difference(folded(x), model(x)) < 1e-10
        a, b = folded.trace(x), model.trace(x)
        assert all(difference(p, q) < 1e-10 for p, q in zip(a.passes, b.passes, strict=True))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_network_trained_with_drop_ins_folds(shipped):
    model = RRCANet(RRCANetConfig(in_channels=1, iterations=1)).eval()
    x = maps(1, 1, 32, 32)
    with torch.no_grad():
        expected = model(x)
        assert difference(fast.inference(fast.training(model))(x), expected) < 1e-5


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float32, 1e-5), (torch.bfloat16, 1e-2), (torch.float64, 1e-12)]
)
@pytest.mark.parametrize("size", [(6, 8), (7, 5)], ids=["pairs", "odd width"])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("C_out", [1, 8, 16])
def test_a_convolution_with_sum_and_relu_is_the_three_of_them(dtype, tolerance, size, kernel, C_out):
    x, onto = maps(2, 5, *size).to(dtype), maps(2, C_out, *size, seed=1).to(dtype)
    weight, bias = maps(C_out, 5, kernel, kernel, seed=2) / 4, torch.arange(C_out).float() / 8
    conv = FusedConv(weight, bias, dtype)
    plain = torch.conv2d(x.double(), weight.to(dtype).double(), bias.double(), 1, kernel // 2)
    for found, expected in [
        (conv(x), plain),
        (conv(x, relu=True), plain.relu()),
        (conv(x, onto.clone(memory_format=CHANNELS_LAST)), plain + onto),
        (conv(x, onto.clone(memory_format=CHANNELS_LAST), relu=True), (plain + onto).relu()),
    ]:
        assert found.dtype == dtype and difference(found, expected) < tolerance


def test_without_fused_operations_the_scores_are_the_same(shipped, monkeypatch):
    """As where torch was built without oneDNN."""
    x = maps(1, 1, 32, 40)
    with torch.inference_mode():
        expected = fast.inference(shipped)(x)
        monkeypatch.setattr(fused, "FUSED", ())
        assert difference(fast.inference(shipped)(x), expected) < 1e-5


def test_in_bfloat16_scores_are_near_and_logits_float32(shipped):
    frame = rrca.data.scenes.scene(seed=3, size=(64, 96), targets=3).image
    x = rrca.Detector(shipped).normalisation(frame)[None]
    with torch.inference_mode():
        logits, expected = fast.inference(shipped, "bf16")(x), shipped(x)
    assert logits.dtype == torch.float32
    assert 1e-6 < (torch.sigmoid(logits) - torch.sigmoid(expected)).abs().max() < 0.15


@pytest.mark.parametrize(
    "settings", [{"decoder": "sum"}, {"attention_ratio": None}, {"output": "last"}], ids=str
)
def test_variants_run_in_bfloat16(settings):
    model = network(dtype=torch.float32, **settings).eval()
    x = maps(1, 1, 32, 40)
    with torch.no_grad():
        assert difference(fast.inference(model, "bf16")(x), model(x)) < 0.1


def test_a_detector_runs_a_folded_network_as_it_is(shipped):
    """The way to detect in bfloat16: rrca.Detector(fast.inference(model, "bf16"))."""
    half = fast.inference(shipped, "bf16")
    assert fast.inference(half) is half
    frame = rrca.data.scenes.scene(seed=3, size=(64, 96), targets=3).image
    scores, expected = (rrca.Detector(model).scores(frame) for model in (half, shipped))
    assert 0 < abs(scores - expected).max() < 0.15


def test_an_unknown_precision_is_refused(shipped):
    with pytest.raises(InputError, match="precision = 'fp16'"):
        fast.inference(shipped, "fp16")


def test_other_networks_run_as_they_are_and_training_mode_is_refused():
    other = nn.Conv2d(1, 1, 3).eval()
    assert fast.inference(other) is other
    with pytest.raises(ValueError, match="training mode"):
        fast.inference(network())


def test_a_detector_follows_its_network(shipped):
    """Weights changed after the first frame count from the next frame on."""
    model = copy.deepcopy(shipped)
    detector = rrca.Detector(model)
    frame = rrca.data.scenes.scene(seed=3, size=(64, 64), targets=1).image
    first = detector.scores(frame)
    with torch.no_grad():
        model.output.tail.classify.bias += 1
    second = detector.scores(frame)
    logit = lambda p: torch.logit(torch.from_numpy(p).double())  # noqa: E731
    assert torch.allclose(logit(second) - logit(first), torch.ones(64, 64).double(), atol=1e-2)


def test_detections_on_real_frames_are_those_of_the_plain_network(shipped, real_data):
    detector = rrca.Detector(shipped)
    for frame in list(rrca.data.open("NUAA-SIRST", "test"))[:12]:
        found = detector(frame.image)
        x = detector._padded(detector.normalisation(frame.image)[None])
        with torch.inference_mode():
            H, W = found.scores.shape
            expected = torch.sigmoid(shipped(x))[0, 0, :H, :W].numpy()
        assert abs(found.scores - expected).max() < 1e-4
        assert ((found.scores > 0.5) == (expected > 0.5)).all()


@pytest.mark.slow
def test_masks_of_the_whole_test_list_are_kept_in_float32_and_hardly_change_in_bfloat16(shipped, real_data):
    """The README's figures: of 7743 pixels above 0.5 bfloat16 changed 19, and no score moved by more than 0.118."""
    plain, folded, half = shipped, fast.inference(shipped), fast.inference(shipped, "bf16")
    detector = rrca.Detector(shipped)
    changed, moved = [0, 0], [0.0, 0.0]
    for frame in rrca.data.open("NUAA-SIRST", "test"):
        x = detector._padded(detector.normalisation(frame.image)[None])
        H, W = frame.image.shape
        with torch.inference_mode():
            expected, *found = (torch.sigmoid(run(x))[..., :H, :W] for run in (plain, folded, half))
        for i, scores in enumerate(found):
            changed[i] += int(((scores > 0.5) != (expected > 0.5)).sum())
            moved[i] = max(moved[i], (scores - expected).abs().max().item())
    # Rounding depends on the processor's instructions: bounds with room.
    assert changed[0] == 0 and moved[0] < 1e-4
    assert changed[1] < 40 and moved[1] < 0.2
