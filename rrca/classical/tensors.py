"""Tensors as the t-product sees them: matrices, one for each frequency of the third axis.

That axis comes first here, (n₃, n₁, n₂), so that NumPy multiplies and decomposes all slices in one call. Of a
real tensor half of the frequencies say all; the inverse transform is real by construction.
"""

from collections.abc import Callable

import numpy as np
from scipy.fft import irfft, rfft


def to_slices(tensor: np.ndarray) -> np.ndarray:
    """Real (n₃, n₁, n₂) -> complex Fourier slices (n₃ // 2 + 1, n₁, n₂)."""
    return rfft(tensor, axis=0)


def to_tensor(slices: np.ndarray, depth: int) -> np.ndarray:
    """Fourier slices -> real (n₃, n₁, n₂) with n₃ = `depth`."""
    return irfft(slices, depth, axis=0)


def shrink_slices(
    slices: np.ndarray, change: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Give every Fourier slice other singular values.

    Parameters
    ----------
    slices : complex ndarray of shape (F, n₁, n₂)
    change : callable
        Singular values (F, min(n₁, n₂)), descending in each row, -> as many new ones.

    Returns
    -------
    slices : complex ndarray of shape (F, n₁, n₂)
    new : float64 ndarray of shape (F, min(n₁, n₂))

    Notes
    -----
    Full decompositions: the rules that stop these methods look at differences of 1e-8, and one of them jumps at
    a threshold, which the digits lost by a Gram matrix would cross.

    References
    ----------
    M. E. Kilmer, C. D. Martin, "Factorization strategies for third-order tensors", Linear Algebra and its
    Applications 435(3), 2011.

    Examples
    --------
    >>> tensor = np.arange(24.0).reshape(4, 2, 3)
    >>> same, values = shrink_slices(to_slices(tensor), lambda s: s)
    >>> np.allclose(to_tensor(same, 4), tensor)
    True
    """
    U, s, Vh = np.linalg.svd(slices, full_matrices=False)
    new = change(s)
    return (U * new[:, None, :]) @ Vh, new
