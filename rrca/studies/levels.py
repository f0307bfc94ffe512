"""The paper's Fig. 8 by our measure: how exposed the maps of every level are, in every pass of every n."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from rrca.detection import Detector
from rrca.metrics.components import components
from rrca.studies.contrast import exposure
from rrca.studies.contrast import levels as maps_of


def enlarged(values: np.ndarray, level: int, shape: tuple[int, int]) -> np.ndarray:
    """A map of a level at the size of its frame: every value repeated 2^level times, the padding cut off.

    Parameters
    ----------
    values : ndarray of shape (H/2^level, W/2^level), each rounded up
    level : int
        0 is the finest.
    shape : (int, int)
        (H, W) of the frame.

    Examples
    --------
    >>> enlarged(np.array([[1, 2]]), 1, (2, 3)).tolist()
    [[1, 1, 2], [1, 1, 2]]
    """
    return np.kron(values, np.ones((2**level, 2**level), values.dtype))[: shape[0], : shape[1]]


def on_the_targets_scale(values: np.ndarray, mask: np.ndarray, target: int = 0) -> np.ndarray:
    """A map in units of its own target: 0 at the background's median, 1 at the target's mean.

    Parameters
    ----------
    values : ndarray of shape (H, W)
    mask : bool ndarray of shape (H, W)
        All targets of the frame.
    target : int, default 0
        Which of them, in the order of `rrca.metrics.components.components`.

    Returns
    -------
    ndarray of shape (H, W)
        What lies above 0.5 in the background is what `rrca.studies.contrast.exposure` counts. A dark target comes out
        bright; where target and median are equal everything is nan.

    Examples
    --------
    >>> dark = np.array([[5.0, 5.0, 4.0, 1.0]])
    >>> on_the_targets_scale(dark, dark == 1).tolist()
    [[-0.0, -0.0, 0.25, 1.0]]
    """
    middle = np.median(values[~mask])
    height = values[components(mask).labels == target + 1].mean() - middle
    return (values - middle) / height if height else np.full(values.shape, np.nan)


def measure(detectors: Mapping[int, Detector], frames: Iterable) -> pd.DataFrame:
    """How exposed the mean maps are at every level, over the targets of many frames.

    Parameters
    ----------
    detectors : mapping of int to Detector
        By n, of RRCA-Nets.
    frames : iterable of Frame

    Returns
    -------
    DataFrame
        By (n, pass, level): "exposed", the median over the targets in per cent of the background, and "dark", the
        share of the targets in per cent that lie below the background's median. Level 0 is the finest; the deepest is
        the encoder's. "targets" is their number.
    """
    found: dict[tuple[int, int, int], list[np.ndarray]] = {}
    for frame in frames:
        for n, detector in detectors.items():
            climbs, _ = maps_of(detector, frame.image)
            for level, passes in enumerate(climbs):
                for t, values in enumerate(passes):
                    whole = enlarged(values, level, frame.mask.shape)
                    found.setdefault((n, t, level), []).append(_of_targets(whole, frame.mask))
    rows = {}
    for key, parts in found.items():
        exposed, dark = np.concatenate(parts, axis=1)
        rows[key] = {
            "exposed": 100 * float(np.nanmedian(exposed)),
            "dark": 100 * float(np.mean(dark)),
            "targets": len(dark),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["n", "pass", "level"])
    return table.sort_index()


def _of_targets(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Exposure of each target and whether it is darker than the background's median, (2, T)."""
    labels, middle = components(mask).labels, np.median(values[~mask])
    means = [values[labels == i + 1].mean() for i in range(labels.max(initial=0))]
    return np.array([exposure(values, mask), np.array(means) < middle])
