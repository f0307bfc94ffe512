"""Which prediction finds which target: the matching rules of the protocols.

A rule maps a `View` to a `Matches`. Distances are between centroids, in pixels, and "near" always means
strictly closer than the view's `max_distance`.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rrca.metrics.view import View


class Matches(NamedTuple):
    """The detected targets, and the prediction of each where matches are one-to-one (else None)."""

    target: np.ndarray
    prediction: np.ndarray | None


def greedy(view: View) -> Matches:
    """First come, first served: each target in raster order takes the first free near prediction.

    The rule of the released programs (M2): first in raster order, not the nearest, and never undone.

    References
    ----------
    Li et al., "Dense Nested Attention Network", IEEE TIP 2023, whose program the field inherited.
    """
    target, prediction, _ = view.near
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for t, p in zip(target.tolist(), prediction.tolist(), strict=True):
        if t not in chosen and p not in taken:
            chosen[t] = p
            taken.add(p)
    return Matches(np.array(list(chosen), int), np.array(list(chosen.values()), int))


def nearest(view: View) -> Matches:
    """As many targets as can be, then the smallest sum of distances, then the largest predictions.

    One-to-one among near pairs. Distances are compared with 3 px (strictly) after rounding to 1e-9 px
    and summed in steps of 1e-6 px (coarser only in clusters of hundreds of huge components), so that a
    flipped frame, whose centroids differ in the last bit, gives the same matches.

    Notes
    -----
    Pairs whose two ends have no other near partner are matched as they are. The rest falls into
    connected clusters, a handful of components each, and each cluster is one linear assignment whose
    integer weights put the number of matches before their distances before their areas.
    """
    target, prediction, distance = view.near
    distance = np.round(distance, 9)
    near = distance < view.max_distance
    target, prediction, distance = target[near], prediction[near], distance[near]
    alone = (np.bincount(target)[target] == 1) & (np.bincount(prediction)[prediction] == 1)
    if alone.all():
        return Matches(target, prediction)
    shared = np.flatnonzero(~alone)
    kept = [np.flatnonzero(alone)]
    for members in _clusters(target[shared], prediction[shared]):
        cluster = shared[members]
        area = view.area[prediction[cluster]]
        kept.append(cluster[_assign(target[cluster], prediction[cluster], distance[cluster], area)])
    kept = np.sort(np.concatenate(kept))
    return Matches(target[kept], prediction[kept])


def overlap_first(view: View) -> Matches:
    """Overlap priority, distance compensation (OPDC).

    Step 1: the assignment of smallest total distance over all pairs, kept where IoU is at least 0.5.
    Step 2: the same among what is left, kept where the pair is near.

    References
    ----------
    Pang et al., "Rethinking Evaluation of Infrared Small Target Detection", NeurIPS 2025,
    arXiv 2509.16888.
    """
    target, prediction, _ = view.common
    congruent = view.iou >= 0.5
    if not len(view.near[0]) and not congruent.any():
        return Matches(np.empty(0, int), np.empty(0, int))
    distance = view.distances()
    first_t, first_p = np.empty(0, int), np.empty(0, int)
    if congruent.any():
        allowed = np.zeros(distance.shape, bool)
        allowed[target[congruent], prediction[congruent]] = True
        first_t, first_p = linear_sum_assignment(distance)
        hit = allowed[first_t, first_p]
        first_t, first_p = first_t[hit], first_p[hit]
    free_t = np.delete(np.arange(distance.shape[0]), first_t)
    free_p = np.delete(np.arange(distance.shape[1]), first_p)
    left = distance[np.ix_(free_t, free_p)]
    near = left < view.max_distance
    if not near.any():
        return Matches(first_t, first_p)
    second_t, second_p = linear_sum_assignment(left)
    hit = near[second_t, second_p]
    target = np.concatenate([first_t, free_t[second_t[hit]]])
    prediction = np.concatenate([first_p, free_p[second_p[hit]]])
    order = np.argsort(target)
    return Matches(target[order], prediction[order])


def touched(view: View) -> Matches:
    """The shooting rule: a target is hit if any predicted pixel lies within 1 px (Chebyshev) of it.

    One predicted pixel may hit several targets, so there are no pairs.

    References
    ----------
    Li et al., "Direction-Coded Temporal U-Shape Module for Multiframe Infrared Small Target
    Detection", IEEE TNNLS 2023.
    """
    owner, pixel = view.truth.reach
    hits = np.bincount(owner[view.predicted.ravel()[pixel]], minlength=len(view.truth.targets))
    return Matches(np.flatnonzero(hits), None)


def _clusters(target: np.ndarray, prediction: np.ndarray) -> list[np.ndarray]:
    """Indices of the pairs of each connected cluster of the graph of near pairs."""
    _, target = np.unique(target, return_inverse=True)
    _, prediction = np.unique(prediction, return_inverse=True)
    targets = target.max() + 1
    size = targets + prediction.max() + 1
    graph = coo_array((np.ones(len(target)), (target, targets + prediction)), shape=(size, size))
    cluster = connected_components(graph, directed=False)[1][target]
    order = np.argsort(cluster, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)


def _assign(target, prediction, distance, area) -> np.ndarray:
    """Indices of the chosen pairs of one cluster."""
    rows, target = np.unique(target, return_inverse=True)
    columns, prediction = np.unique(prediction, return_inverse=True)
    count = min(len(rows), len(columns))
    # Weights are whole numbers below 2^53, so the solver's sums are exact and the order is strict:
    # one more match > any distance > any area.
    total = int(np.sort(area)[-len(columns) :].sum()) + 1
    reach = float(distance.max()) + 1
    step = max(1e-6, count * count * reach * total / 2**51)
    far = np.rint(distance / step)
    match = (far.max() + 1) * total * (count + 1)
    weight = np.zeros((len(rows), len(columns)))
    weight[target, prediction] = match - far * total + area
    chosen = np.zeros(weight.shape, bool)
    chosen[linear_sum_assignment(weight, maximize=True)] = True
    return np.flatnonzero(chosen[target, prediction])
