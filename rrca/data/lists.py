"""The ID lists, checksums and known near duplicates that come with the package."""

import gzip
from functools import cache
from pathlib import Path

from rrca.errors import InputError

FOLDER = Path(__file__).parent / "lists"
REGISTRIES = ("NUAA-SIRST", "DenseSIRST")  # sets with a public repository


def ids(name: str, split: str) -> list[str]:
    """IDs of a list, in its order.

    Parameters
    ----------
    name : str
        Data set.
    split : str
        "train", "val", "trainval", "test", or another list that the set has (`names`).

    Raises
    ------
    InputError
        If the package has no such list; the message names those there are.
    """
    if split == "train":
        held_out = set(ids(name, "val"))
        return [id for id in ids(name, "trainval") if id not in held_out]
    return list(_lines(name, split))


def names(name: str) -> list[str]:
    """The lists that a data set has in the package."""
    found = sorted(path.stem for path in (FOLDER / name).glob("*.txt"))
    return found + ["train"] * ("val" in found)


@cache
def _lines(name: str, split: str) -> tuple[str, ...]:
    path = FOLDER / name / f"{split}.txt"
    if not path.is_file():
        raise InputError(f"{name} has no list {split!r}; it has {', '.join(names(name)) or 'none'}.")
    return tuple(path.read_text(encoding="utf-8").split())


def registry(name: str) -> dict[str, str]:
    """Path in the public repository -> "sha256:…" of the file there."""
    path = FOLDER / name / "registry.txt.gz"
    if not path.is_file():
        raise InputError(
            f"{name} has no public repository to fetch from; import its archive with `rrca data import`."
        )
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.strip())


def near_duplicates(name: str) -> list[tuple[str, str]]:
    """Known (test ID, training ID) pairs of nearly the same picture; none for IRSTD-1k, which nobody searched."""
    path = FOLDER / name / "near_duplicates_test_vs_train.tsv"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [tuple(line.split("\t")[:2]) for line in lines if line.strip() and not line.startswith("#")]
