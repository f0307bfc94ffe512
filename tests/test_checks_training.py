"""The exercises of notebook 05 in three voices."""

import math

import pytest
from three_voices import assert_three_voices

from rrca import checks, train


def stub(*given):
    raise NotImplementedError


def cosine(step, steps, start):
    return start * (1 + math.cos(math.pi * (step - 1) / steps)) / 2


def average(values, decay, begin=None):
    mean = values[0] if begin is None else begin
    for value in values[begin is None :]:
        mean = decay * mean + (1 - decay) * value
    return mean


def judged(log):
    return [record for record in log if "iou" in record]


def empty(record):
    return record["iou"] == 0 and record["fa"] == 0


def collapsed(log, steps):
    *before, last = judged(log)
    return empty(last) and (last["step"] >= steps / 4 or not all(empty(record) for record in before))


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "paper_steps": (
        checks.paper_steps,
        None,
        39_000,
        [
            (40_500, "not full"),
            (39_937, "over the end"),
            (26, "one pass"),
            (319_500, "those are frames"),
            (1000, "full"),
        ],
    ),
    "cosine_rate": (
        checks.cosine_rate,
        stub,
        cosine,
        [
            (lambda step, steps, start: cosine(step + 1, steps, start), "off by one"),
            (lambda step, steps, start: start * (1 - (step - 1) / steps), "straight line"),
            (lambda step, steps, start: start * math.cos(math.pi * (step - 1) / steps / 2), "quarter"),
            (lambda step, steps, start: start * math.cos(math.pi * (step - 1) / steps), "lift it"),
            (lambda step, steps, start: 2 * cosine(step, steps, start), "halve it"),
            (lambda step, steps, start: start, "share is the part"),
        ],
    ),
    "is_collapsed": (
        checks.is_collapsed,
        stub,
        collapsed,
        [
            (lambda log, steps: any(empty(record) for record in judged(log)), "'healthy'"),
            (lambda log, steps: empty(judged(log)[2:][0] if len(judged(log)) > 2 else {"iou": 1}), "'late'"),
            (lambda log, steps: judged(log)[-1]["iou"] == 0, "not empty"),
            (lambda log, steps: empty(judged(log)[-1]), "proves nothing yet"),
            (
                lambda log, steps: empty(judged(log)[-1]) and judged(log)[-1]["step"] >= steps / 4,
                "no need to wait",
            ),
            (lambda log, steps: len(judged(log)) == 2 and judged(log)[0]["iou"] > 0, "'dead'"),
            (lambda log, steps: log[-1]["iou"] == 0, "only some records"),
        ],
    ),
    "weight_average": (
        checks.weight_average,
        stub,
        average,
        [
            (lambda values, decay: average(values, 1 - decay), "swapped"),
            (lambda values, decay: average(values, decay, begin=0.0), "began at 0"),
            (lambda values, decay: sum(values) / len(values), "plain mean"),
            (lambda values, decay: values[-1], "last value"),
            (lambda values, decay: max(values), "begin with"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_the_expected_steps_are_the_recipe_s():
    assert checks.paper_steps(train.recipe("paper").steps).voice == "correct"


def test_every_made_log_decides_something():
    """Leaving any of the seven out, some wrong rule above would pass; each truth occurs."""
    logs = checks.made_logs()
    assert {truth for *_, truth in logs.values()} == {True, False}
    assert all(collapsed(log, steps) == truth for log, steps, truth in logs.values())
    assert all("iou" not in log[-1] for log, *_ in logs.values())
