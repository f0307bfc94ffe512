"""The sliders over the generator: every end is tried, and the effect is what is looked at."""

import subprocess
import sys
from itertools import product

import ipywidgets
import pytest

from rrca import explore, plots


@pytest.fixture
def parts():
    goal, *sliders, picture, message = explore.scene().children
    return goal, sliders, picture, message


def test_goal_and_three_sliders_with_units(parts):
    goal, sliders, picture, message = parts
    assert "Goal" in goal.value
    assert [slider.description for slider in sliders] == [
        "SCR (no unit, 1 to 12)",
        "target size, px (0 to 10)",
        "clutter, grey levels (0.02 to 0.14)",
    ]
    assert [(slider.min, slider.max) for slider in sliders] == [(1, 12), (0, 10), (0.02, 0.14)]
    assert not any(slider.continuous_update for slider in sliders)
    assert picture.value == plots.scene()._repr_png_()
    assert "6279 pixels are brighter" in message.value


@pytest.mark.parametrize("which", range(3))
def test_both_ends_of_each_slider_change_the_picture(parts, which):
    _, sliders, picture, message = parts
    seen = set()
    for value in (sliders[which].min, sliders[which].max):
        sliders[which].value = value
        seen.add(picture.value)
        assert "Error" not in message.value
    assert len(seen) == 2
    arguments = [slider.value for slider in sliders]
    assert picture.value == plots.scene(*arguments)._repr_png_()  # the picture is the plain call's


def test_every_corner_of_the_sliders_can_be_made(parts):
    _, sliders, _, message = parts
    for corner in product(*((slider.min, slider.max) for slider in sliders)):
        for slider, value in zip(sliders, corner, strict=True):
            slider.value = value
        assert "Error" not in message.value, corner


def test_an_error_in_the_callback_is_shown_and_the_next_move_mends_it(parts, monkeypatch):
    _, sliders, picture, message = parts
    before, draw = picture.value, plots.scene

    def broken(**arguments):
        raise ValueError("no <scene>")

    monkeypatch.setattr(plots, "scene", broken)
    sliders[0].value = 7
    assert message.value == "<b>ValueError</b>: no &lt;scene&gt;" and picture.value == before
    monkeypatch.setattr(plots, "scene", draw)
    sliders[0].value = 8
    assert "Error" not in message.value and picture.value != before


def test_it_starts_where_it_is_told():
    _, scr, size, clutter, picture, _ = explore.scene(8, 4, 0.06).children
    assert (scr.value, size.value, clutter.value) == (8, 4, 0.06)
    assert picture.value == plots.scene(8, 4, 0.06)._repr_png_()
    assert isinstance(picture, ipywidgets.Image)


def test_importing_needs_no_widgets():
    code = "import sys; sys.modules['ipywidgets'] = None; from rrca import explore; print(callable(explore.scene))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True"
