"""The benchmark compares equal results; how fast either is, is not tested."""

import numpy as np
import pytest

from rrca import bench


@pytest.mark.slow
def test_both_ways_find_the_same():
    rows = bench.metrics(repeats=1)
    assert [row.reference for row in rows] == [
        "regionprops",
        "regionprops",
        "pyirstdmetrics",
        "pyirstdmetrics",
    ]
    assert all(row.equal for row in rows)
    assert all(row.ratio == row.reference_seconds / row.seconds > 0 for row in rows)
    assert len(bench.table(rows).splitlines()) == 5


def test_table_says_when_results_differ_and_when_the_package_is_missing(monkeypatch):
    rows = [bench.Ratio("task", "reference", 1.0, 0.5, False)]
    assert bench.table(rows).splitlines()[1].split()[-2:] == ["2", "NO"]
    monkeypatch.setattr(bench, "PACKAGE", "no_such_module")
    assert bench.table(rows).splitlines()[-1].startswith("pyirstdmetrics is not installed")


def test_scene_is_the_same_for_the_same_seed():
    first, second, other = (bench.scene((32, 40), 2, seed) for seed in (3, 3, 4))
    for a, b, c in zip(first, second, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()
    scores, mask = first
    assert scores.dtype == np.float32 and mask.dtype == bool
    assert scores.min() >= 0 and scores.max() <= 1 and scores[mask].min() >= 0.35
