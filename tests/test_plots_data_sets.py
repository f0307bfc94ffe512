"""Figures of data sets: what is drawn, and the numbers behind it."""

import io

import numpy as np
import pytest
from PIL import Image

from rrca import plots
from rrca.checks import toy_mask
from rrca.data import survey
from rrca.errors import InputError
from rrca.plots.data_sets import LEAST_SCR, LOOKS

SUMMARIES = {name: lists["all"] for name, lists in survey.surveyed().items()}


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(figure._repr_png_())))


def test_a_scene_has_the_scr_that_was_asked_for():
    for scr in (1.0, 5.0, 12.0):
        assert plots.scene(scr).numbers["scr"] == pytest.approx(scr, abs=1e-4)


def test_each_knob_of_the_scene_moves_what_it_says():
    start = plots.scene(5, 0, 0.14).numbers
    assert plots.scene(9, 0, 0.14).numbers["brighter pixels"] == 0 < start["brighter pixels"]
    assert plots.scene(5, 10, 0.14).numbers["area"] > 3 * start["area"]
    assert plots.scene(5, 0, 0.06).numbers["contrast"] < 0.5 * start["contrast"]


def test_a_scene_draws_the_row_through_its_target():
    figure = plots.scene(8, 0, 0.1)
    frame, row = figure.axes[:2]
    assert row.get_xlabel() == "column / px" and row.get_ylabel() == "grey level"
    assert frame.child_axes  # the enlarged window
    values = row.lines[0].get_ydata()
    peak = row.lines[1].get_ydata()[0]
    assert values.max() <= 1 and peak == pytest.approx(values.max(), abs=0.1)
    assert pixels(figure).shape[1] == 1000


def test_a_scene_that_cannot_be_made_says_so():
    with pytest.raises(InputError, match=r"do not fit into the scene"):
        plots.scene(60)


def squares(axes):
    return sum(patch.get_width() == 1 == patch.get_height() for patch in axes.patches)


def test_small_masks_are_drawn_a_square_a_pixel():
    figure = plots.small_masks({"one": toy_mask(), "two": survey.shrink(toy_mask(), (4, 4))})
    assert figure.numbers == {"marked": [11, 3]}
    assert [squares(axes) for axes in figure.axes] == [11, 3]
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({}, "no mask"),
        ({"a": np.zeros((3, 3))}, "'a' must be bool .*float64"),
        ({"a": np.zeros((3, 17), bool)}, "at most 16"),
        ({"a": np.zeros(3, bool)}, r"shape \(3,\)"),
    ],
)
def test_small_masks_refuses_what_nobody_counts(masks, message):
    with pytest.raises(InputError, match=message):
        plots.small_masks(masks)


def test_statistics_draw_the_quantiles_of_every_set():
    figure = plots.target_statistics(SUMMARIES)
    area, scr = figure.axes
    assert figure.numbers["median area"] == {"NUAA-SIRST": 20, "DenseSIRST": 10, "NUDT-SIRST": 20}
    for axes, what in ((area, "area"), (scr, "scr")):
        curves = axes.lines[: len(SUMMARIES)]
        for line, summary in zip(curves, SUMMARIES.values(), strict=True):
            assert list(line.get_xdata()) == summary[what]["quantiles"]
        assert len({line.get_color() for line in curves}) == 3
        assert axes.get_xscale() == "log"
    assert scr.get_xlim()[0] == LEAST_SCR
    assert len({line for _, line in LOOKS.values()}) == len(LOOKS)  # told apart without colour
    assert "NUAA-SIRST (533)" in [text.get_text() for text in area.get_legend().get_texts()]


def test_an_unknown_set_is_drawn_too_and_none_is_refused():
    assert pixels(plots.target_statistics({"mine": SUMMARIES["NUAA-SIRST"]})).std() > 0
    with pytest.raises(InputError, match="no data set"):
        plots.target_statistics({})


def test_shrunk_draws_both_counts_and_every_fate():
    figure = plots.shrunk(SUMMARIES["DenseSIRST"], "DenseSIRST")
    left, right = figure.axes
    heights = [bar.get_height() for bar in left.patches]
    assert sum(heights[:4]) == 13655 and sum(heights[4:]) == 10313
    assert [bar.get_width() for bar in right.patches] == [1390, 1952, 0]
    assert figure.numbers["share left"] == pytest.approx([100, 98.8, 85.8, 29.3], abs=0.05)


def test_shrunk_of_a_set_without_large_frames_has_no_share_there():
    assert np.isnan(plots.shrunk(SUMMARIES["NUAA-SIRST"], "NUAA-SIRST").numbers["share left"][3])


def test_lists_share_the_known_frames_and_only_those():
    numbers = plots.list_overlap().numbers
    assert {key: count for key, count in numbers.items() if count} == {
        "NUAA-SIRST test in DenseSIRST": 161,
        "NUAA-SIRST idx_427_test in NUAA-SIRST": 44,
        "NUAA-SIRST idx_427_test in DenseSIRST": 67,
        "DenseSIRST test in NUAA-SIRST": 54,
    }
    assert len(numbers) == 5 * 4


def test_overlap_is_written_into_its_cell():
    figure = plots.list_overlap([("NUAA-SIRST", "test")], ["NUAA-SIRST", "DenseSIRST"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["0", "161 of 214"]
    assert axes.patches[0].get_hatch() is None and axes.patches[1].get_hatch()
