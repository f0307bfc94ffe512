"""Unpack a data set from an archive that its user has."""

import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from rrca.data import lists
from rrca.data.arrange import arrange, target_folder, working_folder
from rrca.data.layouts import LAYOUTS, NAMES, data_root
from rrca.data.pixels import SUFFIXES
from rrca.errors import InputError

# What the standard library raises for an archive whose bytes are wrong.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, struct.error, OSError)
OTHER_TYPES = {".rar", ".7z", ".001", ".z01"}

# Entries of an archive, (path in it, bytes): those asked for, or with None all of them without their bytes.
Entries = Callable[[Path, Collection[str] | None], Iterator[tuple[str, bytes]]]


def import_archive(name: str, archive, root=None) -> str:
    """Put a data set from an archive into `root/name`.

    Parameters
    ----------
    name : {"NUAA-SIRST", "IRSTD-1k", "DenseSIRST", "NUDT-SIRST"}
    archive : path-like
        .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz, or the folder that another program unpacked. At any depth in
        it there is a pair of folders, frames and masks, as one of `LAYOUTS` names them.
    root : path-like, optional
        Folder of the data sets; see `data_root`.

    Returns
    -------
    str
        What was done, in a sentence.

    Raises
    ------
    InputError
        If the set is there already; if the archive is damaged, of another type, would write outside its
        folder, or lacks a frame or a mask that the set's lists name. Nothing is left in place then.

    Notes
    -----
    Only the files of the chosen pair are taken out, under names made here, never under a path of the archive.
    """
    if name not in NAMES:
        raise InputError(f"no data set {name!r}; known are {', '.join(NAMES)}.")
    archive = Path(archive)
    folder = target_folder(name, data_root(root))
    entries = _opener(archive)
    pairs = _choose(name, archive, {_safe(entry, archive): entry for entry, _ in entries(archive, None)})
    unpacked = working_folder(folder, "unpacked")
    try:
        arrange(name, _unpack(archive, entries, pairs, unpacked), folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
        for left in (folder / "source", folder):
            if left.is_dir() and not any(left.iterdir()):
                left.rmdir()
    return f"{name}: {len(pairs)} frames in {folder}."


def _opener(archive: Path) -> Entries:
    """How to read an archive, by its content rather than its name."""
    if archive.is_dir():
        return _folder
    if not archive.exists():
        raise InputError(f"no file {archive}; check the path.")
    if archive.suffix.lower() in OTHER_TYPES:
        raise InputError(
            f"{archive} is no zip or tar; unpack it with its own program and import the folder instead."
        )
    try:
        if zipfile.is_zipfile(archive):
            return _zip
        if tarfile.is_tarfile(archive):
            return _tar
    except DAMAGE:
        pass  # as if it were no archive
    raise InputError(f"{archive} is no zip or tar archive, or it is cut short; get it again.")


def _zip(archive: Path, wanted: Collection[str] | None) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise InputError(f"{archive} holds a link, {info.filename}; it was not unpacked.")
                if info.flag_bits & 1:
                    raise InputError(
                        f"{archive} is locked with a password; unpack it and import the folder instead."
                    )
                if not info.is_dir() and (wanted is None or info.filename in wanted):
                    yield info.filename, b"" if wanted is None else file.read(info)
    except NotImplementedError as error:
        raise InputError(
            f"{archive} cannot be read ({error}); unpack it and import the folder instead."
        ) from None
    except DAMAGE as error:
        raise _damaged(archive, error) from None


def _tar(archive: Path, wanted: Collection[str] | None) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive) as file:
            for member in file:
                if not (member.isfile() or member.isdir()):
                    raise InputError(
                        f"{archive} holds a link or a device, {member.name}; it was not unpacked."
                    )
                if member.isfile() and (wanted is None or member.name in wanted):
                    yield member.name, b"" if wanted is None else file.extractfile(member).read()
    except DAMAGE as error:
        raise _damaged(archive, error) from None


def _folder(folder: Path, wanted: Collection[str] | None) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        entry = path.relative_to(folder).as_posix()
        if path.is_file() and (wanted is None or entry in wanted):
            yield entry, b"" if wanted is None else path.read_bytes()


def _damaged(archive: Path, error: Exception) -> InputError:
    return InputError(f"{archive} is damaged or cut short ({error}); get it again.")


def _safe(entry: str, archive: Path) -> PurePosixPath:
    """The path of an entry, refused if it leaves the folder that it would be unpacked in."""
    path = PurePosixPath(entry.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry:
        raise InputError(f"{archive} holds a path that leaves its folder, {entry}; it was not unpacked.")
    return path


def _choose(name: str, archive: Path, paths: dict[PurePosixPath, str]) -> dict[str, tuple[str, str]]:
    """Entries of frame and mask by ID, from the pair of folders that fits the set's lists best."""
    folders: dict[PurePosixPath, dict[str, str]] = {}
    for path, entry in paths.items():
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            folders.setdefault(path.parent, {})[path.stem] = entry
    listed = [*lists.ids(name, "trainval"), *lists.ids(name, "test")]
    best: dict[str, tuple[str, str]] = {}
    for folder, images in folders.items():
        for layout in LAYOUTS:
            inner = PurePosixPath(layout.images).parts
            if folder.parts[-len(inner) :] != inner:
                continue
            masks = folders.get(PurePosixPath(*folder.parts[: -len(inner)], layout.masks), {})
            pairs = {
                id: (image, masks[id + ending])
                for id, image in images.items()
                for ending in reversed(layout.mask_endings)  # the first ending has the last word
                if id + ending in masks
            }
            best = max(best, pairs, key=lambda found: len(found.keys() & set(listed)))
    lost = [id for id in listed if id not in best]
    if len(lost) == len(listed):
        known = ", ".join(f"{layout.images} + {layout.masks}" for layout in LAYOUTS)
        raise InputError(f"{archive} holds no frames of {name} in a known pair of folders ({known}).")
    if lost:
        raise InputError(
            f"{archive} lacks the frame or the mask of {len(lost)} of the {len(listed)} IDs that the lists of {name} "
            f"name, the first is {lost[0]}; get the whole set."
        )
    return best


def _unpack(archive: Path, entries: Entries, pairs: dict[str, tuple[str, str]], folder: Path):
    """Write the chosen entries as `image/ID.suffix` and `mask/ID.suffix`."""
    places = {}
    for id, pair in pairs.items():
        for kind, entry in zip(("image", "mask"), pair, strict=True):
            (folder / kind).mkdir(exist_ok=True)
            places[entry] = folder / kind / f"{id}{Path(entry).suffix}"
    for entry, content in entries(archive, places):
        places[entry].write_bytes(content)
    return {id: (places[image], places[mask]) for id, (image, mask) in pairs.items()}
