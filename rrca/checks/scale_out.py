"""The exercises of notebook 19; plans and result files are made here, and the interval is taken by another route."""

import json
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from rrca.checks.verdict import Verdict, attempt, judge, otherwise

# Rows as (table, name, digest of the recipe without its seed), and seeds. The default stands in all three tables.
PLAN = [("A", "n = 0", "q"), ("A", "n = 2", "r"), ("B", "FSM", "r"), ("B", "sum", "s"), ("C", "n = 2", "r")]
OTHER_PLAN = [("A", "plain", "u"), ("B", "plain", "v")]  # one name, two recipes
LINES = (
    '{"run": "r1", "iou": 0.71, "error": null}',
    '{"run": "r2", "iou": null, "error": "OSError: disk full"}',
    '{"run": "r3", "iou": null, "error": "FloatingPointError: the loss is nan"}',
    '{"run": "r2", "iou": 0.69, "error": null}',
    '{"run": "r4", "iou": 0.7',  # the writer was killed
)
PLANNED = ("r1", "r2", "r3", "r4", "r5")


def plan_runs(answer: Callable | None) -> Verdict:
    """19, exercise 1: how many runs rows and seeds need.

    Parameters
    ----------
    answer : callable
        `runs(rows, seeds)` with rows as (table, name, recipe) and a number of seeds; raises NotImplementedError until
        the reader wrote it.
    """
    cases = ((PLAN, 3), (OTHER_PLAN, 2), (PLAN, 1))
    values = [attempt(answer, list(rows), seeds) for rows, seeds in cases]

    def counted(what: Callable[[list, int], int]) -> Callable[[list], bool]:
        return lambda given: all(
            abs(value - what(rows, seeds)) < 0.5 for value, (rows, seeds) in zip(given, cases, strict=True)
        )

    return judge(
        None if any(value is None for value in values) else values,
        counted(lambda rows, seeds: seeds * len({row[2] for row in rows})),
        "9 runs serve 15 lines: the default is one recipe, however many tables it stands in and whatever they call it.",
        [
            (
                counted(lambda rows, seeds: seeds * len(rows)),
                "those are the lines; equal recipes are one run.",
            ),
            (
                counted(lambda rows, seeds: len({row[2] for row in rows})),
                "each recipe runs once for each seed.",
            ),
            (
                counted(lambda rows, seeds: seeds * len({row[1] for row in rows})),
                "a name does not say what is run: FSM and n = 2 are one recipe, two rows called `plain` may be two.",
            ),
            (otherwise, "count different recipes, times seeds."),
        ],
    )


def left_to_run(answer: Callable | None) -> Verdict:
    """19, exercise 2: which runs a result file leaves to be done.

    Parameters
    ----------
    answer : callable
        `left(lines, planned)`, from lines of text and names of runs to the names that are to be run; raises
        NotImplementedError until the reader wrote it.
    """
    try:
        given = attempt(answer, list(LINES), list(PLANNED))
    except json.JSONDecodeError:
        return Verdict(
            "hint", "the last line is cut off, since its writer was killed: leave out what is no JSON."
        )
    if given is not None and not isinstance(given, list | tuple | set | frozenset):
        return Verdict("hint", f"left(lines, planned) must return names, not {given!r}.")
    records = [json.loads(line) for line in LINES[:-1]]
    whole = {record["run"] for record in records if record["error"] is None}
    right = set(PLANNED) - whole
    return judge(
        given,
        lambda names: set(names) == right,
        "r3 failed, r4 died while it wrote, r5 was never begun. r2 failed, then went well: the last word counts.",
        [
            (
                lambda names: set(names) == {"r4", "r5"},
                "r3 has a line, but with an error: it is to be run again.",
            ),
            (
                lambda names: set(names) == {"r2", "r3", "r4", "r5"},
                "r2 failed, and was then run again and went well.",
            ),
            (lambda names: "r4" not in names, "r4's line is not whole; nobody knows what stood in it."),
            (lambda names: "r5" not in names, "r5 has no line at all, and is planned."),
            (otherwise, "done is what has a whole line without an error; the rest of the plan is left."),
        ],
    )


def interval_half_width(answer: Callable | None) -> Verdict:
    """19, exercise 3: half the 95 % interval of the difference of two means.

    Parameters
    ----------
    answer : callable
        `half_width(sd, n, m)`; raises NotImplementedError until the reader wrote it.
    """
    cases = ((1.0, 3, 27), (2.0, 3, 3), (0.5, 27, 27))
    values = [attempt(answer, *case) for case in cases]

    def quantile(freedom: float) -> float:
        """Where the two-sided p of Student's t is 0.05, by its distribution function."""
        return optimize.brentq(lambda t: 2 * stats.t.sf(t, freedom) - 0.05, 1, 20)

    def like(what: Callable[[float, int, int], float]) -> Callable[[list], bool]:
        return lambda given: np.allclose(given, [what(*case) for case in cases], rtol=2e-3)

    def error(n: int, m: int) -> float:
        return (1 / n + 1 / m) ** 0.5

    return judge(
        None if any(value is None for value in values) else values,
        like(lambda sd, n, m: quantile(n + m - 2) * sd * error(n, m)),
        "1.25 standard deviations for 3 seeds against 27, and 2.27 for 3 against 3: seeds of the default are shared by "
        "all rows, and so pay most.",
        [
            (
                like(lambda sd, n, m: quantile(n + m - 2) * sd / n**0.5),
                "the default's mean is not known exactly either: add its 1/m.",
            ),
            (
                like(lambda sd, n, m: 1.96 * sd * error(n, m)),
                "1.96 is for a known s.d.; with n + m − 2 degrees of freedom take Student's t.",
            ),
            (
                like(lambda sd, n, m: quantile(n + m - 2) * error(n, m)),
                "the half-width grows with the s.d. over seeds.",
            ),
            (
                like(lambda sd, n, m: 2 * quantile(n + m - 2) * sd * error(n, m)),
                "that is the whole width; half of it is asked for.",
            ),
            (
                like(lambda sd, n, m: quantile(n + m - 1) * sd * error(n, m)),
                "two means are taken from the data, so two degrees of freedom are gone.",
            ),
            (otherwise, "t(0.975; n + m − 2) · sd · √(1/n + 1/m)."),
        ],
    )


def winner_again(answer: Callable | None) -> Verdict:
    """19, exercise 4: what a chosen row gives when it is run again.

    Parameters
    ----------
    answer : callable
        `again(shown, rows_sd, seeds_sd)`; raises NotImplementedError until the reader wrote it.
    """
    cases = ((2.0, 1.0, 1.0), (3.0, 2**0.5, 1.0), (4.0, 2.0, 1.0))
    values = [attempt(answer, *case) for case in cases]

    def like(what: Callable[[float, float, float], float]) -> Callable[[list], bool]:
        return lambda given: np.allclose(given, [what(*case) for case in cases], atol=1e-3)

    return judge(
        None if any(value is None for value in values) else values,
        like(lambda shown, rows, seeds: shown * (rows**2 - seeds**2) / rows**2),
        "if the rows spread no more than seeds do, the winner's lead is luck and nothing of it comes back.",
        [
            (
                like(lambda shown, rows, seeds: shown),
                "that is what it showed, and it was chosen for showing it.",
            ),
            (
                like(lambda shown, rows, seeds: shown - seeds),
                "luck is not one s.d.; the share of it in the spread of the rows counts.",
            ),
            (
                like(lambda shown, rows, seeds: shown * (rows - seeds) / rows),
                "variances add up, standard deviations do not.",
            ),
            (
                like(lambda shown, rows, seeds: shown * seeds**2 / rows**2),
                "that is the part that is lost; what is left?",
            ),
            (otherwise, "of the variance rows_sd², seeds_sd² is luck; keep the share that is not."),
        ],
    )
