"""Table III: its counts beside those printed, its fronts, the seeds its differences need, how far a network looks."""

import numpy as np
import pytest
import torch

from rrca import paper, plots
from rrca.studies import channels, scale_out


@pytest.fixture(scope="module")
def table():
    return channels.table_iii()


def test_the_networks_have_the_printed_parameters_and_flops(table):
    for name, row in table.iterrows():
        printed = paper.row("III", name)
        last = 0.0012 if name == "C = 4..64, l = 5" else 0.0006  # 0.1989 where 0.200 is printed
        assert row["params, M"] == pytest.approx(printed.params, abs=last)
        assert row["counted G"] == pytest.approx(printed.flops, abs=0.006)  # two decimals


def test_width_costs_work_and_depth_does_not(table):
    wider = channels.growth(table, channels.WIDTHS, ["params, M", "GMAC"])
    deeper = channels.growth(table, channels.DEPTHS, ["params, M", "GMAC"])
    assert (wider["GMAC"] > 3.9).all() and (deeper["GMAC"] < 1).all()
    assert (deeper["params, M"] > 2.5).all()


def test_the_figure_names_all_seven_and_has_both_ways(table):
    figure = plots.width_and_depth(table)
    assert set(figure.numbers["GMAC"]) == {row.name for row in paper.table("III")}
    assert figure.numbers["deeper"]["GMAC"][1] == pytest.approx(
        table.GMAC["C = 8..128, l = 5"] / table.GMAC[channels.DEFAULT]
    )
    written = {text.get_text() for text in figure.axes[0].texts}
    assert set(table.index) <= written


def test_fronts_counted_by_eye(table):
    numbers = plots.table_iii_fronts(table).numbers
    assert set(numbers["params, M"]["front"]) == {
        "C = 4..32, l = 4",
        "C = 8..32, l = 3",
        "C = 8..64, l = 4",
        "C = 16..256, l = 5",
    }
    added = set(numbers["GMAC"]["front"]) - set(numbers["params, M"]["front"])
    assert added == {"C = 4..64, l = 5", "C = 8..128, l = 5"}


def test_fewest_seeds_is_where_the_interval_leaves_zero_out():
    n = channels.seeds_needed(0.65, 1.0)
    assert scale_out.half_width(n) < 0.65 <= scale_out.half_width(n - 1)
    assert channels.seeds_needed(-0.65, 1.0) == n
    assert channels.seeds_needed(1.3, 2.0) == n  # only the ratio counts
    assert np.isnan(channels.seeds_needed(0.23, 1.0))  # the default's 27 alone leave ± 0.38


def test_half_of_the_gradient_lies_inside_the_radius():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    found = channels.reach({"channels": (4, 8), "blocks": (1, 1), "iterations": 0}, seeds=(0,), side=64)
    profile, radius = found["profile"], found["radius"]
    assert (np.diff(profile) >= 0).all() and 0 < profile[0] and profile[-1] <= 1 + 1e-6
    assert profile[radius] >= 0.5 > profile[radius - 1]
    assert torch.equal(torch.rand(2), expected)
    figure = plots.reach_profiles({"tiny": found})
    assert figure.numbers["tiny"]["radius"] == radius
