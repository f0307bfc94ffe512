"""Notebook 06 as a reader sees it: threshold and frame are moved in a real Chromium, and the landscape is there."""

import pytest
from browser_lesson import SCREENSHOTS, executed, move_sliders

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_the_sliders_move_the_picture_and_the_landscape_is_drawn():
    moves = {"logit of the threshold": "ArrowRight", "frame (0": "ArrowRight"}
    with executed("06_evaluation", judged=12) as notebook:
        move_sliders(notebook, moves, "06_evaluation")
        landscape = notebook.page.locator(".plotly-graph-div")
        landscape.first.scroll_into_view_if_needed()
        # plotly draws both scenes in one container, each on a canvas of its own: frame and score
        assert landscape.locator(".gl-container canvas").count() == 2
        notebook.screenshot(SCREENSHOTS / "06_evaluation_landscape.png")
