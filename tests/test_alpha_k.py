"""The printed grid of Table VII, and what is shown while ours is not run."""

import numpy as np
import pytest
from test_compare import line

from rrca import plots
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
