"""The folded solutions of notebook 06, as printed, are correct; its text says what the code does."""

from types import SimpleNamespace

import lesson
import numpy as np

import rrca
from rrca import checks, metrics


def blob(row, column, side, score):
    scores = np.zeros((200, 200))
    scores[row : row + side, column : column + side] = score
    return scores


def test_solutions_are_correct_as_printed():
    """On two made frames, in which one false alarm is quiet at logit 1 and costs one target."""
    maps = [blob(10, 10, 3, 0.9) + blob(50, 50, 2, 0.7), blob(20, 20, 3, 0.62)]
    masks = [blob(10, 10, 3, 1) > 0, blob(20, 20, 3, 1) > 0]
    answers = lesson.solve(6, np=np, rrca=rrca, metrics=metrics, scores={"n = 2": maps}, masks=masks)
    assert lesson.voices(
        checks.iou_and_niou(answers["iou_and_niou"]),
        checks.pd_and_fa(answers["pd_and_fa"]),
        checks.quiet_threshold(answers["quiet"], maps, masks),
        checks.shared_and_owned(answers["shared_and_owned"]),
        checks.one_more_pass(answers["one_more"]),
        checks.target_share(answers["target_share"]),
        checks.two_false_alarm_rates(answers["two_fa"]),
    ) == {"correct"}
    assert tuple(answers["quiet"]) == (1.0, 1)


def test_it_ends_with_the_four_questions_on_the_course():
    names = list(lesson.stubs(6))
    assert [name for name in names if not name.startswith("__")][-4:] == [
        "shared_and_owned",
        "one_more",
        "target_share",
        "two_fa",
    ]


def test_the_frames_in_the_text_are_those_that_are_drawn():
    """One hit, one miss, one false alarm; then one hit. The last exercise: one hit, one miss, two false alarms."""
    from rrca.detection import list_targets
    from rrca.plots.detections import judge

    found = []
    for mask, predicted in [*checks.two_frames(), checks.collision_frame()]:
        verdict = judge(list_targets(predicted.astype(float), predicted), mask)
        found.append(SimpleNamespace(**{name.split()[0]: len(places) for name, places in verdict.items()}))
    counts = [(one.hits, one.misses, one.false) for one in found]
    assert counts == [(1, 1, 1), (1, 0, 0), (1, 1, 2)]
