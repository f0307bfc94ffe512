"""A dictionary of backgrounds for MSLSTIPT: the frame's tensor without its outliers, cut to the rank that it shows."""

from collections.abc import Iterator

import numpy as np

from rrca.classical.iteration import Step
from rrca.classical.spectrum import soft
from rrca.classical.tensors import shrink_slices, to_slices, to_tensor

PENALTY, GROWTH, LARGEST_PENALTY = 1e-4, 1.2, 1e10  # μ at the start, its factor and its limit
DROP = 50  # θ, ratio of neighbouring singular values at which the rest are noise
OUTSTANDING = 20  # the largest ratio against the mean of the others


def robust_parts(X: np.ndarray, weight: float, tolerance: float) -> Iterator[Step]:
    """Tensor robust principal components: min ‖L‖_TNN + λ‖S‖₁ with X = L + S.

    Parameters
    ----------
    X : float64 ndarray of shape (n₃, n₁, n₂)
    weight : float
        λ.
    tolerance : float
        On the largest change of an entry of L, S or their sum.

    Yields
    ------
    Step
        `low_rank` is L, `sparse` is S.

    References
    ----------
    C. Lu et al., "Tensor robust principal component analysis with a new tensor nuclear norm", IEEE TPAMI 42(4),
    2020; its constants from the program of MSLSTIPT.
    """
    L, S, Y = (np.zeros_like(X) for _ in range(3))
    mu = PENALTY
    while True:
        L_before, S_before = L, S
        data = X - Y / mu
        slices, kept = shrink_slices(to_slices(data - S), lambda s, by=1 / mu: np.maximum(s - by, 0))
        L = to_tensor(slices, len(X))
        S = soft(data - L, weight / mu)
        rest = L + S - X
        error = max(np.abs(change).max() for change in (L - L_before, S - S_before, rest))
        stopped = "tolerance" if error < tolerance else ""
        yield Step(error, np.count_nonzero(kept, axis=1).max(), np.count_nonzero(S), L, S, stopped)
        Y = Y + mu * rest
        mu = min(GROWTH * mu, LARGEST_PENALTY)


def dictionary(L: np.ndarray, drop: float = DROP) -> np.ndarray:
    """Fourier slices of the dictionary U ∗ S, as wide as the largest rank that a slice of L shows.

    Parameters
    ----------
    L : float64 ndarray of shape (n₃, n₁, n₂)
    drop : float, default 50
        θ; see `shown_rank`.

    Returns
    -------
    complex ndarray of shape (n₃ // 2 + 1, n₁, R)
        Columns beyond a slice's own rank are 0.
    """
    U, s, _ = np.linalg.svd(to_slices(L), full_matrices=False)
    ranks = np.array([shown_rank(values, max(L.shape[1:]), drop) for values in s])
    R = ranks.max()
    return U[:, :, :R] * np.where(np.arange(R) < ranks[:, None], s[:, :R], 0)[:, None, :]


def shown_rank(s: np.ndarray, side: int, drop: float = DROP) -> int:
    """The rank at which singular values fall off.

    Parameters
    ----------
    s : float ndarray
        Singular values, descending.
    side : int
        The longer side of the matrix, for the numerical rank.
    drop : float, default 50
        θ: the first ratio of neighbours above it ends the list.

    Returns
    -------
    int

    Notes
    -----
    The largest ratio ends it too, where it is above 20 times the mean of the others. The last ratio is not looked at.

    References
    ----------
    Program of MSLSTIPT.

    Examples
    --------
    >>> shown_rank(np.array([100.0, 90.0, 1.0, 0.9]), side=4)
    2
    >>> shown_rank(np.array([5.0, 4.0, 3.0, 2.0, 1.0]), side=5)
    5
    """
    rank = np.count_nonzero(s > side * np.spacing(s[0]))
    ratios = s[: rank - 2] / s[1 : rank - 1] if rank > 2 else np.empty(0)
    found = int(rank)
    if (ratios > drop).any():
        found = int((ratios > drop).argmax()) + 1
    if ratios.size:
        largest = ratios.max()
        if len(ratios) * largest > OUTSTANDING * (ratios.sum() - largest):
            found = min(found, int(ratios.argmax()) + 1)
    return found
