"""The toy cases that tell the protocols apart, each small enough to count by hand."""

import numpy as np
import pytest
from metrics_reference import box

from rrca.errors import InputError, InputWarning
from rrca.metrics import PROTOCOLS, DetectionMetrics, count, summarise

PIXELS = 256 * 256
RELEASED = ("dnanet", "rrcanet-dense")


def figures(predicted, mask, protocol):
    return summarise(count(predicted, mask, protocol), protocol)


# Rectangles are (row, column, height, width) in a frame of 256 x 256. Per protocol: Pd, false pixels.
HIT = (100, 100, 3, 3)
CASES = {
    # M1: one hit and two false alarms of its own area, 2 * 9 px.
    "M1 equal areas": (
        [HIT],
        [HIT, (20, 20, 3, 3), (200, 200, 3, 3)],
        {"exact": (1, 18), "basicirstd": (1, 18), "dnanet": (1, 0), "rrcanet-dense": (1, 0)}
        | {"opdc": (1, 18), "opdc-package": (1, 18), "shooting": (1, 18)},
    ),
    # The same with false alarms of other areas: a 3 x 4 and none of 9 px.
    "M1 other area": (
        [HIT],
        [HIT, (20, 20, 3, 4)],
        dict.fromkeys(PROTOCOLS, (1, 12)),
    ),
    # M2: the first target takes the prediction that the second one needs.
    "M2 greedy": (
        [(100, 100, 1, 1), (100, 104, 1, 1)],
        [(100, 102, 1, 1), (101, 98, 1, 1)],
        {"exact": (1, 0), "basicirstd": (0.5, 1), "dnanet": (0.5, 0), "rrcanet-dense": (0.5, 0)}
        # opdc: total distance sqrt(5) + 2 beats 2 + sqrt(37); shooting: both are 2 px from every target.
        | {"opdc": (1, 0), "opdc-package": (1, 0), "shooting": (0, 0)},
    ),
    # M3: a disjoint prediction 2 px beside the target; shooting: its near column is 1 px away.
    "M3 no overlap": (
        [(100, 100, 2, 2)],
        [(100, 102, 2, 2)],
        dict.fromkeys(PROTOCOLS, (1, 0)),
    ),
    # M4: 9 x 16 found as 9 x 10: IoU 0.625, centroids exactly 3 px apart.
    "M4 extended": (
        [(100, 100, 9, 16)],
        [(100, 100, 9, 10)],
        dict.fromkeys(("exact", "basicirstd", *RELEASED), (0, 90))
        | dict.fromkeys(("opdc", "opdc-package", "shooting"), (1, 0)),
    ),
    # M5: 5 x 5 predicted as two pieces of 2 x 5, each 1.5 px from the centroid.
    "M5 fragments": (
        [(100, 100, 5, 5)],
        [(100, 100, 2, 5), (103, 100, 2, 5)],
        {"exact": (1, 10), "basicirstd": (1, 10), "dnanet": (1, 0), "rrcanet-dense": (1, 0)}
        | {"opdc": (1, 10), "opdc-package": (1, 10), "shooting": (1, 0)},
    ),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", CASES)
def test_toy_case(case, protocol):
    targets, predictions, expected = CASES[case]
    result = figures(box(*predictions), box(*targets), protocol)
    assert (result.pd, result.false_pixels) == expected[protocol]
    assert result.fa == expected[protocol][1] / PIXELS
    assert result.pixels == PIXELS


def test_toy_fa_in_the_units_of_the_field():
    # 18, 12, 90 and 10 px of 65536, as printed x 1e-6.
    for case, fa in (("M1 equal areas", 274.66), ("M1 other area", 183.11), ("M4 extended", 1373.3)):
        targets, predictions, _ = CASES[case]
        assert figures(box(*predictions), box(*targets), "exact").fa * 1e6 == pytest.approx(fa, abs=0.05)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_iou_of_the_toy_cases(protocol):
    targets, predictions, _ = CASES["M3 no overlap"]
    assert figures(box(*predictions), box(*targets), protocol).iou == 0
    targets, predictions, _ = CASES["M4 extended"]
    assert figures(box(*predictions), box(*targets), protocol).iou == 0.625


def grey_mask():
    """M12: a 3 x 3 target of 255 with a row of 128 below it."""
    mask = np.zeros((256, 256), np.uint8)
    mask[100:103, 100:103] = 255
    mask[103, 100:103] = 128
    return mask


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_grey_masks(protocol):
    with pytest.warns(InputWarning, match="misc 7: 3 mask pixels are neither 0 nor 255"):
        counts = count(grey_mask() > 0, grey_mask(), protocol, name="misc 7")
    result = summarise(counts, protocol)
    assert result.pd == 1
    if PROTOCOLS[protocol].only_white:
        # Intersection 9, union 12 predicted + 12 labelled - 9. The field's nIoU program truncates both.
        assert (result.iou, result.niou) == (9 / 15, 9 / 12)
    else:
        assert (result.iou, result.niou) == (1, 1)


def test_a_mask_drawn_with_254():
    mask = np.where(box(HIT), 254, 0).astype(np.uint8)
    with pytest.warns(InputWarning):
        exact = figures(mask > 0, mask, "exact")
    assert (exact.iou, exact.pd) == (1, 1)
    with pytest.warns(InputWarning):
        released = figures(mask > 0, mask, "dnanet")
    assert released.iou == 0
    assert np.isnan(released.pd)


def test_grey_values_below_128_are_background():
    mask = np.where(box(HIT), 127, 0).astype(np.uint8)
    mask[0, 0] = 255
    for protocol in ("exact", "dnanet"):
        with pytest.warns(InputWarning):
            counts = count(np.zeros(mask.shape), mask, protocol)
        assert (counts.labelled, counts.targets) == (1, 1)


EMPTY = np.zeros((256, 256), bool)
NAN = float("nan")
# M15: iou, niou, precision, recall, pd, hiou of a correctly empty frame.
NOTHING = {
    "exact": (NAN, 1, NAN, NAN, NAN, NAN),
    "opdc": (NAN, 1, NAN, NAN, NAN, NAN),
    "shooting": (NAN, 1, NAN, NAN, NAN, NAN),
    "dnanet": (0, 0, NAN, NAN, NAN, NAN),
    "basicirstd": (0, 0, NAN, NAN, NAN, NAN),
    "rrcanet-dense": (0, 0, NAN, NAN, NAN, NAN),
    "opdc-package": (0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_correctly_empty_frame(protocol):
    result = figures(EMPTY, EMPTY, protocol)
    found = (result.iou, result.niou, result.precision, result.recall, result.pd, result.hiou)
    np.testing.assert_equal(found, NOTHING[protocol])
    assert (result.fa, result.targets, result.pixels) == (0, 0, PIXELS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_frames_without_targets_enter_fa_but_not_pd(protocol):
    metrics = DetectionMetrics(protocol)
    metrics.update(box(HIT), box(HIT))
    metrics.update(box((50, 50, 2, 2)), EMPTY)
    result = metrics.compute()
    assert result.fa == 4 / (2 * PIXELS)
    # The package's phantom miss (M22) is the only thing that may change Pd.
    assert result.pd == (0.5 if protocol == "opdc-package" else 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_prediction_and_no_target(protocol):
    missed = figures(EMPTY, box(HIT), protocol)
    assert (missed.pd, missed.recall, missed.iou, missed.fa, missed.f1) == (0, 0, 0, 0, 0)
    np.testing.assert_equal(missed.precision, 0.0 if protocol == "opdc-package" else NAN)
    false = figures(box(HIT), EMPTY, protocol)
    assert (false.precision, false.iou, false.niou, false.false_pixels) == (0, 0, 0, 9)


# The shooting rule, one predicted pixel beside a 3 x 3 target: (row, column), hit, false pixels.
@pytest.mark.parametrize(
    ("pixel", "detected", "false"),
    [
        ((101, 103), 1, 0),  # touches the right column
        ((103, 103), 1, 0),  # touches a corner
        ((101, 104), 0, 0),  # 2 px away: neither a hit nor false
        ((101, 106), 0, 0),  # 4 px away: still not false
        ((106, 106), 0, 0),  # 4 px away on the diagonal (Chebyshev)
        ((101, 107), 0, 1),  # 5 px away: false
        ((95, 95), 0, 1),  # 5 px away on the diagonal
    ],
)
def test_shooting_rule(pixel, detected, false):
    counts = count(box((*pixel, 1, 1)), box(HIT), "shooting")
    assert (counts.detected, counts.false_pixels) == (detected, false)


def test_shooting_needs_no_one_to_one():
    # One pixel between two targets hits both; there are no pairs, so no hybrid level.
    result = figures(box((50, 51, 1, 1)), box((50, 50, 1, 1), (50, 52, 1, 1)), "shooting")
    assert (result.detected, result.predictions) == (2, 1)
    assert np.isnan(result.hiou) and all(np.isnan(share) for share in result.errors.values())
    assert result.false_components is None


def test_shooting_at_the_border():
    mask = box((0, 0, 1, 2))
    assert count(box((1, 2, 1, 1)), mask, "shooting").detected == 1
    assert count(box((0, 255, 1, 1)), mask, "shooting").detected == 0  # no wrapping to the row's other end


def test_a_tie_in_distance_goes_to_the_larger_prediction():
    # 1 px and 1 x 3 px, both with their centroid 2 px from the target's, above and below.
    mask = box((100, 100, 1, 1))
    predicted = box((98, 100, 1, 1), (102, 99, 1, 3))
    counts = count(predicted, mask)
    assert (counts.detected, counts.false_components, counts.false_pixels) == (1, 1, 1)
    assert count(predicted, mask, "basicirstd").false_pixels == 3  # first in raster order


def test_unknown_protocol_lists_the_names():
    with pytest.raises(InputError, match=r"'exakt'.*exact, dnanet, basicirstd, rrcanet-dense, opdc"):
        DetectionMetrics("exakt")
