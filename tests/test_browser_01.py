"""Notebook 01 as a reader sees it: the sliders are moved in a real Chromium, and the picture follows."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_sliders_move_the_picture():
    moves = {
        "SCR (no unit": "ArrowRight",
        "target size, px": "ArrowRight",
        "clutter, grey levels": "ArrowLeft",
    }
    with executed("01_data") as notebook:
        move_sliders(notebook, moves, "01_data")
