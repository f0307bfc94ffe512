"""Every count of every protocol against a plain reimplementation, on random frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics_reference import (
    best,
    distance,
    greedy,
    overlap_first,
    random_frame,
    regions,
    shares,
    shooting,
)

from rrca.metrics import ERRORS, PROTOCOLS, components, count, summarise
from rrca.metrics.counts import UNIT
from rrca.metrics.matching import nearest
from rrca.metrics.reading import Truth
from rrca.metrics.view import View

MATCHERS = {
    "exact": lambda targets, predictions: best(targets, predictions, 3.0)[0],
    "dnanet": lambda targets, predictions: greedy(targets, predictions, 3.0),
    "basicirstd": lambda targets, predictions: greedy(targets, predictions, 3.0),
    "rrcanet-dense": lambda targets, predictions: greedy(targets, predictions, 3.0),
    "opdc": lambda targets, predictions: overlap_first(targets, predictions, 3.0),
    "opdc-package": lambda targets, predictions: overlap_first(targets, predictions, 3.0),
}


@pytest.mark.parametrize("seed", range(60))
def test_components_are_those_of_regionprops(seed):
    rng = np.random.default_rng(seed)
    binary = rng.random(rng.integers(1, 40, 2)) < rng.choice([0.05, 0.3, 0.6])
    found, expected = components(binary), regions(binary)
    assert len(found) == len(expected)
    np.testing.assert_array_equal(found.area, [region.area for region in expected])
    # To the last bit: a distance of exactly 3 px must stay one.
    np.testing.assert_array_equal(
        np.column_stack([found.row, found.column]),
        np.reshape([region.centroid for region in expected], (-1, 2)),
    )
    for index, region in enumerate(expected):
        np.testing.assert_array_equal(np.argwhere(found.labels == index + 1), region.coords)


@pytest.mark.parametrize("protocol", MATCHERS)
@pytest.mark.parametrize("seed", range(40))
def test_pairs_are_counted_as_in_the_reference(seed, protocol):
    scores, mask = random_frame(seed)
    predicted = scores > 0.5
    targets, predictions = regions(mask), regions(predicted)
    if len(predictions) > 7 and "opdc" in protocol:
        predicted[:, 24:] = False  # trying all assignments of more would take minutes
        scores = predicted * 0.9
        predictions = regions(predicted)
    counts = count(scores, mask, protocol)
    pairs = MATCHERS[protocol](targets, predictions)
    sums, strays, lost = shares(targets, predictions, pairs, mask)

    assert (counts.targets, counts.predictions, counts.detected) == (
        len(targets),
        len(predictions),
        len(pairs),
    )
    matched = {p for _, p in pairs}
    areas = [int(region.area) for region in predictions]
    if protocol in ("dnanet", "rrcanet-dense"):
        false = [area for area in areas if area not in {areas[p] for p in matched}]
    else:
        false = [area for p, area in enumerate(areas) if p not in matched]
    assert (counts.false_components, counts.false_pixels) == (len(false), sum(false))
    found = np.array([counts.pair_iou, counts.merging, counts.interference, counts.perception]) / UNIT
    np.testing.assert_allclose(found.astype(float), sums, atol=1e-12)
    assert (counts.stray_predictions, counts.lost_targets) == (strays, lost)
    assert counts.intersection == np.count_nonzero(predicted & mask)
    assert counts.union == np.count_nonzero(predicted | mask)


@pytest.mark.parametrize("seed", range(40))
def test_shooting_is_counted_as_in_the_reference(seed):
    scores, mask = random_frame(seed)
    counts = count(scores, mask, "shooting")
    assert (counts.detected, counts.false_pixels) == shooting(scores > 0.5, mask)


def points(cells):
    """A mask with a pixel at each cell of a grid of 2 px, so that no two touch."""
    mask = np.zeros((16, 16), bool)
    for row, column in cells:
        mask[2 * row, 2 * column] = True
    return mask


cells = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=7)


@given(targets=cells, predictions=cells, limit=st.sampled_from([2.0, 2.5, 3.0, 4.5]))
@settings(max_examples=150, deadline=None)
def test_assignment_in_crowds_is_the_best_of_all(targets, predictions, limit):
    # Points on a grid: many clusters, many exact ties.
    mask, predicted = points(targets), points(predictions)
    view = View.of(Truth(mask, int(mask.sum())), predicted.astype(float), 0.5, limit)
    found = nearest(view)
    _, (number, length, size) = best(regions(mask), regions(predicted), limit)
    table = view.distances()
    total = sum(round(d * 1e6) for d in table[found.target, found.prediction].tolist())
    assert (len(found.target), -total, int(view.area[found.prediction].sum())) == (number, length, size)
    assert len(set(found.target.tolist())) == len(set(found.prediction.tolist())) == number


@pytest.mark.parametrize("seed", range(10))
def test_many_targets_give_the_same_with_the_search_tree(seed, monkeypatch):
    scores, mask = random_frame(seed, targets=12)
    counts = [count(scores, mask, protocol) for protocol in PROTOCOLS]
    monkeypatch.setattr("rrca.metrics.view.DENSE", -1)
    assert [count(scores, mask, protocol) for protocol in PROTOCOLS] == counts


def test_thousands_of_targets():
    # 60 x 60 targets of 3 x 3, 8 px apart, each found 1 px to the right: all pairs, exactly.
    mask = np.zeros((480, 480), bool)
    for offset in range(3):
        for other in range(3):
            mask[2 + offset :: 8, 2 + other :: 8] = True
    counts = count(np.roll(mask, 1, axis=1).astype(float), mask)
    assert (counts.targets, counts.detected, counts.false_components) == (3600, 3600, 0)
    # 2 px lower, and one row of 60 predictions gone: the others still find their own target, none twice.
    predicted = np.roll(mask, 2, axis=0)
    predicted[8:16] = False
    assert count(predicted.astype(float), mask).detected == 3540


@pytest.mark.parametrize("protocol", MATCHERS)
@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_shares_add_up(seed, protocol):
    scores, mask = random_frame(seed)
    result = summarise(count(scores, mask, protocol), protocol)
    share = result.errors
    assert tuple(share) == ERRORS
    if result.targets + result.predictions:
        localisation = [value for name, value in share.items() if name.startswith("localisation")]
        assert result.loc_iou + sum(localisation) == pytest.approx(1)
        assert min(localisation) >= 0
    if result.detected:
        segmentation = [value for name, value in share.items() if name.startswith("segmentation")]
        assert result.seg_iou + sum(segmentation) == pytest.approx(1)
        assert min(segmentation) >= 0
        assert result.hiou == pytest.approx(result.loc_iou * result.seg_iou)


def test_the_reference_measures_between_centroids():
    mask = np.zeros((9, 9), bool)
    mask[1, 1] = mask[5, 4] = True
    first, second = regions(mask)
    assert distance(first, second) == 5
