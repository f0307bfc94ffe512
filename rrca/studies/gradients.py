"""Where a loss's gradient goes: along the probability of one pixel, and over the pixels of a real frame.

The gradient is taken with respect to the logits: it is what each pixel sends back into the network.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import grad_and_value, vmap
from torch.nn import functional as F

from rrca import checkpoint, losses
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.registry import build

MISSED_BELOW = 0.1  # a target pixel with a smaller probability counts as missed


def along_p(loss: nn.Module, p: Tensor, target: bool) -> tuple[Tensor, Tensor]:
    """Value of a loss and its slope dL/dp for a batch of one single pixel, as its probability moves.

    Parameters
    ----------
    loss : Module
        As `rrca.losses.build` gives it.
    p : Tensor of shape (N,)
        Probabilities, above 0 and below 1.
    target : bool
        Whether the pixel is a target's.

    Returns
    -------
    values, slopes : Tensor of shape (N,)

    References
    ----------
    Paper, Fig. 4.

    Examples
    --------
    Cross-entropy of a target pixel: −log p, with the slope −1/p.

    >>> values, slopes = along_p(losses.build("top-k"), torch.tensor([0.5]), target=True)
    >>> round(values.item(), 3), round(slopes.item(), 3)
    (0.693, -2.0)
    """
    mask = torch.full((1, 1, 1, 1), float(target))
    slope = grad_and_value(lambda one: loss(torch.logit(one).reshape(1, 1, 1, 1), mask))
    slopes, values = vmap(slope)(p)
    return values, slopes


def both_forms(
    p: np.ndarray, mask: np.ndarray, alpha: float = losses.ALPHA, k: float = losses.TOP_PER_CENT
) -> dict[str, dict[str, float]]:
    """The terms of DpT-k and their sum over a row of probabilities, in the paper's form and the release's."""
    logits, truth = torch.logit(torch.as_tensor(p)), torch.as_tensor(mask)
    both = {}
    for form in ("paper", "release"):
        terms = losses.build("dpt-k", form=form, alpha=alpha, k=k).terms(logits, truth)
        both[form] = {name: value.item() for name, value in terms.items()}
        both[form]["sum"] = sum(both[form].values())
    return both


def per_pixel(loss: nn.Module, logits: Tensor, mask: Tensor) -> Tensor:
    """|∂L/∂logit| of every pixel, of the shape of `logits`: how hard each pixel pulls at the network."""
    logits = logits.detach().clone().requires_grad_()
    loss(logits, mask).backward()
    return logits.grad.abs()


def kept_by_top_k(logits: Tensor, mask: Tensor, k: float = losses.TOP_PER_CENT) -> Tensor:
    """The pixels that Top-k keeps, bool, of the shape of `logits`.

    Poly-1 rises with cross-entropy, so that Top-k inside or outside of it keeps the same ones.
    """
    pixels = losses.cross_entropy(logits, mask).flatten()
    kept = torch.zeros_like(pixels, dtype=torch.bool)
    kept[torch.topk(pixels, max(1, int(pixels.numel() * k / 100))).indices] = True
    return kept.reshape(logits.shape)


def rivals(alpha: float = losses.ALPHA, k: float = losses.TOP_PER_CENT) -> dict[str, nn.Module]:
    """The losses that are compared, by name."""
    return {
        "soft-iou": losses.build("soft-iou"),
        "dice": losses.build("dice"),
        "cross-entropy": losses.build("top-k", k=100),  # the mean over all pixels
        "poly": losses.build("poly", alpha=alpha),
        "top-k": losses.build("top-k", k=k),
        "dice+top-k": losses.build("dice+top-k", k=k),
        "dpt-k paper": losses.build("dpt-k", form="paper", alpha=alpha, k=k),
        "dpt-k release": losses.build("dpt-k", alpha=alpha, k=k),
    }


@dataclass(frozen=True)
class Stage:
    """A network at one moment of its training.

    Parameters
    ----------
    name : str
        "before training" or "after training".
    network : Module
    normalisation : Normalisation
        Of its frames.
    batch_statistics : bool
        Whether its norms use the frame's own statistics, as in a training step, or the running ones.
    """

    name: str
    network: nn.Module
    normalisation: Normalisation
    batch_statistics: bool

    def logits(self, image) -> Tensor:
        """Logits of one frame, (H, W) -> (1, 1, H, W); the network is left as it was."""
        x = self.normalisation(image)[None]
        H, W = x.shape[2:]
        multiple = self.network.multiple
        x = F.pad(x, (0, -W % multiple, 0, -H % multiple), mode="replicate")
        # A copy, since batch statistics move the running ones.
        network = copy.deepcopy(self.network).train(self.batch_statistics)
        with torch.no_grad():
            return network(x)[..., :H, :W].float()


def stages(weights: str = "rrcanet-resnet18_n2", seed: int = 0) -> tuple[Stage, Stage]:
    """The network of shipped weights before its training, drawn again from a seed, and after it.

    Parameters
    ----------
    weights : str, default "rrcanet-resnet18_n2"
        As for `rrca.load`; of notebook 04's series, which stays as it is when the default weights are trained anew.
    seed : int, default 0
        Of the fresh weights; the caller's random state stays as it was.

    Returns
    -------
    before, after : Stage
        Before: norms with the frame's own statistics, the only ones there are. After: with the running ones.
    """
    with torch.random.fork_rng(devices=[]):
        trained, card = checkpoint.load(weights)
        torch.manual_seed(seed)
        fresh = build(card["network"], **card["settings"])
    normalisation = Normalisation(**card["normalisation"])
    return (
        Stage("before training", fresh, normalisation, batch_statistics=True),
        Stage("after training", trained.eval(), normalisation, batch_statistics=False),
    )


@dataclass(frozen=True)
class Shares:
    """Where gradient and kept pixels lie, over some frames; each frame is a batch of its own.

    Parameters
    ----------
    stage : str
        As of `Stage`.
    frames, pixels, targets : int
        Frames, their pixels, and how many of these are targets'.
    background, target, missed : dict of str to float
        By loss: the sum of |∂L/∂logit| over all background pixels, target pixels and missed target pixels (p
        below 0.1), as a mean over frames.
    kept, kept_targets, missed_pixels : int
        Pixels that Top-k keeps, how many of these are targets', and missed target pixels.
    cross_entropy_kept : float
        Share of the frames' cross-entropy that lies in the kept pixels, 0 to 1.
    """

    stage: str
    frames: int
    pixels: int
    targets: int
    background: dict[str, float]
    target: dict[str, float]
    missed: dict[str, float]
    kept: int
    kept_targets: int
    missed_pixels: int
    cross_entropy_kept: float

    def on_background(self, loss: str) -> float:
        """Share of a loss's gradient that falls on background pixels, 0 to 1."""
        return self.background[loss] / (self.background[loss] + self.target[loss])

    def on_missed(self, loss: str) -> float:
        """Share of a loss's gradient on targets that falls on missed ones, 0 to 1."""
        return self.missed[loss] / self.target[loss]

    def part(self, term: str, whole: str) -> float:
        """Gradient of one loss over that of another, all pixels: what a term gives to a sum."""
        return (self.background[term] + self.target[term]) / (self.background[whole] + self.target[whole])

    def numbers(self) -> dict:
        """For a figure's JSON; shares in per cent."""
        parts = {}
        if {"dice", "dpt-k release"} <= set(self.background):
            parts["dice / % of dpt-k release"] = 100 * self.part("dice", "dpt-k release")
        return parts | {
            "frames": self.frames,
            "target pixels / %": 100 * self.targets / self.pixels,
            "gradient on background / %": {name: 100 * self.on_background(name) for name in self.background},
            "gradient on background": self.background,
            "gradient on targets": self.target,
            "gradient on missed / % of targets'": {name: 100 * self.on_missed(name) for name in self.missed},
            "kept that are targets / %": 100 * self.kept_targets / self.kept,
            "targets that are kept / %": 100 * self.kept_targets / self.targets,
            "cross-entropy in kept / %": 100 * self.cross_entropy_kept,
            "target pixels": self.targets,
            "missed target pixels": self.missed_pixels,
        }


def maps(stage: Stage, frame, compared: Mapping[str, nn.Module]) -> dict[str, np.ndarray]:
    """|∂L/∂logit| over one frame, (H, W), by loss; the frame is the batch."""
    logits = stage.logits(frame.image)
    mask = torch.from_numpy(frame.mask)[None, None].float()
    return {name: per_pixel(loss, logits, mask)[0, 0].numpy() for name, loss in compared.items()}


def share(
    stage: Stage,
    frames: Iterable,
    compared: Mapping[str, nn.Module] | None = None,
    k: float = losses.TOP_PER_CENT,
) -> Shares:
    """Share the gradient of each loss between background and targets.

    Parameters
    ----------
    stage : Stage
        The network that scores the frames.
    frames : iterable of Frame
        What `rrca.data.open` gives.
    compared : mapping of str to Module, optional
        Losses by name; default `rivals()`.
    k : float, default 10
        Per cent that Top-k keeps.

    Returns
    -------
    Shares

    Raises
    ------
    InputError
        If there is no frame, or none has a target.

    References
    ----------
    Paper, Section III-F: that DpT-k's gradient on negative samples is large, and that pixels learnt stop
    counting.
    """
    compared = rivals() if compared is None else compared
    sums = {part: dict.fromkeys(compared, 0.0) for part in ("background", "target", "missed")}
    seen = pixels = targets = kept = kept_targets = missed = 0
    total = inside = 0.0
    for frame in frames:
        logits = stage.logits(frame.image)
        truth = torch.from_numpy(frame.mask)[None, None]
        mask = truth.float()
        unseen = truth & (torch.sigmoid(logits) < MISSED_BELOW)
        top = kept_by_top_k(logits, mask, k)
        loss = losses.cross_entropy(logits, mask)
        for name, rule in compared.items():
            pull = per_pixel(rule, logits, mask)
            for part, where in (("background", ~truth), ("target", truth), ("missed", unseen)):
                sums[part][name] += pull[where].sum().item()
        seen, pixels, targets = seen + 1, pixels + mask.numel(), targets + int(truth.sum())
        kept, kept_targets = kept + int(top.sum()), kept_targets + int((top & truth).sum())
        missed += int(unseen.sum())
        total, inside = total + loss.sum().item(), inside + loss[top].sum().item()
    if not targets:
        raise InputError(f"{seen} frames with no target among them; give frames with targets.")
    means = {part: {name: value / seen for name, value in values.items()} for part, values in sums.items()}
    return Shares(
        stage=stage.name,
        frames=seen,
        pixels=pixels,
        targets=targets,
        **means,
        kept=kept,
        kept_targets=kept_targets,
        missed_pixels=missed,
        cross_entropy_kept=inside / total,
    )
