"""Accuracy against cost: ranks, fronts, and the table that fills itself from result files."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rrca import plots
from rrca.errors import InputError
from rrca.studies import efficiency, latency
from rrca.sweeps import results

numbers = st.lists(st.integers(0, 6), min_size=3, max_size=9)


@given(st.data())
def test_rank_correlation_is_scipys_with_ties_too(data):
    first = data.draw(numbers)
    second = data.draw(st.lists(st.integers(0, 6), min_size=len(first), max_size=len(first)))
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert efficiency.rank_correlation(first, second) == pytest.approx(
            stats.spearmanr(first, second).statistic
        )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8, unique=True))
def test_the_front_holds_whom_nobody_beats(points):
    table = pd.DataFrame(points, columns=["ms", "IoU"])
    unbeaten = {
        i
        for i, (ms, iou) in enumerate(points)
        if not any(o_ms <= ms and o_iou >= iou for j, (o_ms, o_iou) in enumerate(points) if j != i)
    }
    assert set(efficiency.front(table, "ms", "IoU")) == unbeaten


def test_the_front_leaves_out_what_has_no_value_and_names_what_it_cannot_find():
    table = pd.DataFrame({"ms": [1.0, 2.0], "IoU": [np.nan, 3.0]}, index=["a", "b"])
    assert efficiency.front(table, "ms", "IoU") == ["b"]
    with pytest.raises(InputError, match="no column 'watts'; it has ms, IoU"):
        efficiency.front(table, "watts", "IoU")


def test_reversed_pairs_are_the_cheap_and_slow_the_worst_first():
    table = pd.DataFrame({"name": list("abc"), "GMAC": [1, 2, 3], "ms": [90, 10, 40]})
    assert efficiency.reversed_pairs(table, "GMAC") == [("a", "b"), ("a", "c")]


def line(row, iou, seed, table="I", **more):
    known = {
        "run": f"{row}-{seed}",
        "table": table,
        "row": row,
        "data": "NUAA-SIRST",
        "seed": seed,
        "list": "test",
    }
    return known | {"error": None, "metrics": {"dnanet": {"iou": iou}, "exact": {"iou": 0}}} | more


def test_ours_comes_from_the_cards_until_there_are_runs_and_then_from_those_alone(tmp_path):
    measured = latency.read()
    before = efficiency.networks(measured, tmp_path)
    assert before.ours.notna().sum() >= 1 and before.ours["rrcanet-resnet18"] == pytest.approx(
        71.78, abs=0.005
    )
    for seed, iou in enumerate((0.70, 0.74)):
        results.append(results.path_of("I", tmp_path), line("ResUNet", iou, seed))
    results.append(results.path_of("I", tmp_path), line("ResUNet", 0.1, 0, data="DenseSIRST", run="dense"))
    results.append(results.path_of("I", tmp_path), line("ACM", None, 0, error="died"))
    results.append(results.path_of("II", tmp_path), line("ResUNet", 0.76, 0, table="II"))
    after = efficiency.networks(measured, tmp_path)
    assert after.ours.dropna().round(6).to_dict() == {"resunet": 72.0, "resunet+rucb": 76.0}


def test_both_printed_tables_are_in_with_the_cost_of_the_form_that_detects():
    table = efficiency.networks()
    assert len(table) == 13 and table.loc["resunet+rucb", "name"] == "ResUNet + RuCB"
    assert table.loc["repisdnet", ["printed M", "printed G"]].tolist() == [0.279, 11.53]
    assert round(table.loc["repisdnet", "GMAC"], 2) == 6.40  # folded


# --- Figures -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    return efficiency.networks()


def boxes(axes):
    """Where the names stand, in pixels."""
    axes.figure.draw_without_rendering()
    return [text.get_window_extent() for text in axes.texts]


def test_no_name_covers_another(table):
    for figure in (plots.accuracy_cost(table, ["printed G", "GMAC", "ms"]), plots.time_against(table)):
        for axes in figure.axes:
            found = boxes(axes)
            assert len(found) == 13
            for i, one in enumerate(found):
                assert not any(one.shrunk(0.9, 0.6).overlaps(other.shrunk(0.9, 0.6)) for other in found[:i])


def test_every_network_stands_at_its_cost(table):
    (axes,) = plots.accuracy_cost(table, ["ms"]).axes
    drawn = sorted(tuple(marks.get_offsets()[0]) for marks in axes.collections)
    assert drawn == sorted(zip(table["ms"], table["printed IoU"], strict=True))


def test_who_was_not_run_is_named_and_none_at_all_is_refused(table):
    assert "Not run yet: ACM; ResUNet" in plots.accuracy_cost(table, ["ms"], "ours").caption
    with pytest.raises(InputError, match="no network has a value of 'ours'"):
        plots.accuracy_cost(table.assign(ours=np.nan), ["ms"], "ours")


def test_bars_of_another_pass_are_the_ratios():
    rows = {"a": (2.0, 3.0, 1.2, 30.0), "a, n = 0": (1.0, 1.0, 1.0, 10.0)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["params, M", "GMAC", "counted G", "ms"])
    figure = plots.what_another_pass_costs(table)
    assert figure.numbers == {"a": {"params": 2.0, "printed rule": 1.2, "GMAC": 3.0, "ms": 3.0}}
    assert [round(bar.get_height(), 6) for bar in figure.axes[0].patches] == [2.0, 1.2, 3.0, 3.0]
    with pytest.raises(InputError, match="no network has a row 'NAME, n = 0'"):
        plots.what_another_pass_costs(table.loc[["a"]])
