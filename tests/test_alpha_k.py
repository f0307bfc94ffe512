"""The printed grid of Table VII, and what is shown while ours is not run."""

import numpy as np
import pytest
from test_compare import line

from rrca import compare, paper, plots
from rrca.errors import InputError
from rrca.studies import alpha_k


def test_the_chosen_cell_stands_out_as_the_best_of_27_would():
    """Claim 20 of the specification gives 2.0 and 2.1 standard deviations."""
    found = alpha_k.standing_out(alpha_k.printed())
    assert [round(found.loc[name, "distance"], 1) for name in ("pd", "fa")] == [2.0, 2.1]
    assert len(alpha_k.printed()) == 27


def test_the_best_of_three_is_known_in_closed_form():
    assert alpha_k.expected_best(1) == pytest.approx(0, abs=1e-9)
    assert alpha_k.expected_best(3) == pytest.approx(3 / (2 * np.sqrt(np.pi)))


def test_without_lines_the_printed_figures_are_shown_and_the_iou_is_missing(tmp_path):
    sources = {name: alpha_k.cells_of(name, tmp_path) for name in ("iou", "pd", "fa")}
    assert [source for source, _ in sources.values()] == ["not run yet", "paper", "paper"]
    figure = plots.alpha_k_grid(sources)
    assert figure.numbers["pd"]["best"] == 98.10 and "best" not in figure.numbers["iou"]


def test_lines_of_ours_take_the_place_of_the_printed_figures(tmp_path):
    line("VII", alpha_k.CHOSEN, 100, 73, tmp_path)
    source, cells = alpha_k.cells_of("iou", tmp_path)
    assert source == "ours, 1 of 27" and cells.notna().sum().sum() == 1
    assert cells.loc[3.1, 10] == pytest.approx(73)
    assert plots.alpha_k_grid({"iou": (source, cells)}).numbers["iou"]["best"] == pytest.approx(73)


def test_luck_has_the_printed_mean_and_spread_and_whole_targets():
    others = alpha_k.printed()["pd"].drop(alpha_k.CHOSEN)
    values = np.concatenate([alpha_k.luck(seed)[1].to_numpy().ravel() for seed in range(40)])
    assert values.mean() == pytest.approx(others.mean(), abs=0.1)
    assert values.std() == pytest.approx(others.std(), rel=0.1)
    targets = values / 100 * paper.TEST_TARGETS
    np.testing.assert_allclose(targets, targets.round(), atol=1e-9)
    assert alpha_k.luck(1)[0] == "luck, seed 1" and not alpha_k.luck(1)[1].equals(alpha_k.luck(2)[1])
    assert (alpha_k.luck(5, "fa")[1] >= 0).all(axis=None)


def test_a_grid_whose_best_cell_is_known():
    _, cells = alpha_k.printed_cells("pd")
    raised = cells.copy()
    raised.loc[2.0, 15] = 99.0
    figure = plots.alpha_k_surface([("raised", raised)])
    own = figure.numbers["raised"]
    assert (own["best"], own["alpha"], own["k"]) == (99.0, 2.0, 15.0)
    others = raised.to_numpy().ravel()[raised.to_numpy().ravel() < 99]
    assert own["stands out"] == pytest.approx((99 - others.mean()) / others.std(ddof=1))
    fa = plots.alpha_k_surface([alpha_k.printed_cells("fa")], "fa").numbers["paper"]
    assert (round(fa["best"], 2), fa["alpha"], fa["k"]) == (7.56, 3.1, 10.0)
    assert fa["stands out"] == pytest.approx(alpha_k.standing_out(alpha_k.printed()).loc["fa", "distance"])


def test_a_grid_with_a_gap_is_no_landscape():
    source, cells = alpha_k.printed_cells("pd")
    cells.loc[2.0, 5] = np.nan
    with pytest.raises(InputError, match="needs all cells"):
        plots.alpha_k_surface([(source, cells)])


def test_more_runs_find_smaller_spreads():
    many, few = compare.power_of(27, 27), compare.power_of(9, 27)
    assert (many[1.5:2.5] > few[1.5:2.5]).all() and many[1.0] < 0.05
    figure = plots.power_curves({"many": many, "three seeds": compare.power_of(27, 3)})
    assert figure.numbers["many"]["visible ratio"] == pytest.approx(compare.visible_ratio())
    assert (
        np.isnan(figure.numbers["three seeds"]["visible ratio"])
        and "three seeds none shown" in figure.caption
    )
