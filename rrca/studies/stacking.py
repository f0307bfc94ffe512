"""What becomes of d_0 … d_n (Table V): counts of the three heads, what each pass hears, what the tail reads."""

from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from rrca import experiments, paper
from rrca.cost import count
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANet
from rrca.registry import build
from rrca.studies import sharing
from rrca.studies.fusion import networks

TABLES = ("III", "IV", "V", "VI", "VII", "VIII")  # on NUAA-SIRST alone


def counts() -> pd.DataFrame:
    """What each row of Table V prints and what is counted, for a frame of 3×256×256.

    Returns
    -------
    DataFrame
        By row: "printed M" and "params", "printed G" and "counted G" (FLOPs by the paper's rule), and the executed
        "GMAC" in evaluation and "GMAC in training", where deep supervision runs the tail once a pass.

    References
    ----------
    Paper, Table V; `rrca.count`.
    """
    rows = {}
    for name, network in networks("V").items():
        said, used, trained = paper.row("V", name), count(network.eval()), count(network.train())
        rows[name] = {
            "printed M": said.params,
            "params": used.params,
            "printed G": said.flops,
            "counted G": used.paper_flops / 1e9,
            "GMAC": used.macs / 1e9,
            "GMAC in training": trained.macs / 1e9,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


# --- Equal figures in the tables -----------------------------------------------------------------------------


def false_pixels() -> pd.Series:
    """False pixels of every run of Tables III to VIII, the default's, which stands in all of them, once.

    Returns
    -------
    Series of int
        By "table, row"; of 214 frames of 256×256.
    """
    found, default = {}, experiments.find("V", "FSM").paper.figures[1:]
    for number in TABLES:
        for row in paper.table(number):
            if not np.allclose(row.figures[1:], default, atol=0.005):
                found[f"{number}, {row.name}"] = round(row.fa * 1e-6 * paper.TEST_PIXELS)
    found["default"] = round(default[1] * 1e-6 * paper.TEST_PIXELS)
    return pd.Series(found)


def equal_pairs(pixels: pd.Series) -> list[tuple[str, str]]:
    """Pairs of runs with the same number of false pixels.

    Examples
    --------
    >>> ('V, without FSM', 'VI, sum') in equal_pairs(false_pixels())
    True
    """
    return [(a, b) for a, b in combinations(pixels.index, 2) if pixels[a] == pixels[b]]


def expected_pairs(pixels: pd.Series, draws: int = 4000, seed: int = 0) -> float:
    """Equal pairs that chance gives, if the runs' numbers were drawn from a normal of the same mean and spread.

    Parameters
    ----------
    pixels : Series
        From `false_pixels`.
    draws : int, default 4000
        Tables that are drawn.
    seed : int, default 0

    Returns
    -------
    float
    """
    generator = np.random.default_rng(seed)
    drawn = generator.normal(pixels.mean(), pixels.std(), (draws, len(pixels))).round()
    drawn.sort(axis=1)
    equal = 0
    for apart in range(1, len(pixels)):
        same = (drawn[:, apart:] == drawn[:, :-apart]).sum()
        equal += int(same)
        if not same:
            break
    return equal / draws


# --- What each pass hears ------------------------------------------------------------------------------------


def heads(in_channels: int, seed: int = 0) -> dict[str, RRCANet]:
    """The three networks of Table V in training mode, alike in all but their heads.

    Parameters
    ----------
    in_channels : int
        C_in.
    seed : int, default 0
        Of the fresh weights; the caller's random state stays as it was.

    Returns
    -------
    dict of str to RRCANet
        Stem, encoder and decoder start from the same weights.
    """
    made, first = {}, None
    with torch.random.fork_rng(devices=[]):
        for row in experiments.rows("V"):
            torch.manual_seed(seed)
            model = build(row.network, **{**row.settings, "in_channels": in_channels})
            body = {name: v for name, v in model.state_dict().items() if not name.startswith("output.")}
            first = body if first is None else first
            model.load_state_dict(first, strict=False)
            made[row.name] = model.train()
    return made


def heard(
    model: RRCANet, x: Tensor, mask: Tensor, loss: Callable[[Tensor | list[Tensor], Tensor], Tensor]
) -> pd.DataFrame:
    """The gradient of the loss at each d_t, and how much of it the head sends there directly.

    Parameters
    ----------
    model : RRCANet
        In training mode; its running statistics move, its weights do not.
    x : Tensor of shape (B, C_in, H, W)
        Normalised frames.
    mask : Tensor of shape (B, 1, H, W)
        1 on targets.
    loss : callable
        From `rrca.losses.build`.

    Returns
    -------
    DataFrame
        By pass: "direct" (norm of the gradient that reaches d_t from the head alone) and "whole" (with what comes back
        through later passes).
    """
    d, maps = model.stem(x), []
    for t in range(model.config.passes):
        d = model.decoder(model.encode(d, t), t)[-1]
        d.retain_grad()
        maps.append(d)
    leaves = [d.detach().requires_grad_() for d in maps]
    loss(model.output(maps), mask).backward()
    loss(model.output(leaves), mask).backward()
    model.zero_grad(set_to_none=True)
    direct = [0.0 if leaf.grad is None else leaf.grad.norm().item() for leaf in leaves]
    whole = [d.grad.norm().item() for d in maps]
    return pd.DataFrame({"direct": direct, "whole": whole}).rename_axis("pass")


def hearing(
    x: Tensor, mask: Tensor, loss: Callable[[Tensor | list[Tensor], Tensor], Tensor], seeds: Iterable[int]
) -> pd.DataFrame:
    """What each pass hears under the three heads, in fresh networks.

    Parameters
    ----------
    x, mask, loss
        As for `heard`.
    seeds : iterable of int
        Of the fresh weights; figures are means over them.

    Returns
    -------
    DataFrame
        By (row of Table V, pass): "direct" and "whole" as `heard` gives them, each in per cent of the last pass's
        "whole"; and "kernels": per cent of the gradient norm at the shared 3×3 kernels that this pass sends
        (norms of the passes, which may partly cancel, over their sum).
    """
    tables = []
    for seed in seeds:
        for name, model in heads(x.shape[1], seed).items():
            table = heard(model, x, mask, loss)
            table = 100 * table / table["whole"].iloc[-1]
            by_pass = sharing.gradient_by_pass(model, x, mask, loss).drop(columns="together")
            sent = np.sqrt((by_pass**2).sum())
            table["kernels"] = (100 * sent / sent.sum()).to_numpy()
            tables.append(table.assign(head=name).reset_index())
    return pd.concat(tables).groupby(["head", "pass"], sort=False).mean()


# --- What the tail reads -------------------------------------------------------------------------------------


@torch.inference_mode()
def tail_shares(detector: Detector, frames: Iterable) -> pd.DataFrame:
    """What each pass gives to the first convolution of FSM's tail, which is a sum over the passes.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net with FSM.
    frames : iterable of Frame
        Each with `image`.

    Returns
    -------
    DataFrame
        By pass: "spread", the standard deviation over the pixels of what pass t gives (root mean square over frames
        and output channels), as per cent of the sum over the passes; "alone", the largest spread in the units of the
        features.

    Raises
    ------
    InputError
        If the network has no FSM.

    Notes
    -----
    A convolution of stacked maps is the sum of one convolution per map: W * [d_0 … d_n] = Σ W_t * d_t. A constant
    in W_t * d_t can be taken over by the norm's mean, so that only what varies over the pixels tells of the frame.
    """
    model = detector.model
    if model.config.output != "fsm":
        raise InputError(f"the output is {model.config.output!r}; only 'fsm' stacks what every pass gives.")
    kernels = model.output.tail.block.conv1.weight.chunk(model.config.passes, 1)
    squares = []
    for frame in frames:
        maps = model.trace(detector._padded(detector.normalisation(frame.image)[None])).passes
        given = [torch.nn.functional.conv2d(d, W, padding=1) for d, W in zip(maps, kernels, strict=True)]
        squares.append([part.var((2, 3)).mean().item() for part in given])
    spread = np.sqrt(np.mean(squares, axis=0))
    return pd.DataFrame({"spread": 100 * spread / spread.sum(), "alone": spread}).rename_axis("pass")


def split_error(seed: int = 0) -> float:
    """Largest difference between a convolution of stacked maps and the sum of one per map, on random numbers."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(3, 1, 8, 16, 16, generator=generator, dtype=torch.float64)
    kernel = torch.randn(8, 24, 3, 3, generator=generator, dtype=torch.float64)
    stacked = torch.nn.functional.conv2d(torch.cat(list(maps), 1), kernel, padding=1)
    parts = [
        torch.nn.functional.conv2d(d, W, padding=1) for d, W in zip(maps, kernel.chunk(3, 1), strict=True)
    ]
    return float((stacked - sum(parts)).abs().max())
