"""The folded solutions of notebook 20, as printed, are correct; its text says what the records and the workings say."""

import json

import lesson
import pytest

from rrca import checks, claims, compare, paper, plots
from rrca.studies import evidence


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(20)).split())


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(20)
    assert lesson.voices(
        checks.possible_count(answers["possible"]),
        checks.rule_of_verdicts(answers["decide"]),
        checks.single_runs(answers["could_be_luck"]),
    ) == {"correct"}


def test_the_kept_figures_are_those_of_the_record_as_it_is_now():
    """A claim was decided? Run notebook 20 with `--figures figures` again, and bring its quoted counts up to date."""
    shown = plots.claims(evidence.by_section(), evidence.SUBJECTS).numbers
    assert numbers("20_verdicts") == shown
    assert numbers("20_printed") == plots.printed_and_verdict(evidence.printed_against_verdict()).numbers


def test_the_pd_counted_by_hand():
    assert [round(100 * found / paper.TEST_TARGETS, 2) for found in (257, 258)] == [97.72, 98.10]
    assert paper.row("IV", "n = 2").pd == 98.10


def test_the_words_on_the_figure_of_printed_evidence():
    """Which claims are contradicted although the printed figures bear them out: those on FLOPs."""
    odd = [
        claim
        for claim in claims.claims().values()
        if (claim.printed_verdict, claim.verdict) == ("agrees", "contradicts")
    ]
    assert odd and all("FLOPs" in claim.statement for claim in odd)


def test_the_words_on_what_is_open_are_the_record():
    """Most open claims lie in the ablations and in the comparison, as long as any are open."""
    still = {section: len(own["open"]) for section, own in evidence.by_section().items()}
    assert still["IV-E"] + still["IV-C"] > sum(still.values()) / 2
    assert "most of it is not yet known" not in text() or sum(still.values()) > len(claims.claims()) / 2


def test_the_words_on_workings_are_what_is_worked_out():
    found = evidence.rederive([1, 45])["found"]
    for figure in ("183 889", "193 113", "202 249", "173 296"):
        assert figure in text() and figure.replace(" ", "") in found[1]
    odd = evidence.odd_rows()
    assert list(odd.index) == ["NRAM", "PSTNN", "ACM", "DNANet", "UIU-Net"] and set(odd["table"]) == {"I"}
    assert paper.row("I", "Top-Hat").fa == 1012


def test_the_four_verdicts_are_in_the_text_as_they_follow():
    assert list(numbers("20_rule").values()) == ["agrees", "contradicts", "undecided", "agrees"]
    cases = [(0.2, 1.5, 1.87), (0.2, 1.5, -0.4), (-0.1, 1.5, 1.87), (2, 3, 0.3)]
    assert [compare.verdict(*case) for case in cases] == list(numbers("20_rule").values())
    assert "Agrees, contradicts, undecided, agrees." in text()


def test_most_printed_gaps_could_be_luck_at_a_spread_of_one_point():
    gaps = evidence.printed_gaps()
    small = (gaps.abs() <= 1.96 * 2**0.5).sum()
    assert f"{small} of {len(gaps)}, one at a time" in text()


@pytest.mark.parametrize(("number", "verdict"), [(11, "agrees"), (3, "contradicts"), (4, "undecided")])
def test_the_examples_stand_as_the_table_says(number, verdict):
    assert claims.claims()[number].verdict == verdict and f"| {number}: " in text()
