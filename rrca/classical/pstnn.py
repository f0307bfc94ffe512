"""PSTNN: a patch-tensor whose largest singular values go free, plus targets where the structure tensor sees corners."""

import math
from collections.abc import Iterator

import numpy as np

from rrca.classical.grey import grey_levels, is_flat, minmax
from rrca.classical.iteration import OnStep, Step, iterate
from rrca.classical.patches import Grid, last
from rrca.classical.structure import structure_eigenvalues
from rrca.classical.tensors import shrink_slices, to_slices, to_tensor

INNER, OUTER = 2.0, 9.0  # σ of the structure tensor, in pixels
LARGEST_PENALTY = 1e10


def pstnn(
    image,
    *,
    patch: int = 40,
    step: int = 40,
    weight: float = 0.7,
    floor: float = 0.01,
    energy: float = 0.1,
    flat_prior: float = 0.0,
    penalty: float = 0.002,
    growth: float = 1.05,
    tolerance: float = 1e-3,
    max_iterations: int = 500,
    on_step: OnStep = None,
) -> np.ndarray:
    """Detect by the partial sum of the tensor nuclear norm.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    patch : int, default 40
        Side of a patch, in pixels. Program, as all that follow.
    step : int, default 40
        Pixels between neighbouring patches; the last one is flush with the border.
    weight : float, default 0.7
        λ = weight / √(patch · P) with P patches; 0.6 is quoted for the paper.
    floor : float, default 0.01
        ε of the weights 1 / (|S| + ε), in grey levels.
    energy : float, default 0.1
        Singular values up to the first below this share of the largest are not shrunk.
    flat_prior : {0.0, 1.0}
        Prior where the structure tensor vanishes, 0 / 0 in the program. 0: no target there, as its NaN means
        under Octave. 1: free of penalty, as MATLAB is said to read it.
    penalty : float, default 0.002
        μ at the start, per grey level.
    growth : float, default 1.05
        Factor of μ at each iteration, up to 1e10.
    tolerance : float, default 1e-3
        On ‖L + S − X‖ / ‖X‖.
    max_iterations : int, default 500
        At most; 3 to 10 are the rule.
    on_step : callable, optional
        Called with a `Step` after each iteration.

    Returns
    -------
    float64 ndarray of shape (H, W)
        S in grey levels, ≥ 0, sparse.

    Raises
    ------
    InputError
        For an array that is no frame, or one smaller than a patch.

    Notes
    -----
    How many singular values go free is read off another arrangement of the patches' values than their
    unfolding, as in the program; as a rule it is one. A constant frame has an all-zero response.

    References
    ----------
    L. Zhang, Z. Peng, "Infrared small target detection based on partial sum of the tensor nuclear norm", Remote
    Sensing 11(4), 2019. Program: Lanneeee/Infrared-Small-Target-Detection-based-on-PSTNN.
    """
    levels = grey_levels(image)
    grid = Grid.flush(levels.shape, patch, step, "PSTNN")
    if is_flat(levels):
        return np.zeros_like(levels)
    X = grid.cut(levels)
    steps = _steps(
        X,
        grid.cut(corner_prior(levels, flat_prior)),
        free=_free_values(X, energy),
        weight=weight / math.sqrt(patch * len(grid)),
        floor=floor,
        mu=penalty,
        growth=growth,
        tolerance=tolerance,
    )
    return iterate(steps, lambda part: grid.assemble(part, last), max_iterations, on_step).target


def corner_prior(levels: np.ndarray, flat_prior: float = 0.0) -> np.ndarray:
    """How much each pixel looks like a corner or a small target, 0 … 1; (H, W) -> (H, W).

    λ₁ · λ₁λ₂ / (λ₁ + λ₂), stretched; `flat_prior` where nothing changes at all.
    """
    larger, smaller = structure_eigenvalues(levels, INNER, OUTER)
    both = larger + smaller
    corner = np.divide(larger * smaller, both, out=np.full_like(both, np.nan), where=both != 0)
    return np.nan_to_num(minmax(corner * np.maximum(larger, smaller)), nan=flat_prior)


def _free_values(X: np.ndarray, energy: float) -> int:
    """How many of each slice's singular values are not shrunk, 1 or more."""
    P, p, _ = X.shape
    values = X.swapaxes(1, 2).ravel()  # as MATLAB stores the tensor: columns of a patch, patch after patch
    s = np.linalg.svd(values.reshape((P, p * p), order="F"), compute_uv=False)
    small = s < energy * s[0]
    return max(1, int(small.argmax()) if small.any() else p)


def _steps(
    X: np.ndarray,
    prior: np.ndarray,
    free: int,
    weight: float,
    floor: float,
    mu: float,
    growth: float,
    tolerance: float,
) -> Iterator[Step]:
    """Alternating directions of multipliers on (P, p, p)."""
    S, Y = np.zeros_like(X), np.zeros_like(X)
    W = np.ones_like(X)
    unlikely = np.divide(1, prior, out=np.full_like(prior, np.inf), where=prior > 0)
    size = np.linalg.norm(X)
    count = 0
    while True:
        data = X - Y / mu

        def partly(s, by=1 / mu):
            return np.where(np.arange(s.shape[1]) < free, s, np.maximum(s - by, 0))

        slices, kept = shrink_slices(to_slices(data - S), partly)
        L = to_tensor(slices, len(X))
        S = np.maximum(data - L - W * (weight / mu), 0)
        W = free / (S + floor) * unlikely
        rest = L + S - X
        error = np.linalg.norm(rest) / size
        count_before, count = count, np.count_nonzero(S)
        same = count > 0 and count == count_before
        stopped = "tolerance" if error < tolerance else "non-zeros unchanged" if same else ""
        yield Step(error, np.count_nonzero(kept, axis=1).max(), count, L, S, stopped)
        Y = Y + mu * rest
        mu = min(growth * mu, LARGEST_PENALTY)
