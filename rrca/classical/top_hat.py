"""Top-Hat: what an opening by a small square takes away."""

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from rrca.classical.grey import check_odd, grey_levels


def top_hat(image, *, size: int = 5) -> np.ndarray:
    """Detect by the white top-hat transform: bright structures narrower than the square remain.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    size : int, default 5
        Side of the flat square, in pixels. Program of ISTD-Benchmark.

    Returns
    -------
    float64 ndarray of shape (H, W)
        Grey levels, ≥ 0; whole numbers for an 8-bit frame.

    Raises
    ------
    InputError
        For an array that is no frame, or a size that is no odd number.

    Notes
    -----
    Pixels outside the frame are ignored. A library's opening, which mirrors the border, gives other values
    within two pixels of it.

    References
    ----------
    J.-F. Rivest, R. Fortin, "Detection of dim targets in digital infrared imagery by morphological image
    processing", Optical Engineering 35(7), 1996. Program: ISTD-Benchmark, detector/TopHat.

    Examples
    --------
    >>> top_hat(np.array([[3, 3, 3, 9, 3, 3, 3]]), size=3)
    array([[0., 0., 0., 6., 0., 0., 0.]])
    """
    levels = grey_levels(image)
    check_odd(size, "size")
    eroded = minimum_filter(levels, size, mode="constant", cval=np.inf)
    return levels - maximum_filter(eroded, size, mode="constant", cval=-np.inf)
