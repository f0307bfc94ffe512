"""One frame at one threshold: targets, predictions, and how near and how congruent they are."""

from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from rrca.metrics.components import Components, components
from rrca.metrics.reading import Truth

DENSE = 100_000  # pairs up to which all distances are cheaper than a search tree


class View:
    """The targets and the predicted components of one frame at one threshold.

    Pairs are written as arrays (target, prediction), sorted by target and then by prediction.

    Attributes
    ----------
    truth : Truth
        The mask.
    area, row, column : arrays of shape (P,)
        The predicted components, in raster order.
    common : (int array, int array, int array)
        Target, prediction and number of common pixels of every overlapping pair.
    max_distance : float
        Distance in pixels below which a pair is near.
    """

    def __init__(self, truth: Truth, scores, threshold, area, row, column, common, max_distance: float):
        self.truth = truth
        self._scores = scores
        self._threshold = threshold
        self.area = area
        self.row = row
        self.column = column
        self.common = common
        self.max_distance = max_distance

    @classmethod
    def of(cls, truth: Truth, scores: np.ndarray, threshold: float, max_distance: float) -> "View":
        """The view of `scores > threshold`."""
        found = components(scores > threshold)
        pixels = np.flatnonzero(truth.mask & (found.labels > 0))
        target = truth.targets.labels.ravel()[pixels] - 1
        prediction = found.labels.ravel()[pixels] - 1
        common = overlaps(target, prediction, len(found))
        return cls(truth, scores, threshold, found.area, found.row, found.column, common, max_distance)

    @property
    def predicted(self) -> np.ndarray:
        """Pixels above the threshold, bool (H, W)."""
        return self._scores > self._threshold

    @cached_property
    def pixels(self) -> int:
        """How many pixels lie above the threshold."""
        return int(self.area.sum())

    def distances(self) -> np.ndarray:
        """Centroid distances in pixels of all pairs, (targets, predictions)."""
        rows = self.truth.targets.row[:, None] - self.row
        columns = self.truth.targets.column[:, None] - self.column
        return np.sqrt(rows * rows + columns * columns)

    @cached_property
    def near(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Target, prediction and distance of every pair closer than `max_distance`."""
        targets = self.truth.targets
        around = self.truth.around(self.max_distance)
        close = np.flatnonzero(around[(self.row + 0.5).astype(int), (self.column + 0.5).astype(int)])
        if len(targets) * len(close) <= DENSE:
            rows = targets.row[:, None] - self.row[close]
            columns = targets.column[:, None] - self.column[close]
            square = rows * rows + columns * columns
            pair = np.flatnonzero(square < self.max_distance**2 * (1 + 1e-9))
            target, prediction = np.divmod(pair, max(len(close), 1))
            distance = np.sqrt(square.ravel()[pair])
        else:
            target, prediction = _within(targets, self.row[close], self.column[close], self.max_distance)
            rows = targets.row[target] - self.row[close[prediction]]
            columns = targets.column[target] - self.column[close[prediction]]
            distance = np.sqrt(rows * rows + columns * columns)
        kept = distance < self.max_distance
        return target[kept], close[prediction[kept]], distance[kept]

    @cached_property
    def iou(self) -> np.ndarray:
        """IoU of every pair in `common`."""
        target, prediction, pixels = self.common
        return pixels / (self.truth.targets.area[target] + self.area[prediction] - pixels)


def overlaps(target: np.ndarray, prediction: np.ndarray, predictions: int) -> tuple:
    """Pairs and their common pixels, from the target and the prediction of every common pixel."""
    pairs = max(predictions, 1)
    keys = np.sort(target * pairs + prediction)
    edges = run_edges(keys)
    target, prediction = np.divmod(keys[edges[:-1]], pairs)
    return target, prediction, edges[1:] - edges[:-1]


def run_edges(keys: np.ndarray) -> np.ndarray:
    """Where each run of equal keys starts, and at last the number of keys (np.diff costs thrice as much)."""
    new = np.ones(len(keys) + 1, bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:-1])
    return np.flatnonzero(new)


def _within(targets: Components, row: np.ndarray, column: np.ndarray, radius: float) -> tuple:
    """Target and prediction of the pairs within a radius, generously rounded."""
    tree = cKDTree(np.column_stack([row, column]))
    points = np.column_stack([targets.row, targets.column])
    hits = tree.query_ball_point(points, radius * (1 + 1e-9), return_sorted=True)
    target = np.repeat(np.arange(len(targets)), [len(hit) for hit in hits])
    return target, np.array([index for hit in hits for index in hit], int)
