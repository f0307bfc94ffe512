"""The metrics once more, as plainly as possible: property objects, double loops, every assignment tried.

Written from the definitions, not from `rrca.metrics`, and far too slow for anything but small frames.
"""

from itertools import permutations

import numpy as np
from skimage.measure import label, regionprops


def box(*rectangles, shape=(256, 256)):
    """A mask of rectangles (row, column, height, width)."""
    mask = np.zeros(shape, bool)
    for row, column, height, width in rectangles:
        mask[row : row + height, column : column + width] = True
    return mask


def random_frame(seed, shape=(40, 48), targets=5):
    """A mask of small rectangles and a score map that mostly finds them, with clutter."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    scores = rng.random(shape) * 0.45
    for _ in range(rng.integers(0, targets + 1)):
        height, width = rng.integers(1, 6, 2)
        row, column = rng.integers(0, shape[0] - 6), rng.integers(0, shape[1] - 6)
        mask[row : row + height, column : column + width] = True
        if rng.random() < 0.8:
            row, column = (max(0, x + rng.integers(-2, 3)) for x in (row, column))
            height, width = (max(1, x + rng.integers(-1, 3)) for x in (height, width))
            scores[row : row + height, column : column + width] = 0.55 + 0.4 * rng.random()
    for _ in range(rng.integers(0, 6)):
        row, column = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        scores[row : row + rng.integers(1, 4), column : column + rng.integers(1, 4)] = (
            0.6 + 0.3 * rng.random()
        )
    return scores, mask


def regions(binary):
    """Property objects of the 8-connected components."""
    return regionprops(label(binary, connectivity=2))


def distance(a, b):
    """Pixels between two centroids."""
    return float(np.hypot(a.centroid[0] - b.centroid[0], a.centroid[1] - b.centroid[1]))


def overlap(a, b):
    """Common pixels of two regions."""
    return len(set(map(tuple, a.coords)) & set(map(tuple, b.coords)))


def jaccard(a, b):
    """IoU of two regions."""
    common = overlap(a, b)
    return common / (a.area + b.area - common)


def greedy(targets, predictions, limit):
    """First near prediction in raster order, each once."""
    pairs, free = [], list(range(len(predictions)))
    for t, target in enumerate(targets):
        for p in free:
            if distance(target, predictions[p]) < limit:
                pairs.append((t, p))
                free.remove(p)
                break
    return pairs


def best(targets, predictions, limit):
    """Every way to match near pairs: most matches, then least distance, then most pixels."""
    near = [
        [p for p, prediction in enumerate(predictions) if round(distance(target, prediction), 9) < limit]
        for target in targets
    ]
    value, answer = (0, 0, 0), []

    def go(t, used, pairs):
        nonlocal value, answer
        if t == len(targets):
            # Whole millionths of a pixel: sums of floats would differ in their last bits at ties.
            length = sum(round(distance(targets[a], predictions[b]) * 1e6) for a, b in pairs)
            size = sum(int(predictions[b].area) for _, b in pairs)
            candidate = (len(pairs), -length, size)
            if candidate > value:
                value, answer = candidate, list(pairs)
            return
        go(t + 1, used, pairs)
        for p in near[t]:
            if p not in used:
                go(t + 1, used | {p}, [*pairs, (t, p)])

    go(0, frozenset(), [])
    return answer, value


def least_total(targets, predictions):
    """The complete assignment of smallest total distance, by trying all."""
    if len(targets) > len(predictions):
        return [(t, p) for p, t in least_total(predictions, targets)]
    table = [[distance(t, p) for p in predictions] for t in targets]
    choices = permutations(range(len(predictions)), len(targets))
    chosen = min(choices, key=lambda c: sum(table[t][p] for t, p in enumerate(c)))
    return list(enumerate(chosen))


def overlap_first(targets, predictions, limit):
    """OPDC, by trying all assignments in both steps."""
    pairs = [
        (t, p) for t, p in least_total(targets, predictions) if jaccard(targets[t], predictions[p]) >= 0.5
    ]
    left_t = [t for t in range(len(targets)) if t not in {t for t, _ in pairs}]
    left_p = [p for p in range(len(predictions)) if p not in {p for _, p in pairs}]
    second = least_total([targets[t] for t in left_t], [predictions[p] for p in left_p])
    for t, p in second:
        if distance(targets[left_t[t]], predictions[left_p[p]]) < limit:
            pairs.append((left_t[t], left_p[p]))
    return pairs


def shares(targets, predictions, pairs, mask, limit=3.0):
    """Sums over the pairs of (IoU, merging, interference, perception); strays; lost targets."""
    sums = np.zeros(4)
    for t, p in pairs:
        target, prediction = set(map(tuple, targets[t].coords)), set(map(tuple, predictions[p].coords))
        union = len(target | prediction)
        other = sum(1 for pixel in prediction - target if mask[pixel])
        background = sum(1 for pixel in prediction - target if not mask[pixel])
        sums += np.array([len(target & prediction), other, background, len(target - prediction)]) / union

    def candidate(a, b):
        return distance(a, b) < limit or jaccard(a, b) >= 0.5

    strays = sum(not any(candidate(t, p) for t in targets) for p in predictions)
    lost = sum(not any(candidate(t, p) for p in predictions) for t in targets)
    return sums, strays, lost


def shooting(predicted, mask):
    """Detected targets and false pixels of the shooting rule, pixel by pixel."""

    def chebyshev(pixel, region):
        return min(max(abs(pixel[0] - row), abs(pixel[1] - column)) for row, column in region.coords)

    targets = regions(mask)
    pixels = list(zip(*np.nonzero(predicted), strict=True))
    detected = sum(any(chebyshev(pixel, target) <= 1 for pixel in pixels) for target in targets)
    false = sum(all(chebyshev(pixel, target) > 4 for target in targets) for pixel in pixels)
    return detected, false
