"""The folded solutions of notebook 12, as printed, are correct; its text says what the printed table and luck say."""

import lesson
import pytest

from rrca import checks, compare
from rrca.studies import alpha_k


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(12)).split())


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(12)
    assert lesson.voices(
        checks.kept_pixels(answers["kept"]),
        checks.targets_found(answers["targets"]),
        checks.best_of(answers["best_of"]),
    ) == {"correct"}


def test_the_counts_in_the_text_are_those_of_the_printed_table():
    printed = alpha_k.printed()
    targets, pixels = printed["targets"], printed["pixels"]
    assert f"{targets.max() - targets.min()} targets: {targets.max()} against {targets.min()}." in text()
    assert f"False pixels go from {pixels.min()} to {pixels.max()}." in text()
    assert targets.isin([253, 255, 256]).sum() == 18 and "Eighteen of the 27 cells" in text()
    by_k = printed.groupby("k")["targets"].mean()
    assert by_k.max() - by_k.min() == pytest.approx(0.5, abs=0.1) and "differs by half a target" in text()


def test_the_neighbours_of_the_chosen_cell_are_not_second_and_third():
    pd = alpha_k.printed_cells("pd")[1]
    neighbours = pd.loc[[3.0, 3.2], 10] if 3.2 in pd.index else pd[10].drop(3.1)
    others = sorted(pd.to_numpy().ravel())[-3:-1]
    assert sorted(neighbours) != others and "no hill leads up to it" in text()


def test_how_often_luck_stands_out_more():
    printed = alpha_k.best_stands_out(alpha_k.printed_cells("pd")[1])
    more = sum(alpha_k.best_stands_out(alpha_k.luck(seed)[1]) > printed for seed in range(100))
    assert f"In {more} of 100." in text()


def test_the_chosen_cell_is_where_luck_would_put_a_winner():
    distances = alpha_k.standing_out(alpha_k.printed())["distance"].round(1)
    assert f"{distances['pd']} in Pd, {distances['fa']} in Fa." in text()
    assert f"expected {alpha_k.expected_best(27):.1f} out" in text()
    assert f"Nearly twice, {compare.visible_ratio():.2f} times" in text()
