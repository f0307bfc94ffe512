"""Figures of notebook 04: what they draw is what was measured."""

from dataclasses import replace

import numpy as np
import pytest

from rrca import checks, plots
from rrca.errors import InputError
from rrca.metrics import DetectionMetrics, target_scr
from rrca.studies.targets import Maps, Seen, Study

RNG = np.random.default_rng(0)
FRAME = RNG.random((48, 64))
TRUTH = np.zeros((48, 64), bool)
TRUTH[10:14, 20:25] = TRUTH[40:42, 50:52] = True
SCORES = np.where(TRUTH, 0.8, 0.1)


def maps_of(rows, targets=4):
    return Maps(*(np.abs(RNG.normal(5, 1, (rows, targets))), RNG.random((rows, targets))))


def study(found):
    """A made study of as many networks as `found` has rows, n = 0, 1 and so on."""
    networks = {
        n: Seen(
            f"made_n{n}", (0,) * (n + 1), maps_of(n + 1), maps_of(n + 1), maps_of(1), np.array(hits, bool)
        )
        for n, hits in enumerate(found)
    }
    ids = ("a", "a", "b", "c")
    return Study("made", "test", 3, ids, np.array([4, 9, 16, 25]), maps_of(1), networks)


# ------------------------------------------------------------------------------------------ by hand
def test_drawn_maps_write_every_value_and_share_a_scale():
    maps, mask = checks.toy_maps()
    figure = plots.drawn_maps(maps, mask)
    assert figure.numbers["target"] == {"map A": 6, "map B": 9}
    for axes, values in zip(figure.axes, maps.values(), strict=True):
        written = [text.get_text() for text in axes.texts if text.get_text()]
        assert written == [f"{value:g}" for value in values.ravel()]
        assert axes.images[0].get_clim() == (0, 10)
    assert figure._repr_png_()[:4] == b"\x89PNG"


# ----------------------------------------------------------------------------------------- one frame
def test_maps_by_network_have_a_row_for_each_n_and_their_own_scale():
    maps = {0: [FRAME], 2: [FRAME, 3 * FRAME, FRAME - 7]}
    figure = plots.maps_by_network(FRAME, maps, {0: SCORES, 2: SCORES}, TRUTH)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["frame", "n = 0, pass 0", "n = 0, score"] + [
        *[f"n = 2, pass {t}" for t in range(3)],
        "n = 2, score",
    ]
    drawn = {axes.get_title(): axes.images[0] for axes in figure.axes if axes.get_title()}
    assert drawn["n = 0, pass 0"].get_clim() == (FRAME.min(), FRAME.max())
    assert {drawn[f"n = 2, pass {t}"].get_clim() for t in range(3)} == {
        ((FRAME - 7).min(), (3 * FRAME).max())
    }


def test_maps_by_network_quote_the_largest_target():
    figure = plots.maps_by_network(FRAME, {0: [1 - FRAME]}, {0: SCORES}, TRUTH)
    expected = target_scr(FRAME, TRUTH)[0]
    assert figure.numbers["frame"] == pytest.approx(expected)
    assert figure.numbers["n0"] == pytest.approx({"pass 0": expected, "score": 0.8})
    assert f"SCR {expected:.1f}" in [axes.get_xlabel() for axes in figure.axes]
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_maps_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"maps\[0\]\[0\] has shape \(2, 2\)"):
        plots.maps_by_network(FRAME, {0: [np.ones((2, 2))]}, {0: SCORES}, TRUTH)


def test_a_frame_without_targets_is_drawn():
    figure = plots.maps_by_network(FRAME, {0: [FRAME]}, {0: SCORES}, np.zeros_like(TRUTH))
    assert np.isnan(figure.numbers["frame"]) and figure._repr_png_()


@pytest.mark.parametrize("level", [0, 2])
def test_passes_at_level_enlarge_coarse_maps_to_the_frame(level):
    coarse = RNG.random((2, 48 // 2**level, 64 // 2**level))
    figure = plots.passes_at_level(FRAME, coarse, SCORES, TRUTH, level=level, gmac=1.5)
    shown = figure.axes[1].images[0].get_array()
    assert shown.shape == FRAME.shape
    assert (shown[:: 2**level, :: 2**level] == coarse[0]).all()
    expected = [target_scr(np.kron(each, np.ones((2**level, 2**level))), TRUTH)[0] for each in coarse]
    assert figure.numbers["SCR"] == pytest.approx(expected)
    assert figure.numbers["frame SCR"] == pytest.approx(target_scr(FRAME, TRUTH)[0])
    assert (figure.numbers["score"], figure.numbers["found"]) == (0.8, True)
    assert f"n = 1, 1.50 GMAC, level {level}" in figure.caption
    assert [axes.get_xlabel() for axes in figure.axes[5:9]] == [
        f"SCR {figure.numbers['frame SCR']:.1f}",
        *[f"SCR {value:.1f}" for value in expected],
        "highest 0.80",
    ]


def test_a_missed_target_is_called_missed():
    figure = plots.passes_at_level(FRAME, [FRAME], SCORES / 2, TRUTH)
    assert not figure.numbers["found"] and figure.caption.endswith("missed at 0.5.")


# -------------------------------------------------------------------------------------- many targets
def test_contrast_by_pass_gives_medians_of_every_place():
    made = study([[1, 1, 1, 1], [1, 1, 1, 0]])
    figure = plots.contrast_by_pass(made)
    seen = made.networks[1]
    assert figure.numbers["n1"]["pass 1"]["mean"]["SCR"] == np.median(seen.mean.scr[1])
    exposed = figure.numbers["n1"]["pass 0"]["one channel"]["exposed"]
    assert exposed == pytest.approx(100 * np.median(seen.channel.exposure[0]))
    assert figure.numbers["n0"]["logits"]["logits"]["SCR"] == np.median(made.networks[0].output.scr)
    assert figure.numbers["frame"]["frame"]["frame"]["SCR"] == np.median(made.raw.scr)
    labels = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert labels == [
        "frame",
        "n = 0\npass 0",
        "n = 0\nlogits",
        "n = 1\npass 0",
        "n = 1\npass 1",
        "n = 1\nlogits",
    ]
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_contrast_by_pass_counts_the_targets_that_the_last_pass_raised():
    made = study([[1, 1, 1, 1], [1, 1, 1, 1]])
    seen = made.networks[1]
    scr = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 5.0]])
    raw = replace(made.raw, scr=np.array([[9.0, 9.0, 9.0, 4.5]]))
    seen = replace(seen, mean=replace(seen.mean, scr=scr))
    numbers = plots.contrast_by_pass(replace(made, raw=raw, networks={1: seen})).numbers
    assert (numbers["n1"]["risen"], numbers["n1"]["above the frame"]) == (75, 25)


def test_missed_targets_are_counted_and_joined():
    made = study([[1, 1, 0, 0], [1, 0, 0, 1], [0, 1, 0, 1]])
    figure = plots.missed_targets(made)
    numbers = figure.numbers
    assert numbers["missed"] == {"n0": 2, "n1": 2, "n2": 2}
    assert (numbers["by some"], numbers["by all"], numbers["targets"]) == (4, 1, 4)
    assert numbers["n0 and n2"]["missed by both"] == 1 and numbers["n0 and n1"]["only the first"] == 1
    dots = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert dots[0].tolist() == made.raw.scr[0][[2, 3]].tolist()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][1] == "n = 1: 2 missed"


def test_misses_of_one_network_are_no_comparison():
    with pytest.raises(InputError, match="two are needed"):
        plots.missed_targets(study([[1, 1, 1, 1]]))


def judged(*hits):
    """Metrics of two targets of one pixel each, the ones named found."""
    mask = np.zeros((20, 20), bool)
    mask[4, 4] = mask[15, 15] = True
    scores = np.zeros((20, 20))
    for i in hits:
        scores[(4, 15)[i], (4, 15)[i]] = 1
    metrics = DetectionMetrics()
    metrics.update(scores, mask)
    return metrics.compute()


def test_silenced_names_the_pass_that_is_missed_most():
    rows = {(): judged(0, 1), (0,): judged(0), (1,): judged(), (2,): judged(0, 1)}
    figure = plots.silenced({"mean": rows, "zero": rows})
    assert figure.caption == "Without the map of pass 1 the tail loses most."
    assert figure.numbers["zero"]["1"] == {"IoU": 0, "detected": 0, "false": 0}
    assert figure.numbers["mean"]["none"]["IoU"] == 1
    widths = [bar.get_width() for bar in figure.axes[0].containers[0]]
    assert widths == [1, 0.5, 0, 1]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][:2] == [
        "silent: none",
        "silent: 0",
    ]


def test_one_pass_has_nothing_to_silence():
    assert plots.silenced({"mean": {(): judged(0)}}).caption == "One pass only."


def test_levels_of_a_padded_frame_are_cropped_to_it():
    """The maps of a padded frame are larger than it."""
    figure = plots.passes_at_level(
        FRAME[:43, :61], [np.ones((6, 8))], SCORES[:43, :61], TRUTH[:43, :61], level=3
    )
    assert figure.axes[1].images[0].get_array().shape == (43, 61)
