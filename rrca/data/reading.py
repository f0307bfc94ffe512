"""Files and arrays as frames: float32 in [0, 1], whatever the bit depth or the colour mode."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from rrca.data.pixels import load_pixels
from rrca.errors import InputError, InputWarning

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode "L"
PERCENTILES = (0.1, 99.9)  # what scale="percentile" maps to 0 and 1
FULL_RANGE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def read(path, channels: str = "grey", scale=None) -> np.ndarray:
    """Read a frame from a file.

    Parameters
    ----------
    path : path-like
        PNG, TIFF, BMP or JPEG, grey or RGB or palette, with or without alpha, of 8 bit; grey PNG and any
        TIFF also of 16 bit, TIFF also of floats; or .npy.
    channels : {"grey", "rgb"}
        "grey": colour becomes 0.299 R + 0.587 G + 0.114 B, rounded as Pillow does for 8 bit. "rgb": as
        stored; grey is repeated.
    scale : (float, float) or "percentile", optional
        The grey levels (in the file's own units) that become 0 and 1; what lies beyond is clipped.
        "percentile" takes the 0.1th and the 99.9th percentile of the frame. Default: the type's full range,
        0 to 255 or 0 to 65535; floats must lie in [0, 1] already.

    Returns
    -------
    float32 ndarray of shape (H, W), or (H, W, 3) with "rgb"
        Values in [0, 1].

    Raises
    ------
    InputError
        For a file that is missing, no image, damaged, or of values that are no frame.

    Warns
    -----
    InputWarning
        If true colour is read as grey, if alpha that varies is dropped, and if a 16-bit frame stays under
        1/16 of its range.
    """
    frame, remarks = read_with_remarks(path, channels, scale)
    for remark in remarks:
        warnings.warn(remark, InputWarning, stacklevel=2)
    return frame


def read_with_remarks(path, channels: str = "grey", scale=None) -> tuple[np.ndarray, list[str]]:
    """`read`, with its warnings as a list: a data set's oddities are told once, by `check`, not once a frame."""
    return _frame(load_pixels(Path(path)), channels, scale, str(path))


def as_frame(array, channels: str = "grey", scale=None, name: str = "the array") -> np.ndarray:
    """Turn an array into a frame by its type, as `read` does with a file.

    Parameters
    ----------
    array : array or Tensor of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        uint8, uint16, or floats in [0, 1]. A fourth channel (alpha) is dropped.
    channels, scale
        As for `read`.
    name : str
        What messages call it.

    Returns
    -------
    float32 ndarray of shape (H, W), or (H, W, 3) with "rgb"
        A new array; the input is not changed.

    Raises
    ------
    InputError
        For another type or shape, an empty array, NaN or infinity, or floats outside [0, 1] without `scale`.

    Warns
    -----
    InputWarning
        As for `read`.

    Examples
    --------
    >>> as_frame(np.array([[0, 51, 255]], dtype=np.uint8))
    array([[0. , 0.2, 1. ]], dtype=float32)
    """
    if hasattr(array, "detach"):  # a Tensor; NumPy has no bfloat16
        array = array.detach().cpu()
        array = array.float() if array.is_floating_point() else array
    frame, remarks = _frame(np.asarray(array), channels, scale, name)
    for remark in remarks:
        warnings.warn(remark, InputWarning, stacklevel=2)
    return frame


def read_mask(path, shape: tuple[int, int] | None = None, raw: bool = False) -> np.ndarray:
    """Read a mask: at least 128 of 255 is a target.

    Parameters
    ----------
    path : path-like
        An image of 8 or 1 bit, or .npy of uint8 or bool; of a colour one, the luminance counts. Of 16 bit,
        the upper half counts, unless all values fit into the lower.
    shape : (int, int), optional
        (H, W) that it must have: its frame's.
    raw : bool, default False
        Give the grey values 0 … 255 as stored, for protocols that treat them otherwise.

    Returns
    -------
    bool ndarray of shape (H, W), or uint8 with `raw`

    Raises
    ------
    InputError
        As for `read`, and if the size is another.

    Warns
    -----
    InputWarning
        If it holds values other than 0 and 255; not with `raw`.
    """
    path = Path(path)
    values = _as_mask(load_pixels(path), path)
    if shape is not None and values.shape != tuple(shape):
        raise InputError(
            f"mask {path} is {values.shape[1]}×{values.shape[0]} pixels but its frame is {shape[1]}×{shape[0]}; "
            "they must be of one size."
        )
    if raw:
        return values
    if not np.isin(values, (0, 255)).all():
        remark = f"mask {path} holds grey values up to {values.max()}; 128 and above count as target."
        warnings.warn(remark, InputWarning, stacklevel=2)
    return values >= 128


def _as_mask(values: np.ndarray, path: Path) -> np.ndarray:
    """Stored values as uint8 (H, W)."""
    if values.dtype == bool:
        values = values.astype(np.uint8) * 255
    if values.dtype == np.uint16:
        values = (values >> 8 if values.max(initial=0) > 255 else values).astype(np.uint8)
    if values.dtype != np.uint8:
        raise InputError(f"mask {path} holds {values.dtype}; save it as an 8-bit image of 0 and 255.")
    values = _bare(values, f"mask {path}")[0]
    return _luminance(values) if values.ndim == 3 else values


def _frame(array: np.ndarray, channels: str, scale, name: str) -> tuple[np.ndarray, list[str]]:
    """The frame, and what its user should be told."""
    if channels not in ("grey", "rgb"):
        raise InputError(f"channels = {channels!r}: choose 'grey' or 'rgb'.")
    array, remarks = _bare(array, name)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)  # .npy and TIFF may be big-endian
    if array.dtype not in FULL_RANGE and not np.issubdtype(array.dtype, np.floating):
        what = "bool: a mask, not a frame" if array.dtype == bool else array.dtype
        raise InputError(f"{name} holds {what}; convert it to uint8, uint16, or floats in [0, 1] first.")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            raise InputError(f"{name} holds NaN or infinite values; replace them before detecting.")
        if scale is None and (array.min() < 0 or array.max() > 1):
            raise InputError(
                f"{name} holds floats from {array.min():.4g} to {array.max():.4g}; bring them into [0, 1], or say with "
                "scale=(low, high) or scale='percentile' how."
            )
    if array.dtype == np.uint16 and scale is None and array.max() < 65536 / 16:
        remarks.append(
            f"{name} is 16-bit but its maximum is {array.max()} of 65535, so it will look black; stretch it with "
            "scale=(low, high) or scale='percentile'."
        )
    full = FULL_RANGE.get(array.dtype, 1)
    if channels == "rgb":
        values = np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array
    elif array.ndim == 2:
        values = array
    elif (array == array[..., :1]).all():
        values = array[..., 0]
    else:
        values = _luminance(array)
        remarks.append(f"{name} is a colour image; its luminance was taken.")
    return _scaled(values, scale, full).astype(np.float32), remarks


def _bare(array: np.ndarray, name: str) -> tuple[np.ndarray, list[str]]:
    """(H, W) or (H, W, 3) without alpha, and a remark if that alpha said something."""
    remarks = []
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.shape[2] == 4 and array.size:
        if (array[..., 3] != array[0, 0, 3]).any():
            remarks.append(f"{name} has transparent parts; its alpha channel was ignored.")
        array = array[..., :3]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or array.size == 0:
        raise InputError(
            f"{name} has shape {array.shape}; a frame is (H, W) or (H, W, 3), one frame at a time."
        )
    return array, remarks


def _luminance(array: np.ndarray) -> np.ndarray:
    """0.299 R + 0.587 G + 0.114 B; for 8 bit by Pillow itself, so that its rounding is the rule."""
    if array.dtype == np.uint8:
        return np.asarray(Image.fromarray(np.ascontiguousarray(array)).convert("L"))
    return array.astype(np.float64) @ np.array(LUMINANCE)


def _scaled(values: np.ndarray, scale, full: int) -> np.ndarray:
    """Values in [0, 1]: divided by the full range, or stretched."""
    values = values.astype(np.float64)
    if scale is None:
        return values / full
    if isinstance(scale, str):
        if scale != "percentile":
            raise InputError(f"scale = {scale!r}: give 'percentile' or (low, high).")
        low, high = np.percentile(values, PERCENTILES)
        if low == high:
            return np.zeros_like(values)
    else:
        try:
            low, high = (float(bound) for bound in scale)
        except (TypeError, ValueError):
            raise InputError(f"scale = {scale!r}: give 'percentile' or (low, high).") from None
        if not -np.inf < low < high < np.inf:
            raise InputError(f"scale = ({low:g}, {high:g}): the first must be below the second, both finite.")
    return np.clip((values - low) / (high - low), 0, 1)
