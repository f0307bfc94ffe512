"""The folded solutions of notebook 09, as printed, are correct; its text says what is printed, counted and measured."""

import json

import lesson
import numpy as np
import pytest
from test_compare import folder  # noqa: F401

from rrca import checks, compare, paper, plots
from rrca.studies import budget, iterations, recipe_search


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(9)).split())


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(9)
    assert lesson.voices(
        checks.false_pixels(answers["pixels"]),
        checks.luck_of_a_claim(answers["by_luck"]),
        checks.steps_of_equal_work(answers["equal_work"]),
    ) == {"correct"}


def test_the_words_on_table_iv_are_the_tables():
    printed = budget.printed()
    assert printed.missed[0] - printed.missed[2] == 3 and printed.pixels[0] - printed.pixels[2] == 129
    assert printed.missed[3] - printed.missed[2] == 6
    assert (
        round(printed.iou[1] - printed.iou[0], 2) == 0.87
        and round(printed.iou[2] - printed.iou[0], 2) == 1.87
    )
    assert iterations.sign_test(3, 0) == 0.25 and round(iterations.sign_test(6, 0), 2) == 0.03
    assert round(budget.share_of_orders(budget.one_peak), 2) == 0.33 and "1 of 3." in text()
    # "In Fa the same hill stands upside down, and in Pd nearly so": no valley but at n = 2, and a tie
    assert np.sign(np.diff(printed.pixels)).tolist() == [-1, -1, 1]
    assert np.sign(np.diff(printed.missed)).tolist() == [0, -1, 1]


def test_a_pass_costs_what_the_take_away_says():
    over = numbers("09_cost")["over n = 0"]
    assert (over["GMAC"]["n2"] - 1) / 2 == pytest.approx(0.9, abs=0.05)
    assert (over["kept MB"]["n2"] - 1) / 2 == pytest.approx(0.8, abs=0.05)
    values = numbers("09_cost")["values"]
    assert [values["params"][f"n{n}"] for n in range(4)] == [183_889, 193_113, 202_249, 211_385]
    for n, row in enumerate(paper.table("IV")):
        assert values["printed G"][f"n{n}"] == pytest.approx(row.flops, abs=0.006)
    assert (values["GMAC"]["n3"] - values["GMAC"]["n0"]) / 3 == pytest.approx(0.71, abs=0.005)


def test_the_result_at_equal_time_is_the_searchs():
    found = recipe_search.table(recipe_search.load()).loc["n = 0"]
    assert found["paid"] == "undecided"
    assert (round(found["low"]), round(found["high"])) == (-14, 23) and "from −14 to +23" in text()


def test_the_tables_say_not_run_and_fill_themselves(tmp_path, folder):  # noqa: F811
    """The lesson calls these: without lines, and with made ones."""
    empty = compare.table("IV", folder=tmp_path / "none")
    assert "Not run: n = 0, n = 1, n = 2, n = 3" in empty.markdown()
    assert plots.differences([empty]).numbers == {"iou": {}}
    full = compare.table("IV", folder=folder)
    assert full.frame.verdict["n = 0"] == "agrees"  # as made there
    assert "not run" not in full.frame.verdict.tolist()
    assert compare.table("compute", folder=folder).frame.paper.isna().all()


def test_no_word_of_the_lesson_claims_a_result_of_its_runs():
    """Nothing is quoted from the figure that fills itself but the width of an interval."""
    quoted = [line for line in text().split("<!-- ") if line.startswith("09_seeds")]
    assert all("half width" in line or "s.d." in line for line in quoted)
