"""Near duplicates: two frames that show nearly the same picture.

A network that has seen one of a pair in training has seen the other's clutter too, so a pair across
training and test list makes a figure too good. Two measures must agree: 16×16 thumbnails correlate above
0.99 (the same layout), and so do, above 0.8, the details of 64×64 thumbnails (the same structure; without
this, any two smooth skies would pass).

What the rule finds is a lower bound. All 427 frames of NUAA-SIRST are in DenseSIRST with at most 0.8 % of
their pixels changed, and it finds 329 of them: in a smooth sky the drawn-in targets *are* the detail.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage, sparse

COARSE_SIDE, DETAIL_SIDE = 16, 64  # px
DETAIL_SIGMA = 3.0  # px of the 64×64 thumbnail; what a Gaussian of this width leaves over is detail
COARSE_ABOVE, DETAIL_ABOVE = 0.99, 0.8
ROWS_AT_ONCE = 1024  # of the correlation matrix: bounds the memory


class Pair(NamedTuple):
    """Two positions, and the correlations of thumbnails and of details."""

    first: int
    second: int
    coarse: float
    detail: float


class Signatures(NamedTuple):
    """What is compared of N frames: rows of mean 0 and length 1, so that a product is a correlation."""

    coarse: np.ndarray  # (N, 256)
    detail: np.ndarray  # (N, 4096)


def signatures(images: Iterable[np.ndarray]) -> Signatures:
    """Thumbnails and details of frames.

    Parameters
    ----------
    images : iterable of ndarray of shape (H, W)
        Grey frames of any size and scale.

    Returns
    -------
    Signatures
        Two float64 arrays. The rows of a constant frame are zero: it correlates with nothing.

    Notes
    -----
    Thumbnails are means over equal areas (Pillow's box filter, on floats); both ignore the aspect ratio.
    """
    coarse, detail = [], []
    for image in images:
        picture = Image.fromarray(np.asarray(image, dtype=np.float32))
        coarse.append(_thumbnail(picture, COARSE_SIDE).ravel())
        thumbnail = _thumbnail(picture, DETAIL_SIDE)
        detail.append((thumbnail - ndimage.gaussian_filter(thumbnail, DETAIL_SIGMA)).ravel())
    return Signatures(_unit_rows(coarse, COARSE_SIDE**2), _unit_rows(detail, DETAIL_SIDE**2))


def pairs(a: Signatures, b: Signatures | None = None) -> list[Pair]:
    """Near duplicates between two sets of frames, or within one.

    Parameters
    ----------
    a : Signatures
        N frames.
    b : Signatures, optional
        M frames; without it each pair within `a` is given once, `first` < `second`.

    Returns
    -------
    list of Pair
        Positions in `a` and in `b`; the largest thumbnail correlation first.

    Examples
    --------
    >>> frames = np.random.default_rng(0).random((3, 80, 100))
    >>> frames[2] = 0.5 * frames[0] + 0.1  # same picture, other contrast
    >>> [pair[:2] for pair in pairs(signatures(frames))]
    [(0, 2)]
    """
    within = b is None
    b = a if within else b
    found = []
    for start in range(0, len(a.coarse), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        coarse, detail = a.coarse[rows] @ b.coarse.T, a.detail[rows] @ b.detail.T  # (rows, M)
        near = (coarse > COARSE_ABOVE) & (detail > DETAIL_ABOVE)
        if within:
            near = np.triu(near, k=start + 1)
        found += [
            Pair(start + i, j, float(coarse[i, j]), float(detail[i, j]))
            for i, j in np.argwhere(near).tolist()
        ]
    return sorted(found, key=lambda pair: -pair.coarse)


def groups(count: int, found: Iterable[Pair]) -> list[list[int]]:
    """Positions 0 … count − 1 joined by chains of pairs within one set; most groups hold one position.

    Examples
    --------
    >>> groups(4, [Pair(0, 2, 1.0, 1.0)])
    [[0, 2], [1], [3]]
    """
    edges = np.array([pair[:2] for pair in found], dtype=np.intp).reshape(-1, 2)
    graph = sparse.coo_array((np.ones(len(edges)), edges.T), shape=(count, count))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for position, group in enumerate(label.tolist()):
        members.setdefault(group, []).append(position)
    return list(members.values())


def _thumbnail(picture: Image.Image, side: int) -> np.ndarray:
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX), dtype=np.float64)


def _unit_rows(rows: list[np.ndarray], width: int) -> np.ndarray:
    """Rows less their mean, divided by their length; zero where nothing but rounding is left."""
    x = np.array(rows, dtype=np.float64).reshape(-1, width)
    largest = np.abs(x).max(axis=1, keepdims=True, initial=0)
    x -= x.mean(axis=1, keepdims=True)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(
        x, length, out=np.zeros_like(x), where=length > 1e-9 * width * np.maximum(largest, 1e-30)
    )
