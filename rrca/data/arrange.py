"""Put the files of a data set into this project's form, whole or not at all.

`NAME/images/ID.png`, `NAME/masks/ID.png` (one 8-bit channel, as large as the frame), `NAME/splits/*.txt` and
`NAME/extra/`. Pixels keep their values: equal channels become one, palettes are resolved, alpha is dropped.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from rrca.data import lists
from rrca.data.layouts import find_layout
from rrca.data.pixels import load_pixels
from rrca.data.reading import read_mask
from rrca.errors import InputError

# A frame whose mask, as its authors distribute it, has another size than the frame: 592×400 for 325×220.
RESIZED_MASKS = {("NUAA-SIRST", "Misc_111")}
# In the order of moving: a set counts as there when it has `images`, so they come last.
PLACES = ("extra", "splits", "masks", "images")


def target_folder(name: str, root: Path) -> Path:
    """Where a data set will lie.

    Raises
    ------
    InputError
        If it, or a part of it, is there already: nothing is ever overwritten.
    """
    folder = root / name
    if find_layout(folder) is not None:
        raise InputError(
            f"{folder} holds {name} already; check it with `rrca data check {name}`, or move it away first."
        )
    taken = [folder / place for place in ("images", "masks") if (folder / place).exists()]
    if taken:
        raise InputError(f"{taken[0]} exists without its counterpart; move it away first.")
    return folder


def working_folder(folder: Path, purpose: str) -> Path:
    """An inner folder for unfinished things, on the same disk, so that moving is renaming."""
    work = folder / "source" / purpose
    work.mkdir(parents=True, exist_ok=True)
    return work


def arrange(name: str, files: Mapping[str, tuple[Path, Path]], folder: Path) -> Path:
    """Convert frames and masks and move them into place.

    Parameters
    ----------
    name : str
        Data set.
    files : mapping of str to (Path, Path)
        Frame and mask file by ID; they stay as they are.
    folder : Path
        The data set's folder, from `target_folder`.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    InputError
        If a file is no 8-bit image; nothing is left in place then.
    """
    work = working_folder(folder, "converted")
    try:
        for place in PLACES:
            shutil.rmtree(work / place, ignore_errors=True)  # of an interrupted run
            (work / place).mkdir()
        _convert(name, files, work)
        for place in PLACES:
            if not (folder / place).exists():  # lists that a user has put there are left alone
                os.replace(work / place, folder / place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def as_stored(pixels: np.ndarray) -> np.ndarray:
    """A frame's pixels in this project's form: (H, W) if the channels are equal, else (H, W, 3).

    Examples
    --------
    >>> as_stored(np.full((4, 5, 4), 7, dtype=np.uint8)).shape
    (4, 5)
    """
    if pixels.ndim == 2:
        return pixels
    colour = pixels[..., :3]
    return colour[..., 0] if (colour == colour[..., :1]).all() else colour


def _convert(name: str, files: Mapping[str, tuple[Path, Path]], work: Path) -> None:
    colour = []
    for id, (image_file, mask_file) in files.items():
        image, mask = as_stored(load_pixels(image_file)), read_mask(mask_file, raw=True)
        if image.dtype != np.uint8:
            raise InputError(
                f"{image_file} holds {image.dtype}, but frames of {name} are of 8 bit; it is another set."
            )
        if image.ndim == 3:
            colour.append(id)
        if (name, id) in RESIZED_MASKS and mask.shape != image.shape[:2]:
            H, W = mask.shape
            Image.fromarray(mask).save(work / "extra" / f"{id}_mask_source_{W}x{H}.png")
            mask = np.asarray(Image.fromarray(mask).resize(image.shape[1::-1], Image.Resampling.NEAREST))
        Image.fromarray(image).save(work / "images" / f"{id}.png")
        Image.fromarray(mask).save(work / "masks" / f"{id}.png")
    _write_lines(work / "extra" / "rgb_ids.txt", colour)
    for split in lists.names(name):
        if split not in ("train", "val"):  # the published lists, under the names that they have there
            _write_lines(
                work / "splits" / f"{'train' if split == 'trainval' else split}.txt", lists.ids(name, split)
            )


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
