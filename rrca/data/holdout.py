"""The validation lists: a fixed fifth of each training list, near duplicates kept on one side.

`rrca/data/lists/NAME/val.txt` was written by `write`, once, and is what everybody uses; a test makes the
lists again and compares.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from rrca.data import lists
from rrca.data.layouts import locate
from rrca.data.near import groups, pairs, signatures
from rrca.data.reading import read_with_remarks

SHARE = 0.2  # of the training list


def choose(ids: Sequence[str], together: Sequence[Sequence[int]] = (), share: float = SHARE) -> list[str]:
    """Choose validation IDs from a training list.

    Parameters
    ----------
    ids : sequence of str
        The training list.
    together : sequence of sequences of int
        Positions in `ids` that must not be parted (`near.groups`); those in no group stand alone.
    share : float, default 0.2
        Of the frames.

    Returns
    -------
    list of str
        round(share · len(ids)) IDs, in the order of `ids`, as long as there are frames enough that stand
        alone to make up for groups.

    Notes
    -----
    No random generator, so that no library's next version changes the lists: groups of several frames
    first, then by prefix of the ID (a source, where there are several), then by SHA-256 of the ID. Along
    this order a group is taken whenever the share of what was passed falls short by half the group.

    Examples
    --------
    >>> choose([f"frame-{i}" for i in range(10)], [[0, 1]])
    ['frame-6', 'frame-8']
    """
    grouped = {position for group in together for position in group}
    whole = [list(group) for group in together if group]
    whole += [[position] for position in range(len(ids)) if position not in grouped]

    def place(group: list[int]):
        first = min(ids[position] for position in group)
        return -len(group), re.sub(r"\d+$", "", first), hashlib.sha256(first.encode()).hexdigest()

    chosen: list[int] = []
    passed = 0
    for group in sorted(whole, key=place):
        passed += len(group)
        if share * passed - len(chosen) >= len(group) / 2:
            chosen += group
    return [ids[position] for position in sorted(chosen)]


def validation_ids(name: str, root=None) -> list[str]:
    """The validation list of a data set, made from its training frames.

    Parameters
    ----------
    name : str
    root : path-like, optional
        See `data_root`.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the data set is not there.

    Notes
    -----
    IRSTD-1k's shipped list was made from IDs alone, by `choose`: its frames were not at hand, so near
    duplicates between its train and val lists could not be checked.
    """
    ids = lists.ids(name, "trainval")
    files = locate(name, root)
    found = pairs(signatures(read_with_remarks(files[id][0])[0] for id in ids))
    return choose(ids, groups(len(ids), found))


def write(folder: Path, name: str, ids: Sequence[str]) -> Path:
    """Write a list as a file, one ID a line, and return its path."""
    path = Path(folder) / name / "val.txt"
    path.write_text("".join(f"{id}\n" for id in ids), encoding="utf-8")
    return path
