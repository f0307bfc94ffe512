"""What holds for any predictions: order, addition, symmetry, distance; and what the class refuses."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics_reference import box, random_frame

from rrca.errors import InputError, InputWarning
from rrca.metrics import PROTOCOLS, Counts, DetectionMetrics, count, summarise

seeds = st.integers(0, 10_000)


def evaluated(frames, protocol="exact", **settings):
    metrics = DetectionMetrics(protocol, **settings)
    for scores, mask in frames:
        metrics.update(scores, mask)
    return metrics


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_order_and_grouping_of_frames_do_not_matter(protocol, seed):
    frames = [random_frame(seed + index) for index in range(6)]
    whole = evaluated(frames, protocol)
    assert evaluated(frames[::-1], protocol).counts == whole.counts
    first, second = evaluated(frames[:2], protocol), evaluated(frames[2:], protocol)
    kept = second.counts
    first.merge(second)
    assert first.counts == whole.counts
    assert second.counts == kept
    assert str(first.compute()) == str(whole.compute())


@given(seed=seeds)
@settings(max_examples=60, deadline=None)
def test_flips_and_transposes_leave_exact_unchanged(seed):
    scores, mask = random_frame(seed, targets=9)
    expected = count(scores, mask)
    for turn in (np.flipud, np.fliplr, np.transpose, np.rot90):
        assert count(turn(scores), turn(mask)) == expected


def test_a_distance_of_three_stays_three_when_flipped():
    # Centroids at thirds: 10/3 and 19/3 are 3 px apart, but their floats are a little less (the released
    # programs count it as a hit), and more or equal after a flip.
    mask, predicted = np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    mask[3, 2:4] = mask[4, 3] = True
    predicted[6, 2:4] = predicted[7, 3] = True
    for turn in (np.asarray, np.flipud, np.fliplr, np.transpose, np.rot90):
        assert count(turn(predicted) * 1.0, turn(mask)).detected == 0
    assert count(predicted * 1.0, mask, "basicirstd").detected == 1


@given(seed=seeds)
@settings(max_examples=60, deadline=None)
def test_pd_grows_with_the_distance(seed):
    frame = random_frame(seed, targets=9)
    for protocol in ("exact", "opdc"):
        detected = [count(*frame, protocol, max_distance=d).detected for d in (0.5, 1, 2, 3, 5, 9, 30)]
        # OPDC assigns before it looks at the distances, so it is monotone too; greedy matching is not.
        assert detected == sorted(detected)


@given(seed=seeds)
@settings(max_examples=60, deadline=None)
def test_order_of_the_protocols(seed):
    frame = random_frame(seed, targets=9)
    exact, basic, dense = (summarise(count(*frame, p), p) for p in ("exact", "basicirstd", "rrcanet-dense"))
    assert basic.fa >= dense.fa
    assert exact.detected >= basic.detected
    assert (basic.iou, basic.detected) == (dense.iou, dense.detected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_perfect_predictions(protocol):
    mask = box((20, 20, 3, 3), (40, 60, 2, 5), shape=(80, 80))
    result = summarise(count(mask, mask, protocol), protocol)
    assert (result.iou, result.niou, result.precision, result.recall, result.f1, result.pd) == (1,) * 6
    assert (result.fa, result.detected, result.predictions) == (0, 2, 2)
    if PROTOCOLS[protocol].one_to_one:
        assert (result.hiou, result.loc_iou, result.seg_iou) == (1, 1, 1)
        assert set(result.errors.values()) == {0}


@pytest.mark.parametrize("protocol", ["exact", "dnanet", "basicirstd", "rrcanet-dense", "opdc"])
def test_a_shift_of_less_than_three_pixels_hits(protocol):
    # A 5 x 2 target and 10 px three columns to the right of it; one of them moved by a pixel makes the
    # centroids 2.9 or 3.1 px apart. Nothing overlaps, so only the distance decides.
    mask = box((50, 50, 5, 2), shape=(100, 100))
    for columns, shift, detected in (((52, 54), 2.9, 1), ((53, 55), 3.1, 0)):
        predicted = box((50, 53, 4, 2), *((54, column, 1, 1) for column in columns), shape=(100, 100))
        assert np.nonzero(predicted)[1].mean() - 50.5 == pytest.approx(shift)
        counts = count(predicted, mask, protocol)
        assert (counts.predictions, counts.detected) == (1, detected)


def test_iou_is_of_sums_and_niou_of_frames():
    small, large = box((10, 10, 1, 2), shape=(64, 64)), box((10, 10, 10, 10), shape=(64, 64))
    half = box((10, 10, 1, 1), shape=(64, 64))
    result = evaluated([(half, small), (large, large)]).compute()
    assert result.iou == 101 / 102
    assert result.niou == (0.5 + 1) / 2


def test_scores_strictly_above_the_threshold():
    mask = box((5, 5, 2, 2), shape=(16, 16))
    for dtype in (np.float32, np.float64):
        scores = np.where(mask, 0.5, 0.0).astype(dtype)
        assert count(scores, mask).predictions == 0
        assert count(np.where(mask, np.nextafter(dtype(0.5), dtype(1)), dtype(0)), mask).predictions == 1
    # 0.3 as float32 is a little more than 0.3: compared as numbers, not in either's precision.
    assert count(np.where(mask, 0.3, 0.0).astype(np.float32), mask, threshold=0.3).predictions == 1
    assert count(np.where(mask, 0.3, 0.0), mask, threshold=0.3).predictions == 0


@pytest.mark.parametrize("kind", ["numpy", "torch", "half", "bfloat16", "gradient"])
def test_batches_and_tensors(kind):
    frames = [random_frame(seed) for seed in range(3)]
    # Eighths of 255: exactly what all the floating types can hold.
    scores = np.round(np.stack([s for s, _ in frames]) * 8)[:, None] / 8
    mask = np.stack([m for _, m in frames])[:, None]
    expected = evaluated([(s[0], m[0]) for s, m in zip(scores, mask, strict=True)]).counts
    if kind != "numpy":
        types = {"half": torch.float16, "bfloat16": torch.bfloat16}
        scores = torch.tensor(scores, dtype=types.get(kind, torch.float32), requires_grad=kind == "gradient")
        mask = torch.tensor(mask)
    metrics = DetectionMetrics()
    metrics.update(scores, mask)
    assert metrics.counts == expected
    assert metrics.counts.frames == 3


def test_masks_of_all_types_say_the_same():
    scores, mask = random_frame(3)
    expected = count(scores, mask)
    for other in (mask.astype(np.float32), mask.astype(int), mask.astype(np.uint8) * 255):
        assert count(scores, other) == expected
    for other in (torch.tensor(mask), torch.tensor(mask).float(), torch.tensor(mask).long()):
        assert count(scores, other) == expected


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_inputs_are_not_modified(protocol):
    scores, mask = random_frame(5)
    grey = mask.astype(np.uint8) * 255
    before = scores.copy(), mask.copy(), grey.copy()
    for array in (scores, mask, grey):
        array.flags.writeable = False
    count(scores, mask, protocol)
    count(scores, grey, protocol)
    for array, kept in zip((scores, mask, grey), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_reset_forgets_everything():
    # M7: four epochs of perfect predictions have Pd 1 each, not 1, 1/2, 1/3, 1/4.
    metrics, mask = DetectionMetrics("dnanet"), box((5, 5, 2, 2), shape=(32, 32))
    for _ in range(4):
        metrics.update(mask, mask)
        assert metrics.compute().pd == 1
        metrics.reset()
        assert metrics.counts == Counts()


def test_state_travels():
    metrics = evaluated([random_frame(1)])
    for twin in (copy.deepcopy(metrics), pickle.loads(pickle.dumps(metrics))):
        assert twin.compute() == metrics.compute()


def test_text_and_dict_name_the_protocol():
    for protocol in PROTOCOLS:
        result = evaluated([random_frame(2)], protocol).compute()
        assert f"protocol {protocol}:" in str(result)
        flat = result.as_dict()
        assert next(iter(flat.items())) == ("protocol", protocol)
        assert flat["localisation_interference"] is result.errors["localisation_interference"]
        assert all(value is None or isinstance(value, (str, int, float)) for value in flat.values())


SCORES, MASK = np.zeros((8, 9)), np.zeros((8, 9), bool)
WRONG = {
    "shapes differ": (SCORES, MASK.T, r"scores are \(8, 9\) but the mask is \(9, 8\)"),
    "three dimensions": (SCORES[None], MASK[None], r"shape \(H, W\) or \(B, 1, H, W\), got \(1, 8, 9\)"),
    "two channels": (np.zeros((1, 2, 8, 9)), MASK, r"got \(1, 2, 8, 9\)"),
    "batch sizes differ": (np.zeros((2, 1, 8, 9)), np.zeros((3, 1, 8, 9), bool), "2 score maps but 3 masks"),
    "nan": (np.where(SCORES == 0, np.nan, 0), MASK, "scores holds NaN"),
    "logits": (SCORES - 3, MASK, r"in \[0, 1\], got -3 to -3; apply a sigmoid"),
    "8-bit scores": ((SCORES + 200).astype(np.uint8), MASK, "got 200 to 200.*divide 8-bit"),
    "complex": (SCORES + 0j, MASK, "real numbers"),
    "grey floats": (SCORES, MASK + 0.5, "frame 1: a mask of float64 may only hold 0 and 1"),
    "nan in the mask": (SCORES, MASK + np.nan, "may only hold 0 and 1"),
    "wide integers": (SCORES, MASK + 255, "pass 8-bit masks as uint8"),
    "uint8 of 0 and 1": (SCORES, (MASK + 1).astype(np.uint8), r"pass mask\.astype\(bool\)"),
    "empty": (np.zeros((0, 5)), np.zeros((0, 5), bool), r"got \(0, 5\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_refused(case):
    scores, mask, message = WRONG[case]
    metrics = evaluated([random_frame(1)])
    before = metrics.counts
    with pytest.raises(InputError, match=message):
        metrics.update(scores, mask)
    assert metrics.counts == before


def test_a_bad_frame_in_a_batch_adds_nothing():
    scores, mask = np.zeros((3, 1, 8, 9)), np.zeros((3, 1, 8, 9))
    mask[2, 0, 1, 1] = 7
    metrics = DetectionMetrics()
    with pytest.raises(InputError, match="frame 2: a mask"):
        metrics.update(scores, mask)
    assert metrics.counts == Counts()
    with pytest.raises(InputError, match="c: a mask"):
        metrics.update(scores, mask, name=["a", "b", "c"])
    with pytest.raises(InputError, match="name lists 1 frames, but the mask holds 3"):
        metrics.update(scores, mask, name="a")


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold": 1.0},
        {"threshold": -0.1},
        {"threshold": float("nan")},
        {"max_distance": 0},
        {"max_distance": float("nan")},
        {"protocol": "shooting", "max_distance": 5.0},
    ],
)
def test_settings_out_of_range(settings):
    with pytest.raises(InputError):
        DetectionMetrics(**settings)


@pytest.mark.parametrize("other", [{"protocol": "opdc"}, {"threshold": 0.4}, {"max_distance": 2.0}])
def test_only_equal_settings_merge(other):
    with pytest.raises(InputError, match="cannot merge"):
        DetectionMetrics().merge(DetectionMetrics(**other))


def test_warnings_name_each_frame_of_a_batch():
    mask = np.zeros((2, 1, 8, 9), np.uint8)
    mask[1, 0, 2, 2] = 200
    mask[1, 0, 5, 5] = 255
    with pytest.warns(InputWarning, match="frame 1: 1 mask pixels") as record:
        DetectionMetrics().update(np.zeros(mask.shape), mask)
    assert len(record) == 1
