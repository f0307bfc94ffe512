"""Figures of notebooks 14 and 15: what they draw and say is what the methods gave."""

import numpy as np
import pytest
from scipy.special import ndtr

from rrca import checks, classical, data, plots
from rrca.classical import METHODS, Responses
from rrca.data import scenes
from rrca.plots.classical import LOOKS
from rrca.studies import classical as studies
from rrca.studies import classical_low_rank as low_rank
from rrca.studies import classical_paper


@pytest.fixture(scope="module")
def scene():
    return scenes.scene(seed=1, targets=1, scr=12, size=(120, 130))


@pytest.fixture(scope="module")
def judged():
    frames = data.open("synthetic")[:3]
    return {name: studies.judge(Responses(name), frames, "exact") for name in ("top-hat", "max-median")}


def bars(axes):
    return [patch.get_height() for patch in axes.patches]


def test_the_row_is_drawn_with_what_each_filter_leaves():
    row = checks.filter_row()
    figure = plots.filter_row(row)
    above, _, below, right = figure.axes
    assert bars(above) == row.tolist()
    assert bars(below) == classical.top_hat(row[None])[0].tolist() == figure.numbers["top-hat"].tolist()
    assert bars(right) == figure.numbers["minus median"].tolist()
    assert min(bars(below)) == 0 > min(bars(right))


def test_responses_are_drawn_from_zero_to_their_own_peak(scene):
    responses = {name: Responses(name)(scene.image) for name in ("top-hat", "max-median")}
    figure = plots.filter_responses(scene.image, scene.mask, responses)
    for axes, response in zip(figure.axes[1:3], responses.values(), strict=True):
        shown = axes.images[0].get_array()
        assert (shown.min(), shown.max()) == (0, 1)
        assert np.unravel_index(shown.argmax(), shown.shape) == np.unravel_index(
            response.argmax(), response.shape
        )
    told = figure.numbers["top-hat"]
    assert told["peak on a target"] == responses["top-hat"][scene.mask].max()
    assert told["ratio"] == told["peak on a target"] / told["highest elsewhere"]


def test_the_tails_have_a_normal_one_beside_them():
    k = np.array([1.0, 1.5, 2.0])
    figure = plots.response_tails({"top-hat": np.array([0.1, 0.05, 0.02])}, k, targets=5e-4)
    (axes,) = figure.axes
    by_label = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(by_label["normal"].get_ydata(), 1e6 * ndtr(-k))
    assert figure.numbers["top-hat"] == {"k = 1": 1e5, "k = 2": 2e4}
    assert figure.numbers["target pixels / 1e-6"] == 500


def test_every_rule_is_a_point_in_its_methods_panel(judged):
    figure = plots.rules_plane(judged)
    for axes, (name, one) in zip(figure.axes, judged.items(), strict=True):
        assert axes.get_title() == name
        assert len(axes.lines) == len(one.rules) == 9
        told = figure.numbers[name]
        assert told["best"] == max(one.rules, key=lambda rule: told[rule.replace(".", " ")]["iou"])
        assert told["span"] >= 1
    with pytest.raises(ValueError, match="judged is empty"):
        plots.rules_plane({})


def test_raw_and_stretched_are_read_off_where_fa_allows(judged):
    curves = {name: (one.raw, one.stretched) for name, one in judged.items()}
    figure = plots.raw_and_stretched(curves, fa=1e-4)
    raw = judged["top-hat"].raw
    assert figure.numbers["top-hat"]["raw"] == 100 * raw.pd[raw.fa <= 1e-4].max()
    left = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(left["top-hat"].get_ydata(), 100 * raw.pd)


def test_window_and_k_change_what_is_marked(scene):
    narrow, wide = (plots.filter_knobs(scene.image, scene.mask, size, 5.0) for size in (3, 9))
    low, high = (plots.filter_knobs(scene.image, scene.mask, 5, k) for k in (2.0, 10.0))
    assert narrow.numbers["threshold"] != wide.numbers["threshold"]
    assert low.numbers["false px"] > high.numbers["false px"]
    for figure in (low, high):
        marked = figure.axes[2].images[0].get_array()
        response = classical.top_hat(classical.responses.from_unit(scene.image))
        assert np.array_equal(marked, response > figure.numbers["threshold"])


def test_paper_and_ours_are_drawn_in_the_papers_units():
    rules = {"T-C": {"iou": 0.2, "pd": 0.8, "fa": 1e-5}, "T-D": {"iou": 0.3, "pd": 0.7, "fa": 0.0}}
    paper = {"iou": 0.25, "pd": 0.85, "fa": 1.1e-5}
    line = {"rule": "T-C", "rules": rules, "best on the test set": "T-D", "paper": paper, "frames": 214}
    line["nearest"] = {"rule": "T-C", "factor": 1.1}
    figure = plots.rules_beside_paper({"ipi": line}, ["ipi", "nram"])
    iou, _, fa = figure.axes
    cross, _, point, diamond, other_cross = (line.get_xdata()[0] for line in iou.lines)
    assert (cross, point, diamond, other_cross) == (25.67, 20, 30, 12.16)
    assert fa.lines[0].get_xdata()[0] == 11.47
    assert all("not run" in [text.get_text() for text in axes.texts] for axes in figure.axes)
    assert figure.numbers["ipi"]["best"]["iou"] == 30 and list(figure.numbers) == ["ipi"]
    assert [label.get_text() for label in iou.get_yticklabels()] == ["IPI", "NRAM"]


def test_every_method_looks_different():
    assert list(LOOKS) == list(METHODS) == list(classical_paper.NAMES)
    assert len(set(LOOKS.values())) == len(METHODS)


# --- low rank --------------------------------------------------------------------------------------------------


def test_a_frame_that_repeats_itself_has_one_singular_value_and_a_shuffled_one_many():
    frame = np.add.outer(np.arange(80.0), np.zeros(90))
    spectra = {"ramp": low_rank.spectrum(frame), "shuffled": low_rank.spectrum(low_rank.shuffled(frame))}
    figure = plots.singular_values(spectra)
    assert figure.numbers["ramp"]["above 1 %"] == 2  # the mean level and the slope
    assert figure.numbers["shuffled"]["above 1 %"] == figure.numbers["shuffled"]["values"] == 20
    assert np.array_equal(np.sort(low_rank.shuffled(frame), axis=None), np.sort(frame, axis=None))


@pytest.fixture(scope="module")
def found(scene):
    image = np.round(scene.image * 255)
    return [low_rank.split(name, image) for name in ("ipi", "pstnn")]


def test_a_split_keeps_the_methods_own_response(scene, found):
    image = np.round(scene.image * 255)
    for one in found:
        assert np.array_equal(one.target, METHODS[one.method](image))
        assert one.steps[-1].stopped and one.background.shape == image.shape


def test_splits_say_how_much_of_the_target_was_taken(scene, found):
    figure = plots.splits(scene.image, scene.mask, found)
    for one in found:
        told = figure.numbers[one.method]
        assert told["non-zero px"] == np.count_nonzero(np.abs(one.target) > 1e-9 * np.abs(one.target).max())
        assert 0 < told["taken / %"] <= 100
    nothing = low_rank.Split("ipi", scene.image, np.zeros(scene.image.shape), found[0].steps)
    assert plots.splits(scene.image, scene.mask, [nothing]).numbers["ipi"]["taken / %"] == 0


def test_convergence_ends_where_the_method_stopped(found):
    figure = plots.convergence(found)
    for axes, kind in zip(figure.axes, ("error", "rank", "nonzeros"), strict=True):
        for line, one in zip(axes.lines, found, strict=True):
            assert line.get_xdata()[-1] == len(one.steps)
            assert line.get_ydata()[-1] == getattr(one.steps[-1], kind)
    assert "ipi" in figure.caption.split(" ended")[0]


def test_a_larger_weight_leaves_less(scene):
    part = np.s_[:100, :100]
    image = np.round(scene.image * 255)[part]
    grid = low_rank.sparsity_grid(image, [0.25, 1.0, 4.0])
    assert np.array_equal(grid[1.0], classical.ipi(image))
    left = [np.count_nonzero(grid[factor] > 1e-9) for factor in (0.25, 1.0, 4.0)]
    assert left[0] > left[1] >= left[2]
    mask = np.zeros((100, 100), bool)
    mask[np.unravel_index(grid[1.0].argmax(), mask.shape)] = True
    figure = plots.sparsity(scene.image[part], mask, grid, 0.9)
    assert figure.numbers["factor"] == 1.0
    assert figure.numbers["non-zero px"] == left[1]
    assert figure.numbers["peaks"] == [max(one[mask].max(), 0) for one in grid.values()]


def test_targets_beyond_the_last_patch_are_counted():
    masks = np.zeros((2, 67, 75), bool)  # patches end at row 60 and column 70
    masks[0, 30, 30] = masks[0, 64, 10] = masks[1, 10, 72] = masks[1, 59, 69] = True
    assert low_rank.uncovered(masks) == (2, 4)
