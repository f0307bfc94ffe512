"""The page of claims: complete, filtered as asked, its arithmetic worked out anew, its figures true."""

import re

import ipywidgets
import pytest

from rrca import claims, explore, paper, plots
from rrca.data.survey import fits
from rrca.errors import InputError
from rrca.studies import evidence

EVERYTHING = claims.claims()


def test_every_claim_stands_in_one_section_and_one_place():
    found = evidence.by_section()
    numbers = [number for own in found.values() for some in own.values() for number in some]
    assert sorted(numbers) == list(EVERYTHING) and list(found) == list(evidence.SUBJECTS)
    for own in found.values():
        assert all(EVERYTHING[number].verdict == verdict for verdict, some in own.items() for number in some)


def test_the_table_against_printed_figures_counts_all():
    table = evidence.printed_against_verdict()
    assert table.to_numpy().sum() == len(EVERYTHING)
    assert table.loc["no figure"].sum() == sum(c.printed_verdict is None for c in EVERYTHING.values())
    assert table["open"].sum() == sum(c.verdict == "open" for c in EVERYTHING.values())


@pytest.mark.parametrize("verdict", [None, *evidence.VERDICTS])
@pytest.mark.parametrize("section", [None, "IV-C"])
def test_a_page_holds_what_was_asked_for(verdict, section):
    shown = evidence.page(verdict, section).claims
    assert {c.id for c in shown} == {
        c.id
        for c in EVERYTHING.values()
        if verdict in (None, c.verdict) and section in (None, evidence.section_of(c))
    }


def test_a_page_shows_statement_evidence_and_verdict_without_breaking_its_html():
    page = evidence.page()._repr_html_()
    assert page.count("<tr>") == len(EVERYTHING) + 1 and page.count("<td") == 6 * len(EVERYTHING)
    assert EVERYTHING[3].statement in page and "+9 K an iteration" in page
    assert str(evidence.page("agrees", "III-B")).startswith("35 | The shared kernels")
    assert evidence.page("agrees", "III-F")._repr_html_() == "<p>No claim is of that kind.</p>"


@pytest.mark.parametrize("wrong", [{"verdict": "maybe"}, {"section": "V"}])
def test_an_unknown_filter_is_said(wrong):
    with pytest.raises(InputError, match="choose one of"):
        evidence.page(**wrong)


def test_every_arithmetic_claim_is_worked_out_to_its_recorded_verdict():
    table = evidence.rederive()
    assert set(table.index) == {c.id for c in EVERYTHING.values() if c.basis == "arithmetic"}
    assert table["follows"].tolist() == table["recorded"].tolist()


def test_the_workings_find_what_the_record_says():
    """A few figures of each kind, against the record's own words."""
    found = evidence.rederive([1, 3, 16, 45])["found"]
    assert "202249" in found[1] and found[1].count("173296") == 2
    assert found[3] == "IoU better in 6; Pd better in 4; Fa better in 9; of 9"
    assert found[16] == "printed, G: 0.56; executed, GMAC: 1.89"
    for name in evidence.odd_rows().index:
        assert name in EVERYTHING[45].printed


def test_a_working_would_notice_another_figure(monkeypatch):
    """If Top-k alone were worse in one figure, the claim would stand."""
    true = paper.row

    def other(table, name, data=paper.NUAA):
        row = true(table, name, data)
        return type(row)(**{**vars(row), "pd": 90.0}) if name == "Top-k" else row

    monkeypatch.setattr(evidence.paper, "row", other)
    assert evidence.rederive([21]).loc[21, "follows"] == "agrees"


def test_what_needs_runs_is_not_worked_out():
    with pytest.raises(InputError, match="claim 5 cannot"):
        evidence.rederive([5])


def test_odd_rows_have_whole_targets_all_the_same():
    odd = evidence.odd_rows()
    assert odd["targets"].notna().all() and (odd["digits off"] > 1).all()
    assert all(fits(paper.row("I", name).pd, paper.TEST_TARGETS) for name in odd.index)


def test_gaps_are_from_the_default():
    gaps = evidence.printed_gaps()
    assert (
        gaps["IV", "n = 0"] == -1.87 and ("V", "FSM") not in gaps and "VII" not in gaps.index.unique("table")
    )


def test_figures_hold_counts_and_verdicts():
    figure = plots.claims(evidence.by_section(), evidence.SUBJECTS)
    assert figure.numbers["total"] == len(EVERYTHING) == sum(figure.numbers["by verdict"].values())
    labels = {text.get_text() for text in figure.axes[0].texts}
    assert labels == {str(number) for number in EVERYTHING}
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert "ablations of the network (IV-E)" in names
    counted = plots.printed_and_verdict(evidence.printed_against_verdict())
    assert sum(row["all"] for row in counted.numbers.values()) == len(EVERYTHING)
    ruled = plots.verdict_rule({"one": (0.2, 1.5, 1.87), "two": (-0.1, 1.5, 1.87)})
    assert ruled.numbers == {"one": "agrees", "two": "undecided"}


def test_menus_change_the_table():
    goal, verdict, section, count, table = explore.claims().children
    assert "Goal" in goal.value and isinstance(verdict, ipywidgets.Dropdown)
    assert table.value == evidence.page("contradicts")._repr_html_()
    for chosen in evidence.VERDICTS:
        verdict.value = chosen
        assert table.value == evidence.page(chosen)._repr_html_()
        assert int(re.match(r"\d+", count.value).group()) == len(evidence.page(chosen).claims)
    verdict.value = "all"
    for chosen in evidence.SUBJECTS:
        section.value = chosen
        assert table.value == evidence.page(section=chosen)._repr_html_()
    section.value = "all"
    assert count.value == f"{len(EVERYTHING)} claims"


def test_menus_start_where_they_are_told():
    _, verdict, section, _, table = explore.claims(None, "IV-F").children
    assert (verdict.value, section.value) == ("all", "IV-F")
    assert table.value == evidence.page(section="IV-F")._repr_html_()
    with pytest.raises(InputError, match="choose one of"):
        explore.claims("maybe")
