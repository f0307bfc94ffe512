"""Notebook 02: its folded solutions are correct as printed, and what it says of its figures holds."""

import json

import lesson

import rrca
from rrca import checks
from rrca.studies import ledger


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(2)
    assert lesson.voices(
        checks.block_parameters(answers["parameters_of_block"]),
        checks.join_levels(answers["join"]),
        checks.total_parameters(answers["parameters"]),
        checks.executed_work(answers["gmac"]),
    ) == {"correct"}


def test_stubs_are_not_yet():
    stubs = lesson.stubs(2)
    assert stubs["parameters_of_block"] is None and stubs["gmac"] is None
    assert lesson.voices(checks.join_levels(stubs["join"]), checks.total_parameters(stubs["parameters"])) == {
        "not yet"
    }


def test_the_text_says_which_way_the_figures_go():
    """Words without a digit: less open on targets, the first pass sends most, pass 1 leads in deep levels."""
    gate, norms, gradients = (numbers(f"02_{name}") for name in ("gate", "norms", "gradients"))
    assert gate["gate on targets"] < gate["gate elsewhere"]
    assert gate["frames on targets"] < gate["frames elsewhere"]
    assert norms["pass 0 IoU"] < norms["own IoU"] and norms["pass 0 false"] > norms["own false"]
    assert gradients["leading"]["trained"] == ["pass 0", "pass 0", "pass 1", "pass 1"]
    for shares in (gradients["fresh"], gradients["trained"]):
        assert shares["pass 0"] > shares["pass 1"] > shares["pass 2"]


def test_the_counts_of_the_text_are_the_codes():
    grey, colour = (rrca.count(rrca.build("rrcanet-resnet18", in_channels=c), (c, 256, 256)) for c in (1, 3))
    assert colour.params - grey.params == 160
    table = ledger.ledger(rrca.build("rrcanet-resnet18"))
    kernels = table[table.kind == "3×3 kernels"]
    assert round(kernels.macs[kernels.level == "3"].sum() / kernels.macs.sum(), 1) == 0.2  # "a fifth"
    text = " ".join(cell["source"] for cell in lesson.cells(2))
    assert "160 parameters fewer" in text and "202 249" in text
