"""Notebook 04 as a reader sees it: n, level and frame are moved in a real Chromium, and the picture follows."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_sliders_move_the_picture():
    moves = {"n, extra iterations": "ArrowLeft", "level (0": "ArrowRight", "frame (0": "ArrowRight"}
    with executed("04_recurrence", judged=6) as notebook:
        move_sliders(notebook, moves, "04_recurrence")
