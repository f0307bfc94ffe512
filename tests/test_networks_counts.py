"""Parameters, executed multiply-accumulates and the paper's FLOPs of the rivals and of three of them with RuCB."""

from functools import cache

import pytest
import torch
from torch import nn

import rrca
from rrca import paper

# Network, overrides, parameters (spec, exact), their tensors, executed GMAC in evaluation (digits as re-derived with
# the authors' programs), the paper's FLOPs by its rule as re-derived there in G, and by how many per cent ours
# deviates. It does where their programs call an activation, a pooling or an enlargement as a function, which the
# rule cannot see, or use one ReLU module twice, which it counts once.
COUNTS = {
    "ACM": ("acm", {}, 397_971, 156, "0.3457", 0.3352, 0.01),
    "ACM, 1 channel": ("acm", dict(in_channels=1), 397_823, 156, "0.3433", 0.3326, 0.01),
    "ACM, 4 blocks": ("acm", dict(blocks=4), 518_419, 186, None, None, None),
    "ResUNet": ("resunet", {}, 914_057, 142, "1.2452", 1.2688, 0.20),
    "ResUNet, 1 channel": ("resunet", dict(in_channels=1), 913_897, 142, "1.2347", 1.2583, 0.20),
    "AMFU-net": ("amfunet", {}, 472_969, 192, "5.6493", 5.0898, 0.05),
    "AMFU-net, 1 channel": ("amfunet", dict(in_channels=1), 472_809, 192, "5.6388", 5.0793, 0.05),
    "DNANet": ("dnanet", {}, 4_696_888, 366, "13.9301", 14.0486, 0.09),
    "DNANet, 1 channel": ("dnanet", dict(in_channels=1), 4_696_568, 366, "13.9091", 14.0276, 0.09),
    "DNANet, one head": ("dnanet", dict(deep_supervision=False), 4_696_837, 360, None, None, None),
    "UIU-Net": ("uiunet", {}, 50_541_461, 546, "54.2976", 46.6451, -0.03),
    "UIU-Net, 1 channel": ("uiunet", dict(in_channels=1), 50_540_309, 546, "54.2221", 46.5696, -0.03),
    "LW-IRSTNet": ("lw-irstnet", {}, 163_232, 332, "0.1929", 0.1789, 0.03),
    "LW-IRSTNet, 1 channel": ("lw-irstnet", dict(in_channels=1), 163_160, 332, "0.1918", 0.1776, 0.02),
    "LW-IRSTNet, 3579": ("lw-irstnet", dict(kernels=(3, 5, 7, 9)), 161_184, 332, "0.1908", 0.1768, 0.03),
    "LW-IRSTNet, 3579, 1 channel": (
        "lw-irstnet",
        dict(kernels=(3, 5, 7, 9), in_channels=1),
        161_112,
        332,
        "0.1897",
        0.1755,
        0.02,
    ),
    "RepISD-Net, training": ("repisdnet", {}, 558_530, 111, "11.9391", 7.0026, -0.03),
    "RepISD-Net, converted": ("repisdnet", dict(form="converted"), 558_530, 111, "11.4358", 11.5325, -0.02),
    "RepISD-Net, deployed": ("repisdnet", dict(form="deployed"), 279_106, 39, "6.4026", 6.4416, -0.03),
    "RepISD-Net, 1 channel": ("repisdnet", dict(in_channels=1), 557_954, 111, None, None, None),
    "ResUNet with RuCB": ("resunet+rucb", {}, 979_249, 330, "4.0176", 1.6755, 0.04),
    "ResUNet with RuCB, 1 channel": (
        "resunet+rucb",
        dict(in_channels=1),
        979_089,
        330,
        "4.0071",
        1.6650,
        0.05,
    ),
    "AMFU-net with RuCB": ("amfunet+rucb", {}, 489_123, None, "17.6926", 5.7675, 0.30),
    "AMFU-net with RuCB, 1 channel": (
        "amfunet+rucb",
        dict(in_channels=1),
        488_963,
        None,
        "17.6821",
        None,
        None,
    ),
    "DNANet with RuCB": ("dnanet+rucb", {}, 4_696_984, 434, "42.9515", 15.0576, 0.08),
    "DNANet with RuCB, 1 channel": (
        "dnanet+rucb",
        dict(in_channels=1),
        4_696_664,
        434,
        "42.9306",
        15.0367,
        0.08,
    ),
    "DNANet with RuCB, no gates": (
        "dnanet+rucb",
        dict(outer_gates=False),
        4_696_724,
        None,
        None,
        15.0447,
        0.08,
    ),
}


@cache
def cost(row):
    """Cost of a row, counted once."""
    name, overrides = COUNTS[row][:2]
    return rrca.count(without_storage(name, **overrides), (overrides.get("in_channels", 3), 256, 256))


def without_storage(name, **overrides):
    with torch.device("meta"):
        return rrca.build(name, **overrides).eval()


@pytest.mark.parametrize("row", COUNTS)
def test_parameters_are_exact(row):
    name, overrides, params, tensors, *_ = COUNTS[row]
    network = without_storage(name, **overrides)
    assert size(network) == params
    if tensors is not None:
        assert len(list(network.parameters())) == tensors


def rows_with(column):
    """Rows that have a figure there; counting takes seconds, so those that vary a row before them are slow."""
    slow = {"1 channel", "no gates"}
    return [
        pytest.param(row, marks=pytest.mark.slow if slow & {*row.split(", ")} else ())
        for row, values in COUNTS.items()
        if values[column] is not None
    ]


@pytest.mark.parametrize("row", rows_with(4))
def test_executed_macs_have_the_digits_of_the_authors_programs(row):
    printed = COUNTS[row][4]
    assert f"{cost(row).macs / 1e9:.4f}" == printed


@pytest.mark.parametrize("row", rows_with(5))
def test_the_papers_flops_deviate_by_less_than_half_a_per_cent(row):
    *_, flops, deviation = COUNTS[row]
    found = 100 * (cost(row).paper_flops / 1e9 / flops - 1)
    assert abs(found) < 0.5
    assert found == pytest.approx(deviation, abs=0.02)  # the spec's figures are rounded to four decimals


# Row of COUNTS that has the parameters, and the one that has the FLOPs, of a row of the paper.
PRINTED = {
    ("I", "ACM"): ("ACM", "ACM"),
    ("I", "ResUNet"): ("ResUNet", "ResUNet"),
    ("I", "AMFU-net"): ("AMFU-net", "AMFU-net"),
    ("I", "DNANet"): ("DNANet", "DNANet"),
    ("I", "UIU-Net"): ("UIU-Net", "UIU-Net"),
    ("I", "LW-IRSTNet"): ("LW-IRSTNet", "LW-IRSTNet, 3579"),  # two configurations in one row
    ("I", "RepISD-Net"): ("RepISD-Net, deployed", "RepISD-Net, converted"),  # two states of one network
    ("II", "ResUNet"): ("ResUNet with RuCB", "ResUNet with RuCB"),
    ("II", "AMFU-net"): ("AMFU-net with RuCB", "AMFU-net with RuCB"),
    ("II", "DNANet"): ("DNANet with RuCB", "DNANet with RuCB"),
}


@pytest.mark.parametrize(("table", "name"), PRINTED)
def test_the_papers_own_columns_are_met(table, name):
    row = next(row for row in paper.table(table) if row.name == name)
    params, flops = (cost(row) for row in PRINTED[table, name])
    digits = {"UIU-Net": 2}.get(name, 3)
    assert round(params.params / 1e6, digits) == row.params
    assert flops.paper_flops / 1e9 == pytest.approx(row.flops, rel=0.005)


def test_claim_40_an_extra_pass_is_work_that_the_papers_flops_do_not_show():
    """Executed: three times the plain network and a little more. Printed: +32, +13 and +7 per cent."""
    for plain, recurrent, executed, printed in [
        ("ResUNet", "ResUNet with RuCB", 3.2, 1.32),
        ("AMFU-net", "AMFU-net with RuCB", 3.1, 1.13),
        ("DNANet", "DNANet with RuCB", 3.1, 1.07),
    ]:
        a, b = cost(plain), cost(recurrent)
        assert round(b.macs / a.macs, 1) == executed
        assert b.paper_flops / a.paper_flops == pytest.approx(printed, abs=0.01)


# Parts and their parameters at C_in = 3, from the spec's tables.
SUBTOTALS = {
    "acm": {
        "stem": 2_014,
        "layer1": 14_016,
        "layer2": 51_648,
        "layer3": 205_696,
        "deconv2": 32_800,
        "fuse2": 10_576,
        "uplayer2": 55_680,
        "deconv1": 8_208,
        "fuse1": 2_728,
        "uplayer1": 14_016,
        "head": 589,
    },
    "resunet": {
        "body.encoder.0": 888,
        "body.encoder.1": 8_432,
        "body.encoder.2": 33_248,
        "body.encoder.3": 132_032,
        "body.encoder.4": 526_208,
        "body.decoder.3": 160_320,
        "body.decoder.2": 40_224,
        "body.decoder.1": 10_128,
        "body.decoder.0": 2_568,
        "head": 9,
    },
    "amfunet": {
        **{f"encoder.{i}": n for i, n in enumerate((922, 3_810, 14_898, 58_962, 234_642))},
        "decoder.attention": 29_458,
        "decoder.fusions.0.mix": 14_440 + 80,
        "decoder.fusions.3.branches.4": 9 * 128 * 8 + 8 + 16,
        "heads.convs.0": 361,
        "heads.convs.4": 1_153,
    },
    "dnanet": {
        **{f"column.{i}": n for i, n in enumerate((3_058, 33_700, 133_252, 530_500, 2_117_572))},
        "lattice.nodes.x01": 10_258,
        "lattice.nodes.x11": 64_420,
        "lattice.nodes.x02": 12_818,
        "lattice.nodes.x21": 256_132,
        "lattice.nodes.x12": 74_660,
        "lattice.nodes.x03": 15_378,
        "lattice.nodes.x31": 1_022_020,
        "lattice.nodes.x22": 297_092,
        "lattice.nodes.x13": 84_900,
        "lattice.nodes.x04": 17_938,
        **{f"fusion.project.{i}": n for i, n in enumerate((528, 1_040, 2_064, 4_112))},
        "fusion.block": 15_378,
        "heads.convs.3": 17,
    },
    "uiunet": {
        **{
            f"down.{i}": n
            for i, n in enumerate((206_016, 305_856, 1_108_992, 3_986_688, 10_034_688, 10_034_688))
        },
        **{f"join.{i}": n for i, n in enumerate((0, 177_490, 707_218, 2_823_442, 2_823_442))},
        **{f"up.{i}": n for i, n in enumerate((139_200, 323_904, 1_181_952, 4_280_064, 12_393_984))},
        **{f"heads.{i}": n for i, n in enumerate((577, 577, 1_153, 2_305, 4_609, 4_609))},
        "fuse": 7,
    },
    "lw-irstnet": {
        "level1": 152,
        "level2.0": 240,
        **{f"level2.{i}": 1_188 for i in range(1, 5)},
        "level3.0": 2_276,
        **{f"level3.{i}": 18_179 for i in (1, 5, 9, 13)},
        **{f"level3.{i}": 4_548 for i in (2, 4, 6, 8, 10, 12, 14, 16)},
        **{f"level3.{i}": 5_861 for i in (3, 7, 11, 15)},
        "up2": 18_432,
        "decode2.0": 1_184,
        "decode2.1": 1_184,
        "up1": 2_304,
        "decode1": 92,
        "head": 72,
    },
    "repisdnet": {
        "stem": 10_208,
        "down1.0": 39_360,
        "down1.1": 78_400,
        "down2": 2 * 78_400,
        "up1.0": 156_096,
        "up1.1": 39_136,
        "up0.0": 39_136,
        "up0.1": 19_744,
        "pyramid": 1_088,
        "head": 18_562,
    },
    "resunet+rucb": {"stem": 888, "output.tail.block": 2_568, "output.tail.classify": 9},
    "amfunet+rucb": {
        "stem": 922,
        "body.deepest": 234_642,
        "body.decoder.pass1": 800,
        "reenter": 2_904,
        "output.fuse": 4_840,
    },
}


@pytest.mark.parametrize("name", SUBTOTALS)
def test_every_part_has_the_parameters_of_the_spec(name):
    network = without_storage(name)
    assert {part: size(network.get_submodule(part)) for part in SUBTOTALS[name]} == SUBTOTALS[name]


def test_deployed_parts_have_the_parameters_of_the_spec():
    network = without_storage("repisdnet", form="deployed")
    parts = {"down1": 55_424, "down2": 73_856, "up1": 92_256, "up0": 27_712}
    assert {part: size(network.get_submodule(part)) for part in parts} == parts


def test_resunet_with_rucb_divides_into_shared_and_owned_as_in_the_spec():
    body = without_storage("resunet+rucb").body
    kernels = {id(m): size(m) for m in body.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)}
    assert sum(kernels.values()) == 687_568 + 196_080
    assert size(body.pass1) == size(body.pass2) == 30_712


def size(module):
    return sum(p.numel() for p in module.parameters())
