"""Notebook 01: its folded solutions are correct as printed."""

import lesson
import numpy as np

from rrca import checks
from rrca.data import lists


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(1, np=np)
    test, trained = lists.ids("NUAA-SIRST", "test"), lists.ids("DenseSIRST", "trainval")
    assert lesson.voices(
        checks.toy_targets(answers["targets"]),
        checks.signal_to_clutter(answers["my_scr"]),
        checks.unseen(answers["unseen"], test, trained),
    ) == {"correct"}
    assert len(answers["unseen"](test, trained)) == 53  # as the text says
