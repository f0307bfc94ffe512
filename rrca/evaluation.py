"""Model × data set × protocol -> metrics."""

from collections.abc import Iterable

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from rrca.detection import Detector
from rrca.metrics import DetectionMetrics, Metrics

RESIZED = {"dnanet": 256}  # protocols that squash every frame to a square of this side before the network


def evaluate(
    model,
    frames: Iterable,
    protocol: str | Iterable[str] = "exact",
    threshold: float = 0.5,
    max_distance: float = 3.0,
    progress: bool = False,
) -> Metrics | dict[str, Metrics]:
    """Judge a detector on a set of frames with masks.

    Parameters
    ----------
    model : Detector, Module, str, path-like or None
        As for `rrca.Detector`.
    frames : iterable of Frame
        What `rrca.data.open` gives.
    protocol : str or iterable of str, default "exact"
        See `rrca.metrics`. Several are judged in one go.
    threshold : float, default 0.5
        On the score (probability); 0.5 is the release's logit 0.
    max_distance : float, default 3.0
        Pixels between centroids below which a target is detected.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    Metrics, or dict of str to Metrics
        One result for one protocol given as a string; else one per protocol, by name.

    Notes
    -----
    Under "dnanet" image and mask are resized to 256×256 (bilinear; nearest) by Pillow before the network, as
    the release does; all other protocols judge at native size.

    References
    ----------
    Paper, Section IV-A.
    """
    detector = model if isinstance(model, Detector) else Detector(model)
    names = [protocol] if isinstance(protocol, str) else list(protocol)
    metrics = {name: DetectionMetrics(name, threshold, max_distance) for name in names}
    for frame in tqdm(frames, desc="judging", unit="frame", disable=not progress):
        scored = {}  # by side: protocols that see the same frame share one run of the network
        for name, metric in metrics.items():
            side = RESIZED.get(name)
            if side not in scored:
                image, mask = (
                    (frame.image, frame.raw_mask)
                    if side is None
                    else squash(frame.image, frame.raw_mask, side)
                )
                scored[side] = detector.scores(image), mask
            metric.update(*scored[side], name=frame.id)
    results = {name: metric.compute() for name, metric in metrics.items()}
    return results[protocol] if isinstance(protocol, str) else results


def squash(image: np.ndarray, mask: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Frame and mask resized to a square: what the release tests on.

    Parameters
    ----------
    image : float32 ndarray of shape (H, W) or (H, W, 3), in [0, 1]
        Resized on 8 bits, bilinear with Pillow's antialiasing.
    mask : uint8 ndarray of shape (H, W)
        Resized by nearest neighbour.
    side : int
        Of the square, in pixels.

    Returns
    -------
    float32 ndarray, uint8 ndarray
        (side, side) or (side, side, 3); (side, side).
    """
    small = Image.fromarray(np.round(image * 255).astype(np.uint8)).resize(
        (side, side), Image.Resampling.BILINEAR
    )
    small_mask = Image.fromarray(mask).resize((side, side), Image.Resampling.NEAREST)
    return np.asarray(small, np.float32) / 255, np.asarray(small_mask)
