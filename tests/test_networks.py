"""What every rival promises its users, whatever it is made of."""

import numpy as np
import pytest
import torch
from torch import nn

import rrca
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.networks.acm import ACMConfig
from rrca.networks.initial import INITS
from rrca.networks.lw_irstnet import LWIRSTNetConfig
from rrca.networks.resunet import ResUNetConfig

RIVALS = [name for name in rrca.names() if not name.startswith("rrcanet")]
# UIU-Net has 50 M parameters: drawn by torch's own rule, which is quickest, and built as seldom as can be.
FRAMEWORK = dict(in_channels=1, init="framework")
OUTPUTS = {"amfunet": 6, "dnanet": 4, "uiunet": 7, "amfunet+rucb": 6, "dnanet+rucb": 4}
VARIANTS = [
    *((name, {}) for name in RIVALS),
    ("acm", dict(norm_momentum=0.9, blocks=1)),
    ("dnanet", dict(deep_supervision=False)),
    ("lw-irstnet", dict(kernels=(3, 5, 7, 9))),
    ("repisdnet", dict(form="converted")),
    ("repisdnet", dict(form="deployed")),
    ("resunet+rucb", dict(iterations=0)),
    ("resunet+rucb", dict(output="last")),
    ("resunet+rucb", dict(output="deep-supervision")),
    ("amfunet+rucb", dict(iterations=0)),
    ("dnanet+rucb", dict(iterations=0)),
    ("dnanet+rucb", dict(outer_gates=False, deep_supervision=False)),
]


def test_the_names_are_those_of_the_papers_tables():
    assert RIVALS == (
        "acm resunet amfunet dnanet uiunet lw-irstnet repisdnet resunet+rucb amfunet+rucb dnanet+rucb".split()
    )


@pytest.mark.parametrize(("name", "overrides"), VARIANTS, ids=str)
def test_it_learns_with_every_parameter_and_detects(name, overrides):
    """Training: logits, or a list of them, and a gradient everywhere. Evaluation: one map, whatever the batch."""
    network = rrca.build(name, **FRAMEWORK, **overrides)
    side = network.multiple * 2
    x = torch.randn(2, 1, side, side + network.multiple)
    out = network(x)
    several = isinstance(out, list)
    expected = {"deep_supervision": 1, "output": 3 if overrides.get("output") == "deep-supervision" else 1}
    outputs = next((n for key, n in expected.items() if key in overrides), OUTPUTS.get(name, 1))
    assert (len(out) if several else 1) == outputs
    assert all(y.shape == (2, 1, *x.shape[2:]) for y in (out if several else [out]))
    rrca.losses.build("dpt-k")(out, (x > 1).float()).backward()
    assert [part for part, p in network.named_parameters() if p.grad is None] == []

    network.eval()
    with torch.no_grad():
        y = network(x)
        assert y.shape == (2, 1, *x.shape[2:])
        torch.testing.assert_close(y, torch.cat([network(x[:1]), network(x[1:])]), atol=1e-4, rtol=1e-3)
    detector = rrca.Detector(network, Normalisation((0.5,), (0.2,)))
    frame = np.random.default_rng(0).random((side - 3, side + 5), np.float32)  # not a multiple
    scores = detector(frame).scores
    assert scores.shape == frame.shape and scores.min() >= 0 and scores.max() <= 1


@pytest.mark.parametrize("name", [name for name in RIVALS if name != "uiunet"])
def test_weights_and_card_come_back(name, tmp_path):
    network = rrca.build(name, **FRAMEWORK).eval()
    card = {
        "name": name,
        "network": name,
        "settings": FRAMEWORK,
        "channels": "grey",
        "normalisation": {"mean": [0.5], "std": [0.2]},
    }
    path = rrca.checkpoint.save(network, card, tmp_path / "weights.safetensors")
    x = torch.randn(1, 1, 2 * network.multiple, 2 * network.multiple)
    assert torch.equal(rrca.load(path)[0](x), network(x))


@pytest.mark.parametrize("name", RIVALS)
def test_sizes_and_channels_that_do_not_fit_are_refused_with_advice(name):
    with torch.device("meta"):
        network, frame = rrca.build(name), torch.zeros(2, 3, 96, 97)
    assert network.multiple == {"lw-irstnet": 8, "repisdnet": 4, "uiunet": 32}.get(name, 16)
    with pytest.raises(InputError, match=rf"96×97 pixels.*multiples of {network.multiple};.*rrca\.detect"):
        network(frame)
    with pytest.raises(InputError, match=r"takes \(B, 3, H, W\)"):
        network(frame[:, :1])


@pytest.mark.parametrize("name", ["acm", "uiunet", "repisdnet"])
def test_a_training_batch_of_one_is_refused_where_a_norm_stands_behind_a_global_pooling(name):
    with torch.device("meta"):
        network, frame = rrca.build(name), torch.zeros(1, 3, 64, 64)
    with pytest.raises(InputError, match=r"training batch of 1:.*at least 2"):
        network(frame)
    assert network.eval()(frame).shape == (1, 1, 64, 64)


@pytest.mark.parametrize("name", sorted(set(RIVALS) - {"acm", "uiunet", "repisdnet"}))
def test_the_others_take_a_training_batch_of_one(name):
    network = rrca.build(name, **FRAMEWORK)
    network(torch.randn(1, 1, 2 * network.multiple, 2 * network.multiple))


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("acm", dict(channels=(8, 16, 32)), r"channels = \(8, 16, 32\): needs 4 whole numbers of at least 4"),
        ("acm", dict(norm_momentum=0.5), "norm_momentum = 0.5: choose one of 0.1, 0.9"),
        ("resunet", dict(blocks=(1, 2)), "needs 5 whole numbers"),
        (
            "resunet",
            dict(init="zeros"),
            "init = 'zeros': choose one of xavier, xavier-kernels, kaiming, framework",
        ),
        ("resunet", dict(in_channels=True), "in_channels = True"),
        ("resunet", dict(channels=8), "channels = 8"),
        ("resunet+rucb", dict(iterations=-1), "iterations = -1"),
        ("resunet+rucb", dict(output="all"), "output = 'all'"),
        ("amfunet+rucb", dict(iterations=1.5), "iterations = 1.5"),
        ("dnanet", dict(deep_supervision="yes"), "deep_supervision = 'yes': choose one of True, False"),
        ("lw-irstnet", dict(in_channels=8), "give 7 or fewer"),
        ("lw-irstnet", dict(kernels=(7, 7, 6, 7)), "odd lengths"),
        ("repisdnet", dict(form="fused"), "form = 'fused': choose one of training, converted, deployed"),
        ("uiunet", dict(width=3), "uiunet has no setting 'width'"),
    ],
)
def test_unknown_values_raise_with_what_was_expected(name, overrides, message):
    with pytest.raises(InputError, match=message):
        rrca.build(name, **overrides)


def test_configs_are_frozen_and_take_lists_from_json():
    config = ResUNetConfig(channels=[4, 8], blocks=[1, 1])
    assert config.channels == (4, 8) and config.blocks == (1, 1)
    assert LWIRSTNetConfig(kernels=[3, 5, 7, 9]) == LWIRSTNetConfig(kernels=(3, 5, 7, 9))
    with pytest.raises(AttributeError):
        config.blocks = (2, 2)


# --- Details that a count cannot see -------------------------------------------------------------------------


def test_momentum_of_acm_moves_the_norms_outside_its_residual_blocks_only():
    network = rrca.build("acm", norm_momentum=0.9)
    momenta = {name: m.momentum for name, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert momenta["stem.0"] == momenta["layer2.0.shortcut.1"] == momenta["head.0.1"] == 0.9
    assert momenta["fuse1.top_down.1.1"] == momenta["fuse2.post.1"] == 0.9
    assert {value for name, value in momenta.items() if ".branch." in name} == {0.1}
    assert ACMConfig().norm_momentum == 0.1


def test_amfunet_predicts_the_mean_of_five_levels():
    network = rrca.build("amfunet", in_channels=1)
    *levels, mean = network(torch.randn(2, 1, 32, 32))
    torch.testing.assert_close(mean, torch.stack(levels).mean(0))
    deepest = levels[0]  # one logit a 16×16 field, enlarged: smooth, unlike the finest
    assert deepest.diff(dim=2).abs().mean() < levels[-1].diff(dim=2).abs().mean()


@pytest.mark.parametrize(
    ("name", "at"),
    [("amfunet", -1), ("dnanet", -1), ("amfunet+rucb", -1), ("dnanet+rucb", -1), ("uiunet", 0)],
)
def test_evaluation_gives_one_of_the_outputs_of_training(name, at):
    network = rrca.build(name, **FRAMEWORK)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # the same statistics in both
    x = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        training = network(x)
        torch.testing.assert_close(network.eval()(x), training[at], atol=1e-5, rtol=1e-4)


def test_down_of_lw_irstnet_adds_zeros_to_the_pooled_maps():
    network = rrca.build("lw-irstnet", in_channels=1).eval()
    down = network.level2[0]
    nn.init.zeros_(down.branch[7].weight), nn.init.zeros_(down.branch[7].bias)  # the branch's last norm
    x = torch.rand(1, 8, 8, 8)
    y = down(x)
    assert torch.equal(y[:, :8], down.pool(x)) and not y[:, 8:].any()


def test_initial_weights_follow_their_schemes():
    def drawn(init):
        network = nn.Sequential(nn.Conv2d(32, 64, 3), nn.ConvTranspose2d(64, 32, 3), nn.BatchNorm2d(4096))
        INITS[init](network)
        return network

    xavier, both = (2 / (9 * (32 + 64))) ** 0.5, (0, 1)
    for init in ("xavier", "xavier-kernels"):
        assert [drawn(init)[i].weight.std().item() for i in both] == pytest.approx([xavier] * 2, rel=0.02)
    fan_in = (
        2 / (9 * 32)
    ) ** 0.5  # torch counts a transposed convolution's fan-in by its second dimension, 32 too
    assert [drawn("kaiming")[i].weight.std().item() for i in both] == pytest.approx([fan_in] * 2, rel=0.02)
    assert drawn("framework")[0].weight.abs().max() <= (1 / (9 * 32)) ** 0.5
    for init, spread in [("xavier", 0.02), ("kaiming", 0.02), ("xavier-kernels", 0), ("framework", 0)]:
        norm = drawn(init)[2]
        assert norm.weight.std().item() == pytest.approx(spread, abs=0.001) and not norm.bias.any()


# --- Training, from the list of frames to a judged run -------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", RIVALS)
def test_every_network_trains_by_a_recipe(name, monkeypatch):
    from rrca import train

    whole = rrca.data.open
    monkeypatch.setattr(train.data, "open", lambda *given: whole(*given)[:2])
    settings = {"in_channels": 1} | (
        {"channels": (4, 8, 16), "blocks": (1, 1, 1)} if "resunet" in name else {}
    )
    recipe = train.recipe(
        "quick", data="synthetic", network=name, settings=settings, crop=64, batch=2, steps=2, judge=2
    )
    run = train.fit(recipe, log_every=1)
    losses = [entry["loss"] for entry in run.log if "loss" in entry]
    assert len(losses) == 2 and np.isfinite(losses).all()
    assert run.card["network"] == name
