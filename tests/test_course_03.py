"""The folded solutions of notebook 03, as printed, are correct; its text says what the code does."""

import math

import lesson
import numpy as np

from rrca import checks


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(3, log=math.log, np=np)
    assert lesson.voices(
        checks.toy_top_k(answers["top_k_of_row"]),
        checks.doubling_alpha(answers["alpha_that_doubles"]),
        checks.all_targets_kept(answers["k_for_all"]),
        checks.top_k_function(answers["top_k"]),
    ) == {"correct"}


def test_the_row_in_the_text_is_the_row_that_is_drawn():
    p, mask = checks.toy_row()
    prompt = next(cell["source"] for cell in lesson.cells(3) if "Twenty pixels in a row" in cell["source"])
    assert len(p) == 20 and np.flatnonzero(mask).tolist() == [8, 9, 10]
    assert "p = 0.60, 0.90 and 0.20" in prompt and p[8:11].tolist() == [0.6, 0.9, 0.2]
    assert "0.12, 0.30, 0.70 and 0.09" in prompt and p[13:17].tolist() == [0.12, 0.3, 0.7, 0.09]
    assert np.delete(p, [8, 9, 10, 13, 14, 15, 16]).max() < 0.09
