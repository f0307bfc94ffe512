"""Notebook 14 as a reader sees it: window, k and frame are moved in a real Chromium, and the picture follows."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_sliders_move_the_picture():
    moves = {"window (3": "ArrowRight", "k (standard": "ArrowRight", "frame (0": "ArrowRight"}
    with executed("14_classical_filters", frames=6) as notebook:
        move_sliders(notebook, moves, "14_classical_filters")
