"""All thresholds of one score map in one sweep.

Labelling the map anew at each of 256 thresholds repeats nearly the same work 256 times. Instead, every
pixel climbs once to its summit, always to the highest of its neighbours. Pixels of one summit form a
basin, and what is left of a basin above any threshold is still connected, since every step of the climb
stays above it. So the components at every threshold are joined basins, and two basins join at the level
of their highest pass. The sweep goes through the thresholds from the top, adds the pixels of each level
to their basins and joins what meets: a component tree (Salembier et al. 1998) over basins.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from rrca.metrics.reading import Truth
from rrca.metrics.view import View, overlaps, run_edges

HALF_RING = ((0, 1), (1, -1), (1, 0), (1, 1))  # each pair of 8-neighbours once


def views(
    scores: np.ndarray, truth: Truth, thresholds: np.ndarray, max_distance: float
) -> Iterator[tuple[int, View]]:
    """The frame at each threshold, from the highest to the lowest.

    Parameters
    ----------
    scores : float array of shape (H, W)
        A score map.
    truth : Truth
        Its mask.
    thresholds : float array of shape (n,)
        Ascending.
    max_distance : float
        For `View`, in pixels.

    Yields
    ------
    (int, View)
        Index of the threshold, and the view that labelling `scores > thresholds[index]` gives.

    References
    ----------
    P. Salembier, A. Oliveras, L. Garrido, "Antiextensive connected operators for image and sequence
    processing", IEEE Transactions on Image Processing 7(4), 1998.
    """
    # A pixel of level k + 1 lies above the thresholds 0 .. k; level 0 is above none.
    levels = np.searchsorted(thresholds, scores.ravel(), side="left")
    levels = levels.astype(np.uint16 if len(thresholds) < 2**16 else np.int64).reshape(scores.shape)
    pixels = np.argsort(levels, axis=None, kind="stable")
    basin, summit = _basins(levels, pixels)
    parent, passes = _joins(levels, basin, len(summit))
    bounds = np.arange(len(thresholds) + 2)
    joining = np.argsort(passes, kind="stable")
    joining_from = np.searchsorted(passes[joining], bounds).tolist()
    pixels_from = np.searchsorted(levels.ravel()[pixels], bounds).tolist()
    pixel_basin = basin.ravel()[pixels]
    pixel_row, pixel_column = np.divmod(pixels, scores.shape[1])

    marked = pixels[truth.mask.ravel()[pixels]]  # pixels of targets, from low to high
    marked_from = np.searchsorted(levels.ravel()[marked], bounds).tolist()
    marked_target = truth.targets.labels.ravel()[marked] - 1
    marked_basin = basin.ravel()[marked]

    root = np.arange(len(summit))  # the basin that stands for the component of each basin
    area, first = np.zeros(len(summit), int), np.full(len(summit), scores.size)
    row, column = np.zeros(len(summit)), np.zeros(len(summit))  # sums of whole numbers
    position = np.zeros(len(summit), int)
    for index in range(len(thresholds) - 1, -1, -1):
        level = index + 1
        gone = joining[joining_from[level] : joining_from[level + 1]]
        if len(gone):
            root[gone] = parent[gone]
            root = _climb(root)
            heir = root[gone]
            np.add.at(area, heir, area[gone])
            np.add.at(row, heir, row[gone])
            np.add.at(column, heir, column[gone])
            np.minimum.at(first, heir, first[gone])
        fresh = slice(pixels_from[level], pixels_from[level + 1])
        owner = root[pixel_basin[fresh]]
        np.add.at(area, owner, 1)
        np.add.at(row, owner, pixel_row[fresh])
        np.add.at(column, owner, pixel_column[fresh])
        np.minimum.at(first, owner, pixels[fresh])

        shown = np.flatnonzero((passes < level) & (summit >= level))
        shown = shown[np.argsort(first[shown])]
        position[shown] = np.arange(len(shown))
        on_target = slice(marked_from[level], None)
        prediction = position[root[marked_basin[on_target]]]
        common = overlaps(marked_target[on_target], prediction, len(shown))
        size = area[shown]
        yield (
            index,
            View(truth, levels, index, size, row[shown] / size, column[shown] / size, common, max_distance),
        )


def _climb(up: np.ndarray) -> np.ndarray:
    """The end of every chain of steps."""
    while True:
        further = up[up]
        if np.array_equal(further, up):
            return up
        up = further


def _basins(levels: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The basin of every pixel (H, W), and the level of every basin's summit."""
    height, width = levels.shape
    rank = np.empty(levels.size, np.int32)
    rank[pixels] = np.arange(levels.size)  # breaks ties, so that every climb ends
    padded = np.full((height + 2, width + 2), -1, np.int32)
    padded[1:-1, 1:-1] = rank.reshape(levels.shape)
    across = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    highest = np.maximum(np.maximum(across[:-2], across[1:-1]), across[2:])
    top = _climb(pixels[highest.ravel()])
    summits = np.flatnonzero(top == np.arange(top.size))
    number = np.empty(levels.size, int)
    number[summits] = np.arange(len(summits))
    return number[top].reshape(levels.shape), levels.ravel()[summits].astype(int)


def _joins(levels: np.ndarray, basin: np.ndarray, basins: int) -> tuple[np.ndarray, np.ndarray]:
    """The basin that each basin joins, and the level of the pass (0: it never does)."""
    height, width = levels.shape
    edges = []
    for down, right in HALF_RING:
        here = np.s_[: height - down, max(0, -right) : width - max(0, right)]
        there = np.s_[down:, max(0, right) : width + min(0, right)]
        level = np.minimum(levels[here], levels[there])
        border = np.flatnonzero((basin[here] != basin[there]) & (level > 0))
        edges.append(
            (basin[here].ravel()[border], basin[there].ravel()[border], level.ravel()[border].astype(int))
        )
    a, b, level = (np.concatenate(part) for part in zip(*edges, strict=True))
    a, b, level = _highest(np.minimum(a, b), np.maximum(a, b), level, basins)

    # The passes that join something form a spanning tree: found by SciPy, then walked from the top.
    cost = level.max(initial=0) + 1 - level
    tree = minimum_spanning_tree(csr_array((cost, (a, b)), shape=(basins, basins))).tocoo()
    order = np.argsort(tree.data, kind="stable")
    level = (level.max(initial=0) + 1 - tree.data[order]).astype(int).tolist()
    root = list(range(basins))
    parent, passes = list(range(basins)), [0] * basins
    for x, y, z in zip(tree.row[order].tolist(), tree.col[order].tolist(), level, strict=True):
        while root[x] != x:
            root[x] = x = root[root[x]]
        while root[y] != y:
            root[y] = y = root[root[y]]
        root[y] = parent[y] = x
        passes[y] = z
    return np.array(parent), np.array(passes)


def _highest(a: np.ndarray, b: np.ndarray, level: np.ndarray, basins: int) -> tuple:
    """Each pair of basins once, with its highest pass."""
    top = int(level.max(initial=0)) + 1
    keys = np.sort((a * basins + b) * top + (top - 1 - level))
    pair, below = np.divmod(keys, top)
    best = run_edges(pair)[:-1]
    a, b = np.divmod(pair[best], basins)
    return a, b, top - 1 - below[best]
