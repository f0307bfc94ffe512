"""Model, or anybody's score maps, × data set × protocol -> metrics."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from rrca.data.score_maps import find_score_maps, read_score_map
from rrca.detection import open_detector
from rrca.errors import InputError, InputWarning
from rrca.metrics import Counts, DetectionMetrics, Metrics, count_frame, get_protocol, summarise

RESIZED = {"dnanet": 256}  # protocols that squash every frame to a square of this side before the network
# Behind the paper's rows. It has none on NUDT-SIRST, whose frames are 256² already: nothing is squashed there.
PAPERS = {"NUAA-SIRST": "dnanet", "IRSTD-1k": "dnanet", "DenseSIRST": "rrcanet-dense", "NUDT-SIRST": "dnanet"}


def protocols_for(data: str) -> tuple[str, str]:
    """The protocols that a card reports: ours, and the one behind the paper's row of that data set.

    Examples
    --------
    >>> protocols_for("DenseSIRST")
    ('exact', 'rrcanet-dense')
    """
    return "exact", PAPERS.get(data, "dnanet")


@dataclass(frozen=True)
class Counted:
    """What was counted frame by frame under one protocol: for tables of counts, and for drawing frames anew.

    Attributes
    ----------
    ids : list of str
    counts : list of Counts
        One a frame; their sum is the set's.
    hits : list of bool ndarray of shape (targets,)
        Which targets of the frame were found, in raster order.
    """

    ids: list[str] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)
    hits: list[np.ndarray] = field(default_factory=list)

    @property
    def total(self) -> Counts:
        """The counts of the set."""
        return sum(self.counts, Counts())

    def as_dict(self) -> dict[str, list]:
        """Ready for JSON: IDs, the counts that figures are made of, and hits as text of 0 and 1."""
        kept = ("intersection", "union", "targets", "detected", "false_components", "false_pixels", "pixels")
        return {
            "ids": self.ids,
            **{name: [getattr(count, name) for count in self.counts] for name in kept},
            "hits": ["".join(map(str, hits.astype(int))) for hits in self.hits],
        }


def evaluate(
    model,
    frames: Iterable,
    protocol: str | Iterable[str] = "exact",
    threshold: float | str | None = None,
    max_distance: float = 3.0,
    progress: bool = False,
) -> Metrics | dict[str, Metrics]:
    """Judge a detector on a set of frames with masks.

    Parameters
    ----------
    model : Detector, Module, str, path-like or None
        As for `rrca.detect`; a classical method, too. `rrca.Detector(…, flips=True)` judges the mean over flips.
    frames : iterable of Frame
        What `rrca.data.open` gives.
    protocol : str or iterable of str, default "exact"
        See `rrca.metrics`. Several are judged in one go.
    threshold : float or str, optional
        On the score (probability); default 0.5, the release's logit 0. Of a classical method a rule, default
        "T-C", or a number in the response's unit; see `rrca.classical.rule`.
    max_distance : float, default 3.0
        Pixels between centroids below which a target is detected.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    Metrics, or dict of str to Metrics
        One result for one protocol given as a string; else one per protocol, by name.

    Notes
    -----
    Under "dnanet" image and mask are resized to 256×256 (bilinear; nearest) by Pillow before the network, as
    the release does; all other protocols judge at native size.

    References
    ----------
    Paper, Section IV-A.
    """
    names = [protocol] if isinstance(protocol, str) else list(protocol)
    counted = count_frames(model, frames, names, threshold, max_distance, progress)
    results = {name: summarise(found.total, name) for name, found in counted.items()}
    return results[protocol] if isinstance(protocol, str) else results


def count_frames(
    model,
    frames: Iterable,
    protocols: Iterable[str],
    threshold: float | str | None = None,
    max_distance: float = 3.0,
    progress: bool = False,
) -> dict[str, Counted]:
    """Count a detector's hits and errors frame by frame, under several protocols at once.

    Parameters
    ----------
    model, frames, threshold, max_distance, progress
        As for `evaluate`, whose figures are the sums of these counts.
    protocols : iterable of str
        See `rrca.metrics`.

    Returns
    -------
    dict of str to Counted
        By protocol.
    """
    detector = open_detector(model)
    threshold = detector.checked(threshold)
    counted = {get_protocol(name).name: Counted() for name in protocols}
    sides = {RESIZED.get(name) for name in counted}
    detector.prepare((_seen(frame, side)[0] for frame in frames for side in sides), progress)
    for frame in tqdm(frames, desc="judging", unit="frame", disable=not progress):
        scored = {}  # by side: protocols that see the same frame share one run of the network
        for name, found in counted.items():
            side = RESIZED.get(name)
            if side not in scored:
                image, mask = _seen(frame, side)
                scored[side] = *detector.judged(image, threshold), mask
            scores, cut, mask = scored[side]
            counts, hits = count_frame(scores, mask, name, cut, max_distance, frame.id)
            found.ids.append(frame.id)
            found.counts.append(counts)
            found.hits.append(hits)
    return counted


def evaluate_scores(
    folder,
    frames: Sequence,
    protocols: str | Iterable[str] = "exact",
    threshold: float = 0.5,
    max_distance: float = 3.0,
    progress: bool = False,
) -> Metrics | dict[str, Metrics]:
    """Judge score maps that any program wrote.

    Parameters
    ----------
    folder : path-like
        One file a frame, named by its ID: PNG of 8 or 16 bit, or .npy with probabilities; see
        `rrca.data.score_maps.read_score_map`. Files of other frames are left alone.
    frames : FrameSet or sequence of Frame
        What `rrca.data.open` gives; every one needs its score map.
    threshold : float, default 0.5
        On the score; of an 8-bit map, v counts where v / 255 is above it.
    protocols, max_distance, progress
        As for `evaluate`.

    Returns
    -------
    Metrics, or dict of str to Metrics
        As of `evaluate`.

    Raises
    ------
    InputError
        If an ID has no score map or two, or a map cannot be read or is of another size than its frame.

    Warns
    -----
    InputWarning
        If no score of any frame is above the threshold, and if maps were squashed.

    Notes
    -----
    A map must be of its frame's size. Under "dnanet", which judges frames squashed to 256×256, it may be of
    256×256 too: the scores of the squashed frame, which is what the released programs compute. One of the
    frame's size is squashed then (bilinear): not the same figures, since the network saw more pixels. The
    shipped weights, on the test list of NUAA-SIRST, reach an IoU of 71.8 % one way and 73.1 % the other.
    """
    names = [protocols] if isinstance(protocols, str) else list(protocols)
    metrics = {name: DetectionMetrics(name, threshold, max_distance) for name in names}
    ids = frames.ids if hasattr(frames, "ids") else [frame.id for frame in frames]
    files = find_score_maps(folder, ids)
    highest, squashed = 0.0, set()
    for frame in tqdm(frames, desc="judging", unit="frame", disable=not progress):
        scores = read_score_map(files[frame.id])
        highest = max(highest, float(scores.max()))
        for name, metric in metrics.items():
            side = RESIZED.get(name)
            if side is not None and scores.shape != (side, side):
                squashed.add(name)
            metric.update(*_fitted(scores, frame, side, files[frame.id], name), name=frame.id)
    for name in sorted(squashed):
        warnings.warn(
            f"{name}: scores of full-size frames were squashed to {RESIZED[name]}×{RESIZED[name]}; the released "
            "programs squash the frame before the network, which gives other figures.",
            InputWarning,
            stacklevel=2,
        )
    if highest <= threshold:
        warnings.warn(
            f"no score in {folder} is above {threshold:g}, the highest is {highest:.4g}; if it should be, were 0 and 1 "
            "saved as 8 bit without the factor 255?",
            InputWarning,
            stacklevel=2,
        )
    results = {name: metric.compute() for name, metric in metrics.items()}
    return results[protocols] if isinstance(protocols, str) else results


def _fitted(
    scores: np.ndarray, frame, side: int | None, path, protocol: str
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and mask of one size: the frame's, or the square that a protocol squashes to."""
    if side is not None and scores.shape == (side, side):
        return scores, _squash_mask(frame.raw_mask, side)
    if scores.shape != frame.raw_mask.shape:
        (H, W), (h, w) = frame.raw_mask.shape, scores.shape
        other = "" if side is None else f" or {side}×{side}"
        raise InputError(
            f"score map {path} is {w}×{h} pixels; under {protocol!r} it must be {W}×{H} like its frame{other}."
        )
    if side is None:
        return scores, frame.raw_mask
    small = Image.fromarray(scores.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(small), 0, 1), _squash_mask(frame.raw_mask, side)


def _seen(frame, side: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask of a frame as a protocol sees them: as they are, or squashed."""
    if side is None:
        return frame.image, frame.raw_mask
    return squash(frame.image, frame.raw_mask, side)


def squash(image: np.ndarray, mask: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Frame and mask resized to a square: what the release tests on.

    Parameters
    ----------
    image : float32 ndarray of shape (H, W) or (H, W, 3), in [0, 1]
        Resized on 8 bits, bilinear with Pillow's antialiasing.
    mask : uint8 ndarray of shape (H, W)
        Resized by nearest neighbour.
    side : int
        Of the square, in pixels.

    Returns
    -------
    float32 ndarray, uint8 ndarray
        (side, side) or (side, side, 3); (side, side).
    """
    small = Image.fromarray(np.round(image * 255).astype(np.uint8)).resize(
        (side, side), Image.Resampling.BILINEAR
    )
    return np.asarray(small, np.float32) / 255, _squash_mask(mask, side)


def _squash_mask(mask: np.ndarray, side: int) -> np.ndarray:
    """A mask resized to a square by nearest neighbour."""
    return np.asarray(Image.fromarray(mask).resize((side, side), Image.Resampling.NEAREST))
