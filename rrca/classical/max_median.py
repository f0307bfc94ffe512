"""Max-Median: the largest of four directional medians is background, the rest target."""

import numpy as np

from rrca.classical.grey import check_odd, grey_levels

DIRECTIONS = ((1, 0), (0, 1), (1, 1), (1, -1))  # row and column step: vertical, horizontal, both diagonals


def max_median(image, *, length: int = 5) -> np.ndarray:
    """Detect by subtracting the max-median background: an edge survives in one direction, a point in none.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    length : int, default 5
        Samples along each direction, the centre included; odd. Program of ISTD-Benchmark.

    Returns
    -------
    float64 ndarray of shape (H, W)
        Grey levels, signed: negative beside bright structures. Not clipped, since μ and σ of a threshold
        rule would change.

    Raises
    ------
    InputError
        For an array that is no frame, or a length that is no odd number.

    Notes
    -----
    The border is mirrored with its edge pixel repeated. A target wider than (length − 1) / 2 in every
    direction survives the medians and is lost.

    References
    ----------
    S. D. Deshpande, M. H. Er, R. Venkateswarlu, P. Chan, "Max-mean and max-median filters for detection of
    small targets", Proc. SPIE 3809, 1999. Program: ISTD-Benchmark, folder MAXMEAN, which holds the median filter.

    Examples
    --------
    >>> frame = np.full((7, 7), 10)
    >>> frame[3, 3] = 50
    >>> max_median(frame)[3, 2:5]
    array([ 0., 40.,  0.])
    """
    levels = grey_levels(image)
    check_odd(length, "length")
    H, W = levels.shape
    reach = length // 2
    padded = np.pad(levels, reach, mode="symmetric")
    background = np.full_like(levels, -np.inf)
    for down, right in DIRECTIONS:
        samples = [
            padded[reach + t * down :, reach + t * right :][:H, :W] for t in range(-reach, reach + 1)
        ]  # length views of (H, W)
        np.maximum(background, np.median(samples, axis=0), out=background)
    return levels - background
