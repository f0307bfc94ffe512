"""Detection: any size, any input, the same frame in gives the same targets out."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import rrca
from rrca import detection
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError, InputWarning


class Brightness(nn.Module):
    """A stand-in for a network: a pixel's logit is its normalised grey level. It refuses sizes off its multiple."""

    multiple = 8

    def forward(self, x):
        assert x.shape[2] % 8 == 0 and x.shape[3] % 8 == 0
        self.seen = getattr(self, "seen", []) + [tuple(x.shape[2:])]
        return x[:, :1]


@pytest.fixture
def brightness() -> rrca.Detector:
    return rrca.Detector(Brightness(), Normalisation((0.5,), (0.01,)))


@pytest.fixture(scope="module")
def shipped() -> rrca.Detector:
    return rrca.Detector()


def dark_sky(H=40, W=56):
    return np.full((H, W), 0.2, np.float32)


# --- What comes out ------------------------------------------------------------------------------------------


def test_targets_counted_by_hand(brightness):
    """Two targets; the L of three pixels has its centroid at (11 + 11 + 12) / 3, (20 + 21 + 20) / 3."""
    frame = dark_sky()
    frame[4:6, 30:33] = 0.52
    frame[11, 20] = frame[11, 21] = frame[12, 20] = 0.51
    found = brightness(frame)
    assert len(found) == 2 and found.mask.sum() == 9
    first, second = found
    assert (first.row, first.column, first.area) == (4.5, 31.0, 6)
    assert (second.row, second.column, second.area) == pytest.approx((34 / 3, 61 / 3, 3))
    assert first.peak == pytest.approx(1 / (1 + np.exp(-2)), rel=1e-4) and first.peak > second.peak


def test_corners_touching_make_one_target(brightness):
    frame = dark_sky()
    frame[5, 5] = frame[6, 6] = 0.6
    assert [target.area for target in brightness(frame)] == [2]


def test_a_frame_without_targets_gives_an_empty_list(brightness):
    found = brightness(dark_sky())
    assert found.targets == [] and not found.mask.any() and found.scores.shape == (40, 56)


def test_threshold_is_strict_and_moves_the_mask_only(brightness):
    frame = dark_sky()
    frame[3, 3] = 0.5  # score exactly 0.5
    assert len(brightness(frame, threshold=0.5)) == 0
    assert len(brightness(frame, threshold=0.49)) == 1


def test_dark_targets_are_bright_in_the_negative(brightness):
    frame = 1 - dark_sky()
    frame[8, 8] = 0.1
    (target,) = brightness(frame, polarity="dark")
    assert (target.row, target.column) == (8, 8)


# --- Any size ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 9), (8, 8), (65, 31), (256, 256)])
def test_every_size_comes_back_in_its_own_size(brightness, shipped, size):
    frame = np.random.default_rng(0).random(size).astype(np.float32)
    for detector in (brightness, shipped):
        scores = detector.scores(frame)
        assert scores.shape == size and scores.dtype == np.float32 and np.isfinite(scores).all()
    expected = 1 / (1 + np.exp(-(frame - 0.5) / 0.01))
    np.testing.assert_allclose(brightness.scores(frame), expected, atol=1e-5)


def test_a_frame_that_divides_is_not_padded_and_equals_the_bare_network(shipped):
    frame = rrca.data.scenes.scene(seed=3, size=(96, 128), targets=1).image
    with torch.no_grad():
        logits = shipped.model(shipped.normalisation(frame)[None])
    np.testing.assert_allclose(shipped.scores(frame), torch.sigmoid(logits)[0, 0].numpy(), atol=6e-6)


def test_large_frames_are_tiled_and_no_pixel_is_lost(monkeypatch):
    """With a network that looks at one pixel alone, tiling must change nothing."""
    monkeypatch.setattr(detection, "WHOLE_UP_TO", 100 * 100)
    monkeypatch.setattr(detection, "TILE", 64)
    monkeypatch.setattr(detection, "OVERLAP", 16)
    detector = rrca.Detector(Brightness(), Normalisation((0.5,), (0.1,)))
    for size in [(150, 90), (64, 200), (65, 300), (30, 1000)]:
        frame = np.random.default_rng(1).random(size).astype(np.float32)
        detector.model.seen = []
        np.testing.assert_allclose(detector.scores(frame), 1 / (1 + np.exp(-(frame - 0.5) / 0.1)), atol=1e-5)
        assert max(max(seen) for seen in detector.model.seen) <= 64 and len(detector.model.seen) > 1


def test_a_frame_that_fits_is_never_tiled(brightness):
    brightness.scores(np.zeros((1024, 2048), np.float32))
    assert brightness.model.seen == [(1024, 2048)]


def test_tiles_cover_every_side_and_their_weights_sum_to_one():
    for length, tile, overlap in [
        (4096, 1024, 128),
        (2049, 1024, 128),
        (1030, 1024, 128),
        (50, 64, 16),
        (300, 64, 0),
    ]:
        total = np.zeros(length)
        spans = detection._tiles(length, tile, overlap)
        for span, weight in spans:
            assert weight.min() > 0 and span.stop - span.start == min(tile, length)
            total[span] += weight
        np.testing.assert_allclose(total, 1, atol=1e-6)
        assert all(a.stop - b.start >= overlap for (a, _), (b, _) in pairwise(spans))


def test_one_tile_fades_into_the_next():
    """A stand-in that answers differently in every tile: at the seam the scores rise in steps of 1 / (overlap + 1)."""

    class Ordinal(nn.Module):
        multiple, calls = 1, 0

        def forward(self, x):
            self.calls += 1
            return torch.full_like(x, -50.0 if self.calls == 1 else 50.0)  # scores 0, then 1

    detector = rrca.Detector(Ordinal(), Normalisation((0.5,), (0.1,)))
    scores = detector.tiled(np.full((10, 48), 0.5, np.float32), tile=32, overlap=16)
    steps = np.diff(scores[0])
    assert scores[0, 15] == pytest.approx(0, abs=1e-6) and scores[0, 32] == pytest.approx(1)
    np.testing.assert_allclose(steps[15:32], 1 / 17, atol=1e-6)


def test_an_overlap_as_wide_as_the_tile_is_refused(brightness):
    with pytest.raises(InputError, match="overlap = 64"):
        brightness.tiled(dark_sky(), tile=64, overlap=64)


@pytest.mark.slow
def test_a_frame_of_4096_by_4096_takes_less_than_2_gb():
    """Peak memory of a process of its own, torch and all. (ru_maxrss would begin with that of the parent.)"""
    program = (
        "import re, numpy as np, rrca\n"
        "frame = np.random.default_rng(0).random((4096, 4096), np.float32)\n"
        "assert rrca.Detector().scores(frame).shape == frame.shape\n"
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read()).group(1))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) / 2**20 < 1.8  # GiB


# --- Any input -----------------------------------------------------------------------------------------------


def test_file_and_array_of_every_depth_agree(shipped, tmp_path):
    grey = np.round(rrca.data.scenes.scene(seed=5, size=(96, 96), targets=1).image * 255).astype(np.uint8)
    deep = grey.astype(np.uint16) * 257  # the same fractions of the range in 16 bit
    Image.fromarray(grey).save(tmp_path / "eight.png")
    Image.fromarray(deep).save(tmp_path / "sixteen.tif")
    np.save(tmp_path / "floats.npy", grey.astype(np.float32) / 255)
    expected = shipped(grey).scores
    for given in (deep, grey / 255.0, torch.from_numpy(grey), np.stack([grey] * 3, axis=2)):
        np.testing.assert_allclose(shipped(given).scores, expected, atol=1e-5)
    for name in ("eight.png", "sixteen.tif", "floats.npy"):
        np.testing.assert_allclose(shipped(tmp_path / name).scores, expected, atol=1e-5)
        np.testing.assert_allclose(shipped(str(tmp_path / name)).scores, expected, atol=1e-5)


def test_the_input_is_not_changed(shipped):
    frame = rrca.data.scenes.scene(seed=6, size=(90, 90), targets=1).image
    before = frame.copy()
    shipped(frame, polarity="dark")
    assert np.array_equal(frame, before)


def test_a_colour_photo_is_read_by_luminance_with_one_warning(shipped, tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "photo.png")
    with pytest.warns(InputWarning, match=r"photo\.png.*luminance") as caught:
        found = shipped(tmp_path / "photo.png")
    assert len(caught) == 1
    np.testing.assert_array_equal(
        found.scores, shipped(np.asarray(Image.fromarray(colour).convert("L"))).scores
    )


def test_detect_takes_a_detector_a_network_a_name_and_nothing(shipped):
    frame = rrca.data.scenes.scene(seed=7, size=(96, 96), targets=1).image
    expected = shipped(frame).scores
    for model in (shipped, shipped.model, "rrcanet-resnet18", None):
        np.testing.assert_array_equal(rrca.detect(frame, model=model).scores, expected)


@pytest.mark.parametrize(
    ("frame", "settings", "message"),
    [
        (np.full((8, 8), np.nan), {}, "NaN"),
        (np.zeros((4, 8, 8, 1)), {}, "one frame at a time"),
        (np.zeros((0, 8)), {}, "shape"),
        (np.zeros((8, 8), np.int32), {}, "int32"),
        (np.full((8, 8), 40.0), {}, r"\[0, 1\]"),
        (np.zeros((8, 8)), {"threshold": 1.5}, "threshold = 1.5"),
        (np.zeros((8, 8)), {"polarity": "cold"}, "bright"),
    ],
)
def test_what_is_no_frame_is_refused_in_a_sentence(shipped, frame, settings, message):
    with pytest.raises(InputError, match=message):
        shipped(frame, **settings)


def test_a_network_without_a_card_is_not_guessed_at():
    with pytest.raises(InputError, match="normalisation"):
        rrca.Detector(rrca.build("rrcanet-resnet18"))


# --- Real frames ---------------------------------------------------------------------------------------------


def test_a_real_frame_gives_its_targets(shipped, real_data):
    """On the first 40 frames of the test list most drawn targets are found by their centroid."""
    hits = drawn = 0
    for frame in rrca.data.open("NUAA-SIRST", "test")[:40]:
        found = shipped(frame.image)
        truth = rrca.metrics.components(frame.mask)
        drawn += len(truth.area)
        for row, column in zip(truth.row, truth.column, strict=True):
            hits += any(np.hypot(t.row - row, t.column - column) < 3 for t in found)
    assert drawn > 40 and hits / drawn > 0.9
