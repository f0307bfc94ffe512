"""Windows that every pixel has: the means of their largest samples, and the nine cells around a pixel.

Order statistics run: a column of samples is sorted once and shared by all windows that it lies in, and the
lists of two neighbouring strips merge into that of their union. Every comparison is one of whole arrays.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from scipy.ndimage import correlate

from rrca.errors import InputError

CORE = np.outer([1, 2, 1], [1, 2, 1]) / 16  # the matched filter of TLLCM and WSLCM
BLOCK = 48  # rows at a time, so that the lists stay in the processor's cache


def core_mean(levels: np.ndarray) -> np.ndarray:
    """Weighted mean of the 3×3 core around each pixel, the border repeated; (H, W) -> (H, W)."""
    return correlate(levels, CORE, mode="nearest")


def top_means(levels: np.ndarray, size: int, count: int) -> np.ndarray:
    """Mean of the largest samples of the window around each pixel, and around `size` pixels beyond the border.

    Parameters
    ----------
    levels : float ndarray of shape (H, W)
        Samples outside count as 0.
    size : int
        Side of the window in pixels, odd.
    count : int
        K, how many samples, up to size².

    Returns
    -------
    float64 ndarray of shape (H + 2 size, W + 2 size)

    Raises
    ------
    InputError
        If the window has fewer samples.

    References
    ----------
    Sorting by K. E. Batcher's odd-even merge, "Sorting networks and their applications", AFIPS 1968.

    Examples
    --------
    >>> top_means(np.diag([1.0, 2.0, 6.0]), size=3, count=2)[3:-3, 3:-3]
    array([[1.5, 1.5, 1. ],
           [1.5, 4. , 4. ],
           [1. , 4. , 4. ]])
    """
    if not 1 <= count <= size**2:
        raise InputError(f"top = {count}: a cell of {size}×{size} has 1 to {size**2} samples.")
    padded = np.pad(levels, size + size // 2)
    rows = levels.shape[0] + 2 * size
    blocks = [_top_mean(padded[row : row + BLOCK + size - 1], size, count) for row in range(0, rows, BLOCK)]
    return np.concatenate(blocks)


def cells(values: np.ndarray, size: int) -> list[np.ndarray]:
    """What the nine cells around each pixel hold: the one in the centre first, then the eight around it.

    Parameters
    ----------
    values : ndarray of shape (H + 2 size, W + 2 size)
        One value for the cell around each pixel, as `top_means` gives them.
    size : int
        Side of a cell in pixels, which is the distance of neighbouring ones.

    Returns
    -------
    list of 9 ndarrays of shape (H, W)
        Views.
    """
    H, W = (side - 2 * size for side in values.shape)
    grid = {(a, b): values[a * size :, b * size :][:H, :W] for a in range(3) for b in range(3)}
    return [grid.pop((1, 1)), *grid.values()]


def contrast(core: np.ndarray, surround: np.ndarray, count: int) -> np.ndarray:
    """Ratio times difference, C (C / B − 1), at least 0.

    B = 0, a surround that is black throughout, would give infinity. It counts as 1 / count instead: the least
    mean above 0 that an 8-bit frame can have.
    """
    surround = np.where(surround > 0, surround, 1 / count)
    return np.maximum(core**2 / surround - core, 0)


def sort_layers(layers: list[np.ndarray]) -> list[np.ndarray]:
    """Pixel by pixel in descending order; arrays of one shape, new ones where they change."""
    layers = list(layers)
    for i, j in _comparators(len(layers)):
        layers[i], layers[j] = np.maximum(layers[i], layers[j]), np.minimum(layers[i], layers[j])
    return layers


def _top_mean(padded: np.ndarray, size: int, count: int) -> np.ndarray:
    """`top_means` where every window lies inside; (h, w) -> (h − size + 1, w − size + 1)."""
    h = padded.shape[0] - size + 1
    strip = sort_layers([padded[row : row + h] for row in range(size)])[:count]  # of size × 1
    strip += [np.full_like(strip[0], -np.inf)] * (count - len(strip))
    width, found, covered = 1, None, 0
    while True:  # the binary digits of size: strips of 1, 2, 4, … columns
        if size & width:
            found = strip if found is None else _join(found, strip, covered)
            covered += width
        if covered == size:
            return sum(layer for layer in found) / count
        strip, width = _join(strip, strip, width), 2 * width


def _join(left: list[np.ndarray], right: list[np.ndarray], width: int) -> list[np.ndarray]:
    """The largest of two neighbouring strips, of which the left one is `width` columns wide."""
    W = right[0].shape[1] - width
    pairs = zip(left, reversed(right), strict=True)  # of two sorted lists, the larger of each such pair stay
    return sort_layers([np.maximum(a[:, :W], b[:, width:]) for a, b in pairs])


@cache
def _comparators(length: int) -> tuple[tuple[int, int], ...]:
    """Which places of a list to compare, in which order, to sort any list of that length."""
    return tuple(_odd_even_merge(length))


def _odd_even_merge(length: int) -> Iterator[tuple[int, int]]:
    """Batcher's merges of runs of 1, 2, 4, … places."""
    run = 1
    while run < length:
        step = run
        while step:
            for start in range(step % run, length - step, 2 * step):
                for i in range(start, min(start + step, length - step)):
                    if i // (2 * run) == (i + step) // (2 * run):
                        yield i, i + step
            step //= 2
        run *= 2
