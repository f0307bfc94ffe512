"""How far targets stand out of the maps that the passes leave, over many frames instead of one picture.

Two figures for each target and map: SCR (`rrca.metrics.target_scr`), and `exposure`, our reading of what the paper
calls over-exposed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from rrca.detection import Detector
from rrca.errors import InputError
from rrca.metrics import count_frame, target_scr
from rrca.metrics.components import components
from rrca.networks.rrcanet import Trace
from rrca.studies.targets import Maps, Seen, Study

PROTOCOL, THRESHOLD = "exact", 0.5


def exposure(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How much of a map's background is as bright as half its target.

    Parameters
    ----------
    values : ndarray of shape (H, W)
        A frame or a feature map, in any unit.
    mask : bool ndarray of shape (H, W)
        All targets of the frame.

    Returns
    -------
    float array of shape (n,)
        For each target the share of the background's pixels, 0 to 1, that lie more than half way from the
        background's median to the target's mean. As SCR it stays the same if the map is scaled, shifted or
        inverted. nan if target and median are equal, or there is no background.

    Raises
    ------
    InputError
        If the mask is not bool or of another shape.

    Notes
    -----
    The definition is ours: the paper calls features over-exposed and gives no measure. SCR looks 20 px around
    a target, this looks at the whole frame.

    Examples
    --------
    >>> values = np.array([[0.0, 0.0, 0.0, 6.0, 1.0, 8.0]])
    >>> exposure(values, values == 8)  # above 4 lies one of five
    array([0.2])
    """
    values, mask = np.asarray(values, float), np.asarray(mask)
    if values.shape != mask.shape or mask.dtype != bool:
        raise InputError(f"mask is {mask.dtype} {mask.shape}; it must be bool {values.shape}, as the map.")
    targets, background = components(mask), values[~mask]
    shares = np.full(len(targets), np.nan)
    middle = np.median(background) if background.size else np.nan
    for i in range(len(shares)):
        height = values[targets.labels == i + 1].mean() - middle
        if np.isfinite(height) and height != 0:
            shares[i] = np.mean((background - middle) / height > 0.5)
    return shares


@torch.inference_mode()
def _run(detector: Detector, image: np.ndarray) -> tuple[Trace, tuple[slice, slice]]:
    """A frame's way through the network, and where in its maps of level 0 the frame lies."""
    x = detector.normalisation(image)[None]
    H, W = x.shape[2:]
    return detector.model.trace(detector._padded(x)), np.s_[:H, :W]


def levels(detector: Detector, image: np.ndarray) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """What each pass has at each level of a frame, and the score map.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net.
    image : ndarray of shape (H, W)

    Returns
    -------
    maps : list of list of ndarray
        `maps[i][t]`: mean over the channels at level i in pass t, of the decoder; at the deepest level, which has no
        decoder, of the encoder. Of the padded frame: its side over 2^i, rounded up.
    scores : ndarray of shape (H, W)
    """
    trace, frame = _run(detector, image)
    climbs = [[*decoder, encoder[-1]] for encoder, decoder in zip(trace.encoder, trace.decoder, strict=True)]
    maps = [
        [each[0].mean(0).float().cpu().numpy() for each in passes] for passes in zip(*climbs, strict=True)
    ]
    return maps, torch.sigmoid(trace.logits.float())[0, 0].cpu().numpy()[frame]


def _passes(trace: Trace, frame: tuple[slice, slice]) -> list[np.ndarray]:
    """d_0 … d_n of the frame, (C, H, W) each."""
    return [d[0].float().cpu().numpy()[:, *frame] for d in trace.passes]


def best_channels(detector: Detector, frames) -> tuple[int, ...]:
    """The channel of each pass in which targets stand out most.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net.
    frames : iterable of Frame
        Not those that it is judged on afterwards: a channel is chosen here.

    Returns
    -------
    tuple of n + 1 int
        By the median SCR over the targets.
    """
    rows = [
        [[target_scr(channel, frame.mask) for channel in d] for d in _passes(*_run(detector, frame.image))]
        for frame in frames
        if frame.mask.any()
    ]
    scr = np.concatenate(rows, axis=2)  # (n + 1, C, T)
    return tuple(np.nanmedian(scr, axis=2).argmax(axis=1).tolist())


def measure(weights: Mapping[int, str], frames, channels: Mapping[int, Sequence[int]]) -> Study:
    """Measure every target of some frames in the maps of several networks.

    Parameters
    ----------
    weights : mapping of int to str
        Names of shipped weights by n, as `rrca.studies.iterations.series` gives them.
    frames : FrameSet
    channels : mapping of int to sequence of int
        From `best_channels`, or `rrca.studies.passes.kept().channels`.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If an n has no channels.
    """
    lost = [n for n in weights if n not in channels]
    if lost:
        raise InputError(f"no channels for n = {lost[0]}; run `python -m rrca.studies.passes` again.")
    detectors = {n: Detector(name) for n, name in weights.items()}
    ids, area, raw, rows = [], [], [], {n: [] for n in weights}
    for frame in frames:
        mask, here = frame.mask, components(frame.mask)
        ids += [frame.id] * len(here)
        area += here.area.tolist()
        raw.append(_both([frame.image], mask))
        for n, detector in detectors.items():
            trace, where = _run(detector, frame.image)
            passes, logits = _passes(trace, where), trace.logits[0, 0].float().cpu().numpy()[where]
            chosen = [d[c] for d, c in zip(passes, channels[n], strict=True)]
            scores = 1 / (1 + np.exp(-logits.astype(float)))
            maps = [_both(each, mask) for each in ([d.mean(0) for d in passes], chosen, [logits])]
            rows[n].append((*maps, count_frame(scores, mask, PROTOCOL, THRESHOLD)[1]))
    networks = {}
    for n, name in weights.items():
        mean, channel, output, found = zip(*rows[n], strict=True)
        maps = map(_joined, (mean, channel, output))
        networks[n] = Seen(name, tuple(channels[n]), *maps, np.concatenate(found))
    return Study(frames.name, frames.split, len(frames), tuple(ids), np.array(area), _joined(raw), networks)


def _both(maps: Sequence[np.ndarray], mask: np.ndarray) -> Maps:
    """SCR and exposure of the targets of one frame in some maps."""
    return Maps(
        np.array([target_scr(values, mask) for values in maps]),
        np.array([exposure(values, mask) for values in maps]),
    )


def _joined(parts: Sequence[Maps]) -> Maps:
    """The targets of many frames in one row."""
    return Maps(
        *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("scr", "exposure"))
    )
