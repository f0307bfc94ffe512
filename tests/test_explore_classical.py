"""The sliders of notebooks 14 and 15: errors in a callback are swallowed by notebooks, so the effect is tested."""

from types import SimpleNamespace

import numpy as np
import pytest

from rrca import checks, explore
from rrca.data import scenes
from rrca.errors import InputError

widgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets, of the notebooks extra")
FRAMES = [scenes.scene(seed=seed, targets=1, scr=12, size=(96, 96)) for seed in (1, 2)]


@pytest.fixture
def filters():
    return explore.filters(FRAMES)


def test_each_filter_slider_moves_the_picture_at_both_ends(filters):
    _, size, k, frame, picture, trouble = filters.children
    seen = {}
    for slider in (size, k, frame):
        for end in (slider.max, slider.min):
            before = bytes(picture.value)
            slider.value = end
            assert bytes(picture.value) != before and "Error" not in trouble.value
            seen[slider.description[:5], end] = filters.figure.numbers
    assert seen["windo", 3]["size"] == 3 and seen["windo", 15]["size"] == 15
    assert seen["k (st", 1.0]["false px"] > seen["k (st", 20.0]["false px"]


def test_the_filter_goal_can_be_reached(filters):
    goal, _, k, *_ = filters.children
    assert "nothing else is marked" in goal.value
    clean = []
    for value in (5.0, 10.0, 15.0):
        k.value = value
        clean.append(filters.figure.numbers["detected"] == 1 and not filters.figure.numbers["false alarms"])
    assert any(clean)


def test_filters_start_where_they_are_told_and_need_two_frames():
    _, size, k, frame, *_ = explore.filters(FRAMES, size=7, k=3.0, frame=1).children
    assert (size.value, k.value, frame.value) == (7, 3.0, 1)
    assert size.step == 2 and not k.continuous_update
    with pytest.raises(InputError, match="1 frames"):
        explore.filters(FRAMES[:1])


@pytest.fixture
def made():
    """A target that weakens with λ, and a false pixel that vanishes at 2."""
    mask = np.zeros((64, 64), bool)
    mask[30:32, 30:32] = True
    targets = {
        factor: np.where(mask, peak, 0.0) for factor, peak in ((0.5, 0.9), (1.0, 0.8), (2.0, 0.2), (4.0, 0.0))
    }
    targets[0.5][5, 5] = targets[1.0][5, 5] = 0.1
    return SimpleNamespace(frame=np.float32(mask), mask=mask, targets=targets)


def test_the_sparsity_slider_starts_at_the_default_and_moves_over_the_grid(made):
    box = explore.sparsity(made.frame, made.mask, made.targets)
    _, place, picture, trouble = box.children
    assert place.value == 1 and box.figure.numbers["factor"] == 1.0
    for end, factor in ((place.min, 0.5), (place.max, 4.0)):
        before = bytes(picture.value)
        place.value = end
        assert bytes(picture.value) != before and "Error" not in trouble.value
        assert box.figure.numbers["factor"] == factor
    assert "0.5" in place.description and "4" in place.description


def test_the_sparsity_goal_can_be_reached_and_is_what_the_check_asks(made):
    box = explore.sparsity(made.frame, made.mask, made.targets)
    place = box.children[1]
    start = box.figure.numbers["peak"]
    while box.figure.numbers["off the mask"]:
        place.value += 1
    answer = box.figure.numbers["factor"], box.figure.numbers["peak"] / start
    assert answer == (2.0, pytest.approx(0.25))
    assert checks.clean_weight(answer, made.targets, made.mask).voice == "correct"
