"""Singular values, shrunk: by the eigenvalues of a Gram matrix, and by a full decomposition where those do not decide.

The Gram matrix of the shorter side costs a tenth of a singular value decomposition, but squares the values: a
small one beside a large one loses digits. A result is taken from it only if the digits that it can lose change
neither how many values stay nor, beyond 1e-5, the least of them.

Where few values stay, Lanczos iterations find their eigenvectors in a tenth of the time of all of them. That none
was missed is then proved: what is left of the Gram matrix, taken from the threshold, must have a Cholesky factor.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dpotrf
from scipy.sparse.linalg import ArpackError, eigsh

EPS = np.finfo(np.float64).eps
SURE = 1e-5  # relative error of the least kept σ² up to which the Gram matrix is used
SPARE = 4  # eigenvalues more than expected, so that one of them is below the threshold
FEW = 30  # a full decomposition is faster from a share of 1 / 30 of the eigenvalues on


def soft(values: np.ndarray, threshold, out: np.ndarray | None = None) -> np.ndarray:
    """Towards 0 by the threshold, 0 within it; into `out`, which may not be `values`, if it is given.

    Examples
    --------
    >>> soft(np.array([-3.0, 0.5, 2.0]), 1.0)
    array([-2.,  0.,  1.])
    """
    within = np.minimum(values, threshold, out=out)
    np.maximum(within, -threshold, out=within)
    return np.subtract(values, within, out=within)


def singular_values(matrix: np.ndarray, count: int) -> np.ndarray:
    """The largest `count` singular values, descending.

    Examples
    --------
    >>> singular_values(np.array([[3.0, 0, 0], [0, 4, 0]]), 2)
    array([4., 3.])
    """
    squares = np.linalg.eigvalsh(_gram(matrix))[::-1]
    if _lost(squares, len(squares)) <= SURE**2 * squares[count - 1]:
        return np.sqrt(squares[:count])
    return np.linalg.svd(matrix, compute_uv=False)[:count]


def soft_spectrum(
    matrix: np.ndarray, by: float, expected: int | None = None, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Singular value thresholding: those above `by` lessened by it, the others gone.

    Parameters
    ----------
    matrix, out
        As for `shrink`.
    by : float
        In units of the singular values.
    expected : int, optional
        About how many stay, if they are few: only those are computed then.

    Returns
    -------
    matrix, new
        As for `shrink`.

    Examples
    --------
    >>> low, values = soft_spectrum(np.diag([5.0, 3.0, 1.0]), 2)
    >>> values, low.diagonal()
    (array([3., 1., 0.]), array([3., 1., 0.]))
    """
    return shrink(
        matrix, lambda s: np.maximum(s - by, 0), by if expected is not None else 0, expected or 0, out
    )


def shrink(
    matrix: np.ndarray,
    change: Callable[[np.ndarray], np.ndarray],
    least: float = 0.0,
    count: int = 0,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Give a matrix other singular values.

    Parameters
    ----------
    matrix : float64 ndarray of shape (m, n)
    change : callable
        Singular values, descending, -> as many new ones, descending, ≥ 0.
    least : float, default 0.0
        Where it is known that `change` makes 0 of every value up to this one but the first `count`, and that few
        are above: only those are computed then, which is faster if they are fewer than a fifth.
    count : int, default 0
        So many of the largest are computed at least.
    out : float64 ndarray of shape (m, n), optional
        Where the result goes; may not be `matrix`.

    Returns
    -------
    matrix : float64 ndarray of shape (m, n)
        U diag(new) Vᵀ.
    new : float64 ndarray
        The new values; those that `least` left out are missing at its end.
    """
    gram = _gram(matrix)
    squares, vectors = _largest(gram, least**2 * (1 - 10 * SURE), count) if least else np.linalg.eigh(gram)
    squares, vectors = np.maximum(squares[::-1], 0), vectors[:, ::-1]
    new = change(np.sqrt(squares))
    kept = np.count_nonzero(new)
    if not _is_sure(squares, kept, change, len(vectors)):
        U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
        new = change(s)
        kept = np.count_nonzero(new)
        return np.matmul(U[:, :kept] * new[:kept], Vt[:kept], out=out), new
    basis = vectors[:, :kept]
    weighted = basis * (new[:kept] / np.sqrt(squares[:kept]))
    if len(basis) == len(matrix):  # the shorter side is that of the rows
        return np.matmul(basis, weighted.T @ matrix, out=out), new
    return np.matmul(matrix @ weighted, basis.T, out=out), new


def _gram(matrix: np.ndarray) -> np.ndarray:
    """Products of rows, or of columns where those are fewer."""
    return matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix


def _largest(gram: np.ndarray, floor: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues above `floor`, but at least the `count` largest, ascending, and their vectors (n, found)."""
    n, tried = len(gram), count + SPARE
    while tried <= n // FEW:
        found = _lanczos(gram, floor, tried)
        if found is not None:
            return found
        tried *= 2
    # The transpose of a symmetric matrix lies in memory as LAPACK wants it.
    squares, vectors = eigh(gram.T, subset_by_value=(floor, np.inf), driver="evr", check_finite=False)
    return (squares, vectors) if len(squares) >= count else np.linalg.eigh(gram)


def _lanczos(gram: np.ndarray, floor: float, count: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The `count` largest eigenvalues, ascending, and their vectors; None if not surely all above `floor`."""
    n = len(gram)
    try:
        # begun from the same vector each time, so that a frame has one response
        squares, vectors = eigsh(gram, count, which="LA", v0=np.ones(n))
    except ArpackError:  # not converged
        return None
    if squares[0] > floor:
        return None
    # floor − (what is left of gram) has a Cholesky factor if and only if nothing in it is above the floor
    rest = (vectors * squares) @ vectors.T
    rest -= gram
    rest[np.diag_indices(n)] += floor
    _, above = dpotrf(rest.T, overwrite_a=True)
    return None if above else (squares, vectors)


def _lost(squares: np.ndarray, n: int) -> float:
    """What rounding moves an eigenvalue by, the largest of n given first."""
    return np.sqrt(n) * EPS * squares[0]


def _is_sure(squares: np.ndarray, kept: int, change: Callable[[np.ndarray], np.ndarray], n: int) -> bool:
    """Whether that matters neither to how many stay nor to the least of them, of n eigenvalues in all."""
    if not len(squares):
        return True
    lost = _lost(squares, n)
    moved = (np.maximum(squares + shift, 0) for shift in (-lost, lost))
    return (kept == 0 or lost <= SURE * squares[kept - 1]) and all(
        np.count_nonzero(change(np.sqrt(squares))) == kept for squares in moved
    )
