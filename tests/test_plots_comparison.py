"""The figure of a table's differences shows what the table says, and no more."""

import pytest
from test_compare import folder  # noqa: F401

from rrca import compare, plots


@pytest.fixture
def drawn(folder):  # noqa: F811
    return plots.differences([compare.table("IV", figure, folder=folder) for figure in ("iou", "pd", "fa")])


def test_numbers_are_the_tables(drawn, folder):  # noqa: F811
    frame = compare.table("IV", folder=folder).frame
    for name in ("n = 0", "n = 1", "n = 3"):
        assert drawn.numbers["iou"][name]["difference"] == pytest.approx(frame.loc[name, "difference"])
        assert drawn.numbers["iou"][name]["verdict"] == frame.loc[name, "verdict"]
    assert drawn.numbers["iou"]["n = 0"]["low"] < drawn.numbers["iou"]["n = 0"]["high"]
    assert drawn.numbers["iou"]["n = 0"]["paper"] == pytest.approx(73.54 - 75.41)
    assert "low" not in drawn.numbers["iou"]["n = 3"]  # one seed has no interval


def test_the_default_is_the_line_at_zero_and_not_a_row(drawn):
    left = drawn.axes[0]
    assert [label.get_text() for label in left.get_yticklabels()] == ["n = 0", "n = 1", "n = 3"]
    assert len(drawn.axes) == 3


def test_what_was_not_run_is_said_and_has_no_number(tmp_path):
    figure = plots.differences([compare.table("V", folder=tmp_path)])
    assert figure.numbers == {"iou": {}}
    assert "2 not run" in figure.caption
    assert [text.get_text().strip() for text in figure.axes[0].texts] == ["not run", "not run"]
