"""Score maps that other programs wrote: one file a frame, named by its ID."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rrca.data.pixels import load_pixels
from rrca.errors import InputError

SUFFIXES = (".png", ".npy")
FULL_RANGE = {np.dtype(bool): 1, np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def find_score_maps(folder, ids: Sequence[str]) -> dict[str, Path]:
    """The score map of every frame.

    Parameters
    ----------
    folder : path-like
        Holds ``ID.png`` or ``ID.npy`` for each ID; other files are left alone.
    ids : sequence of str
        The frames' IDs.

    Returns
    -------
    dict of str to Path
        In the order of `ids`.

    Raises
    ------
    InputError
        If there is no such folder, an ID has no file, or has two.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; give the one that holds the score maps.")
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            files.setdefault(path.stem, []).append(path)
    lost = [id for id in ids if id not in files]
    if lost:
        raise InputError(
            f"{folder} lacks the score maps of {len(lost)} of {len(ids)} frames, the first is {lost[0]}; name each by "
            f"its frame's ID, as {lost[0]}.png or {lost[0]}.npy."
        )
    twice = next((files[id] for id in ids if len(files[id]) > 1), None)
    if twice:
        raise InputError(f"{folder} holds both {twice[0].name} and {twice[1].name}; keep one of them.")
    return {id: files[id][0] for id in ids}


def read_score_map(path) -> np.ndarray:
    """Read a score map: probabilities, whole numbers by the range of their type.

    Parameters
    ----------
    path : path-like
        PNG of 1, 8 or 16 bit, grey (or colour whose channels are equal); or .npy of bool, uint8, uint16 or
        floats in [0, 1], of shape (H, W) or with leading axes of length 1.

    Returns
    -------
    float64 ndarray of shape (H, W)
        Values in [0, 1]: 8 bit / 255, 16 bit / 65535. Double precision, so that no score crosses a
        threshold by rounding.

    Raises
    ------
    InputError
        For a file that cannot be read, another type or shape, NaN, or floats outside [0, 1].
    """
    values = load_pixels(Path(path))
    name = f"score map {path}"
    while values.ndim > 2 and values.shape[0] == 1:  # (1, 1, H, W) or (1, H, W), as networks give them
        values = values[0]
    if values.ndim == 3 and values.shape[2] in (1, 3, 4):
        grey = values[..., :3]
        if (grey != grey[..., :1]).any():
            raise InputError(f"{name} is coloured; save the scores themselves, as a grey PNG or as .npy.")
        values = values[..., 0]
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"{name} has shape {values.shape}; a score map is (H, W).")
    values = values.astype(values.dtype.newbyteorder("="), copy=False)  # .npy may be big-endian
    if values.dtype in FULL_RANGE:
        return values / np.float64(FULL_RANGE[values.dtype])
    if not np.issubdtype(values.dtype, np.floating):
        raise InputError(f"{name} holds {values.dtype}; save it as uint8, uint16, or floats in [0, 1].")
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds NaN or infinite values; find out where they come from.")
    if values.min() < 0 or values.max() > 1:
        raise InputError(
            f"{name} holds floats from {values.min():.4g} to {values.max():.4g}; scores are probabilities in [0, 1]: "
            "apply a sigmoid to logits, divide 8-bit maps by 255."
        )
    return values.astype(np.float64)
