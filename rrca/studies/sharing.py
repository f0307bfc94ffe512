"""What passes share and what each needs for itself, measured: gradients by pass, and norms exchanged."""

import copy
from collections.abc import Callable, Iterable
from typing import Literal, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANet
from rrca.reuse import is_kernel

What = Literal["statistics", "all"]


def gradient_by_pass(
    model: RRCANet, x: Tensor, mask: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
) -> pd.DataFrame:
    """Split the gradient of the shared kernels into what each pass sends.

    Parameters
    ----------
    model : RRCANet
        Not changed; a copy runs, in the model's mode.
    x : Tensor of shape (B, C_in, H, W)
        Normalised frames.
    mask : Tensor of shape (B, 1, H, W)
        1 on targets.
    loss : callable
        `loss(logits, mask)` -> Tensor of shape ().

    Returns
    -------
    DataFrame
        Norm of the gradient that pass t (column) sends to all 3×3 kernels of a level (row). A pass may cancel
        what another sends, so the norm of their sum, in column "together", may be smaller than each.

    Notes
    -----
    A kernel that n + 1 passes use gets the sum of n + 1 gradients. In the copy every pass has kernels of its
    own with the same values, so that the summands stay apart; their sum is the gradient of the model.

    References
    ----------
    Paper, Section III-B: kernels receive gradients from all passes.
    """
    twin = copy.deepcopy(model)
    twin.zero_grad(set_to_none=True)
    for block in twin.encoder:
        block._runs = [copy.deepcopy(run) for run in block._runs]
    loss(twin(x), mask).backward()
    rows = []
    for block in twin.encoder:
        grads = torch.stack([_kernel_gradient(run) for run in block._runs])  # (n + 1, values of the kernels)
        rows.append([*grads.norm(dim=1).tolist(), grads.sum(0).norm().item()])
    passes = [f"pass {t}" for t in range(model.config.passes)]
    return pd.DataFrame(rows, columns=[*passes, "together"]).rename_axis("level")


def crops(frames: Iterable, normalisation: Normalisation, side: int = 128) -> tuple[Tensor, Tensor]:
    """A batch of squares around the targets of frames, as the network takes them.

    Parameters
    ----------
    frames : iterable of Frame
        Each with an `image` (H, W) or (H, W, 3) and a `mask` (H, W).
    normalisation : Normalisation
        Of the network.
    side : int, default 128
        In pixels; a multiple of the network's `multiple`.

    Returns
    -------
    x : Tensor of shape (B, C_in, side, side)
    mask : Tensor of shape (B, 1, side, side)

    Raises
    ------
    InputError
        If a frame is smaller than the square.
    """
    images, masks = [], []
    for frame in frames:
        H, W = frame.mask.shape
        if min(H, W) < side:
            raise InputError(f"a frame has {H}×{W} pixels; side = {side} needs {side}×{side} at least.")
        rows, columns = np.nonzero(frame.mask)
        centre = (rows.mean(), columns.mean()) if len(rows) else (H / 2, W / 2)
        top, left = (int(np.clip(c - side / 2, 0, n - side)) for c, n in zip(centre, (H, W), strict=True))
        inside = np.s_[top : top + side, left : left + side]
        images.append(normalisation(frame.image[inside]))
        masks.append(torch.from_numpy(np.ascontiguousarray(frame.mask[inside])).float()[None])
    return torch.stack(images), torch.stack(masks)


def _kernel_gradient(run: nn.Module) -> Tensor:
    """Gradient of all shared kernels of one run, as one vector."""
    return torch.cat([m.weight.grad.flatten() for m in run.modules() if is_kernel(m)])


def norm_statistics(model: RRCANet) -> pd.DataFrame:
    """The spread that each norm of the encoder has seen, channel by channel and pass by pass.

    Parameters
    ----------
    model : RRCANet
        Trained: a fresh network's norms have seen nothing.

    Returns
    -------
    DataFrame
        One row a channel of a norm; "level", then "pass 0" ... "pass n": its running standard deviation, in the
        units of the features. Norms of shortcuts are left out.
    """
    rows = []
    for i, block in enumerate(model.encoder):
        spread = [torch.cat([m.running_var.sqrt() for m in _norms(run)]) for run in block._runs]
        for values in torch.stack(spread, 1).tolist():
            rows.append({"level": i, **{f"pass {t}": value for t, value in enumerate(values)}})
    return pd.DataFrame(rows)


def with_norms_of_pass(model: RRCANet, t: int, what: What = "statistics") -> RRCANet:
    """A copy of the model in which every pass uses the encoder norms that pass t learnt.

    Parameters
    ----------
    model : RRCANet
        Trained; not changed.
    t : int
        Pass that gives its norms to the others, 0 to n.
    what : {"statistics", "all"}
        Only the running mean and variance, or the norm's weight and bias too.

    Returns
    -------
    RRCANet

    Raises
    ------
    InputError
        If there is no pass t, or for another `what`.

    Notes
    -----
    Norms of shortcuts stay, since they belong to their own 1×1 convolution. A network *trained* with shared
    norms (`norms="shared"`) can adapt to them, this one cannot: the two are different experiments.
    """
    if not 0 <= t < model.config.passes:
        raise InputError(f"t = {t}: the network has passes 0 to {model.config.passes - 1}.")
    if what not in get_args(What):
        raise InputError(f"what = {what!r}: choose one of {', '.join(get_args(What))}.")
    twin = copy.deepcopy(model)
    for block in twin.encoder:
        given = [copy.deepcopy(norm.state_dict()) for norm in _norms(block._runs[t])]
        for run in block._runs:
            for norm, state in zip(_norms(run), given, strict=True):
                kept = {} if what == "all" else {"weight": norm.weight, "bias": norm.bias}
                norm.load_state_dict({**state, **kept})
    return twin


def _norms(run: nn.Module) -> list[nn.BatchNorm2d]:
    """The norms of one run of a stage, without those of its shortcuts."""
    return [
        module
        for name, module in run.named_modules()
        if isinstance(module, nn.BatchNorm2d) and "shortcut" not in name
    ]
