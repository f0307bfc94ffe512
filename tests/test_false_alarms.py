"""A threshold by false-alarm rate: counted on the validation part, refused where that cannot tell it."""

import json
from itertools import pairwise

import numpy as np
import pytest
from torch import nn

import rrca
from rrca import false_alarms
from rrca.data.frames import Frame
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.metrics import Counts, count

CARD = {
    "name": "mine",
    "data": "NUAA-SIRST",
    "split": "train",
    "validation": {
        "data": "NUAA-SIRST",
        "list": "val",
        "protocol": "exact",
        "frames": 10,
        "pixels": 1_000_000,
        "targets": 12,
        # At 0.4 components of false alarms have joined a target, so that Fa is smaller than at 0.5.
        "thresholds": [0.1, 0.4, 0.5, 0.8, 0.9, 0.99],
        "detected": [12, 12, 12, 11, 9, 0],
        "false_components": [40, 3, 4, 2, 1, 0],
        "false_pixels": [400, 15, 30, 12, 7, 0],
    },
}


class Grey(nn.Module):
    """A stand-in for a network: a pixel's logit is its normalised grey level."""

    def forward(self, x):
        return x


@pytest.fixture(scope="module")
def seen():
    """Twelve noisy frames with a target each and other spots, as a detector by grey level sees them."""
    rng, frames = np.random.default_rng(0), []
    for i in range(12):
        image = 0.3 + 0.05 * rng.standard_normal((40, 50)).astype(np.float32)
        mask = np.zeros((40, 50), np.uint8)
        for j, (row, column) in enumerate(rng.integers(5, 35, (6, 2))):
            spot = np.s_[row : row + 2, column : column + 3]
            image[spot] = (0.7 if j == 0 else 0.45) + 0.3 * rng.random()
            if j == 0:
                mask[spot] = 255
        frames.append(Frame(str(i), image.clip(0, 1), mask))
    return rrca.Detector(Grey(), Normalisation((0.5,), (0.1,))), frames


# --- the curve ---------------------------------------------------------------------------------------------------


def test_every_point_of_a_curve_is_what_counting_gives(seen):
    """Against `rrca.metrics.count`, which labels each frame anew at each threshold."""
    detector, frames = seen
    curve = false_alarms.curve(detector, frames)
    assert (curve["frames"], curve["pixels"]) == (12, 12 * 40 * 50)
    points = zip(
        *(curve[k] for k in ("thresholds", "detected", "false_components", "false_pixels")), strict=True
    )
    for threshold, *found in list(points)[::7]:
        counts = (count(detector.scores(f.image), f.raw_mask, "exact", threshold) for f in frames)
        total = sum(counts, Counts())
        assert found == [total.detected, total.false_components, total.false_pixels]


def test_a_curve_is_small_ascends_and_ends_without_a_false_alarm(seen):
    curve = false_alarms.curve(*seen)
    assert len(json.dumps(curve)) < 100_000 / 4 and json.loads(json.dumps(curve)) == curve
    assert (
        np.all(np.diff(curve["thresholds"]) > 0) and curve["false_pixels"][-1] == curve["detected"][-1] == 0
    )
    found = list(zip(curve["detected"], curve["false_components"], curve["false_pixels"], strict=True))
    assert all(a != b for a, b in pairwise(found)), "no point says what the one before says"


@pytest.mark.parametrize("fa", [1e-3, 5e-3, 2e-2])
def test_the_threshold_keeps_to_the_rate_and_is_the_lowest_of_the_curve(seen, fa):
    detector, frames = seen
    card = {"validation": {"data": "made", "list": "val", **false_alarms.curve(detector, frames)}}
    threshold = rrca.threshold_for(card, fa)
    assert rrca.evaluate(detector, frames, threshold=threshold).fa <= fa
    lower = [t for t in card["validation"]["thresholds"] if t < threshold]
    assert rrca.evaluate(detector, frames, threshold=lower[-1]).fa > fa


# --- asking ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fa", "threshold"), [(30e-6, 0.4), (20e-6, 0.8), (12e-6, 0.8), (7e-6, 0.9), (0.5, 0.1)]
)
def test_the_rate_holds_from_the_threshold_on(fa, threshold):
    """By hand: 20e-6 holds at 0.4, but not at 0.5, so 0.8 is the answer."""
    assert rrca.threshold_for(CARD, fa) == threshold


def test_a_point_says_what_it_was_read_from():
    point = false_alarms.operating_point(CARD, 12e-6)
    assert (point.detected, point.targets, point.false_components, point.fa) == (11, 12, 2, 12e-6)
    assert "12 px in 2 components" in str(point) and "11 of 12 targets on the val list of NUAA-SIRST" in str(
        point
    )


def test_it_takes_a_network_a_detector_a_file_and_a_card(tmp_path):
    model = rrca.build("rrcanet-resnet10", in_channels=1)
    normalisation = {"mean": [0.4], "std": [0.2]}
    model.card = CARD | {"network": "rrcanet-resnet10", "settings": {"in_channels": 1}, "channels": "grey"}
    model.card |= {"normalisation": normalisation, "recipe": {"augment": "ours"}}
    path = rrca.checkpoint.save(model, model.card, tmp_path / "mine.safetensors")
    for given in (model, rrca.Detector(model), path, str(path), model.card):
        assert rrca.threshold_for(given, fa=12e-6) == 0.8
    with pytest.raises(InputError, match="without flips"):
        rrca.threshold_for(rrca.Detector(model, flips=True), fa=12e-6)


@pytest.mark.parametrize(
    ("card", "fa", "message"),
    [
        (CARD, 9e-7, r"fa = 9e-07 is less than one pixel of the val list of NUAA-SIRST, 1 / 1000000"),
        (CARD, 2e-6, "only where no target is found"),
        (CARD, 0.0, "give a rate between 0 and 1"),
        (CARD, 1, "give a rate between 0 and 1"),
        (CARD, float("nan"), "give a rate between 0 and 1"),
        (
            {"name": "a", "data": "NUAA-SIRST", "split": "trainval"},
            1e-5,
            "of a, fitted to the trainval list of NUAA",
        ),
        ({"name": "mine", "origin": "the authors' program"}, 1e-5, "frames it does not name"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_sentence(card, fa, message):
    with pytest.raises(InputError, match=message) as refusal:
        rrca.threshold_for(card, fa)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("model", ["top-hat", nn.Identity()])
def test_what_has_no_card_is_refused(model):
    given = rrca.detection.open_detector(model) if isinstance(model, str) else model
    with pytest.raises(InputError, match="has no card"):
        rrca.threshold_for(given)


def test_the_weights_that_are_shipped_for_it_answer():
    """The README's command: a rate instead of a threshold, without a training of one's own."""
    low, high = (false_alarms.operating_point("rrcanet-resnet18_val", fa) for fa in (3e-6, 3e-5))
    assert low.threshold > high.threshold and low.fa <= 3e-6 < high.fa <= 3e-5
    assert low.detected <= high.detected <= high.targets
    assert "val list of NUAA-SIRST" in str(high)
    assert rrca.threshold_for("rrcanet-resnet18_val", fa=3e-5) == high.threshold


def test_weights_fitted_on_all_of_the_training_list_have_none():
    for name in rrca.checkpoint.shipped():
        if rrca.checkpoint.card(name)["split"] == "trainval":
            with pytest.raises(InputError, match="holds no scores on a validation part"):
                rrca.threshold_for(name)
