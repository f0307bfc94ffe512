"""The exercises of notebook 18 speak in three voices, and their expectations agree with `rrca.studies.efficiency`."""

import numpy as np
import pandas as pd
import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.studies import efficiency


def stub(*given):
    raise NotImplementedError


def ranks(values):
    return np.argsort(np.argsort(values)) + 1


def spearman(first, second, factor=6, power=2):
    d, N = ranks(first) - ranks(second), len(first)
    return 1 - factor * (d**2).sum() / (N * (N**power - 1))


def unbeaten(cost, accuracy):
    table = pd.DataFrame({"cost": cost, "IoU": accuracy})
    return set(efficiency.front(table, "cost", "IoU"))


EXERCISES = {
    "rank_correlation": (
        checks.rank_correlation,
        stub,
        spearman,
        [
            (lambda a, b: np.corrcoef(a, b)[0, 1], "values themselves"),
            (lambda a, b: spearman(a, b, factor=1), "factor 6"),
            (lambda a, b: -spearman(a, b), "sign is turned"),
            (lambda a, b: spearman(a, b, power=1), "N squared"),
            (lambda a, b: 0.5, "difference of the ranks"),
        ],
    ),
    "work_per_value": (
        checks.work_per_value,
        stub,
        lambda c_in, c_out, side: 9 * c_in * c_out / (c_in + c_out),
        [
            (lambda c_in, c_out, side: 9 * c_in * c_out, "divided by pixels"),
            (lambda c_in, c_out, side: 9 * c_in, "input is read"),
            (lambda c_in, c_out, side: 9 * c_out, "output is written"),
            (lambda c_in, c_out, side: c_in * c_out / (c_in + c_out), "nine products"),
            (lambda c_in, c_out, side: side, "side²"),
        ],
    ),
    "unbeaten": (
        checks.unbeaten,
        stub,
        unbeaten,
        [
            (lambda cost, accuracy: {max(accuracy, key=accuracy.get)}, "most accurate one"),
            (
                lambda cost, accuracy: unbeaten({k: -v for k, v in cost.items()}, accuracy),
                "small cost is good",
            ),
            (lambda cost, accuracy: {min(cost, key=cost.get), max(accuracy, key=accuracy.get)}, "two ends"),
            (lambda cost, accuracy: set(cost) - unbeaten(cost, accuracy), "beaten ones"),
            (lambda cost, accuracy: set(cost), "no *other*"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_the_wrong_kind_gets_a_hint_and_no_traceback(name):
    assert EXERCISES[name][0](lambda *given: 7).voice == "hint"


def test_expectations_agree_with_the_study():
    assert checks.rank_correlation(efficiency.rank_correlation).voice == "correct"
    assert (
        checks.work_per_value(lambda c_in, c_out, side: efficiency.macs_per_value(c_in, c_out)).voice
        == "correct"
    )
