"""What a pass costs and what n is worth at equal steps and at equal compute: Table IV as counts, and a live race."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rrca import losses, paper
from rrca.cost import count
from rrca.data import scenes
from rrca.errors import InputError
from rrca.metrics import DetectionMetrics
from rrca.registry import build
from rrca.studies.printed import as_counts
from rrca.training.average import Average

NS = (0, 1, 2, 3)  # the rows of Table IV
FRAME = (3, 256, 256)  # what the paper counts on
STEP = (4, 1, 128, 128)  # of the recipe `ablation`: crops, channel, pixels
TINY = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1)}  # of the race
SIDE, CUT_FROM = (
    32,
    48,
)  # px of a scene of the race; of the frame that it is cut from, the least that can be made
FITTED, HELD_OUT = 96, 48  # scenes
AT_A_TIME = 8  # scenes a step
DECAY = 0.9  # of the average of the weights that is judged


def printed() -> pd.DataFrame:
    """Table IV as counts.

    Returns
    -------
    DataFrame
        By n: "iou" and "pd" (per cent), "fa" (1e-6), "found" and "missed" (targets of 263), "pixels" (false ones, of
        214 frames of 256×256). Each row is one run, its epoch chosen on the test list.

    References
    ----------
    Paper, Table IV.

    Examples
    --------
    >>> printed()[["missed", "pixels"]].T.values.tolist()
    [[8, 8, 5, 11], [235, 175, 106, 430]]
    """
    table = as_counts(paper.table("IV")).rename(columns={"targets": "found"})
    table.insert(4, "missed", paper.TEST_TARGETS - table["found"])
    return table.set_axis(NS).rename_axis("n")


def share_of_orders(holds: Callable[[tuple[int, ...]], bool], ns: Sequence[int] = NS) -> float:
    """How often luck alone makes a statement on an order true: of equal networks, each order is equally likely.

    Parameters
    ----------
    holds : callable
        Given the n from the best to the worst, whether the statement is true.
    ns : sequence of int
        The networks.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> share_of_orders(lambda order: order[0] == 2)
    0.25
    """
    orders = list(permutations(ns))
    return sum(bool(holds(order)) for order in orders) / len(orders)


def one_peak(order: Sequence[int]) -> bool:
    """Whether the figure, drawn over n, rises to one peak and falls from it; the peak may be at an end.

    Parameters
    ----------
    order : sequence of int
        The n from the best to the worst.

    Examples
    --------
    >>> one_peak((2, 1, 0, 3)), one_peak((2, 0, 1, 3))
    (True, False)
    """
    place = {n: i for i, n in enumerate(order)}  # 0 is the best
    ranks = [place[n] for n in sorted(order)]
    top = ranks.index(0)
    return ranks[: top + 1] == sorted(ranks[: top + 1], reverse=True) and ranks[top:] == sorted(ranks[top:])


def costs(ns: Sequence[int] = NS) -> pd.DataFrame:
    """What the default network costs with n extra iterations, by four counts.

    Parameters
    ----------
    ns : sequence of int

    Returns
    -------
    DataFrame
        By n, for one frame of 3×256×256 as in Table IV: "params"; "printed G", the paper's count; "GMAC", executed. And
        "kept MB": what a step of the recipe `ablation`, 4 grey crops of 128², keeps for the way back (10⁶ bytes,
        float32, without the drop-ins of `rrca.fast`).
    """
    rows = {}
    for n in ns:
        cost = count(build("rrcanet-resnet18", iterations=n), FRAME)
        model = build("rrcanet-resnet18", in_channels=STEP[1], iterations=n)
        rows[n] = {
            "params": cost.params,
            "printed G": cost.paper_flops / 1e9,
            "GMAC": cost.macs / 1e9,
            "kept MB": kept_for_the_way_back(model, STEP) / 1e6,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("n")


def kept_for_the_way_back(model: nn.Module, shape: tuple[int, int, int, int]) -> int:
    """Bytes of activations that a training step keeps until its backward pass.

    Parameters
    ----------
    model : Module
        In training mode, on the CPU, in float32. Its norms see a batch of noise.
    shape : tuple of int
        (B, C, H, W).

    Returns
    -------
    int
        Each storage once, without the parameters, which are there anyway.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    seen: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        seen.setdefault(tensor.untyped_storage().data_ptr(), tensor)  # held, so that no address is used twice
        return tensor

    frames = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = model.train()(frames)
    del out
    return sum(tensor.untyped_storage().nbytes() for place, tensor in seen.items() if place not in own)


def equal_compute(work: pd.Series, to: int = 2) -> pd.Series:
    """How many times as many steps each n may do for the executed work of one of them.

    Parameters
    ----------
    work : Series
        Executed multiply-accumulates of a frame, by n, in any unit.
    to : int, default 2
        The n whose work is the budget.

    Returns
    -------
    Series
        Factors on the steps, by n.

    Notes
    -----
    Of the way forward; the way back is about twice as much at every n, so that the factors stay.
    """
    return work[to] / work


# --- The race: a tiny RRCA-Net on synthetic scenes -----------------------------------------------------------


@dataclass(frozen=True)
class Racer:
    """One short training.

    Attributes
    ----------
    n, seed : int
    macs : int
        Executed multiply-accumulates of one scene, forward.
    steps : array of shape (P,)
        At which it was judged.
    iou : array of shape (P,)
        On the held-out scenes, in per cent, of all pixels together.
    """

    n: int
    seed: int
    macs: int
    steps: np.ndarray
    iou: np.ndarray

    @property
    def work(self) -> np.ndarray:
        """Executed multiply-accumulates forward until each judgement, in 1e9."""
        return self.steps * AT_A_TIME * self.macs / 1e9


def _scenes(first: int, number: int, scr: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Scenes with a target each: frames of mean 0 and deviation 1, and masks, (N, 1, SIDE, SIDE) each."""
    kinds, rng, frames, masks = list(scenes.KINDS), np.random.default_rng(first), [], []
    for i in range(number):
        made = scenes.scene(
            first + i, kind=kinds[i % len(kinds)], size=(CUT_FROM, CUT_FROM), targets=1, scr=scr
        )
        centre = np.argwhere(made.mask).mean(axis=0)
        corner = np.clip(centre - rng.uniform(4, SIDE - 4, 2), 0, CUT_FROM - SIDE).astype(int)
        part = tuple(slice(start, start + SIDE) for start in corner)
        frames.append(made.image[part])
        masks.append(made.mask[part])
    x, y = (torch.as_tensor(np.stack(each))[:, None].float() for each in (frames, masks))
    spread, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True)
    return (x - mean) / spread, y


def race(
    budget: int,
    ns: Sequence[int] = (0, 2),
    seeds: Sequence[int] = (0, 1, 2),
    rate: float = 0.005,
    points: int = 6,
    scr: tuple[float, float] = (3.0, 8.0),
    loss: str = "dpt-k",
) -> list[Racer]:
    """Train a tiny RRCA-Net with several n for the same executed work, and judge it on the way.

    Parameters
    ----------
    budget : int
        Steps of the largest n; the others get as many as its work buys.
    ns : sequence of int, default (0, 2)
    seeds : sequence of int
        Of weights and order of scenes; all n of a seed see the same order.
    rate : float, default 0.005
        Of AdamW, constant, so that a run can be read off at any step.
    points : int, default 6
        Judgements over the steps of the largest n; the others are judged after the same numbers of steps, and at their
        end.
    scr : (float, float), default (3.0, 8.0)
        Signal-to-clutter ratio of the targets, as `rrca.data.scenes.scene` takes it.
    loss : str, default "dpt-k"
        As for `rrca.losses.build`; the default is the paper's.

    Returns
    -------
    list of Racer

    Raises
    ------
    InputError
        If the budget has fewer steps than there are points.

    Notes
    -----
    96 scenes of 32×32 px to fit, 48 others to judge; two levels of 4 and 8 channels. This shows how such a comparison
    is made, not which n is better in the paper's setting.
    """
    if budget < points:
        raise InputError(f"budget = {budget}: needs at least one step for each of {points} points.")
    frames, masks = _scenes(0, FITTED, scr)
    held_out = _scenes(10_000, HELD_OUT, scr)
    work = {n: count(_tiny(n, seed=0), (1, SIDE, SIDE)).macs for n in ns}
    every = budget // points
    racers = []
    for seed in seeds:
        for n in ns:
            steps = round(budget * max(work.values()) / work[n])
            at = sorted({*range(every, steps + 1, every), steps})
            racers.append(
                Racer(
                    n, seed, work[n], np.array(at), _train(n, seed, at, rate, loss, frames, masks, held_out)
                )
            )
    return racers


def _tiny(n: int, seed: int) -> nn.Module:
    """The network of the race with weights of a seed, the caller's random state left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build("rrcanet-resnet18", iterations=n, **TINY)


def _train(
    n: int, seed: int, at: Sequence[int], rate: float, loss: str, frames, masks, held_out
) -> np.ndarray:
    """IoU in per cent after each number of steps in `at`."""
    model = _tiny(n, seed)
    rng, criterion = np.random.default_rng(seed), losses.build(loss)
    optimiser, average = torch.optim.AdamW(model.parameters(), rate, fused=True), Average(model, DECAY)
    found, order = [], np.array([], int)
    for step in range(1, at[-1] + 1):
        if len(order) < AT_A_TIME:
            order = rng.permutation(len(frames))
        chosen, order = order[:AT_A_TIME], order[AT_A_TIME:]
        optimiser.zero_grad()
        criterion(model.train()(frames[chosen]), masks[chosen]).backward()
        optimiser.step()
        average.update(step)
        if step in at:
            found.append(_judge(average.model, *held_out))
    return np.array(found)


@torch.no_grad()
def _judge(model: nn.Module, frames: Tensor, masks: Tensor) -> float:
    """IoU in per cent over all scenes."""
    scores = torch.sigmoid(model.eval()(frames))[:, 0].numpy()
    metric = DetectionMetrics()
    for i, (score, mask) in enumerate(zip(scores, masks[:, 0].bool().numpy(), strict=True)):
        metric.update(score, mask, str(i))
    return 100 * metric.compute().iou


def standings(racers: Sequence[Racer]) -> dict[str, dict[int, np.ndarray]]:
    """Where the race stands at equal steps and at equal work.

    Parameters
    ----------
    racers : sequence of Racer
        From `race`.

    Returns
    -------
    dict of str to dict of int to ndarray
        "equal steps", after as many as the largest n did, and "equal work", at the end: by n, the IoU in per cent of
        each seed.
    """
    last = min(int(one.steps[-1]) for one in racers)
    found: dict[str, dict[int, list[float]]] = {"equal steps": {}, "equal work": {}}
    for one in racers:
        here = float(np.interp(last, one.steps, one.iou))
        found["equal steps"].setdefault(one.n, []).append(here)
        found["equal work"].setdefault(one.n, []).append(float(one.iou[-1]))
    return {axis: {n: np.array(values) for n, values in of.items()} for axis, of in found.items()}
