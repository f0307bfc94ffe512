"""Read every frame of a data set once, and keep what a check needs of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from rrca.data.near import Signatures, signatures
from rrca.data.reading import read_mask, read_with_remarks
from rrca.errors import InputError
from rrca.metrics.components import components


@dataclass(frozen=True)
class Record:
    """A readable frame, and its mask if there is one.

    Parameters
    ----------
    id : str
    shape : (int, int)
        Rows, columns.
    digest : str
        SHA-256 of size and grey levels: equal for equal pictures, however they are stored.
    remarks : tuple of str
        What `read` would warn of.
    mask_shape : (int, int) or None
    targets : int
        8-connected components of the mask.
    target_pixels, grey_pixels : int
        Mask pixels of at least 128; mask pixels other than 0 and 255.
    """

    id: str
    shape: tuple[int, int]
    digest: str
    remarks: tuple[str, ...]
    mask_shape: tuple[int, int] | None = None
    targets: int = 0
    target_pixels: int = 0
    grey_pixels: int = 0


@dataclass(frozen=True)
class Scan:
    """A data set as read: records and signatures in the same order; messages by ID where a file is unreadable."""

    records: tuple[Record, ...]
    signatures: Signatures
    broken: dict[str, str]


def scan(files: Mapping[str, tuple[Path, Path | None]], masks: bool = True) -> Scan:
    """Read all frames of a set, one at a time.

    Parameters
    ----------
    files : mapping of str to (Path, Path or None)
        From `layouts.locate`.
    masks : bool, default True
        Read the masks too.

    Returns
    -------
    Scan
    """
    records: list[Record] = []
    broken: dict[str, str] = {}

    def frames() -> Iterator[np.ndarray]:
        for id, (image_file, mask_file) in files.items():
            try:
                image, remarks = read_with_remarks(image_file)
                mask = {} if mask_file is None or not masks else _mask(mask_file)
            except InputError as error:
                broken[id] = str(error)
                continue
            digest = sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
            records.append(Record(id, image.shape, digest, tuple(remarks), **mask))
            yield image

    found = signatures(frames())
    return Scan(tuple(records), found, broken)


def _mask(path: Path) -> dict:
    values = read_mask(path, raw=True)
    target = values >= 128
    return {
        "mask_shape": values.shape,
        "targets": len(components(target)),
        "target_pixels": int(target.sum()),
        "grey_pixels": int(((values > 0) & (values < 255)).sum()),
    }
