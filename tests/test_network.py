"""RRCA-Net: the counts of the paper's tables, what passes share, and what the network promises its users."""

import copy
import pickle
from itertools import pairwise

import pytest
import safetensors.torch
import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

import rrca
from rrca.blocks import DIAAM, ChannelAttention, Reweight
from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANetConfig
from rrca.reuse import RuCB, is_kernel

DEFAULT = "rrcanet-resnet18"
DEEP = dict(blocks=(1, 2, 2, 2, 2))

# Network, overrides, parameters, executed GMAC, paper's count in G (digits as printed in the spec, re-derived
# there by building the release's network). None: the spec gives no figure.
TABLE = {
    "Table I, ResNet-10": ("rrcanet-resnet10", {}, "0.1026", "1.312", "0.7211"),
    "Table I, ResNet-18": (DEFAULT, {}, "0.2022", "2.218", "1.0427"),
    "Table I, ResNet-34": ("rrcanet-resnet34", {}, "0.3633", "4.030", "1.6795"),
    "Table IV, n = 0": (DEFAULT, dict(iterations=0), "0.1839", "0.796", "0.8287"),
    "Table IV, n = 1": (DEFAULT, dict(iterations=1), "0.1931", "1.509", "0.9386"),
    "Table IV, n = 3": (DEFAULT, dict(iterations=3), "0.2114", "2.927", "1.1469"),
    "Table III, C = 4..32": (DEFAULT, dict(channels=(4, 8, 16, 32)), "0.0519", "0.559", "0.2824"),
    "Table III, C = 4..32, r = 4": (
        DEFAULT,
        dict(channels=(4, 8, 16, 32), attention_ratio=4),
        "0.0521",
        "0.559",
        None,
    ),
    "Table III, C = 16..128": (DEFAULT, dict(channels=(16, 32, 64, 128)), "0.7986", "8.841", "3.998"),
    "Table III, l = 3": (DEFAULT, dict(channels=(8, 16, 32), blocks=(3, 3, 3)), "0.0782", "2.231", "1.0216"),
    "Table III, C = 8..128, l = 5": (
        DEFAULT,
        dict(channels=(8, 16, 32, 64, 128), **DEEP),
        "0.7854",
        "2.206",
        "1.0489",
    ),
    "Table III, C = 4..64, l = 5": (
        DEFAULT,
        dict(channels=(4, 8, 16, 32, 64), **DEEP),
        "0.1989",
        "0.555",
        None,
    ),
    "Table III, C = 4..64, l = 5, r = 4": (
        DEFAULT,
        dict(channels=(4, 8, 16, 32, 64), attention_ratio=4, **DEEP),
        "0.1999",
        None,
        None,
    ),
    "Table III, C = 16..256, l = 5": (
        DEFAULT,
        dict(channels=(16, 32, 64, 128, 256), **DEEP),
        "3.1216",
        "8.790",
        "4.0606",
    ),
    "Table V, w/o FSM": (DEFAULT, dict(output="last"), "0.2009", "2.130", "0.9531"),
    "Table V, deep supervision": (DEFAULT, dict(output="deep-supervision"), "0.2009", "2.282", "0.9531"),
    "Table VI, concatenate": (DEFAULT, dict(decoder="concat"), "0.1991", "4.106", "1.596"),
    "Table VI, sum": (DEFAULT, dict(decoder="sum"), "0.1897", "2.281", "0.984"),
    "Table VI, w/o CA": (DEFAULT, dict(attention_ratio=None), "0.2012", "2.218", "1.0427"),
    "Table VI, CA4": (DEFAULT, dict(attention_ratio=4), "0.2033", "2.218", "1.0427"),
    "Table VI, re-weight": (DEFAULT, dict(guide="high"), "0.2022", "2.218", "1.0427"),
}


def as_printed(value: float, printed: str) -> str:
    return f"{value:.{len(printed.split('.')[1])}f}"


@pytest.mark.parametrize("row", TABLE)
def test_every_row_of_the_papers_tables_has_its_count(row):
    name, overrides, params, gmac, paper = TABLE[row]
    cost = rrca.count(rrca.build(name, **overrides))
    assert as_printed(cost.params / 1e6, params) == params
    if gmac is not None:
        assert as_printed(cost.macs / 1e9, gmac) == gmac
    if paper is not None:
        assert as_printed(cost.paper_flops / 1e9, paper) == paper


@pytest.mark.parametrize(
    ("overrides", "params"),
    [
        ({}, 202_249),
        (dict(iterations=0), 183_889),
        (dict(iterations=1), 193_113),
        (dict(output="last"), 200_881),
    ],
)
def test_parameter_counts_to_the_last_digit(overrides, params):
    assert rrca.count(rrca.build(DEFAULT, **overrides)).params == params


def test_executed_macs_agree_with_an_independent_counter():
    """fvcore where there is one pass (it cannot name modules that passes share), a count at every call where three."""
    plain = rrca.build(DEFAULT, in_channels=1, iterations=0).eval()
    outside = FlopCountAnalysis(plain, torch.zeros(1, 1, 64, 64))
    outside.unsupported_ops_warnings(False)
    assert rrca.count(plain, (1, 64, 64)).macs == outside.by_operator()["conv"]

    model, calls = rrca.build(DEFAULT, in_channels=1).eval(), []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, x, y: calls.append(y.numel() * m.weight[0].numel()))
    model(torch.zeros(1, 1, 64, 64))
    assert rrca.count(model, (1, 64, 64)).macs == sum(calls)


def test_counting_changes_nothing():
    model = rrca.build(DEFAULT)
    before = copy.deepcopy(model.state_dict())
    rrca.count(model)
    assert model.training and all(
        torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True)
    )


def test_an_extra_pass_costs_the_same_work_every_time_but_almost_nothing_by_the_papers_count():
    costs = [rrca.count(rrca.build(DEFAULT, iterations=n)) for n in range(4)]
    work = [b.macs - a.macs for a, b in pairwise(costs)]
    printed = [b.paper_flops - a.paper_flops for a, b in pairwise(costs)]
    assert all(round(w / 1e9, 2) == 0.71 for w in work)
    assert all(0.10 <= p / 1e9 < 0.115 for p in printed)


# --- What passes share ---------------------------------------------------------------------------------------


def test_state_dict_holds_each_tensor_once_and_safetensors_takes_it(tmp_path):
    model = rrca.build(DEFAULT)
    state = model.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    names = {name for name, _ in model.named_parameters()}
    assert sum(tensor.numel() for name, tensor in state.items() if name in names) == 202_249
    safetensors.torch.save_file(state, tmp_path / "weights.safetensors")
    other = rrca.build(DEFAULT)
    other.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(model.eval()(x), other.eval()(x))


def test_all_passes_run_the_same_kernels_and_each_its_own_norms():
    kernels, norms = {}, {}

    def remember(module, inputs, output):
        calls = kernels if is_kernel(module) else norms
        calls[module] = calls.get(module, 0) + 1

    model = rrca.build(DEFAULT).eval()
    for module in model.encoder.modules():
        if is_kernel(module) or isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(remember)
    model(torch.zeros(1, 3, 16, 16))
    assert len(kernels) == 2 * (3 + 2 + 2 + 2) and set(kernels.values()) == {3}
    assert len(norms) == 3 * (2 * 9 + 3) and set(norms.values()) == {1}


def test_shared_kernels_receive_gradient_from_every_pass():
    """Claim 35: with each pass's input cut off from the passes before, each alone still moves the kernel."""
    model = rrca.build(DEFAULT, in_channels=1).train()
    kernel = model.encoder[2].stage[0].conv2.weight
    x = model.stem(torch.randn(2, 1, 32, 32))
    for t in range(3):
        d = model.decoder(model.encode(x.detach(), t), t)[-1]
        (gradient,) = torch.autograd.grad(d.square().mean(), kernel)
        assert gradient.abs().sum() > 0, f"pass {t}"
        x = d


def test_without_iterations_the_network_is_a_plain_u_shape():
    """n = 0 equals the same blocks called one after the other, without the reuse mechanism."""
    model = rrca.build(DEFAULT, iterations=0).eval()
    x = torch.randn(1, 3, 32, 32)
    e0 = model.encoder[0].stage(model.stem(x))
    e1 = model.encoder[1].stage(model.pool(e0))
    e2 = model.encoder[2].stage(model.pool(e1))
    e3 = model.encoder[3].stage(model.pool(e2))
    fuse, up = model.decoder.fuse[0], model.decoder.upsample
    d = fuse[0](e0, up(fuse[1](e1, up(fuse[2](e2, up(e3))))))
    assert torch.equal(model(x), model.output.tail(d))


def test_shared_norms_are_an_option_and_save_the_other_passes_norms():
    per_pass, shared = (rrca.build(DEFAULT, norms=norms) for norms in ("per-pass", "shared"))
    widths = [8] * 6 + [16] * 5 + [32] * 5 + [64] * 5  # of the norms of one pass
    assert rrca.count(per_pass).params - rrca.count(shared).params == 2 * 2 * sum(widths)


def test_rucb_of_one_pass_is_the_stage_itself():
    stage = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    x = torch.randn(2, 4, 8, 8)
    expected = copy.deepcopy(stage)(x)
    assert torch.equal(RuCB(stage, passes=1)(x, 0), expected)


def test_rucb_follows_train_eval_and_survives_copies():
    class Switch(nn.Module):
        """A container whose forward looks at its own mode."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

        def forward(self, x):
            return self.norm(self.conv(x)) + (1.0 if self.training else 0.0)

    block = RuCB(Switch(), passes=2)
    x = torch.randn(2, 4, 8, 8)
    for made in (
        block,
        copy.deepcopy(block),
        pickle.loads(pickle.dumps(RuCB(nn.Sequential(nn.Conv2d(4, 4, 3)), 2))),
    ):
        made.eval()
        assert all(not run.training for run in made._runs)
    twin = copy.deepcopy(block)
    with torch.no_grad():
        next(twin.stage.conv.parameters()).zero_()
    assert not torch.equal(twin(x, 1), block(x, 1)), "a copy's passes must follow the copy's kernels"
    assert torch.equal(twin._runs[0].conv.weight, twin._runs[1].conv.weight)


def test_rucb_refuses_what_it_cannot_own():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.scale = nn.Conv2d(2, 2, 3), nn.Parameter(torch.ones(1))

    with pytest.raises(InputError, match="Scaled"):
        RuCB(nn.Sequential(Scaled()), passes=2)
    with pytest.raises(InputError, match="passes = 0"):
        RuCB(nn.Conv2d(2, 2, 3), passes=0)


# --- The blocks ----------------------------------------------------------------------------------------------


def test_channel_attention_follows_equation_4():
    block = ChannelAttention(16, ratio=8)
    x = torch.randn(2, 16, 5, 7)
    w1, w2 = (layer.weight[:, :, 0, 0] for layer in (block.mlp[0], block.mlp[2]))

    def mlp(v):
        return (v @ w1.T).clamp(min=0) @ w2.T

    weight = torch.sigmoid(mlp(x.flatten(2).max(2).values) + mlp(x.flatten(2).mean(2)))
    torch.testing.assert_close(block(x), x * weight[:, :, None, None])


@pytest.mark.parametrize(("channels", "ratio", "hidden"), [(4, 8, 1), (8, 8, 1), (64, 8, 8), (64, 4, 16)])
def test_hidden_width_of_the_attention(channels, ratio, hidden):
    assert ChannelAttention(channels, ratio).mlp[0].out_channels == hidden


def test_diaam_adds_at_most_what_the_gate_lets_through():
    """With the low level's gate shut (a very negative bias) the low level passes unchanged; re-weight likewise."""
    low, high = torch.randn(1, 8, 6, 6), torch.randn(1, 16, 6, 6)
    for kind, gate in ((DIAAM, "project_low"), (Reweight, "project_high")):
        block = kind(8, 16)
        nn.init.constant_(getattr(block, gate).bias, -1e4)
        torch.testing.assert_close(block(low, high), low)


# --- Promises ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "overrides", [values[1] for values in TABLE.values()] + [dict(norms="shared"), dict(init="framework")]
)
def test_every_variant_maps_frames_to_logits_and_learns(overrides):
    model = rrca.build(DEFAULT, in_channels=1, **overrides).train()
    out = model(torch.randn(2, 1, 32, 48))
    logits = out if isinstance(out, list) else [out]
    assert len(logits) == (3 if overrides.get("output") == "deep-supervision" else 1)
    assert all(y.shape == (2, 1, 32, 48) for y in logits)
    sum(y.square().mean() for y in logits).backward()
    unused = [name for name, p in model.named_parameters() if p.grad is None]
    # d_0 … d_{n-1} reach the output through the next pass, so nothing may be left without a gradient
    assert not unused


def test_deep_supervision_gives_the_last_pass_in_evaluation():
    model = rrca.build(DEFAULT, output="deep-supervision").eval()
    x = torch.randn(1, 3, 16, 16)
    assert torch.equal(model(x), model.output.tail(model.trace(x).passes[-1]))


def test_a_batch_of_two_is_twice_one_in_evaluation():
    """In double precision: how float32 sums are rounded depends on the batch and on the number of threads."""
    model = rrca.build(DEFAULT).double().eval()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    torch.testing.assert_close(model(x), torch.cat([model(x[:1]), model(x[1:])]), atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize("n", [0, 2, 3])
def test_trace_gives_every_pass_and_level(n):
    model = rrca.build(DEFAULT, iterations=n).eval()
    trace = model.trace(torch.zeros(1, 3, 32, 48))
    assert [len(levels) for levels in trace.encoder] == [4] * (n + 1)
    assert [e.shape[1:] for e in trace.encoder[n]] == [(8, 32, 48), (16, 16, 24), (32, 8, 12), (64, 4, 6)]
    assert [d.shape[1:] for d in trace.decoder[n]] == [(8, 32, 48), (16, 16, 24), (32, 8, 12)]
    assert len(trace.passes) == n + 1 and trace.passes[n] is trace.decoder[n][0]
    assert torch.equal(trace.logits, model.output(trace.passes))


def test_sizes_that_do_not_divide_are_refused_with_advice():
    model = rrca.build(DEFAULT)
    with pytest.raises(InputError, match=r"multiples of 8.*rrca\.detect"):
        model(torch.zeros(1, 3, 30, 32))
    with pytest.raises(InputError, match=r"\(B, 3, H, W\)"):
        model(torch.zeros(1, 1, 32, 32))


def test_initial_weights_follow_the_release():
    model = rrca.build(DEFAULT, init="xavier")
    kernel = (
        model.encoder[3].stage[1].conv1.weight
    )  # 64 → 64, 3×3: Xavier-normal has variance 2 / (fan_in + fan_out)
    assert kernel.std().item() == pytest.approx(
        (2 / (2 * 64 * 9)) ** 0.5, rel=0.02
    )  # 36 864 draws: 0.4 % s.d.
    norms = torch.cat([m.weight for m in model.modules() if isinstance(m, nn.BatchNorm2d)])
    assert norms.mean().item() == pytest.approx(1, abs=0.002) and norms.std().item() == pytest.approx(
        0.02, rel=0.1
    )
    own = [model.encoder[1].stage[0].shortcut[0].weight, model.encoder[1].pass1["0/shortcut/0"].weight]
    assert not torch.equal(*own), "each pass draws its own shortcut"
    framework = rrca.build(DEFAULT, init="framework")
    assert all((m.weight == 1).all() for m in framework.modules() if isinstance(m, nn.BatchNorm2d))
    assert not torch.equal(
        framework.encoder[1].stage[0].shortcut[0].weight, framework.encoder[1].pass1["0/shortcut/0"].weight
    )


def test_the_same_seed_builds_the_same_network():
    torch.manual_seed(3)
    a = rrca.build(DEFAULT)
    torch.manual_seed(3)
    b = rrca.build(DEFAULT)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (dict(output="all"), "output = 'all': choose one of fsm, last, deep-supervision"),
        (dict(decoder=True), "decoder = True"),
        (dict(norms="shred"), "per-pass, shared"),
        (dict(channels=(8, 16)), "one block count per level"),
        (dict(blocks=(3, 2, 0, 2)), "at least 1"),
        (dict(iterations=-1), "iterations = -1"),
        (dict(iterations=True), "iterations = True"),
        (dict(attention_ratio=0), "attention_ratio = 0"),
        (dict(width=3), "no setting 'width'"),
    ],
)
def test_unknown_values_raise_with_what_was_expected(overrides, message):
    with pytest.raises(InputError, match=message):
        rrca.build(DEFAULT, **overrides)


def test_unknown_network_names_the_known_ones():
    with pytest.raises(InputError, match="rrcanet-resnet34"):
        rrca.build("rrcanet")


def test_config_is_frozen_and_takes_lists_from_json():
    config = RRCANetConfig(channels=[8, 16, 32, 64])
    assert config.channels == (8, 16, 32, 64) and config.passes == 3
    with pytest.raises(AttributeError):
        config.iterations = 1
