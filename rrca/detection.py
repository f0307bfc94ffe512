"""An image in, targets out."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca import checkpoint, fast
from rrca.classical import METHODS, Responses, rule, segment
from rrca.classical.thresholds import DEFAULT
from rrca.data import as_frame, read
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.flips import Turn, known_turns, mean_scores
from rrca.metrics.components import components

WHOLE_UP_TO = 2048 * 2048  # pixels; larger frames are tiled
TILE, OVERLAP = 1024, 128  # pixels; `rrca bench tiles`: the side matters, the overlap hardly


@dataclass(frozen=True)
class Target:
    """One detected target.

    Parameters
    ----------
    row, column : float
        Centroid of its pixels, in pixels from the frame's upper left pixel's centre.
    area : int
        Pixels above the threshold.
    peak : float
        Largest score: in (0, 1), or a classical method's response.
    """

    row: float
    column: float
    area: int
    peak: float


@dataclass(frozen=True)
class Detections:
    """What was found in one frame.

    Parameters
    ----------
    scores : float32 ndarray of shape (H, W)
        Probability of each pixel to belong to a target. Of a classical method its raw response, float64.
    mask : bool ndarray of shape (H, W)
        scores > threshold.
    targets : list of Target
        The 8-connected components of the mask, the highest peak first; empty if there are none.
    threshold : float
        As used; of a classical method what the rule gave for this frame.
    """

    scores: np.ndarray
    mask: np.ndarray
    targets: list[Target]
    threshold: float

    def __len__(self) -> int:
        return len(self.targets)

    def __iter__(self) -> Iterator[Target]:
        return iter(self.targets)


class Detector:
    """A network, loaded once for many frames.

    Parameters
    ----------
    model : Module, str, path-like or None
        A network, the name of shipped weights, a .safetensors file, or None for the default weights.
    normalisation : Normalisation, optional
        How frames are normalised. Needed only for a network without a card; weights that `rrca.load` or
        `rrca.train.fit` gave bring their own.
    device : str or torch.device, default "cpu"
        Where to run.
    flips : bool, default False
        Score each frame as the mean over the flips that the weights were trained with; see `detect`.

    Raises
    ------
    InputError
        If the model cannot be loaded, or has neither card nor `normalisation`, or is to be flipped and has no
        card that tells its training.

    Examples
    --------
    >>> import rrca
    >>> detector = rrca.Detector()
    >>> scene = rrca.data.scenes.scene(seed=1, targets=1, scr=8)
    >>> found = detector(scene.image)
    >>> found.scores.shape == scene.image.shape
    True
    """

    threshold = 0.5  # where none is given
    turns: tuple[Turn, ...] = ()  # whose scores are averaged; none: the frame as it is

    def __init__(
        self,
        model=None,
        normalisation: Normalisation | None = None,
        device: str | torch.device = "cpu",
        flips: bool = False,
    ):
        if not isinstance(model, nn.Module):
            model, _ = checkpoint.load(checkpoint.DEFAULT if model is None else model)
        self.card = getattr(model, "card", None)
        if normalisation is None and self.card is None:
            raise InputError(
                f"{type(model).__name__} has no card, so how it wants its frames is not known; pass "
                "normalisation=rrca.data.Normalisation(mean, std)."
            )
        self.normalisation = normalisation or Normalisation(**self.card["normalisation"])
        self.channels = (
            self.card["channels"] if self.card else "rgb" if len(self.normalisation.mean) == 3 else "grey"
        )
        self.model = model.to(device).eval()
        self._runner, self._state = None, None
        self.multiple = getattr(model, "multiple", 32)
        self.device = torch.device(device)
        if flips:
            self.turns = known_turns(self.card, type(model).__name__)

    def with_flips(self) -> "Detector":
        """A detector of the same network that averages over its flips; `Detector(…, flips=True)` from the start."""
        flipping = copy.copy(self)
        flipping.turns = known_turns(self.card, type(self.model).__name__)
        return flipping

    def __call__(self, image, threshold=None, polarity: str = "bright", scale=None) -> Detections:
        """Detect the targets of one frame; see `detect`."""
        threshold = self.checked(threshold)
        if polarity not in ("bright", "dark"):
            raise InputError(f"polarity = {polarity!r}: choose 'bright' or 'dark'.")
        frame = self.read(image, scale)
        scores = self.scores(1 - frame if polarity == "dark" else frame)
        mask, threshold = self.segment(scores, threshold)
        return Detections(scores, mask, list_targets(scores, mask), threshold)

    def checked(self, threshold) -> float:
        """The threshold, its default for None, if it is one that this model takes."""
        threshold = self.threshold if threshold is None else threshold
        if isinstance(threshold, str) or not 0 <= threshold <= 1:
            raise InputError(f"threshold = {threshold!r}: give a probability, from 0 to 1.")
        return threshold

    def segment(self, scores: np.ndarray, threshold: float) -> tuple[np.ndarray, float]:
        """Mask of a score map, and the threshold that it lies above."""
        return scores > threshold, threshold

    def judged(self, frame: np.ndarray, threshold: float) -> tuple[np.ndarray, float]:
        """What metrics take for a frame: scores in [0, 1] and the threshold on them."""
        return self.scores(frame), threshold

    def prepare(self, frames: Iterable[np.ndarray], progress: bool = False) -> None:
        """Do ahead what is faster for many frames at once; nothing for a network."""

    def read(self, image, scale=None) -> np.ndarray:
        """A path or an array as the frame that this model takes."""
        if isinstance(image, str | Path):
            return read(image, channels=self.channels, scale=scale)
        return as_frame(image, channels=self.channels, scale=scale)

    def scores(self, frame: np.ndarray) -> np.ndarray:
        """Score map of a frame in [0, 1], (H, W) or (H, W, 3) -> float32 (H, W)."""
        return mean_scores(self._straight, frame, self.turns) if self.turns else self._straight(frame)

    def _straight(self, frame: np.ndarray) -> np.ndarray:
        """Score map of the frame as it is, whole or from tiles."""
        if frame.shape[0] * frame.shape[1] > WHOLE_UP_TO:
            return self.tiled(frame)
        return self._whole(self.normalisation(frame)[None])[0, 0].numpy()

    def tiled(self, frame: np.ndarray, tile: int | None = None, overlap: int | None = None) -> np.ndarray:
        """Score map of a frame from tiles that fade from one into the next where they overlap.

        Parameters
        ----------
        frame : float array of shape (H, W) or (H, W, 3)
            In [0, 1].
        tile, overlap : int, optional
            Side of a tile and the least overlap of two, in pixels; default 1024 and 128.

        Returns
        -------
        float32 ndarray of shape (H, W)
        """
        tile, overlap = TILE if tile is None else tile, OVERLAP if overlap is None else overlap
        if not 0 <= overlap < tile:
            raise InputError(f"overlap = {overlap}: must be at least 0 and below the tile's side, {tile}.")
        H, W = frame.shape[:2]
        scores = np.zeros((H, W), np.float32)
        for rows, down in _tiles(H, tile, overlap):
            for columns, along in _tiles(W, tile, overlap):
                part = self._whole(self.normalisation(frame[rows, columns])[None])[0, 0].numpy()
                scores[rows, columns] += part * down[:, None] * along
        return scores

    @torch.inference_mode()
    def pass_maps(self, frame: np.ndarray) -> list[np.ndarray]:
        """What each pass of an RRCA-Net sees: the mean over channels of d_0 … d_n, float32 (H, W) each."""
        x = self.normalisation(frame)[None]
        H, W = x.shape[2:]
        return [
            d[0, :, :H, :W].float().mean(0).cpu().numpy() for d in self.model.trace(self._padded(x)).passes
        ]

    @torch.inference_mode()
    def _whole(self, x: Tensor) -> Tensor:
        """Pad, run, crop back."""
        H, W = x.shape[2:]
        return torch.sigmoid(self._running()(self._padded(x)).float())[..., :H, :W].cpu()

    def _running(self) -> nn.Module:
        """The network that runs: a folded copy on a CPU, folded anew whenever the given one has changed."""
        if self.device.type != "cpu":
            return self.model
        tensors = chain(self.model.parameters(), self.model.buffers())
        state = [(id(tensor), tensor._version) for tensor in tensors]
        if state != self._state:
            self._runner, self._state = fast.inference(self.model), state
        return self._runner

    def _padded(self, x: Tensor) -> Tensor:
        """To the network's multiple, by repeating the border: zeros would draw an edge."""
        H, W = x.shape[2:]
        return F.pad(x, (0, -W % self.multiple, 0, -H % self.multiple), mode="replicate").to(self.device)


def _tiles(length: int, tile: int, overlap: int) -> list[tuple[slice, np.ndarray]]:
    """The tiles along one side, evenly placed, with a weight for each of their pixels; at any pixel these sum to 1."""
    count = 1 + -(-(length - min(tile, length)) // (tile - overlap))
    tile = min(tile, length)
    starts = np.linspace(0, length - tile, count).round().astype(int)
    # Rises over the overlap from one border and falls to the other; a frame's border meets no other tile.
    rise = np.minimum(np.arange(1, tile + 1), overlap + 1)
    ramp = np.minimum(rise, rise[::-1]).astype(np.float64)
    total = np.zeros(length)
    for start in starts:
        total[start : start + tile] += ramp
    spans = [slice(start, start + tile) for start in starts]
    return [(span, (ramp / total[span]).astype(np.float32)) for span in spans]


class ClassicalDetector(Detector):
    """A classical method in the place of a network.

    Parameters
    ----------
    method : str
        A name of `rrca.classical.METHODS`.
    folder : path-like, optional
        Where `prepare` keeps responses; see `rrca.classical.Responses`.
    **settings
        Keywords of the method's function.

    Raises
    ------
    InputError
        For an unknown method or setting.

    Notes
    -----
    Scores are raw responses in the method's own unit. The threshold is a rule of `rrca.classical.thresholds`
    ("T-C" where none is given) or a number in that unit.

    Examples
    --------
    >>> import rrca
    >>> scene = rrca.data.scenes.scene(seed=1, targets=1, scr=8)
    >>> found = ClassicalDetector("top-hat", size=5)(scene.image, threshold="T-C")
    >>> found.threshold == 0.7 * found.scores.max()
    np.True_
    """

    threshold = DEFAULT

    def __init__(self, method: str, folder=None, **settings):
        self.responses = Responses(method, folder, **settings)
        self.card, self.channels = None, "grey"

    def with_flips(self) -> "Detector":
        raise InputError(
            f"flips = True: {self.responses.method} is not trained, so no flips are known to it; leave flips out."
        )

    def checked(self, threshold) -> str | float:
        threshold = self.threshold if threshold is None else threshold
        rule(threshold)
        return threshold

    def scores(self, frame: np.ndarray) -> np.ndarray:
        """Response to a frame in [0, 1], (H, W) -> float64 (H, W)."""
        return self.responses(frame)

    def segment(self, scores: np.ndarray, threshold: str | float) -> tuple[np.ndarray, float]:
        return segment(scores, threshold)

    def judged(self, frame: np.ndarray, threshold: str | float) -> tuple[np.ndarray, float]:
        mask, _ = segment(self.scores(frame), threshold)
        return mask.astype(np.float32), 0.5

    def prepare(self, frames: Iterable[np.ndarray], progress: bool = False) -> None:
        """Compute the responses on all cores, if there is a folder to keep them in."""
        if self.responses.folder is not None:
            self.responses.prepare(frames, progress=progress)


def open_detector(model=None, folder=None, flips: bool = False) -> Detector:
    """A detector by what `detect` and `evaluate` take for one.

    Parameters
    ----------
    model : Detector, Module, str, path-like or None
        A name of `rrca.classical.METHODS`, or as for `Detector`.
    folder : path-like, optional
        As for `ClassicalDetector`.
    flips : bool, default False
        As for `detect`; False leaves a given detector as it is.

    Returns
    -------
    Detector

    Raises
    ------
    InputError
        If the model cannot be loaded, or cannot be flipped.
    """
    if isinstance(model, Detector):
        detector = model
    elif isinstance(model, str) and model in METHODS:
        detector = ClassicalDetector(model, folder)
    else:
        detector = Detector(model)
    return detector.with_flips() if flips else detector


def list_targets(scores: np.ndarray, mask: np.ndarray) -> list[Target]:
    """The targets of a mask, the highest peak first."""
    found = components(mask)
    targets = [
        Target(float(row), float(column), int(area), float(peak))
        for row, column, area, peak in zip(
            found.row, found.column, found.area, found.peaks(scores), strict=True
        )
    ]
    return sorted(targets, key=lambda target: -target.peak)


def detect(
    image, model=None, threshold=None, polarity: str = "bright", scale=None, flips: bool = False
) -> Detections:
    """Detect small targets in one infrared frame.

    Parameters
    ----------
    image : path-like or array of shape (H, W) or (H, W, 3)
        A file that `rrca.data.read` reads (PNG, TIFF, JPEG, BMP, .npy), or an array: uint8, uint16, or floats
        in [0, 1]. Any size; colour is read by luminance, with a warning.
    model : Module, str, path-like, Detector or None
        As for `Detector`; None takes the shipped weights. Or a classical method, a name of
        `rrca.classical.METHODS`. For many frames make one detector.
    threshold : float or str, optional
        A pixel belongs to a target if its score is above it; default 0.5. Of a classical method a rule, default
        "T-C", or a number in the response's unit; see `rrca.classical.rule`.
    polarity : {"bright", "dark"}
        "dark" looks for targets colder than their surroundings.
    scale : (float, float) or "percentile", optional
        Stretch of frames that use little of their range; see `rrca.data.read`.
    flips : bool, default False
        Score the frame as the mean over the flips that the weights were trained with; see Notes. Refused for
        networks whose card does not tell their training, and for classical methods, which have none.

    Returns
    -------
    Detections
        `scores`, `mask`, `targets` (each with `row`, `column`, `area`, `peak`).

    Raises
    ------
    InputError
        For a file or an array that is not a frame, or a model that cannot be loaded.

    Notes
    -----
    A frame is padded to the network's multiple by repeating its border, and the scores are cropped back.
    On a CPU a folded copy of the network runs (`rrca.fast.inference`), whose scores differ by less than 1e-4.
    A frame of up to 2048² pixels is never tiled. Larger ones are cut into tiles of 1024² that overlap by at
    least 128 pixels, over which one fades into the next. Promised is that every pixel gets a score, that no
    seam shows, and that memory stays under 2 GB for 4096² pixels; not promised are the scores of the frame in
    one piece, since the channel attention pools over its whole input: `rrca bench tiles` shows by how much
    scores, IoU and Pd move on frames that fit whole.

    With `flips` the scores are the mean of those of the frame's mirror images, turned back: the eight flips and
    transposes that our recipes augment with, or for the paper's recipe the frame and its left-right mirror image. Other
    turns the network has not seen. Measured on the test list of NUAA-SIRST (214 frames, 263 targets) with the default
    weights, threshold 0.5 (`rrca evaluate --flips`): IoU 73.90 -> 76.05 %, Pd 96.20 -> 97.34 %, Fa 31.76 -> 19.41e-6
    under `exact`; 71.78 -> 73.04 %, 95.06 -> 95.82 %, 28.66 -> 23.67e-6 under `dnanet`; in 7.9 times the time (median
    ratio in one run, AMD EPYC, one thread). The better weights without iterations gain less: IoU 76.41 -> 76.77 % and
    73.79 -> 74.15 %, Fa 29.77 -> 25.73e-6 and 18.47 -> 20.46e-6.

    Examples
    --------
    >>> import numpy as np, rrca
    >>> len(rrca.detect(np.full((48, 64), 0.5, np.float32)))  # an empty sky
    0
    """
    detector = open_detector(model, flips=flips)
    return detector(image, threshold=threshold, polarity=polarity, scale=scale)
