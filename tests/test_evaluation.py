"""Evaluation: the same network, the same frames, and what each protocol makes of them."""

import numpy as np
import pytest
from torch import nn

import rrca
from rrca.data import Frame
from rrca.data.normalisation import Normalisation
from rrca.evaluation import squash


class Brightness(nn.Module):
    """A pixel's logit is its normalised grey level; remembers the sizes that it saw."""

    multiple = 8

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(tuple(x.shape[2:]))
        return x[:, :1]


@pytest.fixture
def detector():
    return rrca.Detector(Brightness(), Normalisation((0.5,), (0.25,)))


def frame(H=128, W=64, grey=255):
    """A 4×4 target at (40, 20), found exactly; a false alarm of 3×3 at (100, 50)."""
    image, mask = np.zeros((H, W), np.float32), np.zeros((H, W), np.uint8)
    image[40:44, 20:24] = image[100:103, 50:53] = 1
    mask[40:44, 20:24] = grey
    return Frame("made", image, mask)


def test_counts_of_a_frame_by_hand(detector):
    result = rrca.evaluate(detector, [frame()])
    assert (result.protocol, result.detected, result.targets) == ("exact", 1, 1)
    assert result.iou == pytest.approx(16 / 25) and result.fa == pytest.approx(9 / (128 * 64))


def test_dnanet_judges_the_squashed_frame(detector):
    """128×64 becomes 256×256: every pixel 2×4, so 16 pixels of target become 128, and Fa is over 256²."""
    result = rrca.evaluate(detector, [frame()], "dnanet")
    assert detector.model.seen == [(256, 256)]
    assert result.pixels == 256 * 256 and result.detected == 1
    assert result.intersection == pytest.approx(16 * 8, abs=16)


def test_several_protocols_run_the_network_once_per_size(detector):
    results = rrca.evaluate(detector, [frame(), frame()], ["exact", "basicirstd", "opdc", "dnanet"])
    assert list(results) == ["exact", "basicirstd", "opdc", "dnanet"]
    assert detector.model.seen == [(128, 64), (256, 256)] * 2
    for name, result in results.items():
        assert result == rrca.evaluate(detector, [frame(), frame()], name)


def test_grey_masks_reach_the_protocols_as_stored(detector):
    """M12: a mask drawn with 254 is a target for `exact`, and none for the released programs."""
    with pytest.warns(rrca.errors.InputWarning, match="made"):
        exact = rrca.evaluate(detector, [frame(grey=254)])
    assert exact.targets == 1
    with pytest.warns(rrca.errors.InputWarning, match="only 255 is target"):
        assert rrca.evaluate(detector, [frame(grey=254)], "basicirstd").targets == 0


def test_squash_is_pillows_resizing():
    rng = np.random.default_rng(0)
    image, mask = (
        rng.random((96, 128)).astype(np.float32),
        (rng.random((96, 128)) > 0.9).astype(np.uint8) * 255,
    )
    small, small_mask = squash(image, mask, 256)
    assert small.shape == small_mask.shape == (256, 256) and small.dtype == np.float32
    assert set(np.unique(small_mask)) <= {0, 255}
    rows, columns = (np.arange(256) + 0.5) * 96 / 256, (np.arange(256) + 0.5) * 128 / 256
    assert np.array_equal(small_mask, mask[rows.astype(int)][:, columns.astype(int)])
    colour, _ = squash(np.stack([image] * 3, 2), mask, 64)
    assert colour.shape == (64, 64, 3)


def test_the_threshold_is_on_probability(detector):
    """The target's logit is 2, its score 0.881."""
    assert rrca.evaluate(detector, [frame()], threshold=0.88).detected == 1
    assert rrca.evaluate(detector, [frame()], threshold=0.89).detected == 0


def test_paper_and_ours_stand_in_separate_columns():
    table = rrca.report.paper_and_ours(rrca.load()[1])
    assert table.loc["IoU, %", "paper, Table I"] == 75.41 and table.loc["Pd, %", "paper, Table I"] == 98.10
    assert list(table.columns) == ["paper, Table I", "ours, exact", "ours, dnanet"]
    _, card = rrca.load()
    assert table.loc["IoU, %", "ours, dnanet"] == round(100 * card["metrics"]["dnanet"]["iou"], 2)
    assert card["network"] in rrca.report.origin(card) and "seed 0" in rrca.report.origin(card)
