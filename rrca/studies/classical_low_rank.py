"""What the low-rank methods do on the way: singular values, iterations, and the two parts of a frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rrca.classical import METHODS, Step, ipi
from rrca.classical.grey import grey_levels, minmax
from rrca.classical.patches import Grid
from rrca.metrics import components

PATCH, STEP = 50, 10  # of IPI, in pixels


@dataclass(frozen=True, eq=False)
class Split:
    """A frame as a method leaves it.

    Attributes
    ----------
    method : str
    background, target : float64 ndarray of shape (H, W)
        Low-rank and sparse part, in the method's own unit.
    steps : list of Step
        The figures of every iteration; the last one says why it stopped.
    """

    method: str
    background: np.ndarray
    target: np.ndarray
    steps: list[Step]


def split(method: str, image: np.ndarray, **settings) -> Split:
    """Run a low-rank method and keep both parts and the iterations.

    Parameters
    ----------
    method : str
        "ipi", "nram", "ript", "pstnn" or "mslstipt".
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    **settings
        Keywords of the method's function.
    """
    steps: list[Step] = []
    target = METHODS[method](image, on_step=steps.append, **settings)
    return Split(method, steps[-1].background, target, steps)


def patch_matrix(image: np.ndarray, patch: int = PATCH, step: int = STEP) -> np.ndarray:
    """The patches of a frame as the rows of a matrix, stretched to [0, 1] all together, as IPI takes them.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255.
    patch, step : int, default 50 and 10
        Side of a patch and distance of neighbours, in pixels.

    Returns
    -------
    float64 ndarray of shape (patches, patch²)
    """
    grid = Grid.regular(np.shape(image), patch, step, "IPI")
    return minmax(grid.cut(grey_levels(image))).reshape(len(grid), -1)


def spectrum(image: np.ndarray) -> np.ndarray:
    """Singular values of the patch matrix as shares of the largest, descending."""
    values = np.linalg.svd(patch_matrix(image), compute_uv=False)
    return values / values[0]


def shuffled(image: np.ndarray, seed: int = 0) -> np.ndarray:
    """The same pixels in a random order: a frame with the histogram and without the likeness of its patches."""
    return np.random.default_rng(seed).permutation(np.ravel(image)).reshape(np.shape(image))


def uncovered(masks: Sequence[np.ndarray], patch: int = PATCH, step: int = STEP) -> tuple[int, int]:
    """How many targets lie, by their centroid, where no patch of IPI is; and how many there are.

    Parameters
    ----------
    masks : sequence of bool ndarray of shape (H, W)
    patch, step : int, default 50 and 10

    Returns
    -------
    lost, targets : int
    """
    lost = targets = 0
    for mask in masks:
        found = components(mask)
        bottom, right = ((side - patch) // step * step + patch for side in mask.shape)
        outside = (np.asarray(found.row) >= bottom) | (np.asarray(found.column) >= right)
        lost, targets = lost + int(outside.sum()), targets + len(outside)
    return lost, targets


def sparsity_grid(image: np.ndarray, factors: Sequence[float]) -> dict[float, np.ndarray]:
    """IPI's response for a row of λ, so that a slider needs no computing.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; a part of a frame is enough, and quick.
    factors : sequence of float
        λ in units of its default, 1 / √max(H, W).

    Returns
    -------
    dict of float to ndarray of shape (H, W)
    """
    default = 1 / np.sqrt(max(np.shape(image)))
    return {factor: ipi(image, weight=factor * default) for factor in factors}
