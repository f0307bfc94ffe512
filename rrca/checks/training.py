"""The exercises of notebook 05."""

import math
from collections.abc import Callable

import numpy as np

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

FRAMES, BATCH, PASSES = 213, 8, 1500  # the paper's NUAA-SIRST training


def paper_steps(answer: int | None) -> Verdict:
    """05, exercise 1: steps of the paper's training: 213 frames, batch 8, 1500 passes, incomplete batches dropped.

    Parameters
    ----------
    answer : int or None
        The reader's number of steps.
    """
    full = (FRAMES - FRAMES % BATCH) // BATCH
    right = full * PASSES
    return judge(
        answer,
        near(right, 0.5),
        f"{full} full batches a pass, {right} steps. {FRAMES % BATCH} frames sit out each pass, other ones each time.",
        [
            (near((full + 1) * PASSES, 0.5), "the last batch of a pass is not full; the release drops it."),
            (
                near(FRAMES * PASSES / BATCH, 1),
                "batches do not reach over the end of a pass: drop what does not fill one, then multiply.",
            ),
            (near(full, 0.5), "that is one pass; there are 1500."),
            (near(FRAMES * PASSES, 0.5), "those are frames; a step takes 8 of them."),
            (otherwise, "how many *full* batches of 8 are in 213 frames? Then 1500 passes of that."),
        ],
    )


def cosine_rate(answer: Callable | None) -> Verdict:
    """05, exercise 2: the learning rate at a step of the cosine schedule.

    Parameters
    ----------
    answer : callable
        `rate(step, steps, start)`, step from 1 to steps; raises NotImplementedError until written.
    """
    places = [(1, 1000, 3e-3), (251, 1000, 3e-3), (501, 1000, 3e-3), (1000, 1000, 3e-3), (21, 40, 0.05)]
    shares = np.array([(step - 1) / steps for step, steps, _ in places])
    starts = np.array([start for *_, start in places])
    right = starts * np.cos(np.pi * shares / 2) ** 2  # (1 + cos x) / 2 = cos² (x / 2)
    late = np.array([step / steps for step, steps, _ in places])

    def values(place):
        return attempt(answer, *place)

    def close(wanted):
        return lambda a: bool(np.allclose(np.asarray(a, float), wanted, rtol=1e-3, atol=1e-9))

    given = [values(place) for place in places]
    return judge(
        None if given[0] is None else given,
        close(right),
        f"half the rate is left halfway, and {100 * right[3] / 3e-3:.4f} % at the last of 1000 steps: the run ends in "
        "steps too small to leave a good place.",
        [
            (
                close(starts * np.cos(np.pi * late / 2) ** 2),
                "off by one: the first step must have the full rate, so the share that is done is (step − 1) / steps.",
            ),
            (close(starts * (1 - shares)), "that is a straight line; the cosine is flat at both ends."),
            (close(starts * np.cos(np.pi * shares / 2)), "a quarter of a wave; the schedule is half a wave."),
            (
                close(starts * np.cos(np.pi * shares)),
                "the cosine goes down to −1; lift it by 1, then halve.",
            ),
            (close(starts * (1 + np.cos(np.pi * shares))), "that starts at twice the rate: halve it."),
            (
                otherwise,
                "start · (1 + cos(π · share)) / 2, where share is the part of the steps that is done.",
            ),
        ],
    )


def made_logs() -> dict[str, tuple[list[dict], int, bool]]:
    """Seven made logs: each with the number of steps planned, and whether the run has collapsed.

    Evaluations only every hundredth step; between them stand records without an IoU, as in a real log.
    """
    ious = {
        "healthy": ([0, 0, 0.1, 0.3, 0.4, 0.5, 0.5, 0.6, 0.6, 0.6], False),
        "dead": ([0] * 10, True),
        "fallen": ([0, 0, 0.2, 0.4, 0.5, 0, 0, 0, 0, 0], True),
        "young": ([0, 0], False),
        "fallen young": ([0.2, 0], True),
        "late": ([0, 0, 0, 0, 0, 0, 0.1, 0.3, 0.4, 0.4], False),
    }
    logs = {name: (_log(values), 1000, truth) for name, (values, truth) in ious.items()}
    # Says something, and nothing of it is right: another disease.
    logs["blind"] = (_log([0] * 10, fa=0.02), 1000, False)
    return logs


def _log(ious: list[float], fa: float | None = None) -> list[dict]:
    """A log with an evaluation every hundredth step, ending in a record without one."""
    log: list[dict] = []
    for i, iou in enumerate(ious, 1):
        wrong = (1e-4 if iou else 0.0) if fa is None else fa
        log.append({"step": 100 * i, "loss": 1.1, "dice": 0.99})
        log.append({"step": 100 * i, "iou": iou, "pd": min(1.0, 1.5 * iou), "fa": wrong})
    return [*log, {"step": 100 * len(ious) + 10, "loss": 1.1, "dice": 0.99}]


def is_collapsed(answer: Callable | None) -> Verdict:
    """05, exercise 3: tell a dead run from one that still waits.

    Parameters
    ----------
    answer : callable
        `is_collapsed(log, steps)` gives True or False; raises NotImplementedError until written.
    """
    logs = made_logs()
    try:
        given = {name: attempt(answer, log, steps) for name, (log, steps, _) in logs.items()}
    except (KeyError, IndexError) as error:
        return Verdict(
            "hint", f"{type(error).__name__} {error}: only some records have an 'iou'; pick those first."
        )
    hints = {
        "healthy": "a run whose first evaluations are empty, and later ones are not, is healthy: look at the last one.",
        "late": "a run that was empty for long but finds targets now is alive: look at the last evaluation.",
        "blind": "IoU 0 with false alarms (Fa above 0) is wrong, but not empty.",
        "young": "one fifth of the steps is done: an empty prediction proves nothing yet.",
        "fallen young": "it had found something and lost it: no need to wait for a quarter of the steps.",
        "dead": "a run that is empty from the first to the last evaluation is dead.",
        "fallen": "a run that found targets and then finds nothing to its end is dead.",
    }

    def wrong_on(name: str) -> Callable:
        return lambda a: bool(a[name]) != logs[name][2]

    return judge(
        None if next(iter(given.values())) is None else given,
        lambda a: not any(wrong_on(name)(a) for name in logs),
        "all seven logs. Their losses are the same to the last digit: only the evaluations tell them apart.",
        [(wrong_on(name), f"log {name!r}: {text}") for name, text in hints.items()],
    )


def weight_average(answer: Callable | None) -> Verdict:
    """05, exercise 4: the exponential moving average that is judged and saved.

    Parameters
    ----------
    answer : callable
        `average(values, decay)`, the values of one weight after each step; raises NotImplementedError until written.
    """
    values, decay = [4.0, 1.0, 7.0, 2.0, 5.0], 0.75
    ages = range(len(values) - 1, -1, -1)  # steps since each value
    shares = [(1 - decay) * decay**age for age in ages]
    shares[0] = decay ** (len(values) - 1)  # the first value is where the average starts
    right = math.fsum(share * value for share, value in zip(shares, values, strict=True))

    swapped = [decay * (1 - decay) ** age for age in ages]
    swapped[0] = (1 - decay) ** (len(values) - 1)
    from_zero = right - shares[0] * values[0] + (1 - decay) * shares[0] * values[0]
    return judge(
        attempt(answer, values, decay),
        near(right, 1e-6),
        f"with decay 0.995 the last 200 steps make {100 * (1 - 0.995**200):.0f} % of the average: it forgets "
        "the zigzag of single batches, and the start of the run.",
        [
            (
                near(math.fsum(s * v for s, v in zip(swapped, values, strict=True)), 1e-6),
                "swapped: decay is the share of the *old* average that stays.",
            ),
            (near(from_zero, 1e-6), "you began at 0; the average begins as the first value."),
            (near(np.mean(values), 1e-6), "a plain mean never forgets the start; the exponential one does."),
            (near(values[-1], 1e-6), "that is the last value; nothing is averaged."),
            (
                otherwise,
                "begin with the first value; for each later one: average = decay · average + (1 − decay) · value.",
            ),
        ],
    )
