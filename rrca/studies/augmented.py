"""What single steps of the training pipelines do to targets: each step alone, on whole frames, measured.

A training draws several of them at once, by chance; here each is applied by itself, so that its effect can be told.
"ours" and "paper" are the pipelines of `Recipe.augment`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch.nn import functional as F

from rrca.metrics import target_scr
from rrca.metrics.components import components
from rrca.metrics.scr import MARGIN

Step = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def as_read(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nothing: the frame, float32 (H, W) in [0, 1], and its mask, bool (H, W)."""
    return image, mask


def flipped(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right exchanged."""
    return image[:, ::-1], mask[:, ::-1]


def transposed(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns exchanged: with the flips, a turn by a quarter."""
    return image.T, mask.T


def resized_ours(image: np.ndarray, mask: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """As in ours: frame *and* mask bilinear and antialiased; a pixel is target if half of it is."""
    size = [max(1, round(scale * side)) for side in image.shape]
    small, drawn = (
        F.interpolate(
            torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None],
            size,
            mode="bilinear",
            antialias=True,
        )[0, 0].numpy()
        for values in (image, mask)
    )
    return small, drawn >= 0.5


def resized_paper(image: np.ndarray, mask: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """As in the paper's release: the frame on 8 bits and bilinear, the mask by nearest neighbour, both by Pillow."""
    H, W = image.shape
    size = (max(1, int(W * scale + 0.5)), max(1, int(H * scale + 0.5)))
    small = _eight_bits(image).resize(size, Image.Resampling.BILINEAR)
    drawn = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)
    return np.asarray(small, np.float32) / 255, np.asarray(drawn) > 127


def cropped(image: np.ndarray, mask: np.ndarray, side: int = 128, margin: int = 8):
    """A square that holds the first target `margin` px from its upper left corner: as near as ours lets it come.

    Where the frame ends sooner, the square moves inside it; a smaller frame stays whole.
    """
    rows, columns = np.nonzero(components(mask).labels == 1)
    place = [int(values.mean()) - margin if len(values) else 0 for values in (rows, columns)]
    top, left = (min(max(p, 0), max(n - side, 0)) for p, n in zip(place, image.shape, strict=True))
    box = np.s_[top : top + side, left : left + side]
    return image[box], mask[box]


def blurred(image: np.ndarray, mask: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """As in the paper's release: Pillow's Gaussian blur on 8 bits; the mask stays as it is."""
    soft = _eight_bits(image).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(soft, np.float32) / 255, mask


STEPS: dict[str, Step] = {
    "as read": as_read,
    "flip": flipped,
    "transpose": transposed,
    "crop 128²": cropped,
    "half size, ours": lambda image, mask: resized_ours(image, mask, 0.5),
    "half size, paper": lambda image, mask: resized_paper(image, mask, 0.5),
    "double size, ours": lambda image, mask: resized_ours(image, mask, 2.0),
    "double size, paper": lambda image, mask: resized_paper(image, mask, 2.0),
    "blur 1 px, paper": lambda image, mask: blurred(image, mask, 1.0),
}


@dataclass
class Effect:
    """Targets of some frames after one step.

    Parameters
    ----------
    area : list of float
        Pixels of each component of the mask.
    scr : list of float
        `rrca.metrics.target_scr` of each; its ring is 20 px wide whatever the scale, as a kernel's reach is.
    height : list of float
        Brightest pixel above the ring's mean, in grey levels (0 to 1).
    lost : int
        Drawn targets before the step less those after it.
    """

    area: list[float] = field(default_factory=list)
    scr: list[float] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    lost: int = 0

    def quartiles(self, name: str) -> list[float]:
        """Lower quartile, median and upper quartile of "area", "scr" or "height"."""
        return [float(value) for value in np.quantile(getattr(self, name), (0.25, 0.5, 0.75))]


def measure(frames: Iterable, steps: Mapping[str, Step] = STEPS) -> dict[str, Effect]:
    """Area, SCR and height of every target after each step.

    Parameters
    ----------
    frames : iterable of Frame
        Grey frames with masks, as `rrca.data.open` gives.
    steps : mapping of str to callable, default `STEPS`
        Each maps image (H, W) and mask (H, W) to another such pair.

    Returns
    -------
    dict of str to Effect
        Targets are 8-connected components, of the mask as it is after the step.
    """
    effects = {name: Effect() for name in steps}
    for frame in frames:
        before = len(components(frame.mask).area)
        for name, step in steps.items():
            image, mask = step(frame.image, frame.mask)
            image, mask = np.ascontiguousarray(image), np.ascontiguousarray(mask)
            found = components(mask)
            effect = effects[name]
            effect.lost += before - len(found.area)
            effect.area += [float(area) for area in found.area]
            effect.scr += target_scr(image, mask).tolist()
            effect.height += _heights(image, mask, found)
    return effects


def _heights(image: np.ndarray, mask: np.ndarray, found) -> list[float]:
    """Of every component: its brightest pixel above the mean of what lies within 20 px and is no target."""
    heights = []
    for label in range(1, len(found.area) + 1):
        rows, columns = np.nonzero(found.labels == label)
        box = np.s_[
            max(rows.min() - MARGIN, 0) : rows.max() + MARGIN + 1,
            max(columns.min() - MARGIN, 0) : columns.max() + MARGIN + 1,
        ]
        heights.append(float(image[rows, columns].max() - image[box][~mask[box]].mean()))
    return heights


def _eight_bits(image: np.ndarray) -> Image.Image:
    """A frame as Pillow has it."""
    return Image.fromarray(np.round(image * 255).astype(np.uint8))
