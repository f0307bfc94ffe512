"""How two levels are joined (Table VI): counts of the variants, what the gates do on frames, and gates held fixed."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as F

from rrca import experiments, paper
from rrca.cost import count
from rrca.data import Frame
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.evaluation import evaluate
from rrca.metrics import Metrics
from rrca.networks.rrcanet import RRCANet
from rrca.registry import build
from rrca.studies.printed import as_counts

DEFAULT = "DIAAM"
SHUT, OPEN = 0.05, 0.95  # a weight below, or above, counts as a switch that is off, or on
MARGIN, RING = 3, 4  # px around a drawn target: what is erased with it, and what it is filled from


# --- The table -----------------------------------------------------------------------------------------------


def printed(number: str = "VI") -> pd.DataFrame:
    """A table of the paper as counts.

    Parameters
    ----------
    number : str, default "VI"
        A table in which the default network is a row, and which prints an IoU.

    Returns
    -------
    DataFrame
        By row: "IoU" (per cent), "targets" (found, of 263) and "false pixels" (of 214 frames of 256×256), and their
        differences from the default's row, "Δ IoU", "Δ targets", "Δ false pixels".

    References
    ----------
    Paper, Tables III to VI; each row is one run, its epoch chosen on the test list.

    Examples
    --------
    >>> printed().loc["CA, r = 4", ["Δ targets", "Δ false pixels"]].astype(int).tolist()
    [-5, 160]
    """
    counted = as_counts(paper.table(number))[["iou", "targets", "pixels"]]
    table = counted.rename(columns={"iou": "IoU", "pixels": "false pixels"})
    default = next(row.name for row in experiments.rows(number) if row.default)
    apart = table - table.loc[default]
    return table.join(apart.add_prefix("Δ ").round(2))


def networks(number: str = "VI") -> dict[str, RRCANet]:
    """The networks of a table with fresh weights, in evaluation mode, by their row."""
    return {row.name: build(row.network, **row.settings).eval() for row in experiments.rows(number)}


def counts() -> pd.DataFrame:
    """What each row of Table VI prints and what is counted, for a frame of 3×256×256.

    Returns
    -------
    DataFrame
        By row: "printed M" and "params" (parameters), "printed G" and "counted G" (FLOPs by the paper's rule), "GMAC"
        (multiply-accumulates that are executed).

    References
    ----------
    Paper, Table VI; `rrca.count`.
    """
    rows = {}
    for name, network in networks().items():
        cost, said = count(network), paper.row("VI", name)
        rows[name] = {
            "printed M": said.params,
            "params": cost.params,
            "printed G": said.flops,
            "counted G": cost.paper_flops / 1e9,
            "GMAC": cost.macs / 1e9,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


# --- What the gates do ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gates:
    """The gates of every DIAAM of a network on some frames.

    Attributes
    ----------
    channel : dict of (int, int) to ndarray of shape (frames, C_i)
        By (pass, level): the weight of each channel, from 0 to 1.
    pixel : dict of (int, int) to ndarray of shape (frames, C_i)
        The pixel gate sigmoid(P_low(low)) of each channel, as its mean over the frame.
    within : dict of (int, int) to ndarray of shape (frames, C_i)
        Its standard deviation over the pixels of the frame.
    """

    channel: dict[tuple[int, int], np.ndarray]
    pixel: dict[tuple[int, int], np.ndarray]
    within: dict[tuple[int, int], np.ndarray]

    def table(self) -> pd.DataFrame:
        """The gates in figures, a row for each (pass, level).

        Returns
        -------
        DataFrame
            Of the channel weights: "between channels" (standard deviation of their means over the frames), "between
            frames" (standard deviation over the frames, root mean square over the channels), "shut" and "open" (per
            cent of the weights below 0.05 and above 0.95) and "asleep" (per cent of the frames in which every weight
            is exactly one half, since no hidden unit answers). Of the pixel gate: "pixel" (mean), "pixel, between
            frames" and "pixel, in a frame" (standard deviations, root mean square over the channels).
        """
        rows = {}
        for place, weights in self.channel.items():
            pixel, within = self.pixel[place], self.within[place]
            rows[place] = {
                "between channels": weights.mean(0).std(),
                "between frames": _rms(weights.std(0)),
                "shut": 100 * (weights < SHUT).mean(),
                "open": 100 * (weights > OPEN).mean(),
                "asleep": 100 * (weights == 0.5).all(1).mean(),
                "pixel": pixel.mean(),
                "pixel, between frames": _rms(pixel.std(0)),
                "pixel, in a frame": _rms(within),
            }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(rows, names=["pass", "level"])
        return table

    def explained(self) -> float:
        """Per cent of the variance of all channel weights that is between channels, the same in every frame."""
        between = np.concatenate([w.mean(0) - w.mean() for w in self.channel.values()])
        over_frames = np.concatenate([w.std(0) for w in self.channel.values()])
        whole = (between**2).sum() + (over_frames**2).sum()
        return float(100 * (between**2).sum() / whole)


def _rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt((values**2).mean()))


def observe(detector: Detector, frames: Iterable) -> Gates:
    """Watch every gate of a network on some frames.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net with the decoder "diaam", the low level as guide, and channel attention.
    frames : iterable of Frame
        Each with `image`.

    Returns
    -------
    Gates

    Raises
    ------
    InputError
        If the network has other joints.
    """
    _check(detector.model)
    seen: dict[tuple[int, int], list] = {}
    for frame in frames:
        for place, values in _gates_on(detector, frame.image).items():
            seen.setdefault(place, []).append(values)
    by_place = {place: np.array(values) for place, values in seen.items()}  # (frames, 3, C_i)
    return Gates(*({place: values[:, k] for place, values in by_place.items()} for k in range(3)))


@torch.inference_mode()
def _gates_on(detector: Detector, image: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """By (pass, level): channel weights, mean and spread of the pixel gate, (3, C_i)."""
    model = detector.model
    trace = model.trace(detector._padded(detector.normalisation(image)[None]))
    found = {}
    for t, blocks in enumerate(model.decoder.fuse):
        highs = [*trace.decoder[t][1:], trace.encoder[t][-1]]
        for i, (block, low, high) in enumerate(zip(blocks, trace.encoder[t], highs, strict=False)):
            value = block.project_high(model.decoder.upsample(high))  # (1, C_i, H, W)
            weights = block.attention.weights(value)[0, :, 0, 0]
            gate = torch.sigmoid(block.project_low(low))[0]
            found[t, i] = torch.stack([weights, gate.mean((1, 2)), gate.std((1, 2))]).double().cpu().numpy()
    return found


def _check(model: RRCANet) -> None:
    """Refuse a network without DIAAM's two gates."""
    config = model.config
    if config.decoder != "diaam" or config.guide != "low" or config.attention_ratio is None:
        raise InputError(
            f"decoder {config.decoder!r}, guide {config.guide!r}, attention_ratio {config.attention_ratio}: DIAAM's "
            "two gates need 'diaam', 'low' and a ratio."
        )


def erased(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The frame with some places erased: each is filled with the median of what surrounds it.

    Parameters
    ----------
    image : ndarray of shape (H, W)
        In [0, 1].
    mask : bool ndarray of shape (H, W)
        What is erased, with 3 px around it: the drawn targets, say.

    Returns
    -------
    ndarray of shape (H, W)
        A copy; all other pixels are unchanged.
    """
    filled = image.copy()
    labels, many = ndimage.label(_widened(mask))
    for k in range(1, many + 1):
        inside = labels == k
        ring = ndimage.binary_dilation(inside, iterations=RING) & (labels == 0)
        filled[inside] = np.median(image[ring]) if ring.any() else np.median(image)
    return filled


def elsewhere(mask: np.ndarray) -> np.ndarray:
    """The same shapes at a place of the frame without targets: the control of `erased`.

    The mask is rolled by half the frame's height, width or both, or by a quarter; the first place that keeps clear of
    every target.

    Raises
    ------
    InputError
        If there is no such place.
    """
    H, W = mask.shape
    taken = _widened(mask)
    for part in (2, 4):
        for down, along in ((H // part, W // part), (H // part, 0), (0, W // part)):
            moved = np.roll(mask, (down, along), (0, 1))
            if not (_widened(moved) & taken).any():
                return moved
    raise InputError("the targets leave no place of their own size free; give a frame with smaller ones.")


def _widened(mask: np.ndarray) -> np.ndarray:
    """A mask and what lies within 3 px of it."""
    return ndimage.binary_dilation(mask, iterations=MARGIN)


def moved_by_erasing(detector: Detector, frames: Iterable) -> pd.DataFrame:
    """How far the channel weights move when the targets are erased, or as many pixels elsewhere.

    Parameters
    ----------
    detector : Detector
        As for `observe`.
    frames : iterable of Frame
        Each with `image` (H, W) and `mask`.

    Returns
    -------
    DataFrame
        By (pass, level), root mean square change over frames and channels: "targets erased" and "elsewhere erased".
    """
    _check(detector.model)
    places = {"targets erased": lambda mask: mask, "elsewhere erased": elsewhere}
    moved: dict[tuple[int, int], dict[str, list]] = {}
    for frame in frames:
        whole = _gates_on(detector, frame.image)
        for name, where in places.items():
            without = _gates_on(detector, erased(frame.image, where(frame.mask)))
            for place, values in whole.items():
                by = moved.setdefault(place, {name: [] for name in places})
                by[name].append(values[0] - without[place][0])
    rows = {
        place: {name: _rms(np.array(values)) for name, values in by.items()} for place, by in moved.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["pass", "level"])
    return table


def empty(frames: Iterable) -> list[Frame]:
    """The frames with their targets erased, and with empty masks: whatever is found in them is a false alarm."""
    return [
        Frame(frame.id, erased(frame.image, frame.mask), np.zeros_like(frame.raw_mask)) for frame in frames
    ]


# --- Gates held fixed ----------------------------------------------------------------------------------------


def fold_channels(model: RRCANet, weights: Callable[[int, int], np.ndarray | float]) -> RRCANet:
    """A copy without channel attention, whose constant weights are folded into the projection before it.

    Parameters
    ----------
    model : RRCANet
        As for `observe`; not changed.
    weights : callable
        (pass, level) to the weight of each channel, (C_i,), or one number for all of them.

    Returns
    -------
    RRCANet
        The network "without CA" of Table VI: a · P(x) is a 1×1 convolution with rows and biases multiplied by a.
    """
    _check(model)
    twin = copy.deepcopy(model)
    for (t, i), block in _joints(twin):
        a = _column(weights(t, i), block.project_high.bias)
        block.project_high.weight.data.mul_(a.view(-1, 1, 1, 1))
        block.project_high.bias.data.mul_(a)
        block.attention = nn.Identity()
    twin.config = type(model.config)(**{**vars(model.config), "attention_ratio": None})
    return twin


def hold_pixels(model: RRCANet, gates: Callable[[int, int], np.ndarray | float]) -> RRCANet:
    """A copy whose pixel gates are the same in every pixel of every frame.

    Parameters
    ----------
    model : RRCANet
        As for `observe`; not changed.
    gates : callable
        (pass, level) to the gate of each channel, (C_i,), or one number for all, each from 0 to 1.

    Returns
    -------
    RRCANet
    """
    _check(model)
    twin = copy.deepcopy(model)
    for (t, i), block in _joints(twin):
        gate = _column(gates(t, i), block.project_low.bias)
        block.project_low.weight.data.zero_()
        block.project_low.bias.data.copy_(torch.logit(gate, eps=1e-6))
    return twin


def cut_high(model: RRCANet) -> RRCANet:
    """A copy in which no high level adds anything: each DIAAM gives its low level as it is."""
    return fold_channels(model, lambda t, i: 0.0)


def _joints(model: RRCANet):
    """Every DIAAM of a network with its (pass, level)."""
    for t, blocks in enumerate(model.decoder.fuse):
        for i, block in enumerate(blocks):
            yield (t, i), block


def _column(values: np.ndarray | float, like: Tensor) -> Tensor:
    """One value for each channel."""
    return torch.as_tensor(np.broadcast_to(values, like.shape).copy(), dtype=like.dtype)


def held(detector: Detector, gates: Gates) -> dict[str, Detector]:
    """The network as it is, and with gates held fixed in four ways.

    Parameters
    ----------
    detector : Detector
        As for `observe`.
    gates : Gates
        Whose means over the frames stand in for the gates; of frames that are not judged afterwards.

    Returns
    -------
    dict of str to Detector
    """
    model = detector.model
    forms = {
        "as trained": model,
        "channel weights: their means": fold_channels(model, lambda t, i: gates.channel[t, i].mean(0)),
        "channel weights: all 1": fold_channels(model, lambda t, i: 1.0),
        "pixel gates: their means": hold_pixels(model, lambda t, i: gates.pixel[t, i].mean(0)),
        "nothing from above": cut_high(model),
    }
    return {name: Detector(form, detector.normalisation) for name, form in forms.items()}


def judge_held(detectors: dict[str, Detector], frames) -> dict[str, Metrics]:
    """Judge each form on the same frames, protocol `exact`, threshold 0.5."""
    return {name: evaluate(detector, frames) for name, detector in detectors.items()}


def commute(channels: tuple[int, int] = (64, 8), scale: int = 8, seed: int = 0) -> float:
    """Largest difference between projecting before and after up-sampling, on random numbers.

    Parameters
    ----------
    channels : (int, int), default (64, 8)
        In and out of the 1×1 convolution.
    scale : int, default 8
        Of the bilinear up-sampling.
    seed : int, default 0

    Returns
    -------
    float
        In units of the result's own standard deviation.
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, channels[0], 8, 8, generator=generator, dtype=torch.float64)
    weight = torch.randn(channels[1], channels[0], 1, 1, generator=generator, dtype=torch.float64)
    bias = torch.randn(channels[1], generator=generator, dtype=torch.float64)

    def up(values: Tensor) -> Tensor:
        return F.interpolate(values, scale_factor=scale, mode="bilinear", align_corners=True)

    after, before = F.conv2d(up(x), weight, bias), up(F.conv2d(x, weight, bias))
    return float((after - before).abs().max() / after.std())
