"""MSLSTIPT of a single frame: a dictionary learnt from the frame's patches, low-rank coefficients, sparse targets."""

import math
from collections.abc import Iterator

import numpy as np

from rrca.classical.dictionary import dictionary, robust_parts
from rrca.classical.grey import LEVELS, grey_levels, is_flat
from rrca.classical.iteration import OnStep, Step, iterate
from rrca.classical.spectrum import soft
from rrca.classical.tensors import shrink_slices, to_slices, to_tensor
from rrca.errors import InputError

LARGEST_PENALTY = 1e8
WEIGHT_FLOOR = 2.22e-16  # of the weights 1 / v^(1/p)


def mslstipt(
    image,
    *,
    patch: int = 100,
    power: float = 0.8,
    constant: float = 1e-4,
    drop: float = 50.0,
    penalty: float = 1e-4,
    growth: float = 1.1,
    tolerance: float = 1e-4,
    max_iterations: int = 200,
    dictionary_tolerance: float = 1e-8,
    dictionary_iterations: int = 800,
    on_step: OnStep = None,
    on_dictionary_step: OnStep = None,
) -> np.ndarray:
    """Detect by multiple subspace learning and the spatial-temporal patch-tensor, from one frame.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    patch : int, default 100
        Side of the patches in pixels, which do not overlap. Program (version 1), as all that follow.
    power : float, default 0.8
        p of the Schatten norm, below 1.
    constant : float, default 1e-4
        C₀; the norm's weights are C / (v^(1/p) + 2.22e-16) with C = C₀ · patch.
    drop : float, default 50.0
        θ, the ratio of singular values that ends the dictionary.
    penalty : float, default 1e-4
        β at the start.
    growth : float, default 1.1
        Factor of β at each iteration, up to 1e8.
    tolerance : float, default 1e-4
        On the largest residual and the largest change of an entry, in units of the frame divided by 255.
    max_iterations : int, default 200
        At most; 135 to 143 are the rule.
    dictionary_tolerance, dictionary_iterations : float, int
        The same for learning the dictionary: 1e-8 and 800; 103 to 115 are the rule.
    on_step, on_dictionary_step : callable, optional
        Called with a `Step` after each iteration.

    Returns
    -------
    float64 ndarray of shape (H, W)
        E in units of the frame divided by 255, signed, noise almost everywhere: it needs a threshold.

    Raises
    ------
    InputError
        For an array that is no frame, or settings out of range.

    Notes
    -----
    Made for six frames at a time; with one frame the tensor is purely spatial, and the dictionary has as many
    columns as there are patches, so that it constrains nothing. That is how single-frame benchmarks can
    have run it; the paper's Table I does not say.

    The frame is extended to whole patches: at the right by its last column; at the bottom by the last row of the
    first patch, as the program does. A frame lower than a patch, at which the program fails, is extended by
    its last row. A constant frame has an all-zero response.

    The shrinking of singular values jumps at a threshold: rounding can move the end by an iteration, which
    changes the map by about 1e-4.

    References
    ----------
    Y. Sun, J. Yang, W. An, "Infrared dim and small target detection via multiple subspace learning and
    spatial-temporal patch-tensor model", IEEE TGRS 59(5), 2021. Program: yangsunNUDT/MSL-STIPT.
    """
    levels = grey_levels(image)
    if patch < 2 or not 0 < power < 1:
        raise InputError(
            f"MSLSTIPT: patch = {patch}, power = {power}; give 2 pixels or more, and a power in (0, 1)."
        )
    if is_flat(levels):
        return np.zeros_like(levels)
    shape = tuple(-(-side // patch) * patch for side in levels.shape)
    X = _tensor(_extended(levels, shape, patch) / LEVELS, patch)  # (patch, patch, P)
    n3, n1, n2 = X.shape

    def assemble(part: np.ndarray) -> np.ndarray:
        return _frame(part, shape, patch)[: levels.shape[0], : levels.shape[1]]

    learning = robust_parts(X, 1 / math.sqrt(patch * n2), dictionary_tolerance)
    learnt = iterate(learning, assemble, dictionary_iterations, on_dictionary_step)
    steps = _steps(
        X,
        dictionary(learnt.low_rank, drop),
        weight=1 / math.sqrt(n3 * max(n1, n2)),
        power=power,
        constant=constant * patch,
        beta=penalty,
        growth=growth,
        tolerance=tolerance,
    )
    return iterate(steps, assemble, max_iterations, on_step).target


def _steps(
    X: np.ndarray,
    A: np.ndarray,
    weight: float,
    power: float,
    constant: float,
    beta: float,
    growth: float,
    tolerance: float,
) -> Iterator[Step]:
    """Alternating directions of multipliers for X = A ∗ J + E with Z = J; what has a hat is in Fourier slices."""
    n3, R = len(X), A.shape[2]
    At = A.conj().swapaxes(1, 2)
    inverse = np.linalg.inv(At @ A + np.eye(R))
    Z, J, Y1 = (np.zeros((n3, R, X.shape[2])) for _ in range(3))
    E, Y2, AJ = (np.zeros_like(X) for _ in range(3))
    while True:
        Z_before, J_before, E_before = Z, J, E
        Y1_hat = to_slices(Y1 / beta)
        Z_hat, kept = shrink_slices(
            to_slices(J) - Y1_hat, lambda s, by=constant / beta: weighted_schatten(s, by, power)
        )
        Z = to_tensor(Z_hat, n3)
        E = soft(X - AJ + Y2 / beta, weight / beta)
        J_hat = inverse @ (Z_hat + Y1_hat + At @ to_slices(X - E + Y2 / beta))
        J, AJ = to_tensor(J_hat, n3), to_tensor(A @ J_hat, n3)
        split, rest = Z - J, X - AJ - E
        changes = (split, rest, J - J_before, E - E_before, Z - Z_before)
        error = max(np.abs(change).max(initial=0) for change in changes)
        stopped = "tolerance" if error < tolerance else ""
        yield Step(error, np.count_nonzero(kept, axis=1).max(), np.count_nonzero(E), AJ, E, stopped)
        Y1 = Y1 + beta * split
        Y2 = Y2 + beta * rest
        beta = min(growth * beta, LARGEST_PENALTY)


def weighted_schatten(s: np.ndarray, by: float, power: float) -> np.ndarray:
    """Singular values under a weighted Schatten-p norm, weights and values in turn three times.

    Parameters
    ----------
    s : float ndarray
        Singular values, ≥ 0.
    by : float
        C / β.
    power : float
        p, in (0, 1).

    Returns
    -------
    float64 ndarray of the same shape

    References
    ----------
    Y. Xie et al., "Weighted Schatten p-norm minimization for image denoising and background subtraction", IEEE
    TIP 25(10), 2016.

    Examples
    --------
    >>> weighted_schatten(np.array([10.0, 0.01]), 0.01, 0.8).round(3)
    array([10., 0.])
    """
    values = s
    for _ in range(3):
        values = generalised_soft(s, by / (values ** (1 / power) + WEIGHT_FLOOR), power)
    return values


def generalised_soft(s: np.ndarray, weight: np.ndarray, power: float) -> np.ndarray:
    """Minimise (y − s)² / 2 + w yᵖ over y ≥ 0: 0 up to a threshold, two steps of a fixed point above it.

    Parameters
    ----------
    s, weight : float ndarrays of one shape, ≥ 0
    power : float
        p, in (0, 1).

    Returns
    -------
    float64 ndarray of the same shape

    References
    ----------
    W. Zuo et al., "A generalized iterated shrinkage algorithm for non-convex sparse coding", ICCV 2013.
    """
    least = (2 * weight * (1 - power)) ** (1 / (2 - power))  # the value at the threshold, where it jumps to 0
    above = s > least + power * weight * least ** (power - 1)
    y, s, weight = s[above], s[above], weight[above]
    for _ in range(2):
        y = s - power * weight * y ** (power - 1)
    result = np.zeros(above.shape)
    result[above] = y
    return result


def _extended(levels: np.ndarray, shape: tuple[int, int], patch: int) -> np.ndarray:
    """To whole patches, by the last column and by the last row of the first patch."""
    H, W = levels.shape
    wide = np.pad(levels, ((0, 0), (0, shape[1] - W)), mode="edge")
    return np.vstack([wide, np.repeat(wide[min(patch, H) - 1][None], shape[0] - H, axis=0)])


def _tensor(extended: np.ndarray, patch: int) -> np.ndarray:
    """Patches side by side in rows of the frame, cut into runs of as many columns as there are patches."""
    rows, columns = (side // patch for side in extended.shape)
    P = rows * columns
    row = extended.reshape(rows, patch, columns, patch).transpose(1, 0, 2, 3)  # (patch, rows, columns, patch)
    return row.reshape(patch, patch, P).swapaxes(0, 1).copy()  # (run, row of a patch, column in the run)


def _frame(tensor: np.ndarray, shape: tuple[int, int], patch: int) -> np.ndarray:
    """The inverse of `_tensor`."""
    rows, columns = (side // patch for side in shape)
    row = tensor.swapaxes(0, 1).reshape(patch, rows, columns, patch)
    return row.transpose(1, 0, 2, 3).reshape(shape)
