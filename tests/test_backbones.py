"""Backbones: what a block adds, how far a map sees, and the restricted table."""

import numpy as np
import pytest
import torch
from test_compare import line
from torch import nn

import rrca
from rrca import paper, plots
from rrca.networks.rrcanet import RRCANetConfig
from rrca.registry import CONFIGS
from rrca.studies import backbones, rivals


def test_one_block_more_at_every_level_costs_the_same_work_and_unlike_parameters():
    """ResNet-18 is ResNet-10 with one more block a level; a block of C channels is 18 C² + 14 C with three passes."""
    assert (backbones.blocks().loc["ResNet-18"] - backbones.blocks().loc["ResNet-10"]).tolist() == [1] * 4
    shares = backbones.added("macs")[["0", "1", "2", "3"]]
    assert shares.tolist() == pytest.approx([25] * 4)
    params = backbones.by_level("params")
    more = params.loc["ResNet-18"] - params.loc["ResNet-10"]
    assert [more[str(i)] for i in range(4)] == [18 * c * c + 14 * c for c in (8, 16, 32, 64)]


def test_parameters_are_the_papers():
    """Claim 11: 96 % from the printed figures, 97.0 % counted."""
    total = backbones.by_level("params").sum(axis=1)
    printed = [paper.row("I", name).params for name in paper.OURS]
    assert (total / 1e6).round(3).tolist() == printed
    assert round(100 * (total["ResNet-18"] / total["ResNet-10"] - 1), 1) == 97.0


@pytest.mark.parametrize("blocks", [(2, 1, 1, 1), (1, 2, 1, 1)])
def test_a_field_is_what_a_gradient_touches(blocks):
    """With positive kernels, and means in place of maxima, every pixel of the field has a gradient, no other has."""
    torch.manual_seed(0)
    network = rrca.networks.rrcanet.RRCANet(
        RRCANetConfig(in_channels=1, channels=(2, 2, 2, 2), blocks=blocks, iterations=0)
    ).eval()
    network.pool = nn.AvgPool2d(2)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.abs_().add_(0.1)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1)
    frame = torch.rand(1, 1, 256, 256, requires_grad=True)
    deepest = network.trace(frame).encoder[0][-1]
    (pull,) = torch.autograd.grad(deepest[0, 0, 16, 16], frame)
    rows = np.flatnonzero(pull[0, 0].abs().sum(1))
    assert rows[-1] - rows[0] + 1 == len(rows) == backbones.seen(backbones.way_down(blocks))


def test_fields_of_the_three():
    assert backbones.fields()["level 3"].tolist() == [76, 136, 252]
    assert CONFIGS["rrcanet-resnet34"].blocks == tuple(backbones.blocks().loc["ResNet-34"])


def test_a_tie_counts_for_both():
    """IRSTD-1k: Pd 92.52 of ResNet-18 and of ResNet-34."""
    numbers = plots.printed_backbones(backbones.printed()).numbers
    assert numbers["pd"]["best"][paper.IRSTD] == ["ResNet-18", "ResNet-34"]
    assert numbers["best in"] == {"ResNet-10": 2, "ResNet-18": 6, "ResNet-34": 2}
    assert backbones.printed().loc[paper.NUAA, "targets"].tolist() == [253, 258, 255]


def test_the_figure_of_levels_has_the_counted_sums():
    figure = plots.backbone_levels(backbones.by_level("params"), backbones.by_level("macs"))
    (model,) = rivals.build_all(["RRCA-Net, ResNet-34"]).values()
    cost = rrca.count(model)
    assert figure.numbers["params"]["ResNet-34"] == cost.params
    assert figure.numbers["GMAC"]["ResNet-34"] == pytest.approx(cost.macs / 1e9)


def test_the_table_has_three_rows_and_says_which_are_missing(tmp_path):
    empty = backbones.table_i("pd", tmp_path)
    assert list(empty.frame.index) == list(paper.OURS) and "backbones" in empty.title
    assert empty.notes[-1] == f"Not run: {'; '.join(paper.OURS)}."
    for seed in range(27):
        line("noise", "default", seed, 73 + 0.1 * (seed % 5), tmp_path)
    for seed in range(3):
        line("I", "RRCA-Net, ResNet-34", seed, 70 + 0.1 * seed, tmp_path)
    found = backbones.table_i("iou", tmp_path)
    assert found.frame.loc["RRCA-Net, ResNet-34", "difference"] < -2
    assert found.notes[-1] == "Not run: RRCA-Net, ResNet-10."
    assert list(plots.differences([found]).numbers["iou"]) == ["RRCA-Net, ResNet-18", "RRCA-Net, ResNet-34"]
