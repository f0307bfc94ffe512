"""Data sets as sequences of frames."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rrca.data import lists
from rrca.data.layouts import available, data_root, get_command, locate, pair_files
from rrca.data.reading import read_mask, read_with_remarks
from rrca.errors import InputError

SPLITS = ("train", "val", "trainval", "test", "all")
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Frame:
    """A frame and its mask.

    Parameters
    ----------
    id : str
        Its name in the lists.
    image : float32 ndarray of shape (H, W) or (H, W, 3)
        Values in [0, 1].
    raw_mask : uint8 ndarray of shape (H, W)
        As stored, 0 … 255: what protocols with a rule of their own for grey values need.
    """

    id: str
    image: np.ndarray
    raw_mask: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """Targets, bool (H, W): at least 128 of 255."""
        return self.raw_mask >= 128


class FrameSet(Sequence):
    """Frames of one list, read when asked for.

    Attributes
    ----------
    name, split, channels : str
        As given to `open`.
    ids : tuple of str
        In the list's order.
    real : bool
        False for synthetic scenes.
    """

    def __init__(
        self,
        name: str,
        split: str,
        channels: str,
        ids: Sequence[str],
        load: Callable[[str], Frame],
        real: bool = True,
    ):
        self.name, self.split, self.channels, self.real = name, split, channels, real
        self.ids = tuple(ids)
        self._load = load

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return FrameSet(self.name, self.split, self.channels, self.ids[index], self._load, self.real)
        return self._load(self.ids[index])

    def __iter__(self) -> Iterator[Frame]:
        return map(self._load, self.ids)

    def get(self, id: str) -> Frame:
        """The frame of an ID.

        Raises
        ------
        InputError
            If the list does not name it.
        """
        if id not in self.ids:
            raise InputError(f"no frame {id!r} in the {self.split} list of {self.name}; see its `ids`.")
        return self._load(id)

    def example(self, id: str) -> Frame:
        """The frame of an ID; of synthetic scenes, which have none of a data set's IDs, the first."""
        return self.get(id) if self.real else self[0]

    def __repr__(self) -> str:
        return f"<{self.name}, {self.split}: {len(self)} frames, {self.channels}>"


def open(name: str, split: str = "test", channels: str = "grey", root=None) -> FrameSet:
    """Open a list of a data set.

    Parameters
    ----------
    name : str
        "NUAA-SIRST", "IRSTD-1k", "DenseSIRST", "NUDT-SIRST" or "synthetic".
    split : {"train", "val", "trainval", "test", "all"}
        "trainval" is the published training list and "test" the published test list. "val" is a fixed fifth
        of "trainval" with near duplicates kept on one side, "train" the rest; "all" every frame there is.
    channels : {"grey", "rgb"}
        Grey by luminance, or colour as stored.
    root : path-like, optional
        Folder of the data sets: this, else $RRCA_DATA, else `data/`.

    Returns
    -------
    FrameSet
        A sequence of `Frame`.

    Raises
    ------
    InputError
        If the data set, the list or a file that the list names is not there.

    Notes
    -----
    The lists are those in the package (`rrca/data/lists`), not files found beside the images, so that the
    same name means the same frames on every machine; `rrca data check` compares the two.

    Examples
    --------
    >>> scenes = open("synthetic", "test")
    >>> scenes, scenes[0].image.dtype.name, scenes[0].mask.dtype.name
    (<synthetic, test: 64 frames, grey>, 'float32', 'bool')
    """
    if split not in SPLITS:
        raise InputError(f"split = {split!r}: choose one of {', '.join(SPLITS)}.")
    if channels not in ("grey", "rgb"):
        raise InputError(f"channels = {channels!r}: choose 'grey' or 'rgb'.")
    if name == SYNTHETIC:
        return _synthetic(split, channels)
    files = locate(name, root)
    ids = list(files) if split == "all" else lists.ids(name, split)
    lost = [id for id in ids if id not in files or files[id][1] is None]
    if lost:
        where = data_root(root) / name
        raise InputError(
            f"{where} lacks the frame or the mask of {len(lost)} IDs of the {split} list, the first is {lost[0]}; "
            f"get the whole set, or see `rrca data check {name}`."
        )
    return FrameSet(name, split, channels, ids, _reader(files, channels))


def open_folders(images, masks, ids: Sequence[str] | None = None, channels: str = "grey") -> FrameSet:
    """Open any pair of folders: images, and masks of the same file names (or ID_pixels0).

    Parameters
    ----------
    images, masks : path-like
        Folders.
    ids : sequence of str, optional
        File names without suffix; default all that have a mask.
    channels : {"grey", "rgb"}
        As for `open`.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If a folder is missing, or no frame has a mask.
    """
    for folder in (images, masks):
        if not Path(folder).is_dir():
            raise InputError(f"no folder {folder}; give the folders of images and of masks.")
    files = {id: pair for id, pair in pair_files(Path(images), Path(masks)).items() if pair[1] is not None}
    wanted = list(files if ids is None else ids)
    lost = [id for id in wanted if id not in files]
    if lost or not wanted:
        raise InputError(
            f"{images} and {masks} hold no pair for {lost[0] if lost else 'any frame'}; name masks like frames."
        )
    return FrameSet(str(images), "all", channels, wanted, _reader(files, channels))


def open_or_synthetic(name: str, split: str = "test", channels: str = "grey", root=None) -> FrameSet:
    """Open a data set, or synthetic scenes, saying so in a printed line, where it is not on the machine.

    Parameters
    ----------
    name, split, channels, root
        As for `open`.

    Returns
    -------
    FrameSet
        `real` tells which.
    """
    if name in available(root):
        return open(name, split, channels, root)
    if name == SYNTHETIC:
        print("SYNTHETIC SCENES stand in for real frames. Numbers quoted in the text are from real frames.")
        return open(name, split, channels, root)
    print(
        f"{name} is not on this machine (looked in {data_root(root)}): SYNTHETIC SCENES stand in for it. Numbers "
        f"quoted in the text are from real frames. To get them: {get_command(name)}"
    )
    return open(SYNTHETIC, split, channels)


def _reader(files: dict, channels: str) -> Callable[[str], Frame]:
    def load(id: str) -> Frame:
        image_file, mask_file = files[id]
        image = read_with_remarks(image_file, channels)[0]
        return Frame(id, image, read_mask(mask_file, shape=image.shape[:2], raw=True))

    return load


def _synthetic(split: str, channels: str) -> FrameSet:
    from rrca.data import scenes

    seeds = {
        f"scene-{seed:04d}": seed
        for part in (("trainval", "test") if split == "all" else (split,))
        for seed in scenes.split_seeds(part)
    }

    def load(id: str) -> Frame:
        scene = scenes.split_scene(seeds[id])
        image = scene.image if channels == "grey" else np.repeat(scene.image[..., None], 3, axis=2)
        return Frame(id, image, scene.mask.astype(np.uint8) * 255)

    return FrameSet(SYNTHETIC, split, channels, list(seeds), load, real=False)
