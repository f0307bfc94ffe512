"""The folded solutions of notebook 03, as printed, are correct; its text says what the code does."""

import math
import re

import numpy as np

import rrca
from rrca import checks
from rrca.series import read_cells

NOTEBOOK = rrca.checkpoint.weights_folder().parents[1] / "notebooks" / "03_loss.ipynb"
TEXT = ["".join(cell["source"]) for cell in read_cells(NOTEBOOK)]


def test_solutions_are_correct_as_printed():
    solutions = [
        code
        for text in TEXT
        if "<summary>Solution</summary>" in text
        for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ]
    assert len(solutions) == 4
    answers = {"log": math.log, "np": np}
    for solution in solutions:
        exec(solution, answers)
    verdicts = [
        checks.toy_top_k(answers["top_k_of_row"]),
        checks.doubling_alpha(answers["alpha_that_doubles"]),
        checks.all_targets_kept(answers["k_for_all"]),
        checks.top_k_function(answers["top_k"]),
    ]
    assert [verdict.voice for verdict in verdicts] == ["correct"] * 4


def test_it_stays_a_lesson():
    words = sum(len(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).split()) for text in TEXT)
    assert 25 <= len(TEXT) <= 60 and words < 2400  # code included


def test_the_row_in_the_text_is_the_row_that_is_drawn():
    p, mask = checks.toy_row()
    prompt = next(text for text in TEXT if "Twenty pixels in a row" in text)
    assert len(p) == 20 and np.flatnonzero(mask).tolist() == [8, 9, 10]
    assert "p = 0.60, 0.90 and 0.20" in prompt and p[8:11].tolist() == [0.6, 0.9, 0.2]
    assert "0.12, 0.30, 0.70 and 0.09" in prompt and p[13:17].tolist() == [0.12, 0.3, 0.7, 0.09]
    assert np.delete(p, [8, 9, 10, 13, 14, 15, 16]).max() < 0.09
