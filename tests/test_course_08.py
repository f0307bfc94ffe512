"""The folded solutions of notebook 08, as printed, are correct; its text says what is printed, counted and measured."""

import json

import lesson
import numpy as np
import pytest
from test_compare import NOISE, line

from rrca import checks, compare, experiments, plots
from rrca.studies import channels


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(8)).split())


@pytest.fixture(scope="module")
def table():
    return channels.table_iii()


def test_solutions_are_correct_as_printed(table):
    answers = lesson.solve(8, table=table)
    assert lesson.voices(
        checks.kernel_cost(answers["kernel"]),
        checks.front_by_work(answers["front"], table["iou"], table["GMAC"], table["params, M"]),
        checks.fewest_seeds(answers["seeds"]),
    ) == {"correct"}


def test_the_words_on_shapes_are_the_counts(table):
    wider = numbers("08_shapes")["wider"]
    assert [round(value, 2) for value in wider["params, M"]] == [3.90, 3.95] and "3.90, 3.95" in text()
    assert table["GMAC"]["C = 16..128, l = 4"] / table["GMAC"][channels.DEFAULT] == pytest.approx(4, abs=0.1)
    assert round(table.iou["C = 8..128, l = 5"] - table.iou[channels.DEFAULT], 2) == -0.02
    assert round(table["params, M"]["C = 8..128, l = 5"] / table["params, M"][channels.DEFAULT], 1) == 3.9


def test_the_words_on_seeds_are_the_tables(table):
    needed = channels.seeds_table(table)
    assert needed["printed difference"].min() == -2.81 and needed["printed difference"].max() == 0.23
    assert np.isnan(needed.loc["C = 16..256, l = 5", "s.d. 1"])
    assert needed.loc["C = 4..64, l = 5", "s.d. 1"] == 2
    single = [row.name for row in experiments.rows("III") if len(row.seeds) == 1]
    assert single == ["C = 16..128, l = 4", "C = 16..256, l = 5"]  # "the two widest with one seed"


def test_the_table_says_not_run_and_fills_itself(tmp_path):
    empty = compare.table("III", folder=tmp_path)
    assert "Not run: C = 4..32, l = 4" in empty.markdown()
    for seed, iou in enumerate(NOISE):
        line("noise", "default", seed, iou, tmp_path)
    for seed in range(3):
        line("III", "C = 4..32, l = 4", seed, NOISE.mean() - 5 + 0.3 * seed, tmp_path)
    line("III", "C = 16..256, l = 5", 0, 75, tmp_path)
    full = compare.table("III", folder=tmp_path)
    assert full.frame.verdict["C = 4..32, l = 4"] == "agrees"
    shown = plots.differences([full]).numbers["iou"]
    assert "low" not in shown["C = 16..256, l = 5"]  # one seed: a mark without an interval


def test_no_word_of_the_lesson_claims_a_result_of_its_runs():
    assert "<!-- 08_seeds" not in text()
