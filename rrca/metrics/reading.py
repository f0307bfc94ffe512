"""Scores and masks as callers hold them, checked and turned into arrays of shape (H, W)."""

import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from scipy import ndimage

from rrca.errors import InputError, InputWarning
from rrca.metrics.components import Components, components


class Truth:
    """What a mask says, found once per frame.

    Attributes
    ----------
    mask : bool array of shape (H, W)
        Pixels of targets.
    labelled : int
        Pixels that count as labelled in the union of the IoU; more than `mask` holds only where a
        protocol reads grey masks in two ways (M12).
    targets : Components
        The 8-connected targets.
    """

    def __init__(self, mask: np.ndarray, labelled: int):
        self.mask = mask
        self.labelled = labelled
        self.targets: Components = components(mask)
        self._around: dict[float, np.ndarray] = {}

    def around(self, distance: float) -> np.ndarray:
        """Boxes around the centroids of the targets; whatever is outside them is farther, bool (H, W)."""
        if distance not in self._around:
            boxes = np.zeros(self.mask.shape, bool)
            for row, column in zip(self.targets.row.tolist(), self.targets.column.tolist(), strict=True):
                top, left = max(int(row - distance - 1), 0), max(int(column - distance - 1), 0)
                boxes[top : int(row + distance + 2), left : int(column + distance + 2)] = True
            self._around[distance] = boxes
        return self._around[distance]

    @cached_property
    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Target and flat pixel index of every pixel within 1 px (Chebyshev) of a target."""
        height, width = self.mask.shape
        row, column = np.nonzero(self.mask)
        owner = self.targets.labels[row, column] - 1
        row = (row[:, None] + np.repeat([-1, 0, 1], 3)).ravel()
        column = (column[:, None] + np.tile([-1, 0, 1], 3)).ravel()
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        keys = np.unique((np.repeat(owner, 9) * self.mask.size + row * width + column)[inside])
        return np.divmod(keys, self.mask.size)

    @cached_property
    def far(self) -> np.ndarray:
        """Pixels farther than 4 px (Chebyshev) from every target, bool (H, W)."""
        return ~ndimage.maximum_filter(self.mask, size=9, mode="constant", cval=False)


def read_scores(scores, argument: str = "scores") -> list[np.ndarray]:
    """Score maps of one call, each (H, W) and in [0, 1].

    Parameters
    ----------
    scores : array or Tensor of shape (H, W) or (B, 1, H, W)
        Probabilities. They become float64, in which every narrower float and every threshold is exact,
        so that a comparison does not depend on how NumPy promotes one of them.
    argument : str
        What to call it in a message.

    Raises
    ------
    InputError
        For another shape, NaN, or values outside [0, 1].
    """
    frames = _split(_array(scores), argument)
    for frame in frames:
        if not (frame.dtype == bool or np.issubdtype(frame.dtype, np.number)) or np.iscomplexobj(frame):
            raise InputError(f"{argument} must be real numbers, got {frame.dtype}; pass probabilities.")
        low, high = frame.min(), frame.max()
        if np.isnan(low) or np.isnan(high):
            raise InputError(f"{argument} holds NaN; look for the frame or the layer where it first appears.")
        if low < 0 or high > 1:
            raise InputError(
                f"{argument} must be probabilities in [0, 1], got {low:.6g} to {high:.6g}; "
                "apply a sigmoid to logits, divide 8-bit maps by 255."
            )
    return [frame.astype(np.float64, copy=False) for frame in frames]


def read_masks(mask, only_white: bool, names: str | Sequence[str] | None = None) -> list[Truth]:
    """Masks of one call, told apart by dtype.

    Parameters
    ----------
    mask : array or Tensor of shape (H, W) or (B, 1, H, W)
        bool; or 0 and 1 in floats or wide integers; or uint8 with 0 to 255.
    only_white : bool
        The rule for the grey values of a uint8 mask. False: 128 and above are target. True: as in the
        released programs, only 255 is target while 128 and above enter the union of the IoU (M12).
    names : str or sequence of str, optional
        What to call the frame or frames in messages.

    Raises
    ------
    InputError
        For another shape or other values.

    Warns
    -----
    InputWarning
        If a uint8 mask holds values between 0 and 255.
    """
    frames = _split(_array(mask), "mask")
    names = ["mask"] * len(frames) if names is None else [names] if isinstance(names, str) else list(names)
    if len(names) != len(frames):
        raise InputError(f"name lists {len(names)} frames, but the mask holds {len(frames)}; give one each.")
    return [_truth(frame, only_white, name) for frame, name in zip(frames, names, strict=True)]


def pairs(scores: list[np.ndarray], truths: list[Truth]) -> Iterator[tuple[np.ndarray, Truth]]:
    """Score maps with their masks, after checking that numbers and sizes agree."""
    if len(scores) != len(truths):
        raise InputError(f"{len(scores)} score maps but {len(truths)} masks; give one mask for each map.")
    for index, (score, truth) in enumerate(zip(scores, truths, strict=True)):
        if score.shape != truth.mask.shape:
            raise InputError(
                f"scores are {score.shape} but the mask is {truth.mask.shape} (frame {index} of the call); "
                "resize or crop one of them first."
            )
    return zip(scores, truths, strict=True)


def _array(value) -> np.ndarray:
    """A NumPy array of an array or a tensor on any device."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if value.is_floating_point() and value.element_size() < 4:
            value = value.float()  # NumPy has no bfloat16
        value = value.numpy()
    return np.asarray(value)


def _split(array: np.ndarray, argument: str) -> list[np.ndarray]:
    """The frames (H, W) of an array (H, W) or (B, 1, H, W)."""
    if array.ndim == 2 and array.size:
        return [array]
    if array.ndim == 4 and array.shape[1] == 1 and array.size:
        return list(array[:, 0])
    raise InputError(f"{argument} must have shape (H, W) or (B, 1, H, W), got {array.shape}.")


def _truth(mask: np.ndarray, only_white: bool, name: str) -> Truth:
    """One mask read by its dtype."""
    if mask.dtype == np.uint8:
        return _grey_truth(mask, only_white, name)
    if mask.dtype != bool:
        target = mask == 1
        if not np.all(target | (mask == 0)):
            raise InputError(
                f"{name}: a mask of {mask.dtype} may only hold 0 and 1, got {mask.min()} to {mask.max()}; "
                "pass 8-bit masks as uint8."
            )
        mask = target
    return Truth(mask, int(np.count_nonzero(mask)))


def _grey_truth(mask: np.ndarray, only_white: bool, name: str) -> Truth:
    """A mask of grey levels 0 to 255."""
    upper = mask >= 128
    labelled = int(np.count_nonzero(upper))
    white = mask == 255
    grey = int(np.count_nonzero(mask)) - int(np.count_nonzero(white))
    if grey and mask.max() == 1:
        raise InputError(
            f"{name}: a uint8 mask is read as 0 to 255, but this one holds 0 and 1; pass mask.astype(bool)."
        )
    if grey:
        rule = "only 255 is target under this protocol" if only_white else "128 and above is target"
        warnings.warn(
            f"{name}: {grey} mask pixels are neither 0 nor 255; {rule}.", InputWarning, stacklevel=2
        )
    return Truth(white if only_white else upper, labelled)
