"""WSLCM: a local contrast, strengthened by how much brighter than their means the brightest samples are."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

from rrca.classical.grey import check_odd, grey_levels, is_flat
from rrca.classical.windows import cells, contrast, core_mean, top_means


def wslcm(
    image,
    *,
    sizes: Sequence[int] = (5, 7, 9, 11),
    top: int = 9,
    least_deviation: float = 5.0,
    median: int = 3,
) -> np.ndarray:
    """Detect by the weighted strengthened local contrast measure, the largest over several scales.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    sizes : sequence of int, default (5, 7, 9, 11)
        s, sides of a cell in pixels, odd; a window is 3×3 cells. Program of ISTD-Benchmark, as all that follow.
    top : int, default 9
        K, samples of a cell that count as its brightest; not scaled with s.
    least_deviation : float, default 5.0
        ξ in grey levels, the least standard deviation of the surrounding cells.
    median : int, default 3
        Side in pixels of the median filter that comes first, odd.

    Returns
    -------
    float64 ndarray of shape (H, W)
        Grey levels squared, ≥ 0 but for rounding at the border; up to 1e5.

    Raises
    ------
    InputError
        For an array that is no frame, an even size, or more samples than a cell has.

    Notes
    -----
    Three borders: the median and the largest samples see 0 beyond the frame, means and core its edge pixel.

    References
    ----------
    J. Han, S. Moradi, I. Faramarzi, H. Zhang, Q. Zhao, X. Zhang, N. Li, "Infrared small target detection based
    on the weighted strengthened local contrast measure", IEEE GRSL 18(9), 2021. Program: ISTD-Benchmark,
    detector/WSLCM.

    Examples
    --------
    >>> frame = np.full((48, 48), 20)
    >>> frame[22:25, 22:25] = 180
    >>> response = wslcm(frame)
    >>> np.argwhere(response == response.max())
    array([[23, 23]])
    """
    levels = grey_levels(image)
    check_odd(median, "median")
    if is_flat(levels):
        return np.zeros_like(levels)
    smooth = median_filter(levels, median, mode="constant")
    core = core_mean(smooth)
    response = np.full_like(levels, -np.inf)
    for size in sizes:
        check_odd(size, "sizes")
        np.maximum(response, _one_scale(smooth, core, size, top, least_deviation), out=response)
    return response


def _one_scale(
    smooth: np.ndarray, core: np.ndarray, size: int, top: int, least_deviation: float
) -> np.ndarray:
    """Contrast times weight for cells of one size."""
    brightest = cells(top_means(smooth, size, top), size)  # M_0 … M_8
    means = cells(_means(smooth, size), size)  # A_0 … A_8
    own, *around = (M - A for M, A in zip(brightest, means, strict=True))  # R_i, the regional intensity level
    from_target = np.maximum(own - np.max(around, axis=0), 0)
    from_background = np.maximum(np.std(around, axis=0, ddof=1), least_deviation)
    weight = own * from_target / from_background
    return weight * contrast(core, np.max(brightest[1:], axis=0), top)


def _means(smooth: np.ndarray, size: int) -> np.ndarray:
    """Mean of the cell around each pixel and around `size` pixels beyond, where the border repeats.

    Sums first, one division last: whole numbers stay exact, so that an even surround has M − A = 0.
    """
    padded = np.pad(smooth, size + size // 2, mode="edge")
    H, W = (side - size + 1 for side in padded.shape)
    columns = sum(padded[row : row + H] for row in range(size))
    return sum(columns[:, column : column + W] for column in range(size)) / size**2
