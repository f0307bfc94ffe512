"""Target-to-clutter contrast of the passes' maps, and the figures of it that are kept."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import rrca
from rrca import data
from rrca.errors import InputError
from rrca.metrics import count_frame, target_scr
from rrca.studies import contrast, iterations, passes

SHIPPED = iterations.series()


@pytest.fixture(scope="module")
def scenes():
    return data.open("synthetic", "test")[:2]


@pytest.fixture(scope="module")
def study(scenes):
    weights = {0: SHIPPED[0], 2: SHIPPED[2]}
    return contrast.measure(weights, scenes, {0: (3,), 2: (0, 1, 7)})


# ------------------------------------------------------------------------------------------- exposure
def drawn(*rows):
    """A map from digits; T is the target, of value 9."""
    values = np.array([[9 if mark == "T" else int(mark) for mark in row] for row in rows], float)
    return values, np.array([[mark == "T" for mark in row] for row in rows])


def test_exposure_counted_by_hand():
    values, mask = drawn(
        "1111", "1TT6", "1574"
    )  # median of the ten others is 1, half way 5: 6 and 7 are above
    assert contrast.exposure(values, mask) == pytest.approx([0.2])


@pytest.mark.parametrize(("scale", "shift"), [(3.0, 0.0), (-1.0, 0.0), (0.5, -40.0)])
def test_exposure_does_not_change_with_the_unit_of_a_map(scale, shift):
    values, mask = drawn("1111", "1TT6", "1574")
    assert contrast.exposure(scale * values + shift, mask) == pytest.approx([0.2])


def test_every_target_has_its_own_exposure_and_none_is_background():
    values, mask = drawn("T00", "000", "00T")
    values[0, 0], values[0, 2] = 2, 4
    assert contrast.exposure(values, mask) == pytest.approx([1 / 7, 0])  # 4 is above 1, and below 4.5


def test_exposure_of_what_is_not_there():
    assert np.isnan(contrast.exposure(np.ones((4, 4)), np.eye(4, dtype=bool))).all()
    assert contrast.exposure(np.ones((4, 4)), np.zeros((4, 4), bool)).shape == (0,)
    with pytest.raises(InputError, match="must be bool"):
        contrast.exposure(np.ones((4, 4)), np.eye(4))


# -------------------------------------------------------------------------------------------- targets
def test_targets_found_one_by_one():
    mask = np.zeros((20, 20), bool)
    mask[2:4, 2:4] = mask[2:4, 14:16] = mask[15:17, 4:6] = True
    scores = np.where(mask, 0.9, 0.1)
    scores[2:4, 14:16] = 0.4  # too low
    scores[15:17] = np.roll(scores[15:17], 5, axis=1)  # too far
    assert count_frame(scores, mask)[1].tolist() == [True, False, False]
    assert count_frame(scores, mask, threshold=0.3)[1].tolist() == [True, True, False]


def test_the_study_is_what_each_map_gives_alone(scenes, study):
    first = components_of(scenes[0])
    for n, seen in study.networks.items():
        detector = rrca.Detector(SHIPPED[n])
        means = detector.pass_maps(scenes[0].image)
        for t, values in enumerate(means):
            expected = target_scr(values, scenes[0].mask)
            np.testing.assert_allclose(seen.mean.scr[t][:first], expected, rtol=1e-5)
        judged = rrca.evaluate(detector, scenes)
        assert seen.found.sum() == judged.detected and len(seen.found) == judged.targets
    np.testing.assert_allclose(study.raw.scr[0][:first], target_scr(scenes[0].image, scenes[0].mask))
    assert study.ids == tuple(np.repeat(scenes.ids, [components_of(scene) for scene in scenes]))


def components_of(frame):
    return len(rrca.metrics.components(frame.mask))


def test_one_channel_is_the_channel_asked_for(scenes, study):
    detector = rrca.Detector(SHIPPED[2])
    x = detector.normalisation(scenes[0].image)[None]
    H, W = scenes[0].image.shape
    with torch.inference_mode():
        trace = detector.model.trace(detector._padded(x))
    expected = target_scr(trace.passes[2][0, 7, :H, :W], scenes[0].mask)
    np.testing.assert_allclose(study.networks[2].channel.scr[2][: len(expected)], expected, rtol=1e-5)


def test_the_best_channel_stands_out_most(scenes):
    detector = rrca.Detector(SHIPPED[0])
    (best,) = contrast.best_channels(detector, scenes)
    medians = [
        np.median(contrast.measure({0: SHIPPED[0]}, scenes, {0: (c,)}).networks[0].channel.scr[0])
        for c in range(8)
    ]
    assert best == int(np.argmax(medians))


def test_levels_are_the_decoders_and_last_the_encoders(scenes):
    detector = rrca.Detector(SHIPPED[2])
    maps, scores = contrast.levels(detector, scenes[0].image)
    H, W = scenes[0].image.shape
    h, w = -(-H // 8), -(-W // 8)  # of the deepest level, once the frame is padded
    shapes = [[each.shape for each in level] for level in maps]
    assert shapes == [[(h * 2 ** (3 - i), w * 2 ** (3 - i))] * 3 for i in range(4)]
    finest = [each[:H, :W] for each in maps[0]]
    np.testing.assert_allclose(finest, detector.pass_maps(scenes[0].image), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scores, detector.scores(scenes[0].image), atol=6e-6)


def test_a_network_without_channels_is_refused(scenes):
    with pytest.raises(InputError, match="no channels for n = 2"):
        contrast.measure({2: SHIPPED[2]}, scenes, {0: (0,)})


def test_tables_of_a_study(study):
    table = study.table()
    assert list(table.index) == [
        ("frame", ""),
        ("n = 0", "pass 0"),
        ("n = 0", "logits"),
        *[("n = 2", f"pass {t}") for t in range(3)],
        ("n = 2", "logits"),
    ]
    assert table.loc[("n = 2", "pass 1"), "SCR, mean"] == pytest.approx(
        np.median(study.networks[2].mean.scr[1])
    )
    hits = study.networks[0].found.copy()
    hits[:] = True
    hits[-1] = False
    lost = replace(study, networks={0: replace(study.networks[0], found=hits)}).missed()
    assert lost[["frame", "n = 0"]].values.tolist() == [[study.ids[-1], "–"]]


# ------------------------------------------------------------------------------------------- the file
def test_a_study_survives_its_file(study, tmp_path):
    again = passes.kept(passes.write(study, tmp_path / "passes.json"))
    assert (again.data, again.split, again.frames, again.ids) == ("synthetic", "test", 2, study.ids)
    assert again.channels == study.channels
    for n, seen in study.networks.items():
        for name in ("mean", "channel", "output"):
            for figure in ("scr", "exposure"):
                old, new = (getattr(getattr(each, name), figure) for each in (seen, again.networks[n]))
                np.testing.assert_allclose(new, old, rtol=1e-3)
        assert (again.networks[n].found == seen.found).all()
    assert passes.difference(again, study).endswith("0 hits differ")


def test_a_difference_is_seen(study, scenes):
    mean = study.networks[0].mean
    other = replace(
        study.networks[0], mean=replace(mean, scr=1.25 * mean.scr), found=~study.networks[0].found
    )
    text = passes.difference(study, replace(study, networks={0: other}))
    assert f"within 20.00 % of what is kept, {len(study.ids)} hits differ" in text
    assert "these are others" in passes.difference(replace(study, data="NUAA-SIRST"), study)


def test_the_kept_file_is_of_the_weights_that_are_shipped():
    """Where this fails, `python -m rrca.studies.passes` measures what is new."""
    record = json.loads(passes.RESULTS.read_text())
    assert {int(n): seen["weights"] for n, seen in record["networks"].items()} == SHIPPED
    for seen in record["networks"].values():
        assert seen["sha256"] == passes.digest(seen["weights"])


def test_the_kept_hits_are_those_of_the_cards():
    study = passes.kept()
    assert (study.data, study.split, study.frames, len(study.ids)) == ("NUAA-SIRST", "test", 214, 263)
    for n, name in SHIPPED.items():
        assert study.networks[n].found.sum() == iterations.card(name)["metrics"]["exact"]["detected"]


def test_the_kept_figures_are_measured_again(real_data):
    """On a few frames, with every network; four digits are kept, and another machine may round otherwise."""
    study = passes.kept()
    frames = data.open("NUAA-SIRST", "test", root=real_data)[:3]
    text = passes.difference(study, contrast.measure(SHIPPED, frames, study.channels))
    assert float(text.partition("within ")[2].partition(" %")[0]) < 0.5
    assert text.endswith("0 hits differ")


def test_without_the_file_one_is_told_how_to_make_it(tmp_path):
    with pytest.raises(InputError, match=r"python -m rrca\.studies\.passes"):
        passes.kept(tmp_path / "none.json")
