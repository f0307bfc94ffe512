"""Notebook 01: its folded solutions are correct as printed, and it promises what it has."""

import re

import numpy as np

import rrca
from rrca import checks
from rrca.data import lists
from rrca.series import discover, read_cells

REPOSITORY = rrca.checkpoint.weights_folder().parents[1]
(NOTEBOOK,) = [notebook for notebook in discover(REPOSITORY / "notebooks") if notebook.number == 1]
CELLS = read_cells(NOTEBOOK.path)


def test_solutions_of_notebook_01_are_correct_as_printed():
    solutions = [
        code
        for cell in CELLS
        if "<summary>Solution</summary>" in cell["source"]
        for code in re.findall(r"```python\n(.*?)```", cell["source"], re.DOTALL)
    ]
    assert len(solutions) == NOTEBOOK.exercises == 3
    answers = {"np": np}
    for solution in solutions:
        exec(solution, answers)
    test, trained = lists.ids("NUAA-SIRST", "test"), lists.ids("DenseSIRST", "trainval")
    verdicts = [
        checks.toy_targets(answers["targets"]),
        checks.signal_to_clutter(answers["my_scr"]),
        checks.unseen(answers["unseen"], test, trained),
    ]
    assert [verdict.voice for verdict in verdicts] == ["correct"] * 3
    assert len(answers["unseen"](test, trained)) == 53  # as the text says


def test_the_picture_comes_before_the_slider():
    sources = [cell["source"] for cell in CELLS if cell["cell_type"] == "code"]
    still, alive = (
        next(i for i, source in enumerate(sources) if call in source)
        for call in ("plots.scene(", "explore.scene(")
    )
    assert still < alive


def test_it_is_as_long_as_a_lesson():
    words = sum(len(cell["source"].split()) for cell in CELLS if cell["cell_type"] == "markdown")
    assert 25 <= len(CELLS) <= 60 and words < 2000
