"""Every exercise check speaks in three voices, and its expectation does not come from what it teaches."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.metrics import DetectionMetrics


def stub(*given):
    raise NotImplementedError


SCORES = np.zeros((16, 20))
SCORES[3, 4:6], SCORES[10, 15], SCORES[1, 18] = (0.9, 0.7), 0.62, 0.95  # two targets and a bright false alarm
MASK = np.zeros((16, 20), bool)
MASK[3, 4:6] = MASK[10, 15] = True

# check, arguments, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "toy_iou": (
        checks.toy_iou,
        (),
        None,
        4 / 9,
        [(1.0, "recall"), (4 / 9 + 0.01, "count"), (8 / 13, "F1"), (4 / 13, "only once"), (0.9, "divide")],
    ),
    "highest_threshold": (
        checks.highest_threshold,
        (SCORES, MASK),
        None,
        0.615,
        [(0.62, "no pixel left"), (0.8, "no pixel left"), (0.3, "higher"), (1.2, "from 0 to 1")],
    ),
    "false_alarm_rate": (
        checks.false_alarm_rate,
        (SCORES, MASK),
        stub,
        lambda false, pixels: false / pixels,
        [
            (lambda false, pixels: 1e6 * false / pixels, "printed"),
            (lambda false, pixels: false / (pixels - 3), "all pixels"),
            (lambda false, pixels: pixels / false, "Fa ="),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    assert_three_voices(*EXERCISES[name])


def test_the_toy_frame_counts_as_the_notebook_says():
    """One hit of four pixels marked with six, one false alarm of three."""
    mask, predicted = checks.toy_frame()
    metrics = DetectionMetrics()
    metrics.update(predicted.astype(float), mask)
    result = metrics.compute()
    assert (result.intersection, result.union, result.detected, result.targets) == (4, 9, 1, 1)
    assert (result.false_components, result.false_pixels, result.pixels) == (1, 3, 64)
