"""Connected components of a binary image, with the area and the centroid of each."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from rrca.errors import InputError

EIGHT = np.ones((3, 3), bool)  # pixels that touch at a corner belong together, as everywhere in the field


@dataclass(frozen=True, eq=False)
class Components:
    """The 8-connected components of one binary image, numbered in raster order of their first pixel.

    Attributes
    ----------
    labels : int array of shape (H, W)
        0 off the components, i + 1 on component i.
    area : int array of shape (n,)
        Pixels of each component.
    row, column : float arrays of shape (n,)
        Centroids in pixels; the centre of the top left pixel is (0, 0).
    """

    labels: np.ndarray
    area: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def __len__(self) -> int:
        return len(self.area)

    def peaks(self, values: np.ndarray) -> np.ndarray:
        """The largest of `values`, an array of shape (H, W), on each component; shape (n,)."""
        inside = self.labels > 0
        peaks = np.full(len(self), -np.inf)
        np.maximum.at(peaks, self.labels[inside] - 1, np.asarray(values)[inside])
        return peaks


def components(binary: np.ndarray) -> Components:
    """Find the 8-connected components of a binary image.

    Parameters
    ----------
    binary : bool array of shape (H, W)
        True on the components. It must be bool: a labelling of grey values splits a target wherever
        its grey value changes.

    Returns
    -------
    Components
        Labels, areas and centroids, in raster order of each component's first pixel.

    Raises
    ------
    InputError
        If `binary` is not a 2-D array of bool.

    Notes
    -----
    One labelling and three `bincount`: on frames with thousands of components over a hundred times
    faster than a property object for each (`skimage.measure.regionprops`), with the same numbers to
    the last bit; `rrca bench metrics` measures it.

    Examples
    --------
    >>> found = components(np.array([[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1]], bool))
    >>> found.area, found.row, found.column
    (array([2, 2]), array([0.5, 1.5]), array([0.5, 3. ]))
    """
    binary = np.asarray(binary)
    if binary.dtype != bool or binary.ndim != 2:
        raise InputError(
            f"components() needs a bool array of shape (H, W), got {binary.dtype} of shape {binary.shape}; "
            "compare with a threshold first."
        )
    labels, count = ndimage.label(binary, EIGHT)
    pixels = np.flatnonzero(binary)
    member = labels.ravel()[pixels] - 1
    area = np.bincount(member, minlength=count)
    rows, columns = np.divmod(pixels, max(binary.shape[1], 1))
    # Sums of whole numbers, then one division: the same float as the mean of the coordinates.
    return Components(
        labels,
        area,
        np.bincount(member, rows, count) / area,
        np.bincount(member, columns, count) / area,
    )
