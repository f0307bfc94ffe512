"""Notebook 15 as a reader sees it: λ is moved in a real Chromium, and the picture follows."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_slider_moves_the_picture():
    with executed("15_low_rank") as notebook:
        move_sliders(notebook, {"λ (0": "ArrowRight"}, "15_low_rank")
