"""The exercises of notebook 19 speak in three voices, and their expectations agree with the package's own ways."""

import json

import numpy as np
import pytest
from scipy import stats
from three_voices import assert_three_voices

from rrca import checks, sweeps
from rrca.checks import scale_out as exercises
from rrca.studies import scale_out


def stub(*given):
    raise NotImplementedError


def t(n, m):
    return stats.t.ppf(0.975, n + m - 2)


def error(n, m):
    return (1 / n + 1 / m) ** 0.5


def left(lines, planned, whole=lambda record: record["error"] is None):
    done = set()
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if whole(record):
            done.add(record["run"])
    return [run for run in planned if run not in done]


EXERCISES = {
    "plan_runs": (
        checks.plan_runs,
        stub,
        lambda rows, seeds: seeds * len({row[2] for row in rows}),
        [
            (lambda rows, seeds: seeds * len(rows), "those are the lines"),
            (lambda rows, seeds: len({row[2] for row in rows}), "for each seed"),
            (lambda rows, seeds: seeds * len({row[1] for row in rows}), "a name does not say"),
            (lambda rows, seeds: 1, "different recipes"),
        ],
    ),
    "left_to_run": (
        checks.left_to_run,
        stub,
        left,
        [
            (lambda lines, planned: [json.loads(line) for line in lines], "cut off"),
            (lambda lines, planned: left(lines, planned, lambda record: True), "with an error"),
            (lambda lines, planned: ["r2", "r3", "r4", "r5"], "then run again"),
            (lambda lines, planned: ["r3", "r5"], "not whole"),
            (lambda lines, planned: ["r3", "r4"], "no line at all"),
            (lambda lines, planned: planned, "a whole line without an error"),
        ],
    ),
    "interval_half_width": (
        checks.interval_half_width,
        stub,
        lambda sd, n, m: t(n, m) * sd * error(n, m),
        [
            (lambda sd, n, m: t(n, m) * sd / n**0.5, "not known exactly"),
            (lambda sd, n, m: 1.96 * sd * error(n, m), "Student"),
            (lambda sd, n, m: t(n, m) * error(n, m), "grows with the s.d."),
            (lambda sd, n, m: 2 * t(n, m) * sd * error(n, m), "whole width"),
            (lambda sd, n, m: t(n, m + 1) * sd * error(n, m), "two degrees"),
            (lambda sd, n, m: sd, "√(1/n + 1/m)"),
        ],
    ),
    "winner_again": (
        checks.winner_again,
        stub,
        lambda shown, rows, seeds: shown * (1 - seeds**2 / rows**2),
        [
            (lambda shown, rows, seeds: shown, "chosen for showing"),
            (lambda shown, rows, seeds: shown - seeds, "not one s.d."),
            (lambda shown, rows, seeds: shown * (1 - seeds / rows), "variances add"),
            (lambda shown, rows, seeds: shown * seeds**2 / rows**2, "what is left"),
            (lambda shown, rows, seeds: 7.0, "is luck"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_the_interval_is_the_one_that_tables_use():
    """Dunnett's with a single row is Student's; the comparison takes another road than the check."""
    given = {(1.0, 3, 27): scale_out.half_width(3), (2.0, 3, 3): 2 * scale_out.half_width(3, control=3)}
    given[0.5, 27, 27] = 0.5 * scale_out.half_width(27)
    assert checks.interval_half_width(lambda *case: given[case]).voice == "correct"


def test_what_is_left_is_what_a_sweep_would_run(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(exercises.LINES))
    done = {line["run"] for line in sweeps.read(path) if line["error"] is None}
    assert checks.left_to_run(lambda lines, planned: set(planned) - done).voice == "correct"


def test_what_a_winner_gives_again_is_what_draws_say():
    """Rows √2 s.d. over seeds apart as shown, so 1 apart in truth."""
    draws = np.random.default_rng(0)
    true = draws.standard_normal((4000, 9))
    shown = true + draws.standard_normal(true.shape)
    best = shown.argmax(axis=1)
    ratio = true[np.arange(4000), best].mean() / shown.max(axis=1).mean()
    table = scale_out.choosing([9], apart=1)
    assert ratio == pytest.approx(0.5, abs=0.02)
    assert table.again.item() / table.shown.item() == pytest.approx(0.5)
    assert shown.max(axis=1).mean() == pytest.approx(table.shown.item(), abs=0.05)
