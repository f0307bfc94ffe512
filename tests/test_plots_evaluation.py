"""Figures of notebook 06: what they draw and say is what rrca.metrics counts."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from rrca import metrics, plots
from rrca.errors import InputError
from rrca.plots.surfaces import FINEST, blocks, heights
from rrca.plots.toys import TOYS, Toy

GRID = [0.05, 0.2, 0.5, 0.7]


def made(shape=(80, 100)):
    """A target of 3 × 3 px (score 0.8), a false alarm of 2 px (0.6), and at 0.1 a bar that joins both."""
    scores, mask = np.zeros(shape), np.zeros(shape, bool)
    scores[20, 20:60] = 0.1
    scores[19:22, 20:23] = 0.8
    scores[20, 58:60] = 0.6
    mask[19:22, 20:23] = True
    return SimpleNamespace(id="made", image=scores.astype(np.float32), mask=mask), scores


FRAME, SCORES = made()
CURVE = metrics.roc([SCORES], [FRAME.mask], GRID)


def lines(axes):
    return [line for line in axes.lines if line.get_linestyle() != "None" and len(line.get_xdata()) > 2]


def circles(axes):
    """(colour, row, column) of every circle."""
    found = (patch for patch in axes.patches if isinstance(patch, Circle))
    return {(to_hex(p.get_edgecolor()).upper(), p.center[1], p.center[0]) for p in found}


def result(protocol="opdc", threshold=0.5, scores=SCORES, mask=FRAME.mask):
    return metrics.summarise(metrics.count(scores, mask, protocol, threshold), protocol)


# -------------------------------------------------------------------------------------------------- ROC
def test_both_kinds_of_fa_are_drawn_and_the_working_point_is_marked():
    figure = plots.roc_curves({"made": CURVE})
    left, right = figure.axes
    (pixels,), (components,) = lines(left), lines(right)
    size = FRAME.mask.size
    background = size - 9
    # at 0.05 bar, target and false alarm are one blob; from 0.2 up they are apart
    np.testing.assert_allclose(pixels.get_xdata()[:3], 1e6 * np.array([37, 2, 2]) / background)
    np.testing.assert_allclose(components.get_xdata()[:3], 1e6 * np.array([46, 2, 2]) / size)
    assert (
        pixels.get_xdata()[3] == components.get_xdata()[3] == pytest.approx(0.5e6 / size)
    )  # Fa = 0 at half a pixel
    np.testing.assert_array_equal(components.get_ydata(), [0, 1, 1, 1])
    assert pixels.get_markevery() == [2] and left.get_xscale() == "log"
    point = figure.numbers["made"]
    assert (point["threshold"], point["pd"]) == (0.5, 1)
    assert point["fa / 1e-6"] == pytest.approx(1e6 * 2 / size)
    assert point["pixel fa / 1e-6"] == pytest.approx(1e6 * 2 / background)


def test_a_curve_that_turns_back_says_where():
    figure = plots.roc_curves({"made": CURVE})
    assert figure.numbers["made"]["turns"] == 1 and figure.numbers["made"]["highest turn"] == 0.05
    (crosses,) = (line for line in figure.axes[1].lines if line.get_marker() == "x")
    assert list(crosses.get_ydata()) == [0]
    straight = plots.roc_curves({"made": metrics.roc([SCORES], [FRAME.mask], GRID[1:])}).numbers["made"]
    assert straight["turns"] == 0 and np.isnan(straight["highest turn"])


def test_curves_differ_without_colour_and_their_keys_can_be_quoted():
    figure = plots.roc_curves({"v1.0": CURVE, "v1.5": CURVE})
    assert (
        len({line._dash_pattern[1] and tuple(line._dash_pattern[1]) for line in lines(figure.axes[0])}) == 2
    )
    assert list(figure.numbers) == ["v1 0", "v1 5"]
    with pytest.raises(InputError, match="curves is empty"):
        plots.roc_curves({})


# -------------------------------------------------------------------------------------------- threshold
def test_the_threshold_is_applied_to_the_frame_and_read_from_the_curve():
    low, high = (plots.threshold(FRAME.image, SCORES, FRAME.mask, CURVE, t) for t in (0.5, 0.7))
    assert [low.numbers[name] for name in ("hits", "false alarms", "misses")] == [1, 1, 0]
    assert [high.numbers[name] for name in ("hits", "false alarms", "misses")] == [1, 0, 0]
    assert circles(low.axes[1]) == {(plots.HIT, 20, 21), (plots.FALSE_ALARM, 20, 58.5)}
    assert low.numbers["iou"] == pytest.approx(9 / 11) and high.numbers["all iou"] == 1
    assert low.numbers["all false alarms"] == 1 and high.numbers["all fa / 1e-6"] == 0
    assert low.axes[1].images[0].get_array().sum() == 11


def test_one_frame_may_be_shown_beside_the_curve_of_many():
    many = metrics.roc([SCORES, np.zeros_like(SCORES)], [FRAME.mask, FRAME.mask], GRID)
    numbers = plots.threshold(FRAME.image, SCORES, FRAME.mask, many, 0.5).numbers
    assert numbers["misses"] == 0 and numbers["all pd"] == 0.5


def test_the_nearest_threshold_of_the_curve_is_nearest_in_the_logit():
    """0.999 and 0.9 are 4.7 apart in logits, 0.9 and 0.5 only 2.2."""
    curve = metrics.roc([SCORES], [FRAME.mask], [0.5, 0.999])
    assert plots.threshold(FRAME.image, SCORES, FRAME.mask, curve, 0.9).numbers["all threshold"] == 0.5


def test_a_frame_in_which_nothing_is_marked_is_a_picture_too():
    curve = metrics.roc([SCORES], [FRAME.mask], [0.5, 0.9])
    figure = plots.threshold(FRAME.image, SCORES, FRAME.mask, curve, 0.9)
    assert figure.numbers["misses"] == 1 and figure._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(InputError, match="mask has shape"):
        plots.threshold(FRAME.image, SCORES, FRAME.mask[1:], curve)


# ---------------------------------------------------------------------------------------------- panels
def test_panels_judge_each_method_in_each_frame():
    blind = np.zeros_like(SCORES)
    figure = plots.panels([FRAME, FRAME], {"sees": [SCORES, SCORES], "blind": [blind, SCORES]})
    assert figure.numbers == {
        "sees": {"hits": 2, "false alarms": 2, "misses": 0},
        "blind": {"hits": 1, "false alarms": 1, "misses": 1},
    }
    grid = np.reshape([axes for axes in figure.axes if axes.images], (2, 4))
    assert circles(grid[0, 2]) == {(plots.MISS, 20, 21)}
    assert circles(grid[1, 2]) == circles(grid[0, 1]) == {(plots.HIT, 20, 21), (plots.FALSE_ALARM, 20, 58.5)}
    assert not circles(grid[0, 0]) and not circles(grid[0, 3])
    assert grid[0, 3].images[0].get_array().sum() == 9


def test_the_window_lies_on_what_went_wrong_and_alike_in_a_row():
    second = np.where(SCORES > 0.7, SCORES, 0)  # no false alarm

    def middle(*maps):
        figure = plots.panels([FRAME], {str(i): [values] for i, values in enumerate(maps)})
        windows = {
            (*inset.get_xlim(), *inset.get_ylim())
            for axes in figure.axes
            for inset in axes.child_axes
            if inset.images
        }
        ((left, right, bottom, top),) = windows
        return (left + right) / 2, (top + bottom) / 2

    assert middle(second) == pytest.approx((21, 20), abs=1)  # all found: the target
    assert middle(second, SCORES) == pytest.approx((58.5, 20), abs=1)  # a false alarm
    assert middle(SCORES, np.zeros_like(SCORES)) == pytest.approx((21, 20), abs=1)  # a miss goes first


@pytest.mark.parametrize(
    ("frames", "scores", "message"),
    [
        ([], {"a": []}, "0 frames and 1 methods"),
        ([FRAME], {}, "1 frames and 0 methods"),
        ([FRAME], {name: [SCORES] for name in "abcde"}, "5 methods"),
        ([FRAME], {"a": [SCORES, SCORES]}, r"scores\['a'\] holds 2 maps for 1 frames"),
        ([FRAME], {"a": [SCORES[1:]]}, "a has shape"),
    ],
)
def test_panels_that_do_not_fit_are_refused(frames, scores, message):
    with pytest.raises(InputError, match=message):
        plots.panels(frames, scores)


# ------------------------------------------------------------------------------------- shares, protocols
def test_shares_are_stacked_to_100_per_cent():
    figure = plots.error_shares({"0.5": result(), "0.7": result(threshold=0.7)}, "threshold")
    low, high = figure.numbers["0 5"], figure.numbers["0 7"]
    assert (low["found"], low["invented"], low["missed"]) == (0.5, 0.5, 0)
    assert (high["found"], high["covered"], high["hiou"]) == (1, 1, 1)
    for axes in figure.axes:
        tops = {}
        for bar in axes.patches:
            x = round(bar.get_x(), 3)
            tops[x] = max(tops.get(x, 0), bar.get_y() + bar.get_height())
        assert list(tops.values()) == pytest.approx([100, 100])
        assert axes.get_xlabel() == "threshold"
    assert figure.caption.endswith("at 0.7: 100.0 %.")


def test_every_kind_of_error_goes_by_its_own_word():
    """A target in two pieces; two targets under one component; a frayed and a cut-off one."""
    mask = np.zeros((60, 60), bool)
    mask[10:15, 10:15] = True
    pieces = np.zeros((60, 60))
    pieces[10:12, 10:15] = pieces[13:15, 10:15] = 1
    words = plots.error_shares({"a": result(scores=pieces, mask=mask)}).numbers["a"]
    assert (words["found"], words["split"], words["cut off"]) == pytest.approx((0.5, 0.5, 0.6))
    two = np.zeros((60, 60), bool)
    two[30, 30:32] = two[30, 33:35] = True
    bridge = np.zeros((60, 60))
    bridge[30, 30:35] = 1
    words = plots.error_shares({"a": result(scores=bridge, mask=two)}).numbers["a"]
    assert (words["found"], words["merged"]) == (0.5, 0.5)
    assert (words["covered"], words["spilled over"], words["frayed"]) == pytest.approx((0.4, 0.4, 0.2))


def test_shares_without_pairs_or_of_two_protocols_are_refused():
    with pytest.raises(InputError, match="results is empty"):
        plots.error_shares({})
    with pytest.raises(InputError, match="mix the protocols exact, opdc"):
        plots.error_shares({"a": result(), "b": result("exact")})
    with pytest.raises(InputError, match="'shooting' gives no error shares"):
        plots.error_shares({"a": result("shooting")})


def test_protocols_stand_side_by_side_in_the_units_of_the_field():
    figure = plots.protocols({name: result(name) for name in ("exact", "shooting")})
    assert figure.numbers["exact"]["Fa"] == pytest.approx(1e6 * 2 / 8000)
    assert figure.numbers["exact"]["Pd"] == 100 and figure.numbers["exact"]["IoU"] == pytest.approx(900 / 11)
    assert np.isnan(figure.numbers["shooting"]["hIoU"])
    assert figure.numbers["largest Fa over smallest"] == 1
    assert [axes.get_title() for axes in figure.axes][3:] == ["Fa / 10⁻⁶", "hIoU / %"]
    assert "no pairs" in [text.get_text() for text in figure.axes[4].texts]
    assert plots.protocols({"shooting": result("shooting")})._repr_png_()[:4] == b"\x89PNG"


# ------------------------------------------------------------------------------------------------- toys
def test_toys_print_what_the_released_programs_print():
    """The figures of the frames were found by running the programs; see also tests/test_metrics_protocols.py."""
    numbers = plots.toy_protocols().numbers
    assert numbers["M1"]["exact"]["fa / 1e-6"] == pytest.approx(18e6 / 65536)
    assert numbers["M1"]["dnanet"]["fa / 1e-6"] == 0
    assert [numbers["M2"][name]["pd"] for name in ("exact", "basicirstd")] == [1, 0.5]
    assert [numbers["M3"]["exact"][name] for name in ("pd", "fa / 1e-6", "iou")] == [1, 0, 0]
    assert [numbers["M4"][name]["pd"] for name in ("exact", "opdc")] == [0, 1]
    assert numbers["M4"]["exact"]["fa / 1e-6"] == pytest.approx(90e6 / 65536)
    assert numbers["M5"]["exact"]["fa / 1e-6"] == pytest.approx(10e6 / 65536)
    assert [numbers["M12"][name]["iou"] for name in ("exact", "dnanet")] == [1, 0.6]


def test_toys_are_drawn_whole_and_their_numbers_stand_below(recwarn):
    figure = plots.toy_protocols()
    for axes, toy in zip(figure.axes, TOYS.values(), strict=True):
        mask, predicted = toy.arrays()
        rows, columns = np.nonzero((mask > 0) | predicted)
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert left < columns.min() and columns.max() < right and top < rows.min() and rows.max() < bottom
        assert (right - left) / (bottom - top) == pytest.approx(4 / 3)
    assert "Fa  274.7e-6" in figure.axes[0].get_xlabel()
    assert figure.caption.count("M") == 5 and "M3" not in figure.caption
    assert not recwarn.list  # of grey masks


def test_a_toy_of_ones_own_is_drawn_too():
    figure = plots.toy_protocols({"mine": Toy("hit", ((5, 5, 2, 2),), ((5, 5, 2, 2),))})
    assert figure.numbers["mine"]["exact"]["iou"] == 1


# --------------------------------------------------------------------------------------------- surfaces
def test_surface_compares_the_lowest_target_with_the_highest_clutter():
    figure = plots.surface(FRAME.image, SCORES, FRAME.mask)
    assert figure.numbers["score"] == {"lowest peak of a target": 0.8, "highest elsewhere": 0.6}
    assert figure.numbers["grey level"]["lowest peak of a target"] == pytest.approx(1)  # stretched
    assert len(figure.axes) == 4 and {axes.name for axes in figure.axes} == {"3d"}
    assert len({(axes.elev, axes.azim) for axes in figure.axes}) == 1
    assert {tuple(axes.get_zlim()) for axes in figure.axes} == {(0, 1)}
    assert plots.surface(FRAME.image, SCORES).numbers["score"] == {"highest": 0.8}


def test_pixels_near_a_target_are_no_clutter():
    mask = np.zeros((9, 9), bool)
    mask[4, 0] = True
    values = np.tile(np.arange(9) / 10, (9, 1))
    values[4, 0] = 1.0
    values[4, 2] = 0.99  # 2 px away: the target's own rim
    assert heights(values, mask) == {"lowest peak of a target": 1.0, "highest elsewhere": 0.8}
    assert np.isnan(heights(values[:, :2], np.ones((9, 2), bool))["highest elsewhere"])


def test_blocks_lose_no_peak():
    values = np.zeros((2 * FINEST + 1, 50))
    values[-1, -1] = 1
    small, step = blocks(values)
    assert step == 3 and small.shape == (65, 17) and small[-1, -1] == 1 and small.sum() == 1
    np.testing.assert_array_equal(blocks(values[:FINEST])[0], values[:FINEST])
