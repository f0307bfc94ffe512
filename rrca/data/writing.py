"""Frames as files that other programs read."""

from pathlib import Path

import numpy as np
from PIL import Image

from rrca.errors import InputError


def write(frame: np.ndarray, path: str | Path, bits: int = 16) -> Path:
    """Write a grey frame as PNG or TIFF; an existing file is replaced.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        Values in [0, 1]; 1 becomes the largest grey level.
    path : path-like
        Its folder is made if need be.
    bits : {8, 16}

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the frame is not (H, W) with values in [0, 1], or for another number of bits.

    Examples
    --------
    >>> import tempfile
    >>> from rrca.data import read
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(read(write(np.array([[0.0, 0.5, 1.0]]), folder + "/frame.png")))
    [[0.  0.5 1. ]]
    """
    frame = np.asarray(frame)
    if frame.ndim != 2 or not frame.size or not (frame.min() >= 0 and frame.max() <= 1):
        raise InputError(
            f"a frame of shape {frame.shape} cannot be written; it must be (H, W) with values in [0, 1]."
        )
    if bits not in (8, 16):
        raise InputError(f"bits = {bits}: choose 8 or 16.")
    levels = np.round(frame * (2**bits - 1)).astype(np.uint16 if bits == 16 else np.uint8)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path)
    return path
