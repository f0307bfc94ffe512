"""RIPT: the patches of a frame as a tensor, low rank along each axis, plus targets that edges may not pass for."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from rrca.classical.grey import grey_levels, is_flat, minmax
from rrca.classical.iteration import OnStep, Step, iterate
from rrca.classical.patches import Grid, last
from rrca.classical.spectrum import soft_spectrum
from rrca.classical.structure import structure_eigenvalues

INNER, OUTER = 1.2, 2.0  # σ of the structure tensor, in pixels


def ript(
    image,
    *,
    patch: int = 30,
    step: int = 10,
    weight: float = 0.7,
    edge: float = 1.0,
    floor: float = 0.01,
    penalty: float = 5.0,
    decay: float = 1.5,
    tolerance: float = 1e-7,
    max_iterations: int = 1000,
    join: Callable[[np.ndarray], np.ndarray] = last,
    on_step: OnStep = None,
) -> np.ndarray:
    """Detect by the reweighted infrared patch-tensor model: nuclear norms of three unfoldings, weighted sparse targets.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    patch : int, default 30
        Side of a patch, in pixels. Program, as all that follow.
    step : int, default 10
        Pixels between neighbouring patches; the last one is flush with the border.
    weight : float, default 0.7
        L; λ = L / √min(patch, P) with P patches. 1 in some tables.
    edge : float, default 1.0
        h of the edge weights exp(h · (λ₁ − λ₂)), the difference stretched to [0, 1]. 0.1 in some tables.
    floor : float, default 0.01
        ε of the weights 1 / (|T| + ε), in grey levels.
    penalty : float, default 5.0
        μ at the start, in standard deviations of all entries; μ is an inverse penalty here and shrinks.
    decay : float, default 1.5
        What μ is divided by at each iteration.
    tolerance : float, default 1e-7
        On ‖F − B − T‖ / ‖F‖.
    max_iterations : int, default 1000
        At most; 3 to 6 are the rule.
    join : callable, default `rrca.classical.patches.last`
        What overlapping patches give: `last`, as the authors' demo, or `mean`, as their library.
    on_step : callable, optional
        Called with a `Step` after each iteration.

    Returns
    -------
    float64 ndarray of shape (H, W)
        T in grey levels, ≥ 0; some tens of pixels are not 0.

    Raises
    ------
    InputError
        For an array that is no frame, or one smaller than a patch.

    Notes
    -----
    An unchanged count of target entries stops it, also if it stays 0 twice: an all-zero response. A constant
    frame has an all-zero response.

    References
    ----------
    Y. Dai, Y. Wu, "Reweighted infrared patch-tensor model with both nonlocal and local priors for single-frame
    small target detection", IEEE JSTARS 10(8), 2017. Program: YimianDai/DENTIST.
    """
    levels = grey_levels(image)
    grid = Grid.flush(levels.shape, patch, step, "RIPT")
    if is_flat(levels):
        return np.zeros_like(levels)
    larger, smaller = structure_eigenvalues(levels, INNER, OUTER)
    F = grid.cut(levels)
    edges = grid.cut(np.exp(edge * minmax(larger - smaller)))
    steps = _steps(
        F,
        edges,
        weight / math.sqrt(min(F.shape)),
        floor=floor,
        mu=penalty * F.std(ddof=1),
        decay=decay,
        tolerance=tolerance,
    )
    return iterate(steps, lambda part: grid.assemble(part, join), max_iterations, on_step).target


def _steps(
    F: np.ndarray, edges: np.ndarray, weight: float, floor: float, mu: float, decay: float, tolerance: float
) -> Iterator[Step]:
    """Alternating directions of multipliers on (P, p, p): patches, rows, columns."""
    N = F.ndim
    T, W = np.zeros_like(F), edges
    multipliers = [np.zeros_like(F) for _ in range(N)]
    count_before = F.size
    size = np.linalg.norm(F)
    while True:
        parts, ranks = [], []
        for axis in range(N):
            B, rank = _low_rank(F + mu * multipliers[axis] - T, axis, mu)
            parts.append(B)
            ranks.append(rank)
        background = sum(parts) / N
        t = F + mu * sum(multipliers) / N - background
        T = np.maximum(t - W * (mu * weight / N), 0)
        W = edges / (T + floor)
        multipliers = [Y - (B + T - F) / mu for Y, B in zip(multipliers, parts, strict=True)]
        mu /= decay
        count = np.count_nonzero(T)
        error = np.linalg.norm(F - background - T) / size
        same, count_before = count == count_before, count
        stopped = "tolerance" if error < tolerance else "non-zeros unchanged" if same else ""
        yield Step(error, max(ranks), count, background, T, stopped)


def _low_rank(Z: np.ndarray, axis: int, by: float) -> tuple[np.ndarray, int]:
    """Shrink the singular values of the unfolding along one axis; the new tensor and that unfolding's rank."""
    moved = np.moveaxis(Z, axis, 0)
    B, kept = soft_spectrum(moved.reshape(len(moved), -1), by)
    return np.moveaxis(B.reshape(moved.shape), 0, axis), np.count_nonzero(kept)
