"""What is wrong or odd about a data set on this machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

from rrca.data import lists
from rrca.data.arrange import RESIZED_MASKS
from rrca.data.layouts import NAMES, available, data_root, locate
from rrca.data.near import pairs
from rrca.data.scan import Scan, scan

SEVERITIES = ("error", "warning", "note")
SHOWN = 3  # IDs that a sentence names


@dataclass(frozen=True)
class Finding:
    """One thing about a data set.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        error: results on this copy would be wrong or impossible. warning: a fault that who reads results on
        the set must know. note: odd, and taken care of.
    kind : str
        "unreadable", "missing", "size", "grey mask", "empty mask", "resized mask", "odd frame", "duplicate",
        "near duplicate", "leak", "list", "unlisted" or "other set".
    text : str
        A sentence.
    ids : tuple of str, or of (str, str)
        All IDs, or pairs of IDs, that it is about.
    """

    severity: Literal["error", "warning", "note"]
    kind: str
    text: str
    ids: tuple = ()


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes
    ----------
    name : str
    folder : Path
    frames, targets : int
        Readable frames; 8-connected components in their masks.
    findings : tuple of Finding
        Errors first.
    """

    name: str
    folder: Path
    frames: int
    targets: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """Number of findings of severity "error"."""
        return sum(finding.severity == "error" for finding in self.findings)

    def of(self, kind: str) -> list[Finding]:
        """The findings of a kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def __str__(self) -> str:
        head = f"{self.name} in {self.folder}: {self.frames} frames, {self.targets} targets, {self.errors} errors"
        return "\n".join([head, *(f"  {f.severity:7}  {f.kind}: {f.text}" for f in self.findings)])


def check(name: str, root=None) -> Report:
    """Look at every file of a data set, at its lists, and at the other sets beside it.

    Parameters
    ----------
    name : str
        One of `NAMES`, or any folder below the root that holds a known layout (which then has no lists).
    root : path-like, optional
        Folder of the data sets; see `data_root`.

    Returns
    -------
    Report
        `print` it.

    Raises
    ------
    InputError
        If the data set is not there.

    Notes
    -----
    Reads the frames of all known sets below the root once.
    """
    folder, files = data_root(root) / name, locate(name, root)
    here = scan(files)
    findings = [
        *_files(name, here),
        *_missing(name, files),
        *_lists_on_disk(name, folder, files),
        *_leaks(name),
        *_duplicates(name, here),
        *_shared_ids(name),
    ]
    for other in available(root):
        if other != name:
            findings += _shared_pictures(here, other, scan(locate(other, root), masks=False))
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    targets = sum(record.targets for record in here.records)
    return Report(name, folder, len(here.records), targets, tuple(findings))


def _some(ids: Iterable) -> str:
    """The first few IDs or pairs of IDs, for a sentence."""
    ids = [id if isinstance(id, str) else " = ".join(id) for id in ids]
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


# --- files ---------------------------------------------------------------------------------------------------


def _files(name: str, here: Scan) -> list[Finding]:
    """Findings about single frames and masks."""
    found = [Finding("error", "unreadable", text, (id,)) for id, text in here.broken.items()]
    masked = [record for record in here.records if record.mask_shape is not None]
    for record in masked:
        if record.mask_shape != record.shape:
            (h, w), (H, W) = record.mask_shape, record.shape
            text = f"the mask of {record.id} is {w}×{h} pixels, its frame {W}×{H}; they must be of one size."
            found.append(Finding("error", "size", text, (record.id,)))
        elif (name, record.id) in RESIZED_MASKS:
            text = (
                f"the mask of {record.id} is distributed in another size than its frame; it was resized (nearest) "
                f"and holds {record.target_pixels} px."
            )
            found.append(Finding("note", "resized mask", text, (record.id,)))
    if grey := tuple(record.id for record in masked if record.grey_pixels):
        text = f"{len(grey)} masks hold values other than 0 and 255, and 128 and above count as target: {_some(grey)}."
        found.append(Finding("warning", "grey mask", text, grey))
    if empty := tuple(record.id for record in masked if not record.targets):
        found.append(
            Finding("note", "empty mask", f"{_frames(len(empty))} without a target: {_some(empty)}.", empty)
        )
    if odd := [record for record in here.records if record.remarks]:
        text = f"{_frames(len(odd))} of another kind than the rest, such as: {odd[0].remarks[0]}"
        found.append(Finding("note", "odd frame", text, tuple(record.id for record in odd)))
    return found


def _missing(name: str, files: dict) -> list[Finding]:
    """What the package's lists name and is not there, and what is there and in no list."""
    found = []
    if name not in NAMES:
        lost = tuple(id for id, (_, mask) in files.items() if mask is None)
        return (
            [Finding("error", "missing", f"{_frames(len(lost))} without a mask: {_some(lost)}.", lost)]
            if lost
            else []
        )
    listed: set[str] = set()
    for split in ("trainval", "test"):
        ids = lists.ids(name, split)
        listed.update(ids)
        if lost := tuple(id for id in ids if id not in files or files[id][1] is None):
            text = f"the frame or the mask of {len(lost)} of the {len(ids)} IDs in the {split} list: {_some(lost)}."
            found.append(Finding("error", "missing", text, lost))
    if extra := tuple(id for id in files if id not in listed):
        found.append(
            Finding(
                "note", "unlisted", f"{_frames(len(extra))} in no list, never used: {_some(extra)}.", extra
            )
        )
    return found


# --- lists ---------------------------------------------------------------------------------------------------


def _lists_on_disk(name: str, folder: Path, files: dict) -> list[Finding]:
    """Lists beside the images, which `open` does not use, against the package's and against each other."""
    on_disk = {
        path.stem: path.read_text(encoding="utf-8").split() for path in sorted(folder.glob("splits/*.txt"))
    }
    found = []
    for split, ids in on_disk.items():
        if lost := tuple(id for id in ids if id not in files):
            text = f"splits/{split}.txt names {_frames(len(lost))} that are not there: {_some(lost)}."
            found.append(Finding("error", "list", text, lost))
        ours = {"train": "trainval"}.get(split, split)
        if ours in lists.names(name) and sorted(ids) != sorted(lists.ids(name, ours)):
            different = tuple(sorted(set(ids) ^ set(lists.ids(name, ours))))
            text = (
                f"splits/{split}.txt is not the published list, which is used; different: {_some(different)}."
            )
            found.append(Finding("warning", "list", text, different))
    for one, two in combinations([split for split in ("train", "val", "test") if split in on_disk], 2):
        if both := tuple(id for id in on_disk[one] if id in set(on_disk[two])):
            text = f"{_frames(len(both))} in splits/{one}.txt and in splits/{two}.txt: {_some(both)}."
            found.append(Finding("error", "list", text, both))
    return found


def _leaks(name: str) -> list[Finding]:
    """Other test lists of the field that hold training frames."""
    found = []
    for split in lists.names(name):
        if "test" in split and split != "test":
            ids, trained = lists.ids(name, split), set(lists.ids(name, "trainval"))
            if both := tuple(id for id in ids if id in trained):
                text = (
                    f"{len(both)} of the {len(ids)} frames in the list {split} are in the training list; never judge a "
                    "network on it that was trained on that."
                )
                found.append(Finding("warning", "leak", text, both))
    return found


# --- pictures ------------------------------------------------------------------------------------------------


def _duplicates(name: str, here: Scan) -> list[Finding]:
    """Equal and nearly equal pictures within the set: across lists a fault, within one an oddity."""
    split_of = {
        id: split for split in ("test", "val", "train") if name in NAMES for id in lists.ids(name, split)
    }
    order = {"test": 0, "val": 1, "train": 2, "no": 3}
    equal = _equal_pairs(here, here)
    near = [(here.records[pair.first].id, here.records[pair.second].id) for pair in pairs(here.signatures)]
    found = []
    for kind, what, twins in (
        ("duplicate", "the same picture", equal),
        ("near duplicate", "nearly the same picture", [pair for pair in near if pair not in set(equal)]),
    ):
        by_lists: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for twin in twins:
            one, two = sorted(twin, key=lambda id: order[split_of.get(id, "no")])  # a test frame comes first
            by_lists.setdefault((split_of.get(one, "no"), split_of.get(two, "no")), []).append((one, two))
        for (one, two), ids in sorted(by_lists.items()):
            count = "1 pair" if len(ids) == 1 else f"{len(ids)} pairs"
            where = (
                f"both of the {one} list"
                if one == two
                else f"one of the {one} list and one of the {two} list"
            )
            text = f"{count} with {what}, {where}: {_some(ids)}."
            across = "error" if kind == "duplicate" else "warning"
            found.append(Finding("note" if one == two else across, kind, text, tuple(ids)))
    return found


def _equal_pairs(here: Scan, there: Scan) -> list[tuple[str, str]]:
    """IDs of frames with the same size and grey levels; within one set each pair once."""
    by_digest: dict[str, list[str]] = {}
    for record in there.records:
        by_digest.setdefault(record.digest, []).append(record.id)
    if here is there:
        return [pair for ids in by_digest.values() for pair in combinations(ids, 2)]
    return [(record.id, id) for record in here.records for id in by_digest.get(record.digest, ())]


def _shared_ids(name: str) -> list[Finding]:
    """Other sets that hold frames of the same IDs, from the lists alone."""
    if name not in NAMES:
        return []
    train, test = (set(lists.ids(name, split)) for split in ("trainval", "test"))
    found = []
    for other in NAMES:
        other_train, other_test = (set(lists.ids(other, split)) for split in ("trainval", "test"))
        shared = tuple(sorted((train | test) & (other_train | other_test)))
        if other != name and shared:
            text = (
                f"{len(shared)} of the {len(train | test)} IDs are in {other} too: {len(test & other_train)} test "
                f"frames here are training frames there, {len(train & other_test)} training frames here are test "
                "frames there; never train on one and report on the other."
            )
            found.append(Finding("warning", "other set", text, shared))
    return found


def _shared_pictures(here: Scan, other: str, there: Scan) -> list[Finding]:
    """Pictures that another set on this machine holds too, whatever their IDs."""
    equal = _equal_pairs(here, there)
    near = [
        (here.records[i].id, there.records[j].id) for i, j, *_ in pairs(here.signatures, there.signatures)
    ]
    found = []
    for what, twins in (
        ("the same", equal),
        ("nearly the same", [pair for pair in near if pair not in set(equal)]),
    ):
        if twins:
            one, two = (len(set(side)) for side in zip(*twins, strict=True))
            text = f"{_frames(one)} show {what} picture as {_frames(two)} of {other}: {_some(twins)}."
            found.append(Finding("warning", "other set", text, tuple(twins)))
    return found
