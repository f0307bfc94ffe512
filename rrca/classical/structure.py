"""Structure tensor: how strongly, and in how many directions, the grey level changes around a pixel."""

import numpy as np
from scipy.ndimage import correlate

SIDE = 3  # of both Gaussian windows, in pixels


def gaussian(sigma: float) -> np.ndarray:
    """Gaussian weights of a 3×3 window, of sum 1; `sigma` in pixels.

    Examples
    --------
    >>> gaussian(2.0).round(4)
    array([[0.1019, 0.1154, 0.1019],
           [0.1154, 0.1308, 0.1154],
           [0.1019, 0.1154, 0.1019]])
    """
    offsets = np.arange(SIDE) - SIDE // 2
    line = np.exp(-(offsets**2) / (2 * sigma**2))
    weights = np.outer(line, line)
    return weights / weights.sum()


def structure_eigenvalues(levels: np.ndarray, inner: float, outer: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the structure tensor of each pixel.

    Parameters
    ----------
    levels : float ndarray of shape (H, W)
        Grey levels.
    inner, outer : float
        σ of the Gaussian before the gradient and of that over its products, in pixels; both windows are 3×3.

    Returns
    -------
    larger, smaller : float64 ndarrays of shape (H, W)
        Squared grey levels per pixel; on an edge only the first is large, on a corner or a small target both.

    References
    ----------
    J. Weickert, "Coherence-enhancing diffusion filtering", IJCV 31, 1999; windows and borders (mirrored, the edge
    pixel repeated) from the programs of RIPT and PSTNN.

    Examples
    --------
    >>> larger, smaller = structure_eigenvalues(np.tile([0.0, 0, 0, 8, 8, 8], (6, 1)), 1.2, 2)
    >>> larger[3].round(1)  # none along the edge, so that `smaller` is 0
    array([0.4, 3.1, 5.9, 5.9, 3.1, 0.4])
    """
    smooth = correlate(levels, gaussian(inner), mode="reflect")
    down, right = np.gradient(smooth)
    window = gaussian(outer)
    J11, J12, J22 = (
        correlate(product, window, mode="reflect") for product in (right * right, right * down, down * down)
    )
    spread = np.sqrt((J11 - J22) ** 2 + 4 * J12**2)
    return (J11 + J22 + spread) / 2, (J11 + J22 - spread) / 2
