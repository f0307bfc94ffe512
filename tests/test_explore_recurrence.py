"""The sliders for n, level and frame: a notebook swallows errors in a callback, so the effect is what is tested."""

import subprocess
import sys

import pytest

from rrca import data, explore, plots
from rrca.errors import InputError
from rrca.studies import iterations

widgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets, of the notebooks extra")

SERIES = iterations.series()
TWO = {n: SERIES[n] for n in (0, 2)}


@pytest.fixture(scope="module")
def scenes():
    return list(data.open("synthetic", "test")[:2])


@pytest.fixture
def box(scenes):
    return explore.recurrence(scenes, TWO)


def parts(box):
    """Goal, the three sliders, picture, line for errors."""
    return box.children


def test_each_slider_has_its_own_effect_at_both_ends(box):
    _, n, level, frame, picture, line = parts(box)
    seen = {}
    for name, slider in (("n", n), ("level", level), ("frame", frame)):
        for end in (slider.max, slider.min):
            before = bytes(picture.value)
            moved = slider.value != end
            slider.value = end
            assert (bytes(picture.value) != before) == moved and "Error" not in line.value
            seen[name, end] = box.figure.numbers | {"caption": box.figure.caption}
    assert len(seen["n", 2]["SCR"]) == 3 and len(seen["n", 0]["SCR"]) == 1
    assert "2.22 GMAC" in seen["n", 2]["caption"] and "0.80 GMAC" in seen["n", 0]["caption"]
    assert "level 3" in seen["level", 3]["caption"] and seen["level", 3]["SCR"] != seen["level", 0]["SCR"]
    assert seen["level", 3]["frame SCR"] == seen["level", 0]["frame SCR"]  # the same frame
    assert seen["frame", 1]["frame SCR"] != seen["frame", 0]["frame SCR"]


def test_the_goal_can_be_reached_with_the_frames_of_the_notebook(real_data):
    frames = data.open("NUAA-SIRST", "test", root=real_data)
    box = explore.recurrence([frames.get(id) for id in ("Misc_75", "Misc_357", "Misc_14")], TWO)
    goal, n, level, frame, *_ = parts(box)
    assert "Goal" in goal.value and "one n finds and another misses" in goal.value
    frame.value, n.value, level.value = 1, 2, 0
    assert not box.figure.numbers["found"]
    n.value = 0
    seen = box.figure.numbers
    assert seen["found"] and seen["SCR"][0] < seen["frame SCR"]
    assert "on it 1.00" in box.figure.caption


def test_it_starts_with_the_most_passes_at_the_finest_level(box, scenes):
    _, n, level, frame, picture, _ = parts(box)
    assert (n.value, level.value, frame.value) == (2, 0, 0)
    assert (n.min, n.max, n.step) == (0, 2, 2)  # no weights of n = 1 among these
    assert "0 to 2" in n.description and "3, deepest" in level.description
    assert not any(slider.continuous_update for slider in (n, level, frame))
    assert bytes(picture.value).startswith(b"\x89PNG")
    assert parts(explore.recurrence(scenes[:1], TWO, n=0, level=2))[1].value == 0


def test_an_n_without_weights_is_named_and_the_picture_stays(scenes):
    three = {0: SERIES[0], 2: SERIES[2], 3: SERIES[0]}  # made up: 3 is no multiple of a step of 2
    _, n, _, _, picture, line = parts(explore.recurrence(scenes[:1], three, n=0))
    before = bytes(picture.value)
    n.value = 1
    assert "no weights with n = 1 are shipped; there are n = 0, 2, 3" in line.value
    assert bytes(picture.value) == before


def test_an_error_is_shown_and_the_next_drawing_clears_it(box, monkeypatch):
    _, _, level, _, picture, line = parts(box)
    before = bytes(picture.value)
    with monkeypatch.context() as patch:
        patch.setattr(plots, "passes_at_level", lambda *given: 1 / 0)
        level.value = 2
    assert line.value == "<b>ZeroDivisionError</b>: division by zero"
    assert bytes(picture.value) == before
    level.value = 1
    assert "Error" not in line.value


def test_no_frame_is_refused():
    with pytest.raises(InputError, match="at least one of each"):
        explore.recurrence([], TWO)


def test_importing_does_not_need_ipywidgets():
    program = (
        "import sys; sys.modules['ipywidgets'] = None; from rrca import explore; print(explore.recurrence)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.startswith("<function recurrence"), ran.stderr
