"""What training does to a batch of frames: crops at a random scale, flipped, turned or blurred, all at once.

Flipping, resizing, padding, cropping and blurring each act on rows and on columns separately, and linearly. So
a crop is R x Cᵀ: x a window of the frame, R (size, height) and C (size, width) two small matrices that hold all of
it, and a batch of crops is two batched matrix products. A pipeline only *draws* these matrices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rrca.data.normalisation import Normalisation
from rrca.data.store import PixelStore


@dataclass(frozen=True)
class Axis:
    """How the output pixels along one axis are made of the frame's.

    Parameters
    ----------
    first : int64 Tensor of shape (B,)
        First frame row (or column) of each window; may be negative.
    image, mask : Tensor of shape (B, size, n)
        Weight of each of the window's n rows (or columns) in each output row (or column).
    """

    first: Tensor
    image: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Draw:
    """What chance decided for a batch.

    Parameters
    ----------
    index : int array of shape (B,)
        Frames of the store.
    rows, columns : Axis
    transpose : bool array of shape (B,)
        Which crops are mirrored at their diagonal at the end.
    """

    index: np.ndarray
    rows: Axis
    columns: Axis
    transpose: np.ndarray


Pipeline = Callable[..., Draw]


def cut(
    store: PixelStore, draw: Draw, normalise: Normalisation, part: slice = slice(None)
) -> tuple[Tensor, Tensor]:
    """The crops of a draw.

    Parameters
    ----------
    store : PixelStore
        Its device is where the work is done.
    draw : Draw
        What `ours` or `paper` gives.
    normalise : Normalisation
    part : slice, optional
        Which crops of the batch to make: one device's, where several share it.

    Returns
    -------
    Tensor of shape (B, C, size, size), Tensor of shape (B, 1, size, size)
        Normalised crops; masks as 0.0 and 1.0.
    """
    device = store.pixels.device
    mean, std = (torch.tensor(values, device=device) for values in (normalise.mean, normalise.std))  # (C,)
    rows, columns = draw.rows, draw.columns
    index, top, left = (t[part].to(device) for t in (torch.from_numpy(draw.index), rows.first, columns.first))
    # Beyond the border lies the mean grey: zero once normalised.
    fill = mean if store.pixels.shape[1] == len(mean) else mean.mean()[None]
    x, mask = store.windows(index, top, left, rows.image.shape[2], columns.image.shape[2], fill)
    weights = (a[part].to(device)[:, None] for a in (rows.image, columns.image, rows.mask, columns.mask))
    R, C, R_mask, C_mask = weights  # (B, 1, size, n)
    x = R @ x @ C.mT  # (B, C, h, w) -> (B, C, size, size)
    mask = (R_mask @ mask @ C_mask.mT >= 0.5).float()
    x = (x - mean[:, None, None]) / std[:, None, None]  # grey is repeated here where the network takes colour
    turned = torch.from_numpy(draw.transpose[part]).to(device)[:, None, None, None]
    return torch.where(turned, x.mT, x), torch.where(turned, mask.mT, mask)


# --- The pipelines: (rng, store, frames, size) -> Draw -----------------------------------------------------------


def ours(
    rng: np.random.Generator,
    store: PixelStore,
    index: np.ndarray,
    size: int = 128,
    target_share: float = 0.7,
    scale: tuple[float, float] = (0.5, 2.0),
) -> Draw:
    """Crops that mostly hold a target, at a random scale, flipped and transposed at random.

    Parameters
    ----------
    rng : Generator
        The source of all chance.
    store : PixelStore
    index : int array of shape (B,)
        Frames to crop.
    size : int, default 128
        Side of a crop in pixels.
    target_share : float, default 0.7
        Share of the crops that must hold a (random) target; the others lie anywhere.
    scale : (float, float), default (0.5, 2.0)
        Range of the magnification, drawn uniformly in its logarithm; (1, 1) keeps the native size.

    Returns
    -------
    Draw

    Notes
    -----
    A window of size / magnification pixels is resized (triangle filter, widened where it shrinks), mean grey
    beyond the frame's border. A mask pixel is a target's if half of it is.
    """
    B = len(index)
    magnification = np.exp(rng.uniform(*np.log(scale), size=B))
    window = np.maximum(2, np.round(size / magnification)).astype(int)
    counts = np.array([len(store.targets[i]) for i in index])
    aimed = (rng.random(B) < target_share) & (counts > 0)
    pick = np.floor(rng.random(B) * counts).astype(int)
    wanted = np.array(
        [store.targets[i][j] if yes else (0, 0) for i, j, yes in zip(index, pick, aimed, strict=True)]
    )  # (B, 2)
    axes = []
    for side, target in zip(store.shapes[index].T, wanted.T, strict=True):
        start = _window_start(rng, side, window, aimed, target)
        output = np.arange(size)[None] + 0.5  # (1, size)
        flip = rng.random(B)[:, None] < 0.5
        centres = np.where(flip, size - output, output) * (window / size)[:, None]
        none = np.zeros(B)
        weights = _triangle(centres, window / size, none, window, int(window.max()), store.pixels.device)
        axes.append(Axis(torch.from_numpy(start), weights, weights))
    return Draw(np.asarray(index), *axes, transpose=rng.random(B) < 0.5)


def _window_start(
    rng: np.random.Generator, side: np.ndarray, window: np.ndarray, aimed: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """First row or column of windows that stay inside the frame where they can, and hold the target if aimed."""
    first, last = np.minimum(0, side - window), np.maximum(0, side - window)
    margin = np.minimum(window // 8, 8)  # the target's surroundings are part of the lesson
    target = target.astype(int)
    lowest = np.minimum(np.maximum(first, target - window + 1 + margin), last)
    highest = np.maximum(np.minimum(last, target - margin), lowest)
    return rng.integers(np.where(aimed, lowest, first), np.where(aimed, highest, last) + 1)


def paper(rng: np.random.Generator, store: PixelStore, index: np.ndarray, size: int = 256) -> Draw:
    """The release's pipeline for NUAA-SIRST and IRSTD-1k.

    Flip left-right (p = 0.5); long side to a random whole number in [0.5, 2.0] × `size` (triangle filter, widened
    where it shrinks; mask nearest); pad with zeros at the right and the bottom to at least `size`; random crop
    of `size`²; Gaussian blur (p = 0.5, radius U(0, 1) px).

    Parameters
    ----------
    rng, store, index
        As for `ours`.
    size : int, default 256
        Side of a crop in pixels.

    Returns
    -------
    Draw

    Notes
    -----
    Pillow, which the release uses, rounds to 8 bits after every pass over rows or columns; here nothing is rounded, so
    the two differ by up to 3 grey levels of 255 for the same draw.

    References
    ----------
    Paper, Section IV-B; the release's training loader.
    """
    B = len(index)
    shapes = store.shapes[index]  # (B, 2)
    flip = rng.random(B) < 0.5
    long_side = rng.integers(int(size * 0.5), int(size * 2.0) + 1, size=B)
    new = np.maximum(1, (shapes * (long_side / shapes.max(axis=1))[:, None] + 0.5).astype(int))
    left, top = (rng.integers(0, np.maximum(new[:, axis] - size, 0) + 1) for axis in (1, 0))
    radius = np.where(rng.random(B) < 0.5, rng.random(B), 0.0)
    blur = _blur(radius, size, store.pixels.device)
    rows = _resized(shapes[:, 0], new[:, 0], top, np.zeros(B, bool), blur)
    columns = _resized(shapes[:, 1], new[:, 1], left, flip, blur)
    return Draw(np.asarray(index), rows, columns, transpose=np.zeros(B, bool))


def _resized(side: np.ndarray, new: np.ndarray, start: np.ndarray, flip: np.ndarray, blur: Tensor) -> Axis:
    """An axis of `side` pixels resized to `new`, cropped from `start`, zero behind its end, blurred."""
    device, size = blur.device, blur.shape[-1]
    output = start[:, None] + np.arange(size)  # (B, size), in pixels of the resized frame
    exists = torch.from_numpy(output < new[:, None]).to(device)[..., None]
    side, ratio = side[:, None], side / new
    centres = np.minimum((output + 0.5) * ratio[:, None], side)
    nearest = np.minimum(np.floor(centres).astype(int), side - 1)
    centres = np.where(flip[:, None], side - centres, centres)
    nearest = np.where(flip[:, None], side - 1 - nearest, nearest)
    reach = np.ceil(np.maximum(ratio, 1)).astype(int)
    first = np.maximum(0, np.floor(centres.min(axis=1)).astype(int) - reach)
    n = int((np.minimum(side[:, 0], np.ceil(centres.max(axis=1)).astype(int) + reach) - first).max())
    weights = _triangle(centres - first[:, None], ratio, -first, side[:, 0] - first, n, device)
    picked = torch.from_numpy(nearest - first[:, None]).to(device)[..., None] == torch.arange(
        n, device=device
    )
    return Axis(torch.from_numpy(first), blur @ (weights * exists), (picked & exists).float())


# --- Matrices of one axis ----------------------------------------------------------------------------------------


def _triangle(
    centres: np.ndarray, ratio: np.ndarray, low: np.ndarray, high: np.ndarray, n: int, device: torch.device
) -> Tensor:
    """Bilinear resizing without aliasing, (B, size) centres -> (B, size, n): a triangle over pixels low … high − 1.

    All in pixels of the window. `ratio` is source pixels per output pixel; above 1 the triangle widens with it.
    """
    columns = (centres, np.maximum(ratio, 1)[:, None], low[:, None], high[:, None])
    centre, reach, low, high = (
        torch.from_numpy(values.astype(np.float32)).to(device)[..., None] for values in columns
    )
    pixel = torch.arange(n, device=device)
    weights = (1 - (pixel + 0.5 - centre).abs() / reach).clamp_min(0) * ((pixel >= low) & (pixel < high))
    return weights / weights.sum(dim=2, keepdim=True)


def _blur(radius: np.ndarray, size: int, device: torch.device) -> Tensor:
    """Gaussian blur of up to 1 px as Pillow does it, (B,) -> (B, size, size): three box filters, borders repeated.

    A box of half-width a < 1 has three taps. Gwosdek et al., "Theoretical foundations of Gaussian convolution by
    extended box filtering", SSVM 2011, give the a with which three of them have the Gaussian's variance.
    """
    variance = torch.from_numpy(radius**2 / 3).float().to(device)[:, None, None]  # of one of three boxes
    a = variance / (2 * (1 - variance))
    middle = 1 / (2 * a + 1)
    pixel = torch.arange(size, device=device)
    neighbour = torch.zeros(size, size, device=device)
    for step in (-1, 1):
        neighbour[pixel, (pixel + step).clamp(0, size - 1)] += 1
    box = middle * torch.eye(size, device=device) + (1 - middle) / 2 * neighbour
    return box @ box @ box


PIPELINES: dict[str, Pipeline] = {"paper": paper, "ours": ours}
