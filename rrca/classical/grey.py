"""Frames as the classical programs take them: grey levels 0 … 255 in double precision, not rescaled."""

import warnings

import numpy as np

from rrca.data.reading import as_frame
from rrca.errors import InputError, InputWarning

LEVELS = 255
NEAR = 1e-3  # grey levels; a level of 16 bit that is none of 8 bit lies 1/257 away from the nearest


def grey_levels(image) -> np.ndarray:
    """A frame as float64 grey levels from 0 to 255.

    Parameters
    ----------
    image : array or Tensor of shape (H, W), or (H, W, 3) if uint8 or uint16
        uint8 as it is; uint16 divided by 257 and not rounded; other integers and floats are grey levels from
        0 to 255 already. 8-bit colour becomes its rounded luminance.

    Returns
    -------
    float64 ndarray of shape (H, W)
        A new array.

    Raises
    ------
    InputError
        For another type or shape, an empty array, NaN or infinity, or values outside 0 … 255.

    Warns
    -----
    InputWarning
        If floats with a fraction reach no higher than 1: a frame in [0, 1], most likely, which wants the factor
        255. And as `rrca.data.as_frame` does.

    References
    ----------
    The MATLAB programs read 8-bit files and compute on their levels; several of their constants are grey levels.

    Examples
    --------
    >>> grey_levels(np.array([[0, 128, 65535]], dtype=np.uint16)).round(4)
    array([[  0.    ,   0.4981, 255.    ]])
    """
    if hasattr(image, "detach"):  # a Tensor
        image = image.detach().cpu().numpy()
    array = np.asarray(image)
    if array.dtype in (np.uint8, np.uint16):
        return from_unit(as_frame(array, name="the frame"))
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"the frame holds {array.dtype}; give grey levels 0 … 255 as numbers.")
    if array.ndim != 2 or array.size == 0:
        raise InputError(f"the frame has shape {array.shape}; give grey levels (H, W), one frame at a time.")
    levels = array.astype(np.float64)
    if not np.isfinite(levels).all():
        raise InputError("the frame holds NaN or infinite values; replace them before detecting.")
    if levels.min() < 0 or levels.max() > LEVELS:
        raise InputError(
            f"the frame holds values from {levels.min():.4g} to {levels.max():.4g}; bring them to grey levels 0 … 255."
        )
    if np.issubdtype(array.dtype, np.floating) and 0 < levels.max() <= 1 and (levels % 1).any():
        warnings.warn(
            f"the frame reaches {levels.max():.4g} of 255 grey levels; multiply by 255 if it is in [0, 1].",
            InputWarning,
            stacklevel=3,
        )
    return levels


def from_unit(frame: np.ndarray) -> np.ndarray:
    """A frame in [0, 1] as float64 grey levels; what came from 8 bit becomes exact integers again.

    Parameters
    ----------
    frame : float32 ndarray of shape (H, W)
        As `rrca.data.read` gives it.

    Returns
    -------
    float64 ndarray of shape (H, W)

    Examples
    --------
    >>> from_unit(np.array([[7, 201]], dtype=np.float32) / 255)
    array([[  7., 201.]])
    >>> from_unit(np.array([[7, 201]], dtype=np.float32) / 65535).round(4)
    array([[0.0272, 0.7821]])
    """
    levels = frame.astype(np.float64) * LEVELS
    whole = np.rint(levels)
    return whole if np.abs(levels - whole).max() < NEAR else levels


def minmax(values: np.ndarray) -> np.ndarray:
    """Values stretched to [0, 1], NaN left out of the extremes and kept; equal values are clipped to [0, 1].

    Examples
    --------
    >>> minmax(np.array([2.0, 3.0, 6.0])), minmax(np.array([7.0, 7.0]))
    (array([0.  , 0.25, 1.  ]), array([1., 1.]))
    """
    low, high = np.nanmin(values), np.nanmax(values)
    return np.clip(values, 0, 1) if low == high else (values - low) / (high - low)


def is_flat(values: np.ndarray) -> bool:
    """Whether all values are equal: nothing stands out, and what rounding leaves must not look like a target."""
    return values.min() == values.max()


def check_odd(size: int, name: str) -> None:
    """Refuse a window that has no centre."""
    if not isinstance(size, int | np.integer) or size < 1 or size % 2 == 0:
        raise InputError(f"{name} = {size!r}: give an odd number of pixels, 1 or more.")
