"""Table II: its counts, its cells, the table that fills itself; and the ten-line U-Net."""

import inspect

import pytest
import torch

import rrca
from rrca import plots
from rrca.studies import plugin, ten_lines
from rrca.sweeps import results


def test_the_network_has_ten_lines():
    lines = inspect.getsource(ten_lines.TenLineUNet).split('"""')[-1].splitlines()
    assert len([line for line in lines if line.strip()]) + 1 == 10  # and the line with its name


def test_without_iterations_it_is_the_plain_network_bit_by_bit():
    torch.manual_seed(0)
    plain = ten_lines.TenLineUNet().eval()
    torch.manual_seed(0)
    control = ten_lines.ten_lines(ten_lines.TenLineConfig()).eval()
    x = torch.randn(2, 1, 16, 24)
    assert torch.equal(control(x), plain(x))


def test_further_passes_add_norms_alone():
    sizes = [
        sum(p.numel() for p in ten_lines.ten_lines(ten_lines.TenLineConfig(iterations=n)).parameters())
        for n in range(3)
    ]
    assert sizes == [5409, 5409 + 80, 5409 + 160]


@pytest.fixture(scope="module")
def counts():
    return plugin.counts({"ResUNet": "resunet"})


def test_the_control_has_what_table_ii_adds_beside_the_passes(counts):
    """A residual block 8 → 8 at level 0, 1168 + 32, and the tail's, which takes one map at n = 0."""
    params = counts.params.xs("ResUNet")
    block = rrca.blocks.ResidualBlock(8, 8)
    assert params["n = 0"] - params["plain"] == 2 * sum(p.numel() for p in block.parameters())
    assert params["n = 2"] == 979_249


def test_the_two_parts_of_the_growth_add_up(counts):
    figure = plots.extras_and_passes(counts)
    found = figure.numbers["ResUNet"]
    for column in ("params", "GMAC", "counted G"):
        plain, last = counts[column]["ResUNet", "plain"], counts[column]["ResUNet", "n = 2"]
        assert found[column]["layers"] + found[column]["passes"] == pytest.approx(
            100 * (last - plain) / plain
        )
    assert found["params"]["together"] == pytest.approx(7.13, abs=0.005)  # claim 4
    assert [axes.get_title(loc="left") for axes in figure.axes][1] == "the paper's count of FLOPs"


def test_what_is_better_is_blue_and_what_is_worse_is_hatched():
    changes = plugin.printed_changes()
    figure = plots.changes(changes)
    for axes, name in zip(figure.axes, ("IoU", "Pd", "Fa"), strict=True):
        hatched = [bool(bar.get_hatch()) for bar in axes.patches]
        assert hatched == [value > 0 if name == "Fa" else value < 0 for value in changes[name]]
    assert figure.numbers["better"] == {"IoU": 6, "Pd": 4, "Fa": 9}


def line(row, iou, seed, table):
    return {
        "run": f"{row}-{seed}",
        "table": table,
        "row": row,
        "data": "NUAA-SIRST",
        "seed": seed,
        "list": "test",
        "error": None,
        "metrics": {"dnanet": {"iou": iou}},
    }


def test_the_table_says_not_run_yet_and_fills_itself(tmp_path):
    assert set(plugin.table_ii(folder=tmp_path).ours) == {"not run yet"}
    for seed, iou in enumerate((0.74, 0.76, 0.75)):
        results.append(results.path_of("II", tmp_path), line("ResUNet", iou, seed, "II"))
    results.append(results.path_of("II", tmp_path), line("ResUNet, n = 0", 0.731, 0, "II"))
    results.append(results.path_of("I", tmp_path), line("ResUNet", 0.72, 0, "I"))
    ours = plugin.table_ii(folder=tmp_path).ours.xs("ResUNet")
    assert ours.to_dict() == {"plain": "72.00 (1)", "n = 0": "73.10 (1)", "n = 2": "75.00 ± 1.00 (3)"}


def test_the_papers_column_is_the_papers():
    printed = plugin.table_ii().paper
    assert printed["ResUNet", "plain"] == "74.06" and printed["ResUNet", "n = 2"] == "75.13"
    assert printed["DNANet", "n = 0"] == "no such row"


def test_live_runs_tell_n_and_seed_apart():
    def log(iou):
        return [{"step": 1, "loss": 0.5}, {"step": 1, "iou": iou, "pd": 0.9, "fa": 0.01}]

    runs = {(0, 0): log(0.10), (2, 0): log(0.14), (0, 1): log(0.12), (2, 1): log(0.11)}
    found = plots.live_runs(runs).numbers
    assert found["between n"] == pytest.approx(4) and found["between seeds"] == pytest.approx(3)
    assert found["n = 2, seed 1"] == pytest.approx({"IoU / %": 11, "Pd / %": 90, "Fa / %": 1, "loss": 0.5})
