"""Threshold rules, and classical detectors in the place of networks: detect, evaluate, many frames."""

import json
import os
import warnings

import numpy as np
import pytest

import rrca
from rrca import classical
from rrca.__main__ import main
from rrca.classical import METHODS, RULES, Responses, bench, rule, segment
from rrca.data import scenes
from rrca.detection import ClassicalDetector, open_detector
from rrca.errors import InputError

NAMES = ("T-A", "T-B:v_min=0.5", "T-C", "T-D", "T-E")


@pytest.fixture
def response():
    """Signed, as that of Max-Median, with one target of two pixels."""
    response = np.random.default_rng(0).normal(size=(40, 50))
    response[10, 20:22] = 30, 29
    return response


# --- rules ----------------------------------------------------------------------------------------------------


def test_rules_are_the_formulas(response):
    mu, sigma, M = response.mean(), np.std(response, ddof=1), response.max()
    assert rule("T-A:k=4")(response) == pytest.approx(mu + 4 * sigma)
    assert rule("T-B:v_min=25,k=3")(response) == 25
    assert rule("T-B:v_min=1,k=3")(response) == pytest.approx(mu + 3 * sigma)
    assert rule("T-C")(response) == pytest.approx(0.7 * M)
    assert rule("T-C:share=0.01,k=1")(response) == pytest.approx(mu + sigma)
    assert rule("T-E:weight=0.9")(response) == pytest.approx(0.9 * M + 0.1 * mu)
    assert rule(12.5)(response) == 12.5


def test_half_range_keeps_what_reaches_half_of_the_stretched_response(response):
    response[0, 0] = (response.min() + response.max()) / 2
    stretched = (response - response.min()) / (response.max() - response.min())
    mask, _ = segment(response, "T-D")
    assert np.array_equal(mask, stretched >= 0.5)
    assert mask[0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_the_mask_lies_strictly_above_the_threshold(name, response):
    mask, T = segment(response, name)
    assert np.array_equal(mask, response > T)
    assert mask[10, 20] and mask.sum() < 60


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", (0.0, 0.1, 1 / 3, -7.7, 1e6))
def test_a_response_without_contrast_has_an_empty_mask(name, level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in ((7, 9), (1, 1)):
            assert not segment(np.full(shape, level), name)[0].any()


@pytest.mark.parametrize("name", NAMES)
def test_rules_follow_the_unit_of_the_response(name, response):
    mask, T = segment(response, name)
    scaled = name.replace("v_min=0.5", "v_min=500")
    scaled_mask, scaled_T = segment(1000 * response, scaled)
    assert np.array_equal(mask, scaled_mask)
    assert scaled_T == pytest.approx(1000 * T)


@pytest.mark.parametrize(
    "name, message",
    [
        ("T-F", "unknown threshold rule 'T-F'"),
        ("T-B", "T-B needs its least threshold"),
        ("T-B:k=3", "T-B needs its least threshold"),
        ("T-A:weight=1", "no constant 'weight'; it takes k"),
        ("T-D:k=1", "it takes no constants"),
        ("T-A:k=many", "is not NAME=NUMBER"),
        (float("nan"), "give a finite number"),
    ],
)
def test_unknown_rules_and_constants_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        rule(name)


def test_a_response_with_nan_is_refused(response):
    response[0, 0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        segment(response)


# --- detect and evaluate ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene():
    scene = scenes.scene(seed=1, targets=1, scr=12, size=(120, 130))
    return np.round(scene.image * 255).astype(np.uint8), scene


@pytest.mark.parametrize("method", METHODS)
def test_detect_finds_the_target_with_every_method(method, scene):
    image, truth = scene
    found = rrca.detect(image, model=method)
    assert found.scores.dtype == np.float64
    assert np.array_equal(found.scores, METHODS[method](image))
    assert found.threshold == rule("T-C")(found.scores)
    assert np.array_equal(found.mask, found.scores > found.threshold)
    (target,) = truth.targets
    assert any(np.hypot(t.row - target.row, t.column - target.column) < 3 for t in found)


def test_a_file_and_its_array_have_one_response(scene, tmp_path):
    image, _ = scene
    for name, frame in (("eight", image), ("sixteen", image.astype(np.uint16) * 200 + 77)):
        _save(frame, tmp_path / f"{name}.png")
        found = rrca.detect(tmp_path / f"{name}.png", model="top-hat")
        assert np.abs(found.scores - classical.top_hat(frame)).max() < 1e-4
    assert np.array_equal(
        rrca.detect(tmp_path / "eight.png", model="top-hat").scores % 1, np.zeros(image.shape)
    )


def _save(frame, path):
    from PIL import Image

    Image.fromarray(frame).save(path)


def test_dark_targets_are_found_in_the_negative(scene):
    image, _ = scene
    dark = rrca.detect(255 - image, model="tllcm", polarity="dark")
    assert np.array_equal(dark.mask, rrca.detect(image, model="tllcm").mask)


def test_thresholds_are_rules_for_methods_and_numbers_for_networks(scene):
    image, _ = scene
    assert rrca.detect(image, model="top-hat", threshold=30).threshold == 30
    assert rrca.detect(image, model="top-hat", threshold="T-E").threshold != 30
    with pytest.raises(InputError, match="unknown threshold rule 'high'"):
        rrca.detect(image, model="top-hat", threshold="high")
    with pytest.raises(InputError, match="threshold = 'T-C': give a probability"):
        rrca.detect(image, threshold="T-C")


def test_settings_reach_the_method_and_unknown_ones_are_refused(scene):
    image, _ = scene
    detector = ClassicalDetector("top-hat", size=9)
    assert np.array_equal(detector(image).scores, classical.top_hat(image, size=9))
    with pytest.raises(InputError, match="top-hat has no setting 'side'; its settings are size"):
        ClassicalDetector("top-hat", side=9)
    with pytest.raises(InputError, match="unknown method 'tophat'"):
        ClassicalDetector("tophat")
    assert open_detector(detector) is detector


def test_metrics_are_those_of_the_masks(scene):
    _, truth = scene
    frame = rrca.data.Frame("one", truth.image, truth.mask.astype(np.uint8) * 255)
    for protocol in ("exact", "dnanet"):
        found = rrca.evaluate("top-hat", [frame], protocol, threshold="T-A:k=3")
        image, mask = (
            (frame.image, frame.raw_mask)
            if protocol == "exact"
            else rrca.evaluation.squash(frame.image, frame.raw_mask, 256)
        )
        predicted = rrca.detect(image, model="top-hat", threshold="T-A:k=3").mask
        expected = rrca.metrics.summarise(
            rrca.metrics.count(predicted.astype(float), mask, protocol), protocol
        )
        assert found.as_dict() == expected.as_dict()


# --- many frames ------------------------------------------------------------------------------------------------


def nothing_more(method, levels, settings):
    """In the place of the computing, where all responses are there."""
    raise AssertionError("a response was computed again")


def test_responses_are_kept_and_taken_up_again(tmp_path, monkeypatch):
    frames = list(np.random.default_rng(0).random((5, 60, 64), np.float32))
    first = Responses("top-hat", tmp_path)
    before = dict(os.environ)
    assert first.prepare(frames[:2], workers=1) == 2
    assert dict(os.environ) == before
    assert first.prepare(frames, workers=1) == 3  # as after a run that was killed
    assert first.prepare(frames, workers=1) == 0
    files = sorted((tmp_path / "top-hat").iterdir())
    assert len(files) == 5 and all(file.suffix == ".npy" for file in files)
    monkeypatch.setattr("rrca.classical.responses._respond", nothing_more)
    for frame in frames:
        kept = first(frame)
        assert np.array_equal(kept, classical.top_hat(classical.grey.from_unit(frame)))


def test_other_settings_and_frames_have_other_files(tmp_path):
    frame = np.random.default_rng(0).random((60, 64), np.float32)
    for frame_, settings in ((frame, {}), (frame, {"size": 3}), (frame[::-1], {})):
        Responses("top-hat", tmp_path, **settings)(frame_)
    assert len(list((tmp_path / "top-hat").iterdir())) == 3


def test_a_frame_that_the_method_cannot_take_stops_the_run_with_one_sentence(tmp_path):
    large, small = (scenes.scene(seed=0, targets=1, size=side).image for side in ((80, 80), (48, 48)))
    with pytest.raises(InputError, match="NRAM: the frame of 48×48 pixels is smaller"):
        Responses("nram", tmp_path, max_iterations=1).prepare([large, small], workers=1)
    with pytest.raises(InputError, match="give a folder"):
        Responses("nram").prepare([large])


@pytest.mark.slow
def test_evaluate_on_the_command_line_runs_all_cores_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["evaluate", "--model", "top-hat", "--data", "synthetic", "--protocol", "exact", "--json"]
    assert main(command) == 0
    record = json.loads(capsys.readouterr().out)
    kept = list((tmp_path / "runs" / "classical" / "top-hat").glob("*.npy"))
    assert len(kept) == record["frames"] == 64
    assert 0 < record["results"]["exact"]["pd"] <= 1
    monkeypatch.setattr("rrca.classical.responses._respond", nothing_more)
    assert main([*command, "--threshold", "T-A:k=3"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] != record["results"]


def test_detect_on_the_command_line(scene, tmp_path, capsys):
    image, _ = scene
    _save(image, tmp_path / "frame.png")
    assert main(["detect", "--model", "tllcm", str(tmp_path / "frame.png"), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["threshold"] == pytest.approx(0.7 * classical.tllcm(image).max())
    assert main(["detect", "--model", "tllcm", "--threshold", "T-Z", str(tmp_path / "frame.png")]) == 2
    assert "unknown threshold rule 'T-Z'" in capsys.readouterr().err


# --- speed ------------------------------------------------------------------------------------------------------


def test_bench_compares_with_the_literal_implementation():
    timings = bench.classical(("pstnn", "top-hat"), shape=(120, 130), repeats=1)
    assert [t.method for t in timings] == ["pstnn", "top-hat"]
    assert all(t.equal and t.ratio > 0 for t in timings)
    assert bench.table(timings).count("yes") == 2


def test_bench_without_a_checkout_times_ours_alone():
    text = bench.table(bench.classical(("top-hat",), literal=None, shape=(120, 130), repeats=1))
    assert "Ratios need the literal implementation" in text
    with pytest.raises(InputError, match="unknown method 'opening'"):
        bench.classical(("opening",))


def test_every_rule_has_its_constants_listed():
    from rrca.classical.thresholds import CONSTANTS

    assert CONSTANTS.keys() == RULES.keys()


def test_a_response_depends_on_the_modules_that_its_method_is_built_on_and_on_no_other():
    """An edit to the thresholds must not throw away hours of responses; one to a patch grid must."""
    from rrca.classical.responses import _built_on

    names = {module.rpartition(".")[2] for module in _built_on("rrca.classical.ipi")}
    assert names == {"ipi", "grey", "iteration", "patches", "spectrum"}
    assert {"windows", "tllcm"} <= {module.rpartition(".")[2] for module in _built_on("rrca.classical.tllcm")}
    assert Responses("ipi").code != Responses("nram").code
