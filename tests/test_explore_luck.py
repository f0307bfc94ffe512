"""The sliders of luck: errors in a callback are swallowed by notebooks, so the effect is tested."""

import pytest

from rrca import explore, plots

widgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets, of the notebooks extra")


def test_each_slider_moves_the_picture_and_only_the_seed_moves_the_numbers():
    box = explore.luck()
    _, seed, azimuth, picture, message = box.children
    before, numbers = bytes(picture.value), box.figure.numbers
    azimuth.value = 40
    assert bytes(picture.value) != before and box.figure.numbers == numbers
    before = bytes(picture.value)
    seed.value = 99
    assert bytes(picture.value) != before and "luck, seed 99" in box.figure.numbers
    assert box.figure.numbers["paper"] == numbers["paper"] and "Error" not in message.value


def test_the_goal_can_be_reached():
    box = explore.luck()
    _, seed, *_ = box.children
    for value in range(seed.min, seed.max + 1):
        seed.value = value
        paper, luck = box.figure.numbers.values()
        if luck["stands out"] > paper["stands out"]:
            break
    assert value == 2


def test_an_error_is_shown(monkeypatch):
    box = explore.luck()
    monkeypatch.setattr(plots, "alpha_k_surface", lambda *given, **how: 1 / 0)
    box.children[1].value = 5
    assert box.children[-1].value == "<b>ZeroDivisionError</b>: division by zero"
