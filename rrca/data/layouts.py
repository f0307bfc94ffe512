"""Where data sets lie on disk: one record per folder layout."""

import os
from dataclasses import dataclass
from pathlib import Path

from rrca.data import lists
from rrca.data.pixels import SUFFIXES
from rrca.errors import InputError

NAMES = ("NUAA-SIRST", "IRSTD-1k", "DenseSIRST", "NUDT-SIRST")


@dataclass(frozen=True)
class Layout:
    """A pair of folders below the data set's folder.

    Parameters
    ----------
    images, masks : str
        Relative to the data set's folder, or to an archive's or a devkit's inner folder.
    mask_endings : tuple of str
        What may follow an ID in a mask's file name, before the suffix.
    """

    images: str
    masks: str
    mask_endings: tuple[str, ...] = ("", "_pixels0")


LAYOUTS = (
    Layout("images", "masks"),  # ours, BasicIRSTD's, NUAA-SIRST's own (`ID_pixels0.png`)
    Layout("IRSTD1k_Img", "IRSTD1k_Label"),  # IRSTD-1k as its authors pack it
    Layout("SIRSTdevkit/PNGImages", "SIRSTdevkit/SIRST/BinaryMask"),  # DenseSIRST's devkit, below `data/`
    Layout("PNGImages", "SIRST/BinaryMask"),
    Layout("img", "label"),
)


def data_root(root=None) -> Path:
    """The folder that holds the data sets: the argument, else $RRCA_DATA, else `data/`.

    `data/` is the checkout's when the package runs from one, else that of the current folder.
    """
    if root is not None:
        return Path(root)
    if os.environ.get("RRCA_DATA"):
        return Path(os.environ["RRCA_DATA"])
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path()) / "data"


def find_layout(folder: Path) -> tuple[Path, Path, Layout] | None:
    """The image folder, the mask folder and the layout of a data set's folder; None if there is none."""
    for base in (folder, folder / "data"):
        for layout in LAYOUTS:
            images, masks = base / layout.images, base / layout.masks
            if images.is_dir() and masks.is_dir():
                return images, masks, layout
    return None


def locate(name: str, root=None) -> dict[str, tuple[Path, Path | None]]:
    """Image and mask file of every frame of a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`, or any folder below the root that holds a known layout.
    root : path-like, optional
        See `data_root`.

    Returns
    -------
    dict of str to (Path, Path or None)
        By ID, sorted; None where a frame has no mask.

    Raises
    ------
    InputError
        If the data set is not there; the message says where it was looked for and how to get it.
    """
    folder = data_root(root) / name
    found = find_layout(folder)
    if found is None:
        raise InputError(f"no data set {name} in {folder} ({_advice(name)}).")
    return pair_files(*found)


def pair_files(images: Path, masks: Path, layout: Layout = LAYOUTS[0]) -> dict[str, tuple[Path, Path | None]]:
    """Pair the files of two folders by ID."""
    by_stem = {path.stem: path for path in _image_files(masks)}
    pairs = {}
    for path in _image_files(images):
        stems = (path.stem + ending for ending in layout.mask_endings)
        pairs[path.stem] = path, next((by_stem[stem] for stem in stems if stem in by_stem), None)
    return pairs


def _image_files(folder: Path) -> list[Path]:
    """Images of a folder by name, without what other systems hide there (`._ID.png`)."""
    return [
        p
        for p in sorted(Path(folder).iterdir())
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    ]


def available(root=None) -> list[str]:
    """Names of the data sets found below the root."""
    return [name for name in NAMES if find_layout(data_root(root) / name) is not None]


def get_command(name: str) -> str:
    """The command that puts a data set on this machine."""
    return f"rrca data fetch {name}" if name in lists.REGISTRIES else f"rrca data import {name} ARCHIVE"


def _advice(name: str) -> str:
    if name in NAMES:
        return f"get it with `{get_command(name)}`, or name its parent folder with RRCA_DATA"
    return f"known names are {', '.join(NAMES)} and synthetic"
