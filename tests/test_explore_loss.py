"""The sliders for α and k: errors in a callback are swallowed by notebooks, so the effect is what is tested."""

import subprocess
import sys

import pytest

from rrca import explore, plots

widgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets, of the notebooks extra")


@pytest.fixture
def box():
    return explore.loss()


def parts(box):
    """Goal, the two sliders, picture, line for errors."""
    return box.children


def test_each_slider_moves_its_own_number_at_both_ends(box):
    _, alpha, k, picture, trouble = parts(box)
    seen = {}
    for slider in (alpha, k):
        for end in (slider.min, slider.max):
            before = bytes(picture.value)
            slider.value = end
            assert bytes(picture.value) != before and "Error" not in trouble.value
            seen[slider is alpha, end] = box.figure.numbers
    assert seen[True, 0.0]["ratio at 0 1"] == 1
    assert seen[True, 12.0]["ratio at 0 1"] > 2
    assert len(seen[False, 1.0]["kept"]) == 1
    assert len(seen[False, 50.0]["kept"]) == 10


def test_the_goal_can_be_reached_with_the_sliders(box):
    goal, alpha, k, *_ = parts(box)
    assert "Goal" in goal.value and "p = 0.1" in goal.value
    alpha.value, k.value = 10.7, 30
    assert box.figure.numbers["ratio at 0 1"] == pytest.approx(2, abs=0.01)
    assert box.figure.numbers["targets kept"] == 3
    k.value = 29
    assert box.figure.numbers["targets kept"] < 3


def test_it_starts_where_it_is_told_with_units_and_ranges():
    _, alpha, k, picture, _ = parts(explore.loss(alpha=2.0, k=20))
    assert (alpha.value, k.value) == (2.0, 20)
    assert "0 to 12" in alpha.description and "per cent" in k.description
    assert not alpha.continuous_update and not k.continuous_update
    assert bytes(picture.value).startswith(b"\x89PNG")


def test_an_error_is_shown_and_the_next_drawing_clears_it(box, monkeypatch):
    _, alpha, _, picture, trouble = parts(box)
    before = bytes(picture.value)
    with monkeypatch.context() as patch:
        patch.setattr(plots, "loss_knobs", lambda **given: 1 / 0)
        alpha.value = 5.0
    assert trouble.value == "<b>ZeroDivisionError</b>: division by zero"
    assert bytes(picture.value) == before
    alpha.value = 6.0
    assert "Error" not in trouble.value


def test_importing_does_not_need_ipywidgets():
    program = (
        "import sys; sys.modules['ipywidgets'] = None; from rrca import explore; print(explore.loss.__name__)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "loss", ran.stderr
