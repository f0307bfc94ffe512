"""Notebook 00: its folded solutions are correct as printed."""

import lesson

import rrca
from rrca import checks


def test_solutions_are_correct_as_printed():
    """On the frame that the notebook takes where there is no data set."""
    frame = rrca.data.open("synthetic", "test")[0]
    found = rrca.Detector()(frame.image)
    answers = lesson.solve(0, components=rrca.metrics.components, frame=frame, found=found)
    assert lesson.voices(
        checks.toy_iou(answers["iou"]),
        checks.highest_threshold(answers["my_threshold"], found.scores, frame.mask),
        checks.false_alarm_rate(answers["fa"], found.scores, frame.mask),
    ) == {"correct"}
