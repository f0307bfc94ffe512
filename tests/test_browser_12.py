"""Notebook 12 as a reader sees it: a table of luck is drawn and turned in a real Chromium."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_sliders_move_the_landscapes():
    moves = {"seed of the table": "ArrowRight", "seen from": "ArrowRight"}
    with executed("12_alpha_k") as notebook:
        move_sliders(notebook, moves, "12_alpha_k")
