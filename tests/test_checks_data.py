"""The exercises of notebook 01 speak in three voices, and their expectations hold against the package."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.data import lists
from rrca.metrics import components, target_scr

TEST, TRAINED = lists.ids("NUAA-SIRST", "test"), lists.ids("DenseSIRST", "trainval")


def stub(*given):
    raise NotImplementedError


def scr(target, ring):
    return abs(target.mean() - ring.mean()) / ring.std()


def unseen(test, trained):
    return [id for id in test if id not in trained]


EXERCISES = {
    "toy_targets": (
        checks.toy_targets,
        (),
        None,
        4,
        [
            (5, "8-connected"),
            (11, "marked pixels"),
            (3, "empty column"),
            (7, "start at"),
            ("four", "cannot read"),
        ],
    ),
    "signal_to_clutter": (
        checks.signal_to_clutter,
        (),
        stub,
        scr,
        [
            (lambda target, ring: (target.mean() - ring.mean()) / ring.std(), "absolute"),
            (lambda target, ring: abs(target.mean() - ring.mean()), "contrast"),
            (lambda target, ring: abs(target.mean() - ring.mean()) / ring.var(), "variance"),
            (lambda t, r: abs(t.mean() - r.mean()) / np.concatenate([t, r]).std(), "ring's alone"),
            (lambda target, ring: abs(target.mean() - ring.mean()) / ring.std(ddof=1), "one less"),
            (lambda target, ring: abs(target.max() - ring.mean()) / ring.std(), "brightest"),
            (lambda target, ring: target.mean() / ring.mean(), "SCR ="),
        ],
    ),
    "unseen": (
        checks.unseen,
        (TEST, TRAINED),
        stub,
        unseen,
        [
            (lambda test, trained: [id for id in test if id in trained], "leak; return the others"),
            (lambda test, trained: [id for id in trained if id not in test], "training list has more"),
            (lambda test, trained: sorted(set(test) - set(trained)), "another order"),
            (lambda test, trained: len(set(test) - set(trained)), "IDs themselves"),
            (lambda test, trained: list(test), "go through the test list"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    assert_three_voices(*EXERCISES[name])


def test_a_function_that_returns_nothing_is_not_yet_an_answer():
    assert checks.unseen(lambda test, trained: None, TEST, TRAINED).voice == "not yet"
    assert checks.signal_to_clutter(lambda target, ring: None).voice == "not yet"


def test_the_mask_has_as_many_targets_as_the_package_counts():
    """The check fills from pixel to pixel; the package labels."""
    assert checks.toy_targets(len(components(checks.toy_mask()))).voice == "correct"


def test_the_scr_asked_for_is_the_one_of_the_metrics():
    """One frame whose ring and target are the arrays given."""

    def through_the_metric(target, ring):
        frame = np.concatenate([ring[:3], target, ring[3:]])[None]
        mask = np.zeros(frame.shape, bool)
        mask[0, 3 : 3 + len(target)] = True
        return target_scr(frame, mask)[0]

    assert checks.signal_to_clutter(through_the_metric).voice == "correct"


def test_insight_counts_the_frames_that_are_left():
    assert checks.unseen(unseen, TEST, TRAINED).text.startswith("53 of 214 frames are left")
