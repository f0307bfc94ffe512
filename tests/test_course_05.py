"""The folded solutions of notebook 05, as printed, are correct; its text says what the code does."""

import lesson
import pytest

import rrca
from rrca import checks, recipes, train
from rrca.studies import steps


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(5)
    assert lesson.voices(
        checks.cosine_rate(answers["rate_at"]),
        checks.paper_steps(answers["steps_of_paper"]),
        checks.is_collapsed(answers["is_collapsed"]),
        checks.weight_average(answers["average"]),
    ) == {"correct"}


def test_the_steps_counted_by_hand_are_the_optimiser_s():
    prompt = next(
        cell["source"] for cell in lesson.cells(5) if "Three steps to count by hand" in cell["source"]
    )
    answer = next(cell["source"] for cell in lesson.cells(5) if "√12" in cell["source"])
    first, second, third = steps.moves("adagrad", 0.05, [2.0] * 3)
    assert f"= {first:.2f}," in prompt and f"= {second:.3f}." in prompt
    assert f"= {third:.3f}," in answer
    assert steps.moves("adagrad", 0.05, [0.002])[0] == pytest.approx(first, rel=1e-6)


def test_the_work_compared_in_the_text_is_the_recipes():
    paper, ours = train.recipe("paper"), recipes.of_card(rrca.load("rrcanet-resnet18_n2")[1])
    pixels = [recipe.steps * recipe.batch * recipe.crop**2 for recipe in (paper, ours)]
    text = " ".join(cell["source"] for cell in lesson.cells(5))
    assert f"{pixels[0] / pixels[1]:.0f} times as many pixels" in text


def test_dice_of_nothing_counted_by_hand():
    text = next(cell["source"] for cell in lesson.cells(5) if "## What nothing costs" in cell["source"])
    assert "1 − s / (157 + s) = 0.994" in text and round(1 - 1 / 158, 3) == 0.994
