"""A look inside a network on a frame: what one DIAAM is given, and what it makes of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from rrca.detection import Detector
from rrca.errors import InputError


@dataclass(frozen=True)
class Joint:
    """One DIAAM at work, cropped to the frame; every map float32 (C, H, W).

    Parameters
    ----------
    low : ndarray
        e_i, from the encoder.
    gate : ndarray
        sigmoid(P_low(low)), from 0 (shut) to 1 (open).
    value : ndarray
        CA(P_high(high)).
    joined : ndarray
        low + gate · value, Eq. (3).
    """

    low: np.ndarray
    gate: np.ndarray
    value: np.ndarray
    joined: np.ndarray


@torch.inference_mode()
def joint(detector: Detector, frame: np.ndarray, t: int) -> Joint:
    """The finest DIAAM of pass t on one frame.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net with the decoder "diaam".
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1].
    t : int
        Pass, 0 to n.

    Returns
    -------
    Joint

    Raises
    ------
    InputError
        If there is no such pass, or the network has no DIAAM.
    """
    model = detector.model
    if model.config.decoder != "diaam":
        raise InputError(f"the decoder is {model.config.decoder!r}; only 'diaam' has gates.")
    if not 0 <= t < model.config.passes:
        raise InputError(f"t = {t}: the network has passes 0 to {model.config.passes - 1}.")
    x = detector.normalisation(frame)[None]
    H, W = x.shape[2:]
    trace = model.trace(detector._padded(x))
    low, high = trace.encoder[t][0], trace.decoder[t][1]
    gate, value = model.decoder.fuse[t][0].gate_and_value(low, model.decoder.upsample(high))
    maps = (low, gate, value, trace.decoder[t][0])
    return Joint(*(values[0, :, :H, :W].cpu().numpy() for values in maps))


def mean_gate(detector: Detector, frames: Iterable, t: int) -> tuple[float, float]:
    """How far the finest gate of pass t is open on targets and elsewhere, over many frames.

    Parameters
    ----------
    detector : Detector
        As for `joint`.
    frames : iterable of Frame
        Each with `image` and `mask`.
    t : int
        Pass, 0 to n.

    Returns
    -------
    on_targets, elsewhere : float
        Mean over channels and pixels, 0 (shut) to 1 (open); nan where there is no such pixel.
    """
    sums, counts = np.zeros(2), np.zeros(2)
    for frame in frames:
        gate = joint(detector, frame.image, t).gate.mean(0)
        for i, where in enumerate((frame.mask, ~frame.mask)):
            sums[i] += gate[where].sum(dtype=float)
            counts[i] += where.sum()
    means = np.divide(sums, counts, out=np.full(2, np.nan), where=counts > 0)
    return float(means[0]), float(means[1])
