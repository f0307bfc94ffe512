"""Table V: counts of three heads, equal figures and chance, gradients at the maps, the tail's sum over passes."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_compare import line

import rrca
from rrca import compare, data, losses, paper, plots
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.studies import fusion, stacking


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(0)
    mask = torch.zeros(2, 1, 32, 32)
    mask[:, :, 14:17, 14:17] = 1
    return torch.randn(2, 1, 32, 32, generator=generator) + 3 * mask, mask


# --- the table -----------------------------------------------------------------------------------------------


def test_counts_come_out_as_printed():
    table = stacking.counts()
    assert table.params.tolist() == [200_881, 200_881, 202_249]
    assert (table.params / 1e6 - table["printed M"]).abs().max() < 0.0005
    assert (table["counted G"] - table["printed G"]).abs().max() < 0.005
    deep = table.loc["deep supervision"]
    assert deep["GMAC in training"] == pytest.approx(2.282, abs=0.0005)  # the specification's
    assert deep["GMAC in training"] == table["GMAC in training"].max()
    assert deep["GMAC"] == table.loc["without FSM", "GMAC"]
    assert plots.table_v_counts(table).numbers["FSM"]["GMAC"] == pytest.approx(2.218, abs=0.0005)


def test_printed_rows_are_whole_targets_and_pixels():
    table = fusion.printed("V")
    assert table["targets"].tolist() == [255, 257, 258] and table["false pixels"].tolist() == [369, 179, 106]
    assert plots.printed_rows(table).caption.endswith("FSM 258.")


def test_the_table_fills_itself(tmp_path):
    assert plots.differences([compare.table("V", folder=tmp_path)]).numbers == {"iou": {}}
    for seed in range(3):
        line("V", "without FSM", seed, 70 + seed, tmp_path)
        line("noise", "default", seed, 73 + 0.1 * seed, tmp_path)
    table = compare.table("V", folder=tmp_path)
    assert table.frame.loc["without FSM", "ours"] == pytest.approx(71)
    assert table.frame.loc["deep supervision", "verdict"] == "not run"


# --- equal figures -------------------------------------------------------------------------------------------


def test_every_printed_run_is_there_once():
    """Rows of III to VIII but the default's six, 27 cells but the default's, and the default."""
    others = sum(len(paper.table(number)) - 1 for number in stacking.TABLES)
    pixels = stacking.false_pixels()
    assert len(pixels) == others + 1 == 51 and pixels["default"] == 106


def test_equal_pairs_are_found_by_another_route():
    pixels = stacking.false_pixels()
    counts = pixels.value_counts()
    assert len(stacking.equal_pairs(pixels)) == sum(n * (n - 1) // 2 for n in counts) == 5


def test_expected_pairs_have_a_known_value():
    """A normal rounded to whole numbers: two draws agree with probability 1 / (2 σ √π), to second order."""
    values = pd.Series(np.random.default_rng(0).normal(200, 40, 30))
    rule = 30 * 29 / 2 / (2 * values.std() * np.sqrt(np.pi))
    assert stacking.expected_pairs(values) == pytest.approx(rule, rel=0.03)


def test_the_figure_counts_what_it_marks():
    pixels = pd.Series({"a": 100, "b": 100, "c": 150, "d": 200, "e": 200, "f": 200})
    assert plots.equal_figures(pixels, 1.0).numbers["pairs"] == 4


# --- what passes hear ----------------------------------------------------------------------------------------


def test_three_heads_start_alike_but_for_the_head():
    torch.manual_seed(3)
    models = stacking.heads(1, seed=4)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    stacking.heads(1, seed=4)
    assert torch.equal(torch.rand(2), expected)  # the caller's random state stays
    first = models["FSM"].state_dict()
    for model in models.values():
        for name, value in model.state_dict().items():
            if not name.startswith("output."):
                assert torch.equal(value, first[name]), name


def test_without_fsm_only_the_last_map_is_heard_directly(batch):
    loss, models = losses.build("dpt-k"), stacking.heads(1)
    last, fsm = (stacking.heard(models[name], *batch, loss) for name in ("without FSM", "FSM"))
    assert last["direct"].tolist()[:2] == [0, 0] and last["direct"].iloc[2] > 0
    assert (fsm["direct"] > 0).all()
    for table in (last, fsm):  # after the last map there is no later pass
        assert table["whole"].iloc[-1] == pytest.approx(table["direct"].iloc[-1], rel=1e-5)
    assert all(p.grad is None for p in models["FSM"].parameters())


def test_shares_at_the_kernels_add_up(batch):
    table = stacking.hearing(*batch, losses.build("dpt-k"), [0])
    assert table["kernels"].groupby("head").sum().tolist() == pytest.approx([100] * 3)
    assert table.xs(2, level="pass")["whole"].tolist() == pytest.approx([100] * 3)
    numbers = plots.hearing(table).numbers
    assert numbers["without FSM"]["pass 0"]["direct"] == 0


# --- what the tail reads -------------------------------------------------------------------------------------


def test_a_convolution_of_stacked_maps_is_a_sum():
    assert stacking.split_error() < 1e-10


def test_a_map_that_the_tail_does_not_read_has_no_share():
    scenes, detector = data.open("synthetic", "test")[:1], rrca.Detector(rrca.load()[0])
    whole = stacking.tail_shares(detector, scenes)
    assert whole["spread"].sum() == pytest.approx(100) and len(whole) == 3
    with torch.no_grad():
        detector.model.output.tail.block.conv1.weight[:, 8:16] = 0
    silent = stacking.tail_shares(detector, scenes)
    assert silent["spread"][1] == 0 and silent["alone"][0] == pytest.approx(whole["alone"][0])
    assert plots.tail_reads({2: silent}).numbers["n2"]["d1"] == 0


def test_only_fsm_stacks():
    model = rrca.build("rrcanet-resnet18", in_channels=1, output="last")
    with pytest.raises(InputError, match="only 'fsm'"):
        stacking.tail_shares(rrca.Detector(model, Normalisation([0.5], [0.25])), [])


def test_diagrams_are_drawn_from_the_modules():
    texts = plots.heads(fusion.networks("V")).numbers
    tails = {name: [text for text in boxes if "tail" in text] for name, boxes in texts.items()}
    assert tails["without FSM"] == ["tail: 8 → 8 → 1"] and len(tails["deep supervision"]) == 3
    assert tails["FSM"] == ["tail: 24 → 8 → 1"] and "stack: 24" in texts["FSM"]
