"""The sliders for threshold and frame: errors in a callback are swallowed by notebooks, so the effect is tested."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rrca import checks, explore, metrics, plots
from rrca.errors import InputError

widgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets, of the notebooks extra")
PLACES = 1 / (1 + np.exp(-np.arange(-10, 10.5, 0.5)))


def made(bright, dark):
    """A frame of 96 × 96 px with a target of score `bright` and a false alarm of score `dark`."""
    scores, mask = np.full((96, 96), 1e-6), np.zeros((96, 96), bool)
    scores[20:23, 20:23] = bright
    scores[70:72, 60:62] = dark
    mask[20:23, 20:23] = True
    return SimpleNamespace(image=np.float32(scores), mask=mask), scores


FRAMES, SCORES = zip(made(0.99999, 0.98), made(0.9, 0.3), strict=True)
MASKS = [frame.mask for frame in FRAMES]
CURVE = metrics.roc(SCORES, MASKS, PLACES)


@pytest.fixture
def box():
    return explore.threshold(FRAMES, SCORES, CURVE)


def test_each_slider_moves_its_own_number_at_both_ends(box):
    _, logit, frame, picture, trouble = box.children
    seen = {}
    for slider in (logit, frame):
        for end in (slider.min, slider.max):
            before = bytes(picture.value)
            slider.value = end
            assert "Error" not in trouble.value
            seen[slider is logit, end] = box.figure.numbers
            assert bytes(picture.value) != before or (slider is frame and end == 0)  # where it was already
        logit.value = 0.0
    assert seen[True, -10.0]["all false alarms"] == 2 and seen[True, -10.0]["all detected"] == 2
    assert seen[True, 10.0]["all false alarms"] == 0 and seen[True, 10.0]["all detected"] == 1
    assert (seen[False, 0]["false alarms"], seen[False, 1]["false alarms"]) == (1, 0)
    assert seen[False, 0]["all iou"] == seen[False, 1]["all iou"]  # all frames, whichever is shown


def test_the_goal_can_be_reached_with_the_slider(box):
    goal, logit, *_ = box.children
    assert "10 · 10⁻⁶" in goal.value
    half = box.figure.numbers["all detected"]
    for place in np.arange(-10, 10.5, 0.5):
        logit.value = place
        if box.figure.numbers["all fa / 1e-6"] < 10:
            break
    answer = place, half - box.figure.numbers["all detected"]
    assert answer == (4.0, 1)  # the false alarm of 0.98 has the logit 3.9, the target of 0.9 has 2.2
    assert checks.quiet_threshold(answer, SCORES, MASKS).voice == "correct"


def test_the_slider_stands_where_the_check_counts():
    from rrca.checks.evaluation import STEP

    _, logit, *_ = explore.threshold(FRAMES, SCORES, CURVE).children
    assert logit.step == STEP
    assert CURVE.thresholds == pytest.approx(PLACES, rel=1e-12)


def test_it_starts_where_it_is_told_with_units_and_ranges():
    _, logit, frame, picture, _ = explore.threshold(FRAMES, SCORES, CURVE, logit=2.0, frame=1).children
    assert (logit.value, frame.value) == (2.0, 1)
    assert "−10 to 10" in logit.description and "0 to 1" in frame.description
    assert not logit.continuous_update and not frame.continuous_update
    assert bytes(picture.value).startswith(b"\x89PNG")


def test_an_error_is_shown_and_the_next_drawing_clears_it(box, monkeypatch):
    _, logit, _, picture, trouble = box.children
    before = bytes(picture.value)
    with monkeypatch.context() as patch:
        patch.setattr(plots, "threshold", lambda *given: 1 / 0)
        logit.value = 5.0
    assert trouble.value == "<b>ZeroDivisionError</b>: division by zero"
    assert bytes(picture.value) == before
    logit.value = 6.0
    assert "Error" not in trouble.value


@pytest.mark.parametrize("scores", [SCORES[:1], [*SCORES, SCORES[0]]])
def test_it_refuses_what_does_not_fit(scores):
    with pytest.raises(InputError, match=f"2 frames and {len(scores)} score maps"):
        explore.threshold(FRAMES, scores, CURVE)


def test_importing_does_not_need_ipywidgets():
    program = "import sys; sys.modules['ipywidgets'] = None; from rrca.explore import threshold as t; print(t.__name__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "threshold", ran.stderr
