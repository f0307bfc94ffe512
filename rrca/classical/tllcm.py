"""TLLCM: a bright core, a reserve around it, and the brightest of eight cells beyond."""

import numpy as np

from rrca.classical.grey import check_odd, grey_levels, is_flat
from rrca.classical.windows import cells, contrast, core_mean, top_means


def tllcm(image, *, size: int = 9, top: int = 9) -> np.ndarray:
    """Detect by the tri-layer local contrast measure: contrast = ratio × difference.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    size : int, default 9
        s, side of a cell in pixels, odd; the window is 3×3 cells. Program of ISTD-Benchmark, which has this
        one scale only; the paper speaks of several.
    top : int, default 9
        K, samples of a cell that its mean is over, the largest ones. Same program.

    Returns
    -------
    float64 ndarray of shape (H, W)
        Grey levels, ≥ 0, without an upper bound.

    Raises
    ------
    InputError
        For an array that is no frame, an even size, or more samples than a cell has.

    Notes
    -----
    The core repeats the border; the cells' samples beyond it count as 0. A cell whose samples are all 0 counts
    as 1 / K where the other seven are black as well (the program divides by 0 there).

    References
    ----------
    J. Han, S. Moradi, I. Faramarzi, C. Liu, H. Zhang, Q. Zhao, "A local contrast method for infrared
    small-target detection utilizing a tri-layer window", IEEE GRSL 17(10), 2020. Program: ISTD-Benchmark,
    detector/TLLCM.

    Examples
    --------
    >>> frame = np.full((40, 40), 20)
    >>> frame[20, 20] = 180
    >>> response = tllcm(frame)  # C = (4·180 + 12·20) / 16 = 60 in the core, B = 20
    >>> response[20, 20].item(), response[0, 0].item()
    (120.0, 0.0)
    """
    levels = grey_levels(image)
    check_odd(size, "size")
    if is_flat(levels):
        return np.zeros_like(levels)
    core = core_mean(levels)
    surround = np.max(cells(top_means(levels, size, top), size)[1:], axis=0)
    return contrast(core, surround, top)
