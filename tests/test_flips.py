"""Test-time flips: the mean over the group that the training drew from, turned back exactly."""

import numpy as np
import pytest
import torch
from torch import nn

import rrca
from rrca import detection, flips
from rrca.data import crops
from rrca.data.crops import PIPELINES
from rrca.data.frames import Frame
from rrca.data.normalisation import Normalisation
from rrca.data.store import PixelStore
from rrca.errors import InputError
from rrca.flips import GROUPS, Turn

EVERY = GROUPS["ours"]


class Lopsided(nn.Module):
    """A stand-in that answers otherwise to every turn: kernels without symmetry, and a bias that grows to the right."""

    multiple = 8

    def __init__(self, augment: str = "ours"):
        super().__init__()
        self.kernel = nn.Conv2d(1, 1, 3, padding=1)
        self.card = {"normalisation": {"mean": [0.5], "std": [0.2]}, "channels": "grey"}
        self.card["recipe"] = {"augment": augment}

    def forward(self, x):
        return self.kernel(x) + torch.linspace(-1, 1, x.shape[3]) + torch.linspace(0, 3, x.shape[2])[:, None]


def frame(H: int, W: int) -> np.ndarray:
    return np.random.default_rng(H * W).random((H, W)).astype(np.float32)


def test_a_turn_is_undone_exactly():
    image, colour = frame(5, 7), np.random.default_rng(0).random((5, 7, 3))
    assert len({turn(image).tobytes() for turn in EVERY}) == 8
    for turn in EVERY:
        assert np.array_equal(turn.back(turn(image)), image)
        assert np.array_equal(turn(colour)[..., 1], turn(colour[..., 1]))


def test_turns_are_a_group():
    """Two turns after one another are a turn of the group, so that the mean of a turned frame is the turned mean."""
    image = frame(6, 6)
    for group in GROUPS.values():
        reached = {turn(image).tobytes() for turn in group}
        assert {second(first(image)).tobytes() for first in group for second in group} == reached
        assert group[0] == Turn()


@pytest.mark.parametrize("size", [(24, 32), (21, 30), (7, 50)])
def test_the_mean_turns_with_the_frame(size):
    """With padding, too: it comes at the bottom and the right of every turned frame."""
    image = frame(*size)
    detector = rrca.Detector(Lopsided(), flips=True)
    plain = rrca.Detector(detector.model)
    scores = detector.scores(image)
    assert scores.dtype == np.float32 and scores.shape == size
    for turn in EVERY[1:]:
        np.testing.assert_allclose(turn.back(detector.scores(turn(image))), scores, atol=1e-7)
        assert np.abs(turn.back(plain.scores(turn(image))) - plain.scores(image)).max() > 0.01


def test_the_mean_is_that_of_the_turned_frames():
    image = frame(16, 24)
    detector = rrca.Detector(Lopsided())
    each = [turn.back(detector.scores(turn(image))) for turn in EVERY]
    np.testing.assert_allclose(detector.with_flips().scores(image), np.mean(each, axis=0), atol=1e-6)
    assert np.ptp(each, axis=0).max() > 0.05


def test_tiles_are_flipped_with_their_frame(monkeypatch):
    monkeypatch.setattr(detection, "WHOLE_UP_TO", 50 * 50)
    monkeypatch.setattr(detection, "TILE", 40)
    monkeypatch.setattr(detection, "OVERLAP", 9)
    image = frame(45, 83)
    detector = rrca.Detector(Lopsided(), flips=True)
    scores = detector.scores(image)
    for turn in EVERY[1:]:
        np.testing.assert_allclose(turn.back(detector.scores(turn(image))), scores, atol=1e-7)


def test_a_network_that_knows_no_direction_gains_nothing():
    class Brightness(Lopsided):
        def forward(self, x):
            return x

    image = frame(20, 30)
    for augment in GROUPS:
        detector = rrca.Detector(Brightness(augment))
        np.testing.assert_allclose(detector.with_flips().scores(image), detector.scores(image), atol=1e-7)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_group_is_what_the_augmentation_draws(name):
    """A ramp of 1 a row and 4 a column tells from a crop which turn it went through; each is drawn about as often."""
    rows, columns = np.indices((64, 64))
    ramp = ((rows + 4 * columns) / 400).astype(np.float32)
    store = PixelStore([Frame("ramp", ramp, np.full((64, 64), 255, np.uint8))])
    draw = PIPELINES[name](np.random.default_rng(0), store, np.zeros(400, int), size=32)
    cut, _ = crops.cut(store, draw, Normalisation((0.0,), (1.0,)))
    inner = cut[:, 0, 4:12, 4:12].numpy()
    down, right = (np.sign(np.diff(inner, axis=axis).mean(axis=(1, 2))) for axis in (1, 2))
    steep = np.abs(np.diff(inner, axis=1)).mean((1, 2)) > np.abs(np.diff(inner, axis=2)).mean((1, 2))
    drawn, counts = np.unique(np.stack([steep, down < 0, right < 0], 1), axis=0, return_counts=True)
    assert {tuple(map(bool, turn)) for turn in drawn} == {tuple(turn) for turn in GROUPS[name]}
    assert counts.min() > 0.6 * 400 / len(GROUPS[name])


def test_augmentations_and_groups_go_by_the_same_names():
    assert GROUPS.keys() == PIPELINES.keys()


def test_detect_and_evaluate_take_flips():
    scene = rrca.data.scenes.scene(seed=3, size=(64, 80), targets=1, scr=8)
    detector = rrca.Detector()
    flipped = rrca.detect(scene.image, detector, flips=True)
    assert np.array_equal(flipped.scores, rrca.Detector(flips=True).scores(scene.image))
    assert np.array_equal(rrca.detect(scene.image, detector).scores, detector.scores(scene.image))
    assert detector.turns == () and not np.array_equal(flipped.scores, detector.scores(scene.image))
    made = Frame("made", scene.image, scene.mask.astype(np.uint8) * 255)
    judged = rrca.evaluate(detector.with_flips(), [made])
    assert judged.intersection == (flipped.mask & scene.mask).sum()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("top-hat", "top-hat is not trained"),
        (
            rrca.Detector(nn.Identity(), Normalisation((0.5,), (0.2,))),
            "no card says with which flips Identity",
        ),
    ],
)
def test_what_has_no_known_flips_is_refused(model, message):
    with pytest.raises(InputError, match=message):
        rrca.detect(frame(8, 8), model, flips=True)


def test_the_card_of_another_program_is_refused():
    with pytest.raises(InputError, match="no card says"):
        flips.known_turns({"origin": "the authors' program"}, "RRCANet")
