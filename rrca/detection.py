"""An image in, targets out."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca import checkpoint
from rrca.data import as_frame, read
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.metrics.components import components

WHOLE_UP_TO = 2048 * 2048  # pixels; larger frames are tiled
TILE, OVERLAP = 1024, 128  # pixels; the overlap spans the context that a small target needs


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
        Largest score, in (0, 1).
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
        Probability of each pixel to belong to a target.
    mask : bool ndarray of shape (H, W)
        scores > threshold.
    targets : list of Target
        The 8-connected components of the mask, the highest peak first; empty if there are none.
    threshold : float
        As used.
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

    Raises
    ------
    InputError
        If the model cannot be loaded, or has neither card nor `normalisation`.

    Examples
    --------
    >>> import rrca
    >>> detector = rrca.Detector()
    >>> scene = rrca.data.scenes.scene(seed=1, targets=1, scr=8)
    >>> found = detector(scene.image)
    >>> found.scores.shape == scene.image.shape
    True
    """

    def __init__(
        self, model=None, normalisation: Normalisation | None = None, device: str | torch.device = "cpu"
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
        self.multiple = getattr(model, "multiple", 32)
        self.device = torch.device(device)

    def __call__(self, image, threshold: float = 0.5, polarity: str = "bright", scale=None) -> Detections:
        """Detect the targets of one frame; see `detect`."""
        if not 0 <= threshold <= 1:
            raise InputError(f"threshold = {threshold}: a probability, from 0 to 1.")
        if polarity not in ("bright", "dark"):
            raise InputError(f"polarity = {polarity!r}: choose 'bright' or 'dark'.")
        frame = self.read(image, scale)
        scores = self.scores(1 - frame if polarity == "dark" else frame)
        mask = scores > threshold
        return Detections(scores, mask, list_targets(scores, mask), threshold)

    def read(self, image, scale=None) -> np.ndarray:
        """A path or an array as the frame that this model takes."""
        if isinstance(image, str | Path):
            return read(image, channels=self.channels, scale=scale)
        return as_frame(image, channels=self.channels, scale=scale)

    def scores(self, frame: np.ndarray) -> np.ndarray:
        """Score map of a frame in [0, 1], (H, W) or (H, W, 3) -> float32 (H, W)."""
        x = self.normalisation(frame)[None]  # (1, C, H, W)
        H, W = x.shape[2:]
        score = self._whole if H * W <= WHOLE_UP_TO else self._tiled
        return score(x)[0, 0].numpy()

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
        return torch.sigmoid(self.model(self._padded(x)).float())[..., :H, :W].cpu()

    def _padded(self, x: Tensor) -> Tensor:
        """To the network's multiple, by repeating the border: zeros would draw an edge."""
        H, W = x.shape[2:]
        return F.pad(x, (0, -W % self.multiple, 0, -H % self.multiple), mode="replicate").to(self.device)

    def _tiled(self, x: Tensor) -> Tensor:
        """Run overlapping tiles; each pixel takes the score of the tile in which it lies farthest from a border."""
        H, W = x.shape[2:]
        scores = torch.zeros(1, 1, H, W)
        for row, rows in _spans(H):
            for column, columns in _spans(W):
                tile = self._whole(x[..., row : row + TILE, column : column + TILE])
                scores[..., rows, columns] = tile[
                    ..., rows.start - row : rows.stop - row, columns.start - column : columns.stop - column
                ]
        return scores


def _spans(length: int) -> Iterator[tuple[int, slice]]:
    """First pixel of each tile along one side, and the pixels whose scores it gives."""
    starts = list(range(0, max(length - TILE, 0), TILE - OVERLAP)) + [max(length - TILE, 0)]
    seams = [0] + [(a + TILE + b) // 2 for a, b in pairwise(starts)] + [length]
    for start, begin, end in zip(starts, seams, seams[1:], strict=False):
        yield start, slice(begin, end)


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


def detect(image, model=None, threshold: float = 0.5, polarity: str = "bright", scale=None) -> Detections:
    """Detect small targets in one infrared frame.

    Parameters
    ----------
    image : path-like or array of shape (H, W) or (H, W, 3)
        A file that `rrca.data.read` reads (PNG, TIFF, JPEG, BMP, .npy), or an array: uint8, uint16, or floats
        in [0, 1]. Any size; colour is read by luminance, with a warning.
    model : Module, str, path-like, Detector or None
        As for `Detector`; None takes the shipped weights. For many frames make one `Detector`.
    threshold : float, default 0.5
        A pixel belongs to a target if its score is above it.
    polarity : {"bright", "dark"}
        "dark" looks for targets colder than their surroundings.
    scale : (float, float) or "percentile", optional
        Stretch of frames that use little of their range; see `rrca.data.read`.

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
    Frames above 2048² pixels are cut into tiles of 1024² that overlap by 128. The channel attention pools
    over its whole input, so a tile's scores are near those of the whole frame, not equal to them.

    Examples
    --------
    >>> import numpy as np, rrca
    >>> len(rrca.detect(np.full((48, 64), 0.5, np.float32)))  # an empty sky
    0
    """
    detector = model if isinstance(model, Detector) else Detector(model)
    return detector(image, threshold=threshold, polarity=polarity, scale=scale)
