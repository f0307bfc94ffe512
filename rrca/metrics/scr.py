"""Signal-to-clutter ratio of each target of a frame, or of a feature map."""

import numpy as np

from rrca.errors import InputError
from rrca.metrics.reading import read_masks

MARGIN = 20  # pixels on each side, after Gao et al. 2013


def target_scr(frame, mask) -> np.ndarray:
    """How far each target stands out of its surroundings.

    SCR = |mean of the target's pixels - mean of the ring| / standard deviation of the ring, where the
    ring is the target's bounding box widened by 20 px on each side (cut at the border of the frame),
    without the pixels of any target.

    Parameters
    ----------
    frame : array or Tensor of shape (H, W)
        Grey values, or one channel of a feature map; any finite numbers.
    mask : array or Tensor of shape (H, W)
        bool, 0 and 1, or uint8 with 0 to 255 (128 and above is target).

    Returns
    -------
    float array of shape (n,)
        One value a target, in raster order of the targets' first pixels; no unit. Infinite where the
        ring is constant and the target differs; nan where both are equal or no ring is left.

    Raises
    ------
    InputError
        If the shapes differ or the frame is not finite.

    References
    ----------
    C. Gao et al., "Infrared patch-image model for small target detection in a single image", IEEE
    Transactions on Image Processing 22(12), 2013.

    Examples
    --------
    >>> frame = np.zeros((9, 9))
    >>> frame[:, ::2] = 2.0  # stripes: the ring has 44 pixels at 2 and 36 at 0
    >>> frame[4, 4] = 6.0
    >>> target_scr(frame, frame > 5)
    array([4.92...])
    """
    if hasattr(frame, "detach"):
        frame = frame.detach().cpu().double().numpy()
    frame = np.asarray(frame, np.float64)
    (truth,) = read_masks(mask, only_white=False) if np.ndim(mask) == 2 else (None,)
    if truth is None or frame.shape != truth.mask.shape:
        raise InputError(
            f"frame and mask must have one shape (H, W), got {frame.shape} and {np.shape(mask)}."
        )
    if not np.isfinite(frame).all():
        raise InputError("the frame holds NaN or infinite values; the contrast of a target needs numbers.")
    targets = truth.targets
    values = np.full(len(targets), np.nan)
    row, column = np.nonzero(truth.mask)
    owner = targets.labels[row, column] - 1
    for index in range(len(targets)):
        rows, columns = row[owner == index], column[owner == index]
        box = np.s_[
            max(rows.min() - MARGIN, 0) : rows.max() + MARGIN + 1,
            max(columns.min() - MARGIN, 0) : columns.max() + MARGIN + 1,
        ]
        ring = frame[box][~truth.mask[box]]
        if ring.size:
            contrast = abs(frame[rows, columns].mean() - ring.mean())
            with np.errstate(divide="ignore", invalid="ignore"):
                values[index] = contrast / ring.std()
    return values
