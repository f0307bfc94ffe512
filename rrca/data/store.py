"""A data set decoded once and kept as flat tensors, from which any batch of windows is one gather."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from rrca.data.frames import Frame
from rrca.metrics.components import components


class PixelStore(Sequence):
    """The frames of a list, of any sizes, one after another in two tensors; also a sequence of `Frame`.

    Parameters
    ----------
    frames : iterable of Frame
        What `rrca.data.open` gives; read once.
    device : torch.device or str, default "cpu"
        Where the pixels are kept: the training device, so that windows are cut there.

    Attributes
    ----------
    ids : tuple of str
        In the list's order.
    shapes : int array of shape (N, 2)
        Height and width of each frame.
    pixels : Tensor of shape (P, C)
        All grey levels, raster order, frame after frame. uint8 where every value is a whole number of 255
        (a quarter of the memory, and the same floats come back), else float32 in [0, 1].
    masks : uint8 Tensor of shape (P,)
        Masks as stored, 0 … 255.

    Examples
    --------
    >>> from rrca import data
    >>> store = PixelStore(data.open("synthetic", "val"))
    >>> len(store), store.pixels.shape[1], bool((store[0].image == data.open("synthetic", "val")[0].image).all())
    (32, 1, True)
    """

    def __init__(self, frames: Iterable[Frame], device: torch.device | str = "cpu"):
        ids, shapes, images, masks = [], [], [], []
        for frame in frames:
            image = frame.image if frame.image.ndim == 3 else frame.image[..., None]  # (H, W, C)
            ids.append(frame.id)
            shapes.append(image.shape[:2])
            images.append(_compact(image.reshape(-1, image.shape[2])))
            masks.append(frame.raw_mask.reshape(-1))
        self.ids, self.shapes = tuple(ids), np.array(shapes)
        self._offsets = np.concatenate([[0], np.cumsum(self.shapes.prod(axis=1))])
        self.pixels = torch.from_numpy(_joined(images)).to(device)
        self.masks = torch.from_numpy(np.concatenate(masks)).to(device)
        # What a gather needs of each frame: first pixel, height, width.
        self._layout = torch.from_numpy(np.column_stack([self._offsets[:-1], self.shapes])).to(device)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> Frame:
        """Frame i as `rrca.data.open` gave it."""
        H, W = self.shapes[i]  # out of range raises IndexError, which ends an iteration
        part = slice(self._offsets[i], self._offsets[i + 1])
        image = _as_float(self.pixels[part].cpu()).reshape(H, W, -1).numpy()
        return Frame(
            self.ids[i],
            image[..., 0] if image.shape[2] == 1 else image,
            self.masks[part].cpu().reshape(H, W).numpy(),
        )

    @cached_property
    def targets(self) -> list[np.ndarray]:
        """Row and column of the centroids of each frame's targets, float array of shape (n, 2) each; found once."""
        found = (components(frame.mask) for frame in self)
        return [np.stack([frame.row, frame.column], axis=1) for frame in found]

    def windows(
        self, index: Tensor, top: Tensor, left: Tensor, height: int, width: int, fill: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Windows of equal size from several frames, in one gather.

        Parameters
        ----------
        index, top, left : int64 Tensor of shape (B,)
            Frame, first row and first column of each window; may lie outside the frame.
        height, width : int
            Of all windows, in pixels.
        fill : Tensor of shape (C,) or (1,)
            Grey level beyond the frame's border.

        Returns
        -------
        Tensor of shape (B, C, height, width), Tensor of shape (B, 1, height, width)
            Grey levels in [0, 1]; mask as 0.0 and 1.0, zero beyond the border.
        """
        offset, H, W = (part[:, None, None] for part in self._layout[index].unbind(1))  # (B, 1, 1)
        row = (top[:, None] + torch.arange(height, device=top.device))[:, :, None]  # (B, h, 1)
        column = (left[:, None] + torch.arange(width, device=left.device))[:, None, :]  # (B, 1, w)
        inside = (row >= 0) & (row < H) & (column >= 0) & (column < W)
        at = torch.where(inside, offset + row * W + column, offset)  # (B, h, w)
        x = torch.where(inside[..., None], _as_float(self.pixels[at]), fill)  # (B, h, w, C)
        mask = (self.masks[at] >= 128) & inside
        return x.permute(0, 3, 1, 2), mask[:, None].float()

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any ID, pixel or mask, or their order."""
        digest = hashlib.blake2b("\n".join(self.ids).encode(), digest_size=6)
        for part in (torch.from_numpy(self.shapes), self.pixels, self.masks):
            digest.update(part.cpu().contiguous().numpy().data)
        return digest.hexdigest()


def _compact(values: np.ndarray) -> np.ndarray:
    """Floats as uint8 if that loses nothing."""
    levels = np.round(values * 255).astype(np.uint8)
    return levels if np.array_equal(levels.astype(np.float32) / np.float32(255), values) else values


def _joined(images: list[np.ndarray]) -> np.ndarray:
    """One array (P, C); grey is repeated if another frame has colour, uint8 becomes float if another must."""
    C = max(image.shape[1] for image in images)
    if any(image.dtype != np.uint8 for image in images):
        images = [_as_float(torch.from_numpy(image)).numpy() for image in images]
    return np.concatenate([np.broadcast_to(image, (len(image), C)) for image in images])


def _as_float(levels: Tensor) -> Tensor:
    return levels.float() / 255 if levels.dtype == torch.uint8 else levels
