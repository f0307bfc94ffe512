"""The sweep over thresholds against a labelling at each; curves; contrast of targets."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics_reference import box, random_frame
from scipy.ndimage import gaussian_filter

from rrca.errors import InputError
from rrca.metrics import PROTOCOLS, count, roc, summarise, target_scr


def smooth_frame(seed, shape=(64, 80), targets=4):
    """Noise smoothed by 1 px with Gaussian blobs, float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    scores = gaussian_filter(rng.standard_normal(shape), 1)
    scores = (scores - scores.min()) / (scores.max() - scores.min())
    mask = np.zeros(shape, bool)
    row, column = np.mgrid[: shape[0], : shape[1]]
    for _ in range(targets):
        r, c = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        blob = np.exp(-((row - r) ** 2 + (column - c) ** 2) / 4.5)
        scores, mask = np.maximum(scores, blob * rng.uniform(0.7, 1)), mask | (blob > 0.5)
    return scores.astype(np.float32), mask


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("seed", range(4))
def test_sweep_counts_what_labelling_counts(seed, protocol):
    scores, mask = smooth_frame(seed)
    curve = roc([scores], [mask], np.quantile(scores, np.linspace(0, 1, 40)), protocol)
    for threshold, counts in zip(curve.thresholds, curve.counts, strict=True):
        if threshold < 1:
            assert counts == count(scores, mask, protocol, threshold)


@given(
    seed=st.integers(0, 10_000),
    values=st.integers(1, 6),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    protocol=st.sampled_from(["exact", "basicirstd", "dnanet", "opdc"]),
)
@settings(max_examples=200, deadline=None)
def test_sweep_of_plateaus(seed, values, shape, protocol):
    # Few grey values make plateaus, passes as high as summits, and holes.
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, values + 1, shape) / max(values, 1)
    mask = rng.random(shape) < 0.2
    thresholds = np.unique(rng.random(5))
    curve = roc([scores], [mask], thresholds, protocol)
    for threshold, counts in zip(thresholds, curve.counts, strict=True):
        assert counts == count(scores, mask, protocol, threshold)


def test_thresholds_on_scores_are_strict():
    scores = np.array([[0.25, 0.5, 0.75]], np.float32)
    curve = roc([scores], [scores > 1], [0.0, 0.25, 0.5, 0.75, 1.0])
    assert [counts.predicted for counts in curve.counts] == [3, 2, 1, 0, 0]


def test_curve_of_a_set_is_the_sum_of_its_frames():
    frames = [smooth_frame(seed, shape=(40 + 8 * seed, 50)) for seed in range(3)]
    grid = np.linspace(0.1, 0.9, 9)
    curve = roc(*zip(*frames, strict=True), grid)
    for index, threshold in enumerate(grid):
        total = sum(
            (count(*frame, threshold=threshold) for frame in frames[1:]),
            count(*frames[0], threshold=threshold),
        )
        assert curve.counts[index] == total
        assert curve.at(index) == summarise(total)
        assert (curve.pd[index], curve.fa[index], curve.iou[index]) == (
            curve.at(index).pd,
            curve.at(index).fa,
            curve.at(index).iou,
        )


def test_pixel_fa_is_of_background_and_monotone():
    scores, mask = smooth_frame(0)
    curve = roc([scores], [mask], 64)
    assert (np.diff(curve.pixel_fa) <= 0).all()
    for threshold, fa in zip(curve.thresholds, curve.pixel_fa, strict=True):
        assert fa == np.mean(scores[~mask].astype(float) > threshold)


def test_where_the_curve_turns_back():
    # M17: with everything above the threshold there is one blob that matches nothing.
    scores, mask = smooth_frame(1)
    curve = roc([scores], [mask], 64)
    lowest = roc([scores], [mask], [0.0, 0.5]).at(0)
    assert (lowest.pd, lowest.predictions) == (0, 1)
    turn = np.flatnonzero(curve.breaks)[-1]
    assert curve.monotone_above == curve.thresholds[turn]
    above_pd, above_fa = curve.pd[turn + 1 :], curve.fa[turn + 1 :]
    assert (np.diff(above_pd) <= 0).all() and (np.diff(above_fa) <= 0).all()
    assert curve.pd[turn] < curve.pd[turn + 1] or curve.fa[turn] < curve.fa[turn + 1]
    straight = roc([mask * 0.9], [mask], [0.2, 0.5])
    assert not straight.breaks.any() and straight.monotone_above == -np.inf


def test_number_of_thresholds():
    scores, mask = smooth_frame(2)
    curve = roc([scores], [mask], thresholds=256)
    assert len(curve.thresholds) == 256
    assert (np.diff(curve.thresholds) > 0).all()
    # One more pixel at a time among the highest scores, a few per cent more at a time among the lowest.
    predicted = np.array([counts.predicted for counts in curve.counts])
    assert list(predicted[-4:]) == [3, 2, 1, 0]
    assert predicted[0] == scores.size - 1
    assert (predicted[:100] / predicted[1:101]).max() < 1.1
    assert len(roc([scores], [mask], thresholds=2).thresholds) == 2
    # Equal scores cannot be told apart by a threshold.
    assert list(roc([mask * 0.5], [mask]).thresholds) == [0.0, 0.5]


def test_ways_to_pass_frames():
    frames = [smooth_frame(seed) for seed in range(2)]
    scores, masks = (np.stack(part)[:, None] for part in zip(*frames, strict=True))
    expected = roc(*zip(*frames, strict=True), 8).counts
    assert roc(scores, masks, 8).counts == expected
    assert roc(torch.tensor(scores), torch.tensor(masks), 8).counts == expected
    assert (
        roc(list(torch.tensor(scores)[:, 0]), list(masks[:, 0].astype(np.uint8) * 255), 8).counts == expected
    )
    assert roc((s for s, _ in frames), (m for _, m in frames), 8).counts == expected
    assert roc(*frames[0], 8).counts == roc([frames[0][0]], [frames[0][1]], 8).counts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thresholds": 1}, "whole number from 2"),
        ({"thresholds": 2.5}, "whole number from 2"),
        ({"thresholds": "otsu"}, "whole number from 2"),
        ({"thresholds": []}, "at least one number"),
        ({"thresholds": [0.5, 1.2]}, r"in \[0, 1\]"),
        ({"thresholds": [0.5, np.nan]}, r"in \[0, 1\]"),
        ({"protocol": "best"}, "unknown protocol 'best'"),
        ({"masks": []}, "1 score maps but 0 masks"),
        ({"scores": [], "masks": []}, "at least one"),
        ({"names": ["a", "b"]}, "names lists 2 frames, but there are 1 masks"),
        ({"scores": [np.full((8, 8), np.nan)]}, r"scores\[0\] holds NaN"),
        ({"masks": [np.full((8, 8), 3)], "names": ["misc 3"]}, "misc 3: a mask"),
        ({"masks": [np.zeros((8, 9))]}, r"\(8, 8\) but the mask is \(8, 9\)"),
    ],
)
def test_refused(arguments, message):
    given = {"scores": [np.zeros((8, 8))], "masks": [np.zeros((8, 8), bool)]} | arguments
    with pytest.raises(InputError, match=message):
        roc(**given)


def test_sweep_leaves_its_inputs_alone():
    scores, mask = random_frame(1)
    kept = scores.copy(), mask.copy()
    for array in (scores, mask):
        array.flags.writeable = False
    roc([scores], [mask], 16)
    assert (scores == kept[0]).all() and (mask == kept[1]).all()


def test_scr_by_hand():
    # Two targets of 2 x 2 in a chequered background of 0.2 and 0.4: mean 0.3, standard deviation 0.1.
    frame = 0.2 + 0.2 * (np.indices((101, 101)).sum(axis=0) % 2)
    mask = box((50, 50, 2, 2), (60, 50, 2, 2), shape=(101, 101))
    frame[50:52, 50:52], frame[60:62, 50:52] = 0.8, 0.1
    scr = target_scr(frame, mask)
    # The other target, 2 x 2 inside the ring, is left out: the ring stays balanced.
    np.testing.assert_allclose(scr, [5, 2])
    np.testing.assert_allclose(target_scr(frame * 7 - 3, mask), scr)  # no unit, no offset
    np.testing.assert_allclose(target_scr(frame.T, mask.T), scr)
    np.testing.assert_allclose(target_scr(torch.tensor(frame), torch.tensor(mask)), scr)


def test_scr_ring_is_20_px_wide():
    mask = box((50, 50, 3, 3), shape=(101, 101))
    rng = np.random.default_rng(0)
    frame = rng.random((101, 101))
    ring = frame[30:73, 30:73][~mask[30:73, 30:73]]
    expected = abs(frame[mask].mean() - ring.mean()) / ring.std()
    assert target_scr(frame, mask)[0] == pytest.approx(expected)
    far = frame.copy()
    far[73:], far[:30] = 9, -9  # one row beyond the ring on either side
    assert target_scr(far, mask)[0] == target_scr(frame, mask)[0]
    far[72, 0:73] = 9
    assert target_scr(far, mask)[0] != target_scr(frame, mask)[0]


def test_scr_where_there_is_no_contrast_to_measure():
    mask = box((5, 5, 2, 2), shape=(12, 12))
    assert target_scr(mask * 1.0, mask) == [np.inf]
    assert np.isnan(target_scr(np.ones((12, 12)), mask)).all()
    assert np.isnan(target_scr(np.ones((12, 12)), np.ones((12, 12), bool))).all()
    assert target_scr(np.ones((12, 12)), np.zeros((12, 12), bool)).shape == (0,)
    for frame, other in (
        (np.full((12, 12), np.nan), mask),
        (np.ones((12, 11)), mask),
        (np.ones(12), mask[0]),
    ):
        with pytest.raises(InputError):
            target_scr(frame, other)
