"""Speed as ratios: the same counts found in two ways, on one machine, in one run.

Seconds differ from machine to machine and from hour to hour; their ratio hardly does. Both ways are timed
in turn, the better of their tries counts, and their results are compared before a ratio is shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from skimage.measure import label, regionprops

from rrca.metrics import components, roc

PACKAGE = "py_irstd_metrics"  # the module of pyirstdmetrics


@dataclass(frozen=True)
class Ratio:
    """One comparison.

    Attributes
    ----------
    task, reference : str
        What was computed, and by what else.
    reference_seconds, seconds : float
        Best time of the reference and ours.
    equal : bool
        Whether both found the same.
    """

    task: str
    reference: str
    reference_seconds: float
    seconds: float
    equal: bool

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.reference_seconds / self.seconds


def scene(shape: tuple[int, int], targets: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A score map of noise with blobs, and its mask.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    targets : int
        Blobs with a standard deviation of 1.5 px and a peak of 0.7 to 1; targets where above half of it.
    seed : int
        For the noise (white, smoothed by 1 px, stretched to [0, 1]) and the places.

    Returns
    -------
    float32 array and bool array of shape (H, W)
    """
    rng = np.random.default_rng(seed)
    scores = gaussian_filter(rng.standard_normal(shape), 1)
    scores = (scores - scores.min()) / (scores.max() - scores.min())
    mask = np.zeros(shape, bool)
    rows, columns = np.indices(shape)
    for _ in range(targets):
        row, column = rng.integers(8, shape[0] - 8), rng.integers(8, shape[1] - 8)
        blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 1.5**2))
        scores = np.maximum(scores, rng.uniform(0.7, 1) * blob)
        mask |= blob > 0.5
    return scores.astype(np.float32), mask


def metrics(repeats: int = 3) -> list[Ratio]:
    """Time a ROC, the labelling of a crowded frame and, where its package is there, the hybrid level.

    Parameters
    ----------
    repeats : int, default 3
        Tries of each way, in turn; the best one counts.

    Returns
    -------
    list of Ratio
        256 thresholds (quantiles of the scores) of a 256 x 256 frame with 20 targets against labelling
        and `skimage.measure.regionprops` at each; the components of one 512 x 512 frame against the same;
        64 thresholds of 240 x 320 frames with 2 and 9 targets against `pyirstdmetrics`, if installed.

    Notes
    -----
    About half a minute on two CPU cores with three repeats.
    """
    scores, mask = scene((256, 256), 20, seed=0)
    thresholds = np.quantile(scores, np.linspace(0, 1, 256))
    rows = [
        _compare(
            "ROC, 256 thresholds of 256 x 256",
            "regionprops",
            lambda: _labelled(scores, mask, thresholds),
            lambda: _swept(scores, mask, thresholds),
            repeats,
        )
    ]
    crowd = scene((512, 512), 0, seed=1)[0] > 0.55
    rows.append(
        _compare(
            f"{len(components(crowd))} components of 512 x 512",
            "regionprops",
            lambda: [(r.area, *r.centroid) for r in regionprops(label(crowd, connectivity=2))],
            lambda: _listed(crowd),
            repeats,
        )
    )
    if find_spec(PACKAGE):
        rows += [_hybrid(targets, repeats) for targets in (2, 9)]
    return rows


def table(rows: Sequence[Ratio]) -> str:
    """The comparisons as text, one line each.

    Examples
    --------
    >>> print(table([Ratio("count a frame", "regionprops", 0.5, 0.01, True)]))
    task           reference      reference       ours   ratio  same result
    count a frame  regionprops     500.0 ms    10.0 ms      50  yes
    """
    task, reference = (max(len(text) for text in column) for column in zip(*_names(rows), strict=True))
    lines = [
        f"{'task':{task}}  {'reference':{reference}}  {'reference':>11}  {'ours':>9}  {'ratio':>6}  same result"
    ]
    for row in rows:
        lines.append(
            f"{row.task:{task}}  {row.reference:{reference}}  {row.reference_seconds * 1e3:8.1f} ms"
            f"  {row.seconds * 1e3:6.1f} ms  {row.ratio:6.0f}  {'yes' if row.equal else 'NO'}"
        )
    if not find_spec(PACKAGE):
        lines.append("pyirstdmetrics is not installed, so the hybrid level was not compared with it.")
    return "\n".join(lines)


def _names(rows: Sequence[Ratio]) -> list[tuple[str, str]]:
    """The two columns of text, with their headings."""
    return [("task", "reference"), *((row.task, row.reference) for row in rows)]


def _compare(task: str, name: str, reference: Callable, ours: Callable, repeats: int) -> Ratio:
    """Both ways in turn, and whether their numbers agree."""
    best = [np.inf, np.inf]
    results = [None, None]
    for _ in range(repeats):
        for side, run in enumerate((reference, ours)):
            start = time.perf_counter()
            results[side] = run()
            best[side] = min(best[side], time.perf_counter() - start)
    equal = np.shape(results[0]) == np.shape(results[1]) and np.allclose(*results, rtol=0, atol=1e-9)
    return Ratio(task, name, *best, bool(equal))


def _listed(binary: np.ndarray) -> np.ndarray:
    """Area and centroid of each component."""
    found = components(binary)
    return np.column_stack([found.area, found.row, found.column])


def _swept(scores: np.ndarray, mask: np.ndarray, thresholds: np.ndarray) -> list[tuple[int, ...]]:
    """Predictions, their pixels, detected targets, false components and pixels at each threshold."""
    counts = roc([scores], [mask], thresholds).counts
    return [(c.predictions, c.predicted, c.detected, c.false_components, c.false_pixels) for c in counts]


def _labelled(scores: np.ndarray, mask: np.ndarray, thresholds: np.ndarray) -> list[tuple[int, ...]]:
    """The same by labelling each threshold, with a property object for each component.

    The matching is vectorised, so that the ratio tells about components and not about loops.
    """
    targets = np.array([region.centroid for region in regionprops(label(mask, connectivity=2))])
    rows = []
    for threshold in thresholds:
        regions = regionprops(label(scores > threshold, connectivity=2))
        area = np.array([region.area for region in regions], int)
        centroid = np.array([region.centroid for region in regions]).reshape(-1, 2)
        distance = np.linalg.norm(targets[:, None] - centroid, axis=2)
        near = distance < 3
        # A bonus for each match that no sum of distances outweighs: most matches, then nearest.
        target, prediction = linear_sum_assignment(np.where(near, distance - 1000, 0))
        hit = prediction[near[target, prediction]]
        rows.append(
            (len(area), area.sum(), len(hit), len(area) - len(hit), area.sum() - area[hit].sum()),
        )
    return rows


def _hybrid(targets: int, repeats: int) -> Ratio:
    """Hybrid level and error shares at 64 thresholds against their authors' package."""
    from py_irstd_metrics import HierarchicalIoUBasedErrorAnalysis

    scores, mask = scene((240, 320), targets, seed=2)

    def reference():
        analysis = HierarchicalIoUBasedErrorAnalysis(num_bins=64)
        analysis.update(scores, mask)
        found = analysis.get()
        return [found[name] for name in ("loc_iou", "seg_iou", "loc_itf_err", "seg_mrg_err")]

    def ours():
        curve = roc([scores], [mask], np.linspace(0, 1, 64, endpoint=False), protocol="opdc-package")
        found = [curve.at(index) for index in range(64)]
        errors = ("localisation_interference", "segmentation_merging")
        return [[m.loc_iou for m in found], [m.seg_iou for m in found]] + [
            [m.errors[name] for m in found] for name in errors
        ]

    return _compare(
        f"hybrid level, 64 thresholds of 240 x 320, {targets} targets",
        "pyirstdmetrics",
        reference,
        ours,
        repeats,
    )
