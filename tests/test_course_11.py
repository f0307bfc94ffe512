"""The folded solutions of notebook 11, as printed, are correct; its text says what was counted and measured."""

import json

import lesson
import pytest
import torch

from rrca import blocks, checks, paper
from rrca.studies import fusion


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(cell["source"] for cell in lesson.cells(11))


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(11)
    assert lesson.voices(
        checks.weights_of_channels(answers["weights"]),
        checks.attention_parameters(answers["attention_parameters"]),
        checks.counted_apart(answers["apart"]),
        checks.folded_gate(answers["fold"]),
    ) == {"correct"}


def test_the_toy_has_the_weights_that_the_text_works_out():
    """sigmoid(2 · 1 + 2 · 0.0009), and sigmoid(0)."""
    target = torch.zeros(1, 1, 100, 100)
    target[..., 50:53, 50:53] = 1
    attention = blocks.ChannelAttention(channels=1, ratio=1)
    for layer, value in ((0, 1.0), (2, 2.0)):
        torch.nn.init.constant_(attention.mlp[layer].weight, value)
    assert attention.weights(target).item() == pytest.approx(0.881, abs=5e-4)
    assert attention.weights(torch.zeros_like(target)).item() == 0.5
    assert "0.881 and 0.5" in text()


def test_the_text_says_what_lies_between_the_printed_rows():
    apart = fusion.printed()
    claims = {"sum": (-4, 263), "CA, r = 4": (-5, 160), "re-weight": (-3, 232)}
    for row, expected in claims.items():
        assert tuple(apart.loc[row, ["Δ targets", "Δ false pixels"]]) == expected
        assert f"{-expected[0]} targets, {expected[1]} false pixels" in text()
    assert apart.loc["sum", "false pixels"] - apart.loc["concatenate", "false pixels"] == 9
    assert paper.row("VI", "without CA").iou - paper.row("VI", "DIAAM").iou == pytest.approx(-2.24)


def test_the_words_on_the_gates_are_what_was_measured():
    """Switches: most weights shut or open, most of their variance between channels, in all four networks."""
    found = numbers("11_weights")
    assert found["shut"] + found["open"] > 75 and min(found["explained"].values()) > 80
    joints = {name: row for name, row in found.items() if name.startswith("pass ")}
    assert len(joints) == 9
    for row in joints.values():
        assert row["pixel, in a frame"] > row["pixel, between frames"]
    assert max(joints, key=lambda name: joints[name]["between frames"]) == "pass 0, level 1"


def test_the_words_on_erased_targets_are_what_was_measured():
    found = numbers("11_erased")
    moved = {name for name, row in found.items() if row["targets erased"] > 0.1}
    assert moved == {"pass 0, level 0", "pass 2, level 1"}
    for name in moved:
        assert found[name]["targets erased"] > found[name]["between frames"]
    assert all(row["elsewhere erased"] < 0.01 for row in found.values())


def test_the_words_on_held_gates_are_what_was_measured():
    """The least costly change and the costliest, and that the fold loses no target and adds no false alarm."""
    found = numbers("11_held")
    forms = [name for name in found if name not in ("targets", "empty", "as trained")]
    order = sorted(forms, key=lambda name: found[name]["lost"])
    assert order[0] == "channel weights: their means" and found[order[0]]["lost"] < 4
    assert found[order[0]]["detected"] == found["as trained"]["detected"]
    assert min(forms, key=lambda name: found[name]["detected"]) == "pixel gates: their means"
    assert found["channel weights: all 1"]["false alarms"] > 1000


def test_no_result_of_the_runs_is_claimed():
    """Claims that need the runs stay open in the text; only the count is decided."""
    table = [
        line
        for line in text().splitlines()
        if line.startswith(("| 15", "| 16", "| 17", "| 18", "| 19", "| 41"))
    ]
    assert [line.split("|")[-2].strip() for line in table] == [
        "open",
        "contradicts",
        "open",
        "open",
        "open",
        "open",
    ]
    assert "rrca sweep --table VI" in text()
