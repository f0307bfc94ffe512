"""The folded solutions of notebook 10, as printed, are correct; its text says what was counted and measured."""

import json

import lesson
import pytest

from rrca import checks, paper
from rrca.studies import fusion, stacking


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(cell["source"] for cell in lesson.cells(10))


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(10)
    assert lesson.voices(
        checks.stacked_share(answers["share"]),
        checks.tail_parameters(answers["tail_parameters"]),
        checks.expected_pairs(answers["expected"]),
    ) == {"correct"}


def test_the_pixel_is_worked_out_rightly():
    parts = [w * d for w, d in zip((1, -1, 0.5), (1, 2, 4), strict=True)]
    assert (sum(parts), parts[-1]) == (1, 2) and "1 and 2." in text()


def test_the_text_says_what_lies_between_the_printed_rows():
    apart = fusion.printed("V")
    for row, (targets, pixels) in {"without FSM": (3, 263), "deep supervision": (1, 73)}.items():
        assert tuple(-apart.loc[row, ["Δ targets"]]) == (targets,)
        assert apart.loc[row, "Δ false pixels"] == pixels and f"{pixels} false pixels" in text()
    assert paper.row("V", "without FSM").fa == paper.row("VI", "sum").fa == 26.311
    assert 26.311 - 7.558 == pytest.approx(18.753)
    counts = stacking.counts()
    assert counts.GMAC["FSM"] - counts.GMAC["without FSM"] == pytest.approx(0.088, abs=0.0005)


def test_the_words_on_equal_pairs_are_what_was_counted():
    found = numbers("10_pairs")
    assert found["runs"] == 51 and 51 * 50 // 2 == 1275 and "1275" in text()
    assert found["pairs"] == pytest.approx(found["expected"], abs=2)  # "what chance gives"


def test_the_words_on_hearing_are_what_was_measured():
    """The first pass hears most under every head, FSM's three maps about the same directly."""
    found = numbers("10_hearing")
    for passes in found.values():
        assert passes["pass 0"]["whole"] > passes["pass 1"]["whole"] > passes["pass 2"]["whole"]
        assert passes["pass 0"]["kernels"] > 40
    assert all(90 < found["FSM"][f"pass {t}"]["direct"] < 110 for t in range(3))


def test_the_words_on_the_tail_are_what_was_measured():
    """The last map is the loudest in each network, and in n = 2 the one whose silence costs least."""
    for n, shares in numbers("10_reads").items():
        assert max(shares, key=shares.get) == f"d{n[1:]}"
    silenced = numbers("04_silenced")["mean"]
    assert max("012", key=lambda t: silenced[t]["IoU"]) == "2"


def test_no_result_of_the_runs_is_claimed():
    table = [line for line in text().splitlines() if line.startswith(("| 13", "| 14", "| 39"))]
    assert [line.split("|")[-2].strip() for line in table] == ["open", "open", "contradicts"]
    assert "rrca sweep --table V`" in text()
