"""One frame at a time, by Pillow: the reference that the batched crops of `rrca.data.crops` are held to.

Image and mask always undergo the same geometry.
"""

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch.nn import functional as F

from rrca.data.normalisation import Normalisation
from rrca.metrics.components import components


def paper(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator, normalise: Normalisation, size: int = 256
):
    """The release's pipeline for NUAA-SIRST and IRSTD-1k, on 8-bit frames, with Pillow's resizing.

    Flip left-right (p = 0.5); long side to a random whole number in [0.5, 2.0] × `size` (bilinear, mask
    nearest); pad with zeros at the right and the bottom to at least `size`; random crop of `size`²; Gaussian
    blur (p = 0.5, radius U(0, 1) px); normalise.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3), float32 in [0, 1]
    mask : bool ndarray of shape (H, W)
    rng : Generator
        The source of all chance.
    normalise : Normalisation
    size : int, default 256
        Side of the crop in pixels.

    Returns
    -------
    Tensor of shape (C, size, size), Tensor of shape (1, size, size)
        Normalised crop; mask as 0.0 and 1.0.

    References
    ----------
    Paper, Section IV-B; the release's training loader.
    """
    image = Image.fromarray(np.round(image * 255).astype(np.uint8))
    mask = Image.fromarray(mask.astype(np.uint8) * 255)
    if rng.random() < 0.5:
        image, mask = (x.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for x in (image, mask))
    long_side = int(rng.integers(int(size * 0.5), int(size * 2.0) + 1))
    W, H = image.size
    scale = long_side / max(W, H)
    new = (max(1, int(W * scale + 0.5)), max(1, int(H * scale + 0.5)))
    image, mask = image.resize(new, Image.Resampling.BILINEAR), mask.resize(new, Image.Resampling.NEAREST)
    W, H = new
    left, top = (int(rng.integers(0, max(side - size, 0) + 1)) for side in (W, H))
    box = (left, top, left + size, top + size)
    image, mask = image.crop(box), mask.crop(box)  # Pillow fills with zeros what lies outside the frame
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(radius=rng.random()))
    return normalise(np.asarray(image, np.float32) / 255), torch.from_numpy(np.asarray(mask) > 127).float()[
        None
    ]


def ours(
    image: np.ndarray,
    mask: np.ndarray,
    rng: np.random.Generator,
    normalise: Normalisation,
    size: int = 128,
    target_share: float = 0.7,
    scale: tuple[float, float] = (0.5, 2.0),
):
    """Small crops that mostly hold a target, at a random scale, flipped and transposed at random.

    Parameters
    ----------
    image, mask, rng, normalise
        As for `paper`.
    size : int, default 128
        Side of the crop in pixels.
    target_share : float, default 0.7
        Share of the crops that must hold a (random) target; the others lie anywhere.
    scale : (float, float), default (0.5, 2.0)
        Range of the magnification, drawn uniformly in its logarithm.

    Returns
    -------
    Tensor of shape (C, size, size), Tensor of shape (1, size, size)
        Normalised crop, zero (the mean grey) beyond the frame's border; mask as 0.0 and 1.0.

    Notes
    -----
    A window of size / magnification pixels is cut and resized, so that only the crop is ever resampled.
    """
    low, high = np.log(scale)
    window = max(2, round(size / float(np.exp(rng.uniform(low, high)))))
    wanted = None
    if mask.any() and rng.random() < target_share:
        found = components(mask)
        pick = int(rng.integers(len(found.area)))
        wanted = (found.row[pick], found.column[pick])
    top, left = (
        _window_start(rng, side, window, None if wanted is None else wanted[axis])
        for axis, side in enumerate(mask.shape)
    )
    x = _cut(normalise(image), top, left, window)  # (C, window, window)
    g = _cut(torch.from_numpy(np.ascontiguousarray(mask)).float()[None], top, left, window)
    x = F.interpolate(x[None], size=(size, size), mode="bilinear", antialias=True)[0]
    g = (F.interpolate(g[None], size=(size, size), mode="bilinear", antialias=True)[0] >= 0.5).float()
    return _turn(rng, x, g)


def _window_start(rng: np.random.Generator, side: int, window: int, wanted: float | None) -> int:
    """First row or column of a window that stays inside the frame where it can, and holds `wanted`."""
    first, last = min(0, side - window), max(0, side - window)
    if wanted is not None:
        margin = min(window // 8, 8)  # the target's surroundings are part of the lesson
        first = min(max(first, int(wanted) - window + 1 + margin), last)
        last = max(min(last, int(wanted) - margin), first)
    return int(rng.integers(first, last + 1))


def _cut(x: torch.Tensor, top: int, left: int, window: int) -> torch.Tensor:
    """A window of a map (C, H, W), zero where it leaves the map."""
    C, H, W = x.shape
    out = x.new_zeros(C, window, window)
    r0, r1, c0, c1 = max(top, 0), min(top + window, H), max(left, 0), min(left + window, W)
    out[:, r0 - top : r1 - top, c0 - left : c1 - left] = x[:, r0:r1, c0:c1]
    return out


def _turn(rng: np.random.Generator, *maps: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """One of the eight flips and transposes of a square, the same for all maps."""
    flips = [axis for axis in (1, 2) if rng.random() < 0.5]
    transpose = rng.random() < 0.5
    return tuple((x.flip(flips).transpose(1, 2) if transpose else x.flip(flips)).contiguous() for x in maps)


PIPELINES = {"paper": paper, "ours": ours}
