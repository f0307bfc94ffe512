"""The folded solutions of notebook 17, as printed, are correct; its text says what the code does."""

import json

import lesson
import pytest
import torch

import rrca
from rrca import checks, paper, reuse
from rrca.studies import plugin


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(cell["source"] for cell in lesson.cells(17))


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(17)
    assert lesson.voices(
        checks.pass_costs(answers["parameters"]),
        checks.made_recurrent(answers["make"]),
        checks.table_ii_cells(answers["better"]),
    ) == {"correct"}


def test_the_toy_is_counted_by_hand_rightly():
    middle = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.BatchNorm2d(1))
    toy = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, padding=1), middle, torch.nn.Conv2d(1, 1, 1))
    costs = [rrca.count(reuse.recurrent(toy, "0", "2", iterations=n), (1, 4, 4)) for n in (0, 2)]
    assert [(cost.params, cost.macs) for cost in costs] == [(24, 304), (28, 592)]
    assert "24 parameters" in text() and "= 304 multiply" in text() and "28 and 592" in text()


def test_the_words_on_the_live_runs_are_what_was_measured():
    """Above with the first seed, below with the second: the sentence that carries the lesson."""
    ious = {key: value["IoU / %"] for key, value in numbers("17_live").items() if key.startswith("n = ")}
    assert ious["n = 2, seed 0"] > ious["n = 0, seed 0"] and ious["n = 2, seed 1"] < ious["n = 0, seed 1"]
    pds = {key: value["Pd / %"] for key, value in numbers("17_live").items() if key.startswith("n = ")}
    assert round(pds["n = 0, seed 1"]) == 92 and round(pds["n = 2, seed 1"]) == 86
    fas = [value["Fa / %"] for key, value in numbers("17_live").items() if key.startswith("n = ")]
    assert all(0.7 < fa < 1.5 for fa in fas)  # "about one pixel of a hundred"


def test_the_words_on_table_ii_are_the_tables():
    changes = plugin.printed_changes()
    assert changes.Pd.idxmin() == ("AMFU-net", paper.NUAA) and changes.Pd.min() == -2.28
    assert round(2.28 / 100 * paper.TEST_TARGETS) == 6
    assert changes.IoU.idxmax() == ("ResUNet", paper.DENSE) and changes.IoU.max() == 2.16


def test_the_words_on_layers_are_the_counts():
    shares = {name: numbers("17_counts")[name]["share of layers"] for name in plugin.RIVALS}
    assert all(share > 25 for share in shares.values())
    assert (
        numbers("17_counts")["DNANet"]["params"]["layers"] < 0
    )  # "the gates that were dropped pay for the norms"
    printed = [paper.row("II", "ResUNet").flops / paper.row("I", "ResUNet").flops]
    assert printed[0] - 1 == pytest.approx(0.32, abs=0.005)
