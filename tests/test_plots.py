"""Figures: what they show is what they were given, and they leave the reader's matplotlib alone."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from rrca import plots
from rrca.data import scenes
from rrca.errors import InputError


def target(row, column, area=4, peak=0.9):
    return SimpleNamespace(row=row, column=column, area=area, peak=peak)


def case(shape=(60, 90)):
    """Two drawn targets, one found; a false alarm. Frame, scores, predicted mask, targets, truth."""
    scores = np.full(shape, 0.1)
    scores[10:12, 20:22] = 0.9  # found: centre (10.5, 20.5)
    scores[40:42, 70:72] = 0.8  # false alarm: centre (40.5, 70.5)
    truth = np.zeros(shape, bool)
    truth[10:13, 20:22] = True  # centre (11, 20.5), half a pixel off
    truth[50:52, 5:8] = True  # missed: centre (50.5, 6)
    frame = np.linspace(0.2, 0.6, scores.size).reshape(shape).astype(np.float32)
    return frame, scores, scores > 0.5, [target(10.5, 20.5), target(40.5, 70.5, peak=0.8)], truth


def circles(axes):
    """(colour, row, column) of every circle."""
    return {
        (to_hex(patch.get_edgecolor()).upper(), patch.center[1], patch.center[0])
        for patch in axes.patches
        if isinstance(patch, matplotlib.patches.Circle)
    }


def windows(axes):
    """Limits of the enlarged axes inside."""
    return [(child.get_xlim(), child.get_ylim()) for child in axes.child_axes if child.images]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(figure._repr_png_())))


# ------------------------------------------------------------------------------------------- detection
def test_every_target_gets_its_verdict():
    figure = plots.detection(*case()[:4], truth=case()[4])
    assert figure.numbers == {"hits": 1, "false alarms": 1, "misses": 1}
    assert circles(figure.axes[2]) == {
        (plots.HIT, 10.5, 20.5),
        (plots.FALSE_ALARM, 40.5, 70.5),
        (plots.MISS, 50.5, 6.0),
    }
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["hits: 1", "false alarms: 1", "misses: 1", "outline: drawn mask"]


def test_verdicts_differ_without_colour():
    colours = [plots.HIT, plots.FALSE_ALARM, plots.MISS]
    assert len({str(plots.LINES[colour]) for colour in colours}) == 3
    assert len({plots.HIT, plots.FALSE_ALARM, plots.MISS, plots.DETECTION, plots.TRUTH, plots.ZOOM}) == 6


@pytest.mark.parametrize(("shift", "hits"), [(2.9, 1), (3.0, 0), (3.1, 0)])
def test_a_hit_is_nearer_than_3_px(shift, hits):
    truth = np.zeros((40, 40), bool)
    truth[20, 20] = True
    figure = plots.detection(
        truth * 1.0, truth * 0.9, truth, [target(20.0, 20.0 + shift, area=1)], truth=truth
    )
    assert figure.numbers == {"hits": hits, "false alarms": 1 - hits, "misses": 1 - hits}


def test_matching_takes_the_most_pairs_and_then_the_nearest():
    """In raster order (0, 2) would take (0, 0), and (1, -2)'s partner would be gone: M2 of the protocols."""
    truth = np.zeros((20, 20), bool)
    truth[10, 10] = truth[10, 14] = True
    verdict = plots._judge([target(10.0, 12.0), target(11.0, 8.0)], truth)
    assert sorted(verdict["hits"]) == [(10.0, 12.0), (11.0, 8.0)]
    # Two predictions near one target: the nearer one is the hit.
    truth[10, 14] = False
    verdict = plots._judge([target(10.0, 12.0), target(10.0, 11.0)], truth)
    assert verdict == {"hits": [(10.0, 11.0)], "false alarms": [(10.0, 12.0)], "misses": []}


def test_targets_of_another_frame_are_refused():
    with pytest.raises(InputError, match="outside the truth of 60 × 90 px"):
        plots.detection(*case()[:3], [target(70.0, 20.0)], case()[4])


def test_without_a_truth_targets_are_not_judged():
    figure = plots.detection(*case()[:4])
    assert figure.numbers == {"detections": 2}
    assert {colour for colour, _, _ in circles(figure.axes[2])} == {plots.DETECTION}


def test_the_window_lies_on_the_strongest_target_in_all_panels_alike():
    frame, scores, mask, targets, _ = case()
    figure = plots.detection(frame, scores, mask, targets)
    (first,), (second,), (third,) = map(windows, figure.axes[:3])
    assert first == second == third
    (left, right), (bottom, top) = first
    assert left < 20 and right > 21 and top < 10 and bottom > 11  # (10.5, 20.5), peak 0.9
    assert right - left == bottom - top == plots.WINDOW


def test_without_a_target_the_best_score_is_enlarged():
    frame, scores, *_ = case()
    figure = plots.detection(frame, scores * 0.5, scores > 1, [])
    ((left, right), (bottom, top)) = windows(figure.axes[0])[0]
    assert left < 20 < right and top < 10 < bottom
    assert figure.numbers == {"detections": 0}


@pytest.mark.parametrize("place", [(2, 2), (2, 87), (57, 2), (57, 87)])
def test_the_inset_does_not_cover_what_it_enlarges(place):
    scores = np.zeros((60, 90))
    scores[place] = 0.9
    figure = plots.detection(scores, scores, scores > 0.5, [target(*place, area=1)])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    inset = next(child for child in axes.child_axes if child.images)
    marked = axes.transData.transform([(x, y) for x in inset.get_xlim() for y in inset.get_ylim()])
    box = inset.get_window_extent()
    x0, y0, x1, y1 = *marked.min(axis=0), *marked.max(axis=0)
    assert x1 < box.x0 or x0 > box.x1 or y1 < box.y0 or y0 > box.y1


def test_scores_run_from_0_to_1_whatever_their_values():
    frame, scores, mask, targets, _ = case()
    figure = plots.detection(frame, scores * 0.3, mask, targets)
    assert figure.axes[1].images[0].get_clim() == (0, 1)


def test_inputs_are_not_modified():
    arrays = frame, scores, mask, targets, truth = case()
    copies = [np.copy(array) for array in (frame, scores, mask, truth)]
    plots.detection(*arrays)
    plots.pass_by_pass(frame, [scores, scores], scores, mask, truth)
    plots.overlay(frame, targets)
    for array, copy in zip((frame, scores, mask, truth), copies, strict=True):
        assert np.array_equal(array, copy)


def test_colour_frames_are_shown_in_colour():
    frame, scores, mask, targets, _ = case()
    colour = np.stack([frame, frame / 2, frame / 4], axis=2)
    assert plots.detection(colour, scores, mask, targets).axes[0].images[0].get_array().shape == (60, 90, 3)
    assert plots.overlay(colour, targets).shape[2] == 3


# ---------------------------------------------------------------------------------------- pass by pass
def test_passes_share_one_scale_and_one_window():
    frame, scores, mask, _, truth = case()
    maps = [scores * factor - 1 for factor in (1, 2, 4)]
    figure = plots.pass_by_pass(frame, maps, scores, mask, truth)
    whole, close = np.array(figure.axes[:12]).reshape(2, 6)
    assert [axes.get_title() for axes in whole] == ["frame", "pass 0", "pass 1", "pass 2", "score", "mask"]
    limits = {axes.images[0].get_clim() for axes in [*whole[1:4], *close[1:4]]}
    assert limits == {(min(map(np.min, maps)), max(map(np.max, maps)))}
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in close}) == 1
    labels = [axes.get_xlabel() for axes in figure.axes[12:]]
    assert labels == ["mean over the channels, all passes on one scale", "probability"]
    # Peak over median in the window: (0.9 - 0.1) times the factor.
    assert figure.numbers["peak over median"] == pytest.approx([0.8, 1.6, 3.2])


def test_pass_by_pass_is_1000_px_wide_and_takes_any_number_of_passes():
    frame, scores, mask, *_ = case()
    for n in (0, 3):
        figure = plots.pass_by_pass(frame, [scores] * (n + 1), scores, mask)
        assert pixels(figure).shape[1] == 1000
        assert f"pass {n}" in [axes.get_title() for axes in figure.axes]


# ------------------------------------------------------------------------------------------- confusion
def small_case():
    """m: missed, +: hit, f: false; counted by hand: 2 of a union of 7."""
    drawn = np.array([list(row) for row in (".....", ".m+..", ".m+f.", "....f", "m....")])
    return np.isin(drawn, ["m", "+"]), np.isin(drawn, ["f", "+"])


def test_confusion_counts_what_is_counted_by_hand():
    assert plots.confusion(*small_case()).numbers == {
        "intersection": 2,
        "union": 7,
        "iou": pytest.approx(2 / 7),
        "false pixels": 2,
        "missed pixels": 3,
    }


def test_confusion_draws_one_textured_square_a_pixel_and_outlines_the_union():
    figure = plots.confusion(*small_case())
    (axes,) = figure.axes
    squares = {
        (patch.get_y() + 0.5, patch.get_x() + 0.5): (to_hex(patch.get_facecolor()).upper(), patch.get_hatch())
        for patch in axes.patches
        if patch.get_hatch()
    }
    hit, false, miss = (
        (colour, plots.TEXTURES[colour]) for colour in (plots.HIT, plots.FALSE_ALARM, plots.MISS)
    )
    assert squares == {
        **dict.fromkeys([(1, 2), (2, 2)], hit),
        **dict.fromkeys([(2, 3), (3, 4)], false),
        **dict.fromkeys([(1, 1), (2, 1), (4, 0)], miss),
    }
    assert len({texture for _, texture in (hit, false, miss)}) == 3
    # The 2 x 2 square with a pixel at its side has a border of 10, the two pixels alone 4 each.
    edges = max((collection.get_segments() for collection in axes.collections), key=len)
    assert len(edges) == 10 + 4 + 4
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["intersection: 2", "false pixels: 2", "missed pixels: 3", "outline: union"]
    assert axes.get_xticks().tolist() == axes.get_yticks().tolist() == [0, 1, 2, 3, 4]
    assert axes.yaxis_inverted() and axes.get_aspect() == 1


def test_confusion_of_nothing_has_no_iou():
    nothing = np.zeros((1, 12), bool)
    figure = plots.confusion(nothing, nothing)
    assert np.isnan(figure.numbers["iou"]) and figure.numbers["union"] == 0
    assert pixels(figure).std() > 0


@pytest.mark.parametrize(
    ("mask", "predicted", "message"),
    [
        (np.zeros((4, 4), bool), np.zeros((4, 4)), "predicted holds float64"),
        (np.zeros(4, bool), np.zeros(4, bool), r"mask holds bool of shape \(4,\)"),
        (np.zeros((4, 4), bool), np.zeros((4, 5), bool), r"predicted \(4, 5\); they must agree"),
        (np.zeros((0, 4), bool), np.zeros((0, 4), bool), "give 1 to 16 rows"),
        (np.zeros((4, 17), bool), np.zeros((4, 17), bool), "give 1 to 16 rows"),
    ],
)
def test_confusion_takes_small_masks_only(mask, predicted, message):
    with pytest.raises(InputError, match=message):
        plots.confusion(mask, predicted)


# --------------------------------------------------------------------------------------------- overlay
def test_an_overlay_without_targets_is_the_stretched_frame_enlarged():
    frame = np.random.default_rng(0).random((30, 40))
    picture = plots.overlay(frame, [], upscale=3)
    levels = np.round(255 * (frame - frame.min()) / np.ptp(frame))
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, np.kron(levels, np.ones((3, 3)))[..., None].repeat(3, axis=2))


def test_an_overlay_draws_at_the_target_and_nowhere_else():
    frame = np.tile([0.0, 1.0], (100, 60))
    plain, drawn = plots.overlay(frame, [], 4), plots.overlay(frame, [target(30.0, 50.0)], 4)
    rows, columns = np.nonzero((plain != drawn).any(axis=2))
    assert len(rows) > 50
    row, column = 4 * 30 + 1.5, 4 * 50 + 1.5  # centre of that pixel in the picture
    ring = np.hypot(rows - row, columns - column)
    assert ring.min() > 4 * 4  # nothing over the target itself: the radius is 6 px
    assert ring.max() < 4 * 6 + 60  # circle and label
    left = columns < column - 4 * 4.5  # away from the label, the circle's line lies at its radius
    assert ring[left].mean() == pytest.approx(4 * 6, abs=0.5)


@pytest.mark.parametrize("place", [(0, 0), (0, 99), (99, 0), (99, 99)])
def test_labels_stay_inside_the_picture(place):
    """Of a target in a corner, as much of the label is drawn as of one in the middle."""
    frame = np.zeros((100, 100))
    frame[50, 50] = 1

    def label(row, column):
        """Pixels drawn outside the circle's line, which is 6 px in radius."""
        picture = plots.overlay(frame, [target(row, column)], 8) != plots.overlay(frame, [], 8)
        y, x = np.nonzero(picture.any(axis=2))
        return (np.hypot(y - 8 * row - 3.5, x - 8 * column - 3.5) > 8 * 6 + 3).sum()

    assert label(*place) == pytest.approx(label(50, 50), rel=0.1)


def test_overlay_enlarges_small_frames_only():
    assert plots.overlay(np.eye(256), []).shape == (768, 768, 3)
    assert plots.overlay(np.eye(900), []).shape == (900, 900, 3)


# ----------------------------------------------------------------------------------------------- curves
LOG = [
    {"step": 10, "loss": 3.0, "dice": 1.0, "top-k": 2.0, "rate": 1e-3, "seconds": 1.0},
    {"step": 20, "loss": 2.0, "dice": 0.8, "top-k": 1.2, "rate": 1e-3, "seconds": 2.0},
    {"step": 20, "list": "val", "iou": 0.5, "pd": 0.9, "fa": 1e-5},
    {"step": 30, "loss": 1.0, "dice": 0.4, "top-k": 0.6, "rate": 1e-3, "seconds": 3.0},
    {"step": 30, "list": "val", "iou": 0.4, "pd": 0.9, "fa": 1e-5},
]


def test_curves_show_the_loss_its_terms_and_the_iou():
    figure = plots.training_curves(LOG)
    above, below = figure.axes
    named = {line.get_label(): line for line in above.lines if not line.get_label().startswith("_")}
    assert list(named) == ["loss", "dice", "top-k"]
    assert named["loss"].get_xydata().tolist() == [[10, 3], [20, 2], [30, 1]]
    assert below.lines[0].get_xydata().tolist() == [[20, 50], [30, 40]]
    assert below.get_ylabel() == "IoU / %" and below.get_xlabel() == "step"
    assert figure.numbers == {"steps": 30, "last loss": 1.0, "best IoU": 0.5, "step of best IoU": 20}


def test_curves_of_the_first_record_can_be_drawn():
    assert pixels(plots.training_curves(LOG[:1])).std() > 0


def test_the_running_mean_keeps_a_straight_line_and_the_mean_level():
    line = np.linspace(2, 1, 200)
    assert plots._running_mean(line)[10:-10] == pytest.approx(line[10:-10])
    assert plots._running_mean(np.full(200, 0.7)) == pytest.approx(np.full(200, 0.7))
    assert plots._running_mean(np.array([1.0, np.nan, 3.0]))[[0, 2]].tolist() == [1, 3]


# ----------------------------------------------------------------------------------------------- grids
def test_a_grid_has_a_panel_with_a_window_for_every_frame():
    frames = [scenes.scene(seed, size=(64, 96), targets=1) for seed in range(5)]
    figure = plots.frames_grid(frames, columns=2)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 5 and len(figure.axes) == 6
    for axes, frame in zip(shown, frames, strict=True):
        ((left, right), (bottom, top)) = windows(axes)[0]
        assert left < frame.targets[0].column < right and top < frame.targets[0].row < bottom
        assert f"seed {frame.seed}" in axes.get_title()
    assert figure.numbers["areas in px"] == [int(frame.mask.sum()) for frame in frames]


def test_a_grid_names_frames_by_their_id_and_takes_empty_ones():
    frame = SimpleNamespace(id="Misc_1", image=np.eye(50), mask=np.zeros((50, 50), bool))
    figure = plots.frames_grid([frame])
    assert figure.axes[0].get_title() == "Misc_1 (50 × 50 px)"
    assert windows(figure.axes[0]) == []


def test_the_outline_follows_the_edges_of_the_pixels():
    """. . . .      8 edges: the upright 1 x 2 domino has a border of 6, the single pixel 4, 0 shared.
    . # . .
    . # . #"""
    mask = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1]], bool)
    axes = matplotlib.figure.Figure().subplots()
    plots._outline(axes, mask)
    edges = {tuple(map(tuple, segment)) for segment in axes.collections[0].get_segments()}
    assert len(edges) == 6 + 4
    assert ((0.5, 0.5), (1.5, 0.5)) in edges  # above pixel (1, 1)
    assert ((0.5, 1.5), (1.5, 1.5)) not in edges  # inside the domino
    assert ((3.5, 1.5), (3.5, 2.5)) in edges  # right of pixel (2, 3), at the border of the mask


# ----------------------------------------------------------------------------------------------- saving
def test_save_writes_the_picture_and_the_numbers_and_the_same_bytes_again(tmp_path):
    def make(folder):
        return plots.save(
            plots.detection(*case()), "01_case", folder, numbers={"iou": np.float32(0.5), "pd": np.nan}
        )

    one, two = make(tmp_path / "a" / "b"), make(tmp_path / "c")
    assert one == tmp_path / "a" / "b" / "01_case.png"
    assert one.read_bytes() == two.read_bytes()
    assert Image.open(one).width == 1500
    record = json.loads(one.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["numbers"] == {"hits": 1, "false alarms": 1, "misses": 1, "iou": 0.5, "pd": None}
    assert "hits: 1" in record["caption"]
    assert {path.name for path in one.parent.iterdir()} == {"01_case.png", "01_case.json"}


def test_save_takes_another_caption(tmp_path):
    plots.save(plots.training_curves(LOG), "x", tmp_path, caption="See the loss fall.")
    assert json.loads((tmp_path / "x.json").read_text())["caption"] == "See the loss fall."


def test_save_writes_nothing_when_the_numbers_cannot_be_written(tmp_path):
    with pytest.raises(TypeError):
        plots.save(plots.training_curves(LOG), "x", tmp_path, numbers={"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_masks_are_written_as_0_and_255(tmp_path):
    mask = case()[2]
    path = plots.write_mask(mask, tmp_path / "new" / "mask.png")
    with Image.open(path) as written:
        assert written.mode == "L"
        assert np.array_equal(np.asarray(written), 255 * mask.astype(np.uint8))


def test_overlays_are_written_as_they_are_drawn(tmp_path):
    frame, _, _, targets, _ = case()
    path = plots.write_overlay(frame, targets, tmp_path / "overlay.png", upscale=2)
    assert np.array_equal(np.asarray(Image.open(path)), plots.overlay(frame, targets, 2))


# --------------------------------------------------------------------------------- the reader's settings
def test_the_readers_settings_neither_reach_a_figure_nor_are_changed_by_it():
    plain = pixels(plots.training_curves(LOG))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "xtick.color": "red"}):
        before = dict(dict.items(matplotlib.rcParams))  # as stored: a look-up would choose a backend
        assert np.array_equal(pixels(plots.training_curves(LOG)), plain)
        plots.overlay(np.eye(20), [target(5, 5)])
        assert dict(dict.items(matplotlib.rcParams)) == before


def test_pyplot_is_not_imported_and_no_setting_changes_at_import():
    code = (
        "import matplotlib, sys; now = lambda: dict(dict.items(matplotlib.rcParams)); before = now(); "
        "import rrca.plots as p, numpy as np; "
        "p.training_curves([{'step': 1, 'loss': 1.0}])._repr_png_(); p.overlay(np.eye(9), []); "
        "assert now() == before; print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_a_figure_shows_itself_in_a_notebook():
    assert plots.training_curves(LOG)._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"


# ------------------------------------------------------------------------------------------------ errors
def test_wrong_arguments_are_named():
    frame, scores, mask, targets, truth = case()
    with pytest.raises(InputError, match=r"scores has shape \(59, 90\), the frame \(60, 90\)"):
        plots.detection(frame, scores[1:], mask, targets)
    with pytest.raises(InputError, match=r"truth has shape"):
        plots.detection(frame, scores, mask, targets, truth[:, 1:])
    with pytest.raises(InputError, match=r"pass_maps\[1\] has shape"):
        plots.pass_by_pass(frame, [scores, scores[1:]], scores, mask)
    with pytest.raises(InputError, match="pass_maps is empty"):
        plots.pass_by_pass(frame, [], scores, mask)
    with pytest.raises(InputError, match=r"frame has shape \(4,\)"):
        plots.overlay(np.zeros(4), [])
    with pytest.raises(InputError, match="upscale=0"):
        plots.overlay(frame, [], upscale=0)
    with pytest.raises(InputError, match="log has no record with a loss among its 0"):
        plots.training_curves([])
    with pytest.raises(InputError, match="0 frames"):
        plots.frames_grid([])
    with pytest.raises(InputError, match="name='a/b'"):
        plots.save(plots.training_curves(LOG), "a/b", ".")
