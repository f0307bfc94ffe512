"""How large, how bright and how many the targets of a data set are, and what a resize to 256×256 leaves of them.

Reading all frames of the field's sets takes a minute; what came out is kept as a file of figures, without
any image, in `data/results/targets.json` and `copies.json` (`surveyed`), and is made again by
``python -m rrca.data.survey``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import sparse

from rrca.data import near
from rrca.data.frames import Frame, open
from rrca.data.layouts import NAMES, available
from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.metrics.scr import target_scr

RESULTS = Path(__file__).resolve().parents[2] / "data" / "results" / "targets.json"
COPIES = RESULTS.with_name("copies.json")
SAME = 0.02  # grey levels; pixels that differ by less are called equal
SIDE = 256  # px; what the release resizes NUAA-SIRST and IRSTD-1k to before testing
PERCENTS = tuple(range(0, 101, 5))  # of the quantiles that are kept
LONG_SIDES = (256, 512, 1024)  # px; edges of the groups of frames
CLOSE = 6.0  # px between centroids: nearer than this, two targets can claim one detection


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of N frames with n targets.

    Attributes
    ----------
    area, scr : arrays of shape (n,)
        Pixels; signal-to-clutter ratio in the grey frame (`rrca.metrics.target_scr`).
    close : bool array of shape (n,)
        Whether another target's centroid of the same frame is less than 6 px away.
    shape : int array of shape (N, 2)
        Rows and columns of each frame.
    count, left, vanished, merged, split : int arrays of shape (N,)
        Targets of each frame, and those of its mask at 256×256; see `fates`.
    """

    area: np.ndarray
    scr: np.ndarray
    close: np.ndarray
    shape: np.ndarray
    count: np.ndarray
    left: np.ndarray
    vanished: np.ndarray
    merged: np.ndarray
    split: np.ndarray

    def examples(self, ranks: tuple[float, ...] = (0.0, 0.5, 1.0)) -> list[int]:
        """Positions of frames with one target, from the weakest SCR (rank 0) to the strongest (1)."""
        alone = np.flatnonzero(self.count == 1)
        owner = np.repeat(np.arange(len(self.count)), self.count)
        order = alone[np.argsort(self.scr[np.isin(owner, alone)], kind="stable")]
        return [int(order[round(rank * (len(order) - 1))]) for rank in ranks]

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


def shrink(mask: np.ndarray, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """A mask at another size by nearest neighbour, as the release resizes masks before it tests.

    Parameters
    ----------
    mask : bool or integer ndarray of shape (H, W)
        Values are taken over, none is invented.
    shape : (int, int), default (256, 256)
        Rows, columns.

    Returns
    -------
    ndarray of `shape`, of the mask's type

    Examples
    --------
    >>> shrink(np.eye(4, dtype=bool), (2, 2)).astype(int)
    array([[1, 0],
           [0, 1]])
    """
    mask = np.asarray(mask)
    picture = Image.fromarray(mask.astype(np.int32))
    small = picture.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    return np.asarray(small).astype(mask.dtype)


def fates(mask: np.ndarray, shape: tuple[int, int] = (SIDE, SIDE)) -> dict[str, int]:
    """What a resize does to the targets of a mask.

    Parameters
    ----------
    mask : bool ndarray of shape (H, W)
    shape : (int, int), default (256, 256)
        Rows, columns.

    Returns
    -------
    dict
        "count" targets before and "left" after; "vanished": no pixel was sampled; "merged": became part of
        another's component; "split": components gained because a target fell apart. Always
        left = count − vanished − merged + split.

    Examples
    --------
    Two targets a column apart are one at half the size, and a lone pixel is gone:

    >>> mask = np.zeros((8, 8), bool)
    >>> mask[1:3, 0:2] = mask[1:3, 3:5] = True
    >>> mask[6, 6] = True
    >>> fates(mask, (4, 4))
    {'count': 3, 'left': 1, 'vanished': 1, 'merged': 1, 'split': 0}
    """
    before = components(np.asarray(mask))
    labels = shrink(before.labels, shape)  # each sampled pixel still knows its target
    after = components(labels > 0)
    here = labels > 0
    old, new = labels[here] - 1, after.labels[here] - 1 + len(before)
    size = len(before) + len(after)
    graph = sparse.coo_array((np.ones(len(old)), (old, new)), shape=(size, size))
    groups, _ = sparse.csgraph.connected_components(graph, directed=False)
    vanished = len(before) - len(np.unique(old))
    groups -= vanished  # each of which is a group of its own
    return {
        "count": len(before),
        "left": len(after),
        "vanished": vanished,
        "merged": len(before) - vanished - groups,
        "split": len(after) - groups,
    }


def measure(frames: Iterable[Frame]) -> Measured:
    """Measure every target of some frames.

    Parameters
    ----------
    frames : iterable
        Each with a grey `image` (H, W) and a bool `mask` (H, W): a `FrameSet`, or synthetic scenes.

    Returns
    -------
    Measured
        Targets in the order of frames, and of raster within a frame.
    """
    area, scr, close, shape, counted = [], [], [], [], []
    for frame in frames:
        found = components(np.asarray(frame.mask, bool))
        area.append(found.area)
        scr.append(target_scr(frame.image, frame.mask))
        gap = np.hypot(found.row[:, None] - found.row, found.column[:, None] - found.column)
        np.fill_diagonal(gap, np.inf)
        close.append((gap < CLOSE).any(axis=1))
        shape.append(frame.mask.shape)
        counted.append(list(fates(frame.mask).values()))
    if not shape:
        raise InputError("there is no frame to measure; give at least one.")
    return Measured(*map(np.concatenate, (area, scr, close)), np.array(shape), *np.array(counted).T)


def summarise(measured: Measured) -> dict:
    """Counts and quantiles of what was measured; ready for JSON.

    Parameters
    ----------
    measured : Measured

    Returns
    -------
    dict
        "frames", "targets", "close" (targets with a neighbour nearer than 6 px); "targets a frame" (how many
        frames have 0, 1, 2, and 3 or more); "width" and "height" ([least, most], px); "area" (px) and "scr", each with
        "mean" and "quantiles" at 0, 5 … 100 %; "at 256": sums of `fates` and "frames that lose"; "by long
        side": frames, targets and those left, for frames up to 256, 512, 1024 px and beyond.

    Notes
    -----
    SCR is undefined (nan) or infinite where a ring is constant; such targets are left out, and "undefined" counts them.
    """
    finite = measured.scr[np.isfinite(measured.scr)]
    height, width = measured.shape.T
    group = np.searchsorted(LONG_SIDES, measured.shape.max(axis=1))
    return {
        "frames": len(measured.count),
        "targets": int(measured.count.sum()),
        "close": int(measured.close.sum()),
        "targets a frame": np.bincount(np.minimum(measured.count, 3), minlength=4).tolist(),
        "width": [int(width.min()), int(width.max())],
        "height": [int(height.min()), int(height.max())],
        "area": _quantiles(measured.area),
        "scr": {**_quantiles(finite), "undefined": len(measured.scr) - len(finite)},
        "at 256": {
            **{name: int(getattr(measured, name).sum()) for name in ("left", "vanished", "merged", "split")},
            "frames that lose": int((measured.left < measured.count).sum()),
        },
        "by long side": {
            name: [int(values[group == i].sum()) for i in range(len(LONG_SIDES) + 1)]
            for name, values in (
                ("frames", np.ones_like(group)),
                ("targets", measured.count),
                ("left", measured.left),
            )
        },
    }


def survey(name: str, root=None) -> dict[str, dict]:
    """Measure the training and the test list of a data set.

    Parameters
    ----------
    name : str
        As for `rrca.data.open`.
    root : path-like, optional
        Folder of the data sets.

    Returns
    -------
    dict
        `summarise` for "trainval", "test" and "all", the two together. 4 s of one core for NUAA-SIRST.
    """
    lists = {split: measure(open(name, split, root=root)) for split in ("trainval", "test")}
    lists["all"] = lists["trainval"] + lists["test"]
    return {split: summarise(measured) for split, measured in lists.items()}


def copies(name: str, other: str, root=None) -> dict:
    """Compare the frames that two sets hold under the same ID, pixel by pixel and by `rrca.data.near`.

    Parameters
    ----------
    name, other : str
        Data sets.
    root : path-like, optional
        Folder of the data sets.

    Returns
    -------
    dict
        "same ID": how many; "same size": how many of them; "least equal": of these, the smallest share of pixels
        that differ by less than 0.02 grey levels, per cent; "found": pairs that the near-duplicate rule finds too.
    """
    ours, theirs = open(name, "all", root=root), open(other, "all", root=root)
    shared = [id for id in ours.ids if id in set(theirs.ids)]
    equal = []
    for id in shared:
        one, two = ours.get(id).image, theirs.get(id).image
        if one.shape == two.shape:
            equal.append(100 * float((np.abs(one - two) < SAME).mean()))
    here, there = (near.signatures(frames.get(id).image for id in shared) for frames in (ours, theirs))
    found = sum(pair.first == pair.second for pair in near.pairs(here, there))
    least = _short(min(equal)) if equal else None
    return {"same ID": len(shared), "same size": len(equal), "least equal": least, "found": found}


def table(summaries: Mapping[str, Mapping]):
    """Data sets side by side.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Name to `summarise`.

    Returns
    -------
    pandas.DataFrame
        A row per data set: frames, targets, targets a frame, median area (px), median SCR, share of targets with a
        neighbour nearer than 6 px (per cent), widths and heights (px).
    """
    import pandas as pd

    middle = PERCENTS.index(50)
    rows = {
        name: {
            "frames": s["frames"],
            "targets": s["targets"],
            "targets a frame": round(s["targets"] / s["frames"], 1),
            "median area, px": s["area"]["quantiles"][middle],
            "median SCR": round(s["scr"]["quantiles"][middle], 1),
            "closer than 6 px, %": round(100 * s["close"] / s["targets"], 1),
            "width, px": "–".join(map(str, s["width"])),
            "height, px": "–".join(map(str, s["height"])),
        }
        for name, s in summaries.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def surveyed(path: str | Path = RESULTS) -> dict[str, dict]:
    """The figures that come with the repository: `survey` by name of the data set.

    Parameters
    ----------
    path : path-like, optional
        Default: `data/results/targets.json` of the clone. `COPIES` is what `copies` gave of NUAA-SIRST and DenseSIRST.

    Raises
    ------
    InputError
        If the file is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path} is not there; run this from a clone, or make it with `python -m rrca.data.survey`."
        )
    return json.loads(path.read_text(encoding="utf-8"))


def write(folder: str | Path = RESULTS.parent, root=None) -> list[Path]:
    """Survey every data set on this machine and keep the figures.

    Parameters
    ----------
    folder : path-like, optional
        Where to; default `data/results` of the clone.
    root : path-like, optional
        Folder of the data sets.

    Returns
    -------
    list of Path
        `targets.json`, and `copies.json` where NUAA-SIRST and DenseSIRST are both there.
    """
    here = [name for name in NAMES if name in available(root)]
    results = {RESULTS.name: {name: survey(name, root) for name in here}}
    if {"NUAA-SIRST", "DenseSIRST"} <= set(here):
        results[COPIES.name] = copies("NUAA-SIRST", "DenseSIRST", root)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, figures in results.items():
        text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
        (Path(folder) / name).write_text(text, encoding="utf-8")
    return [Path(folder) / name for name in results]


def fits(pd: float, targets: int) -> bool:
    """Whether a Pd printed in per cent with two decimals can be a whole number of targets.

    Parameters
    ----------
    pd : float
        Per cent, rounded to 0.01.
    targets : int
        Of the test list.

    Examples
    --------
    >>> fits(98.10, 263), fits(98.10, 264)  # 258 of 263; nothing of 264
    (True, False)
    """
    found = round(pd / 100 * targets)
    return abs(100 * found / targets - pd) <= 0.005 + 1e-9


def _quantiles(values: np.ndarray) -> dict:
    """Mean and quantiles, to four digits; empty where there is no value."""
    if not len(values):
        return {"mean": None, "quantiles": []}
    kept = np.percentile(values, PERCENTS)
    return {"mean": _short(values.mean()), "quantiles": [_short(value) for value in kept]}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


if __name__ == "__main__":
    print(*write(), sep="\n")
