"""The exercises of notebook 06 on IoU, nIoU, Pd, Fa and the threshold, in three voices, and their frames."""

import numpy as np
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.metrics import DetectionMetrics, components


def stub(*given):
    raise NotImplementedError


def two_fa(areas, found, pixels):
    hits = [area for area, one in zip(areas, found, strict=True) if one]
    false = [area for area, one in zip(areas, found, strict=True) if not one]
    return sum(false) / pixels, sum(area for area in false if area not in hits) / pixels


def blob(shape, row, column, side, score):
    scores = np.zeros(shape)
    scores[row : row + side, column : column + side] = score
    return scores


def judged():
    """Targets scored 0.9, 0.9 and 0.62, false alarms 0.6 (4 px) and 0.7 (1 px of 80 000: above 10e-6).

    Their logits are 2.2, 2.2, 0.49, 0.41 and 0.85.
    """
    shape = (200, 200)
    scores = [
        blob(shape, 10, 10, 3, 0.9) + blob(shape, 30, 80, 2, 0.9) + blob(shape, 50, 50, 2, 0.6),
        blob(shape, 20, 20, 3, 0.62) + blob(shape, 90, 90, 1, 0.7),
    ]
    first = blob(shape, 10, 10, 3, 1) + blob(shape, 30, 80, 2, 1)
    masks = [first > 0, blob(shape, 20, 20, 3, 1) > 0]
    return scores, masks


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "iou_and_niou": (
        checks.iou_and_niou,
        None,
        (8 / 18, (6 / 16 + 1) / 2),
        [
            ((0.69, 0.44), "nIoU the mean"),
            ((0.69, 0.69), "divide once"),
            ((0.44, 0.44), "divides in each frame first"),
            ((16 / 26, 0.69), "F1"),
            ((0.5, (6 / 11 + 1) / 2), "recall"),
            ((0.44, 0.5), "6 of 16"),
            ((0.1, 0.2), "sum of overlaps"),
        ],
    ),
    "pd_and_fa": (
        checks.pd_and_fa,
        None,
        (2 / 3, 4 / 128),
        [
            ((4 / 128, 2 / 3), "Pd first"),
            ((2 / 3, 31_250), "10⁶"),
            ((2 / 3, 5 / 128), "hangs on a hit"),
            ((2 / 3, 4 / 64), "128"),
            ((2 / 3, 1 / 3), "its pixels"),
            ((0.75, 4 / 128), "both frames"),
            ((8 / 13, 4 / 128), "counts targets"),
            ((1.0, 0.0), "found nothing"),
        ],
    ),
    "quiet_threshold": (
        lambda answer: checks.quiet_threshold(answer, *judged()),
        None,
        (1.0, 1),
        [
            ((0.5, 0), "still 12.5e-6"),
            ((1.5, 1), "look for the lowest"),
            ((1.0, 2), "how many are found"),
            ((1.0, 3), "count the targets again"),
            ((0.7, 1), "a probability"),
            (0.7, "give two numbers"),
        ],
    ),
    "two_false_alarm_rates": (
        checks.two_false_alarm_rates,
        stub,
        two_fa,
        [
            (lambda *given: two_fa(*given)[::-1], "by identity first"),
            (lambda areas, found, pixels: two_fa(areas, found, 1), "divide by the pixels"),
            (lambda *given: tuple(1e6 * one for one in two_fa(*given)), "10⁶"),
            (lambda *given: (two_fa(*given)[0],) * 2, "forgets every component"),
            (lambda areas, found, pixels: (sum(areas) / pixels,) * 2, "is no false alarm"),
            (lambda *given: (0.5, 0.5), "leave out"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_the_wrong_kind_gets_a_hint_and_no_traceback(name):
    for wrong in ("many", 0.5, (0.1,)):
        given = (lambda *_, wrong=wrong: wrong) if name == "two_false_alarm_rates" else wrong
        assert EXERCISES[name][0](given).voice == "hint"


def test_the_two_frames_hold_a_hit_a_miss_and_a_false_alarm():
    """What the checks count by hand is what the protocol counts."""
    metrics = DetectionMetrics("exact")
    for mask, predicted in checks.two_frames():
        assert mask.shape == (8, 8)
        metrics.update(predicted.astype(float), mask)
    result = metrics.compute()
    assert (result.detected, result.targets, result.predictions, result.false_pixels) == (2, 3, 3, 4)
    assert checks.iou_and_niou((result.iou, result.niou)).voice == "correct"
    assert checks.pd_and_fa((result.pd, result.fa)).voice == "correct"


def test_the_collision_frame_is_judged_differently_by_two_programs():
    mask, predicted = checks.collision_frame()
    assert components(predicted).area.tolist() == [4, 4, 3]
    rates = []
    for protocol in ("basicirstd", "rrcanet-dense"):
        metrics = DetectionMetrics(protocol)
        metrics.update(predicted.astype(float), mask)
        assert metrics.compute().detected == 1
        rates.append(metrics.compute().fa)
    assert rates == [7 / 144, 3 / 144] == list(two_fa([4, 4, 3], [True, False, False], 144))
    assert "48 611e-6 and 20 833e-6" in checks.two_false_alarm_rates(two_fa).text
    assert [f"{1e6 * rate:.0f}" for rate in rates] == ["48611", "20833"]


def test_the_threshold_check_counts_as_the_protocol_exact():
    from rrca.checks.evaluation import _counted

    scores, masks = judged()
    scores[0][12:16, 60:64], masks[0][14:17, 62:65] = 0.8, True  # a hit beside its target's centre
    for threshold in (0.1, 0.61, 0.65, 0.75, 0.95):
        metrics = DetectionMetrics("exact", threshold)
        for score, mask in zip(scores, masks, strict=True):
            metrics.update(score, mask)
        result = metrics.compute()
        assert _counted(scores, masks, threshold) == (result.detected, result.fa)
