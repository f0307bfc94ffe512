"""The folded solutions of notebook 18, as printed, are correct; its text says what the kept measurement says."""

import lesson
import pytest

from rrca import checks
from rrca.studies import efficiency, latency


@pytest.fixture(scope="module")
def table():
    return efficiency.networks()


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(18)
    assert lesson.voices(
        checks.rank_correlation(answers["rank_correlation"]),
        checks.work_per_value(answers["work_per_value"]),
        checks.unbeaten(answers["unbeaten"]),
    ) == {"correct"}


def test_ranks_counted_by_hand():
    assert efficiency.rank_correlation([1, 2, 3, 4], [20, 10, 30, 40]) == pytest.approx(1 - 6 * 2 / (4 * 15))


def test_the_fronts_are_as_the_text_says(table):
    fronts = {cost: set(efficiency.front(table, cost)) for cost in ("printed G", "GMAC", "ms")}
    ours = {"rrcanet-resnet10", "rrcanet-resnet18"}
    assert all(ours <= front and "rrcanet-resnet34" not in front for front in fronts.values())
    assert fronts["GMAC"] - fronts["printed G"] == {"resunet"} and len(fronts["GMAC"]) == 6
    assert fronts["GMAC"] - fronts["ms"] == {"lw-irstnet"} and len(fronts["ms"]) == 5


def test_ratios_in_the_text_are_those_of_the_table(table):
    dnanet, ours = table.loc["dnanet"], table.loc["rrcanet-resnet18"]
    assert (
        round(dnanet["printed G"] / ours["printed G"], 1) == 13.5
        and round(dnanet["ms"] / ours["ms"], 1) == 3.9
    )
    over_plain = [table.ms[f"{name}+rucb"] / table.ms[name] for name in ("resunet", "amfunet", "dnanet")]
    assert [round(ratio, 1) for ratio in over_plain] == [3.0, 3.2, 3.1]
    assert 2 < ours["ms"] / table.ms["resunet"] < 2.25  # "twice as long"
    assert 80 < table.ms.max() / table.ms.min() < 90  # "nearly 90"
    assert table["params, M"]["amfunet+rucb"] / table["params, M"]["resunet"] == pytest.approx(0.5, abs=0.05)


def test_in_most_pairs_that_the_column_gets_wrong_the_slower_one_reuses(table):
    """RRCA-Nets and RuCB run passes; AMFU-net runs its attention in four places."""
    pairs = efficiency.reversed_pairs(table, "printed G")
    reusing = [slow for slow, _ in pairs if "RuCB" in slow or "RRCA-Net" in slow or slow == "AMFU-net"]
    assert len(reusing) > len(pairs) / 2
    assert len(pairs) == 9


def test_the_text_says_how_often_it_was_measured():
    rounds = {len(row["cpu"]) for row in latency.read()["networks"].values()}
    words = {3: "three", 5: "five", 7: "seven"}
    text = " ".join(cell["source"] for cell in lesson.cells(18))
    assert len(rounds) == 1 and f"median of {words[rounds.pop()]} rounds" in text
