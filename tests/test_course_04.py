"""The folded solutions of notebook 04, as printed, are correct; its text keeps to what was measured."""

import lesson

from rrca import checks
from rrca.studies import passes


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(4)
    found = passes.kept().found
    missed = [int((~found[n]).sum()) for n in (0, 2)]
    assert lesson.voices(
        checks.toy_contrast(answers["scr_of_b"]),
        checks.exposure_function(answers["exposed"]),
        checks.missed_by_both(answers["both_by_chance"], *missed, len(found[0])),
        checks.coin(answers["chance"]),
    ) == {"correct"}


def test_stubs_are_not_yet_solved():
    stubs = lesson.stubs(4)
    assert lesson.voices(
        checks.toy_contrast(stubs["scr_of_b"]),
        checks.exposure_function(stubs["exposed"]),
        checks.missed_by_both(stubs["both_by_chance"], 6, 10, 263),
        checks.coin(stubs["chance"]),
    ) == {"not yet"}


def test_the_verdicts_of_one_seed_are_undecided():
    """Whatever order the four networks come in: claims 5, 6 and 7 need seeds."""
    table = next(cell["source"] for cell in lesson.cells(4) if "| Claim | Paper |" in cell["source"])
    rows = [line for line in table.splitlines() if line.startswith(("| 5", "| 6", "| 7"))]
    assert len(rows) == 4
    assert all(row.rstrip(" |").rpartition("|")[2].strip().startswith("undecided") for row in rows)
