"""A frame as overlapping patches, and patches as a frame again: by the last, the mean or the median."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rrca.errors import InputError


def last(stack: np.ndarray) -> np.ndarray:
    """Of the patches over a place, the one cut last, as if each overwrote those before; (a, b, h, w) -> (h, w)."""
    return stack[-1, -1]


def mean(stack: np.ndarray) -> np.ndarray:
    """Mean of the patches over a place; (a, b, h, w) -> (h, w)."""
    return stack.mean(axis=(0, 1))


def median(stack: np.ndarray) -> np.ndarray:
    """Median of the patches over a place, of an even number the mean of the middle two; (a, b, h, w) -> (h, w)."""
    return np.median(stack.reshape(-1, *stack.shape[2:]), axis=0)


@dataclass(frozen=True)
class Grid:
    """Where the patches of a frame are.

    Parameters
    ----------
    shape : (int, int)
        H, W of the frame in pixels.
    patch : int
        Side of a patch in pixels.
    rows, columns : sequence of int
        Ascending first rows and first columns; every pair is a patch.
    """

    shape: tuple[int, int]
    patch: int
    rows: Sequence[int]
    columns: Sequence[int]

    @classmethod
    def flush(cls, shape: tuple[int, int], patch: int, step: int, method: str) -> "Grid":
        """Every `step` pixels, and a last patch flush with the border: NRAM, RIPT, PSTNN.

        Raises
        ------
        InputError
            If the frame is smaller than a patch; `method` names who asks.

        Examples
        --------
        >>> Grid.flush((110, 130), patch=40, step=40, method="PSTNN").columns
        [0, 40, 80, 90]
        """
        _check(shape, patch, step, method)
        starts = [[*range(0, side - patch, step), side - patch] for side in shape]
        return cls(shape, patch, *starts)

    @classmethod
    def regular(cls, shape: tuple[int, int], patch: int, step: int, method: str) -> "Grid":
        """Every `step` pixels as long as a patch fits; what is left of right and bottom is in no patch: IPI.

        Examples
        --------
        >>> Grid.regular((110, 133), patch=50, step=10, method="IPI").columns[-1]
        80
        """
        _check(shape, patch, step, method)
        starts = [list(range(0, side - patch + 1, step)) for side in shape]
        return cls(shape, patch, *starts)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Patches in the programs' order, down each column of patches; (H, W) -> (P, p, p)."""
        windows = sliding_window_view(image, (self.patch, self.patch))
        chosen = windows[np.ix_(self.rows, self.columns)]  # (rows, columns, p, p)
        return chosen.swapaxes(0, 1).reshape(-1, self.patch, self.patch)

    def assemble(self, patches: np.ndarray, join: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Frame from patches; (P, p, p) -> (H, W).

        Parameters
        ----------
        patches : ndarray of P patches
            In the order of `cut`; any shape that holds them.
        join : callable
            `last`, `mean` or `median`: what to make of the patches over one place, given as an array of shape
            (rows, columns, h, w), in the order in which they were cut.

        Returns
        -------
        float64 ndarray of shape (H, W)
            0 where no patch is.

        Notes
        -----
        The borders of all patches cut the frame into rectangles; all pixels of one lie in the same patches.
        """
        p = self.patch
        grid = patches.reshape(len(self.columns), len(self.rows), p, p).swapaxes(0, 1)
        image = np.zeros(self.shape)
        for top, bottom, over_rows in _intervals(self.rows, p):
            for left, right, over_columns in _intervals(self.columns, p):
                stack = [
                    [grid[a, b, top - r : bottom - r, left - c : right - c] for b, c in over_columns]
                    for a, r in over_rows
                ]
                stack = np.array(stack)
                if stack.any():  # most places of a sparse part are 0 in all patches
                    image[top:bottom, left:right] = join(stack)
        return image


def _intervals(starts: Sequence[int], patch: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Stretches of one axis between the borders of patches, with index and start of the patches over each."""
    for begin, end in pairwise(sorted({*starts, *(start + patch for start in starts)})):
        over = [(index, start) for index, start in enumerate(starts) if start <= begin < start + patch]
        if over:
            yield begin, end, over


def _check(shape: tuple[int, int], patch: int, step: int, method: str) -> None:
    if not (isinstance(patch, int) and isinstance(step, int) and 1 <= step and 2 <= patch):
        raise InputError(
            f"{method}: patch = {patch!r}, step = {step!r}; give whole pixels, at least 2 and 1."
        )
    H, W = shape
    if min(shape) < patch:
        raise InputError(
            f"{method}: the frame of {W}×{H} pixels is smaller than a patch of {patch}×{patch}; give a larger frame "
            "or a smaller patch."
        )
