"""Notebook 03 as a reader sees it: α and k are moved in a real Chromium, and the picture follows."""

import pytest
from browser_lesson import executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_sliders_move_the_picture():
    moves = {"α (no unit": "ArrowRight", "k (per cent": "ArrowRight"}
    with executed("03_loss", frames=6, seeds=2) as notebook:
        move_sliders(notebook, moves, "03_loss")
