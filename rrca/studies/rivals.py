"""Table I: its networks as built here, what its printed figures can tell apart, and methods side by side on frames."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rrca import checkpoint, cost, losses, metrics, paper
from rrca.classical import METHODS
from rrca.data.clutter import KINDS
from rrca.data.scenes import scene
from rrca.detection import ClassicalDetector, Detector
from rrca.registry import build
from rrca.studies import classical_results, plateau
from rrca.studies.classical_paper import NAMES
from rrca.studies.printed import as_counts, least_p, whole_pixels

OURS = "RRCA-Net, ResNet-18"
NETWORKS = (*paper.RIVALS, OURS)
SIDE = 64  # px, of the crops of a race
RACERS = ("ACM", "LW-IRSTNet", "ResUNet", OURS)  # those whose step takes least time, and ours
HELD_OUT = range(1000, 1048)  # seeds of scenes that no race trains on


def build_all(names: Sequence[str] = NETWORKS, seed: int = 0, **overrides) -> dict[str, nn.Module]:
    """Networks of Table I with fresh weights.

    Parameters
    ----------
    names : sequence of str
        As in `rrca.paper`.
    seed : int, default 0
        Each network's own weights are drawn from it.
    **overrides
        As for `rrca.build`.

    Returns
    -------
    dict of str to Module
        In evaluation mode.
    """
    found = {}
    with torch.random.fork_rng(devices=[]):
        for name in names:
            torch.manual_seed(seed)
            found[name] = build(paper.REGISTERED[name], **overrides).eval()
    return found


def counts(models: Mapping[str, nn.Module], data: str = paper.NUAA) -> pd.DataFrame:
    """Printed and counted size of networks, in columns of their own.

    Parameters
    ----------
    models : mapping of str to Module
        By the paper's name.
    data : str, default "NUAA-SIRST"
        Whose row is read; the columns are the same in all.

    Returns
    -------
    DataFrame
        "paper M" and "counted M" (parameters in millions), "paper G" and "counted G" (FLOPs by the paper's rule) and
        "GMAC" (executed), for 3×256×256.
    """
    rows = {}
    for name, model in models.items():
        printed, counted = paper.row("I", name, data), cost.count(model)
        rows[name] = {
            "paper M": printed.params,
            "counted M": counted.params / 1e6,
            "paper G": printed.flops,
            "counted G": counted.paper_flops / 1e9,
            "GMAC": counted.macs / 1e9,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


# --- What the printed figures can tell apart -----------------------------------------------------------------


def printed(names: Sequence[str] = (*paper.RIVALS, *paper.OURS)) -> pd.DataFrame:
    """Rows of Table I on NUAA-SIRST as counts.

    Parameters
    ----------
    names : sequence of str
        Methods, as in `rrca.paper`.

    Returns
    -------
    DataFrame
        "iou" (per cent), "targets" (found, of 263), "pixels" (false ones of 214 frames of 256×256, rounded) and
        "whole" (whether the printed Fa is a whole number of those pixels).

    Examples
    --------
    >>> printed(["DNANet"]).loc["DNANet", ["targets", "pixels"]].astype(int).tolist()
    [251, 372]
    """
    rows = [paper.row("I", name) for name in names]
    whole = [whole_pixels(row.fa, row.fa_decimals) is not None for row in rows]
    return as_counts(rows)[["iou", "targets", "pixels"]].assign(whole=whole)


def apart(table: pd.DataFrame, name: str = OURS, level: float = 0.05) -> pd.DataFrame:
    """Which rows a sign test could tell from one of them at best.

    Parameters
    ----------
    table : DataFrame
        From `printed`.
    name : str
        The row that the others are compared with.
    level : float, default 0.05

    Returns
    -------
    DataFrame
        By row: "difference" (targets), "least p" and "possible" (whether that lies below `level`).
    """
    difference = table["targets"].drop(name) - table.loc[name, "targets"]
    p = difference.map(least_p)
    return pd.DataFrame({"difference": difference, "least p": p, "possible": p < level})


def pairs_apart(table: pd.DataFrame, level: float = 0.05) -> tuple[int, int]:
    """Of all pairs of rows, how many a sign test could tell apart at best; and how many pairs there are."""
    found = table["targets"].tolist()
    pairs = [abs(a - b) for i, a in enumerate(found) for b in found[:i]]
    return sum(least_p(d) < level for d in pairs), len(pairs)


# --- A race on synthetic scenes ------------------------------------------------------------------------------


def crops(seeds: Iterable[int], side: int = SIDE) -> tuple[Tensor, Tensor]:
    """Synthetic frames with one target each, as a network takes them.

    Parameters
    ----------
    seeds : iterable of int
        One a frame; all kinds of background in turn.
    side : int, default 64
        Rows and columns, pixels.

    Returns
    -------
    x : Tensor of shape (B, 1, side, side)
        Each frame with mean 0 and standard deviation 1.
    mask : Tensor of shape (B, 1, side, side)
        1 on targets.
    """
    kinds = list(KINDS)
    made = [
        scene(
            seed,
            kinds[seed % len(kinds)],
            (side, side),
            targets=1,
            scr=(2, 12),
            target_size=(0, 6),
            clutter=0.03,
        )
        for seed in seeds
    ]
    x = torch.stack([torch.as_tensor(np.asarray(one.image, np.float32)) for one in made])[:, None]
    x = (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True)
    return x, torch.stack([torch.as_tensor(one.mask) for one in made])[:, None].float()


@dataclass(frozen=True)
class Race:
    """Short trainings of several networks on the same crops.

    Attributes
    ----------
    log : DataFrame
        A row each step: "network", "step", "loss" (of the batch, before the step), "GMAC" (multiply-accumulates of all
        forward runs so far) and "seconds" (processor time so far).
    ends : DataFrame
        By network, on 48 scenes that none was trained on: "IoU / %", "Pd / %" and "Fa / 1e-6" (protocol "exact",
        threshold 0.5), and "GMAC a step".
    plateau : float
        Loss of the best prediction that is the same everywhere, over all training crops.
    """

    log: pd.DataFrame
    ends: pd.DataFrame
    plateau: float

    def table(self) -> pd.DataFrame:
        """`ends`, with the processor time of each training in "seconds"."""
        return self.ends.assign(seconds=self.log.groupby("network")["seconds"].max())


def race(
    names: Sequence[str] = RACERS,
    steps: int = 60,
    batch: int = 4,
    rate: float = 0.01,
    seed: int = 0,
    loss: str = "dpt-k",
) -> Race:
    """Train networks for the same number of steps on the same crops, and note work and time on the way.

    Parameters
    ----------
    names : sequence of str
        Of Table I.
    steps, batch : int
        Crops of 64×64 pixels; the same ones in the same order for every network.
    rate : float, default 0.01
        Of AdamW, constant; one for all, so that none has the rate that suits it best.
    seed : int, default 0
        Of weights and of the order of the crops.
    loss : str, default "dpt-k"
        As for `rrca.losses.build`; under deep supervision the mean over the outputs.

    Returns
    -------
    Race
    """
    x, mask = crops(range(12 * batch))
    held_x, held_mask = crops(HELD_OUT)
    judge = losses.build(loss)
    log, found = [], {}
    for name, model in build_all(names, seed, in_channels=1).items():
        work = batch * cost.count(model, (1, SIDE, SIDE)).macs / 1e9
        optimiser = torch.optim.AdamW(model.parameters(), rate)
        order = np.random.default_rng(seed)
        start = time.process_time()
        model.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # of the dropout
            for step in range(1, steps + 1):
                chosen = order.choice(len(x), batch, replace=False)
                given = model(x[chosen])
                given = given if isinstance(given, list) else [given]
                total = sum(sum(judge.terms(one, mask[chosen]).values()) for one in given) / len(given)
                optimiser.zero_grad(set_to_none=True)
                total.backward()
                optimiser.step()
                spent = {"GMAC": step * work, "seconds": time.process_time() - start}
                log.append({"network": name, "step": step, "loss": total.item(), **spent})
        found[name] = {**_judged(model.eval(), held_x, held_mask), "GMAC a step": work}
    silent = plateau.best_constant(int(mask.sum()), mask.numel(), loss)
    return Race(pd.DataFrame(log), pd.DataFrame.from_dict(found, orient="index"), silent.loss)


def _judged(model: nn.Module, x: Tensor, mask: Tensor) -> dict[str, float]:
    """IoU, Pd and Fa on crops."""
    with torch.inference_mode():
        scores = torch.sigmoid(model(x))
    result = metrics.summarise(metrics.count(scores, mask.bool()))
    return {"IoU / %": 100 * result.iou, "Pd / %": 100 * result.pd, "Fa / 1e-6": 1e6 * result.fa}


# --- Methods side by side ------------------------------------------------------------------------------------


def networks_with_weights() -> dict[str, Detector]:
    """Every network of Table I whose weights are shipped, by the paper's name; ours first."""
    shipped = checkpoint.shipped()
    names = [*reversed(paper.OURS), *paper.RIVALS]
    return {name: Detector(paper.REGISTERED[name]) for name in names if paper.REGISTERED[name] in shipped}


def untrained(name: str, like: Detector, seed: int = 0) -> Detector:
    """A network of Table I with fresh weights, which takes its frames as another detector does.

    Parameters
    ----------
    name : str
        As in `rrca.paper`.
    like : Detector
        Whose normalisation it gets.
    seed : int, default 0
    """
    (model,) = build_all([name], seed, in_channels=len(like.normalisation.mean)).values()
    return Detector(model, like.normalisation)


def marked(
    frames: Sequence, classical: Sequence[str] = ("top-hat", "max-median")
) -> dict[str, list[np.ndarray]]:
    """What each method says of some frames, for `rrca.plots.panels`: as many methods as there are.

    Parameters
    ----------
    frames : sequence of Frame
    classical : sequence of str
        Of `rrca.classical.METHODS`.

    Returns
    -------
    dict of str to list of ndarray
        Networks with shipped weights: their scores; then classical methods: 1 where their rule "T-C" marks a pixel.
        Four methods at most.
    """
    maps = {
        name: [detector.scores(frame.image) for frame in frames]
        for name, detector in networks_with_weights().items()
    }
    for method in classical:
        detector = ClassicalDetector(method)
        maps[NAMES[method]] = [detector.judged(frame.image, detector.threshold)[0] for frame in frames]
    return dict(list(maps.items())[:4])


def live_curves(
    frames: Sequence, classical: Sequence[str] = ("top-hat", "max-median"), protocol: str = "exact"
) -> dict[str, metrics.Roc]:
    """Pd against Fa of all methods at hand, over the same frames.

    Parameters
    ----------
    frames : sequence of Frame
    classical : sequence of str
        Of `rrca.classical.METHODS`.
    protocol : {"exact"}
        Any that judges at native size.

    Returns
    -------
    dict of str to Roc
        Networks over logits from −9 to 12, classical methods over quantiles of their responses.
    """
    masks = [frame.raw_mask for frame in frames]
    logits = 1 / (1 + np.exp(-np.arange(-9, 12.5, 0.5)))
    found = {}
    for name, detector in networks_with_weights().items():
        found[name] = metrics.roc([detector.scores(frame.image) for frame in frames], masks, logits, protocol)
    for method in classical:
        detector = ClassicalDetector(method)
        responses = [np.clip(detector.scores(frame.image), 0, None) for frame in frames]
        highest = max(float(one.max()) for one in responses)  # thresholds lie in [0, 1]; the order stays
        found[NAMES[method]] = metrics.roc([one / highest for one in responses], masks, 40, protocol)
    return found


def printed_points(data: str = paper.NUAA) -> pd.DataFrame:
    """Pd and Fa of all methods of Table I, as printed.

    Parameters
    ----------
    data : str, default "NUAA-SIRST"

    Returns
    -------
    DataFrame
        By the paper's name: "fa" (1e-6) and "pd" (per cent).
    """
    rows = {row.name: {"fa": row.fa, "pd": row.pd} for row in paper.table("I", data)}
    return pd.DataFrame.from_dict(rows, orient="index")


def filed_curves(
    data: str = paper.NUAA, protocol: str = "dnanet", folder: str | Path | None = None
) -> dict[str, pd.DataFrame]:
    """Curves of the classical methods over the whole test list, from result lines.

    Parameters
    ----------
    data, protocol : str
    folder : path-like, optional
        Of the result files; default `data/results`.

    Returns
    -------
    dict of str to DataFrame
        By the paper's name: "fa" and "pd", fractions, the lowest threshold first. Methods that were not run are
        missing.
    """
    lines = classical_results.lines(data, protocol, folder)
    return {
        NAMES[method]: pd.DataFrame({"fa": line["roc"]["raw"]["fa"], "pd": line["roc"]["raw"]["pd"]})
        for method, line in lines.items()
        if method in METHODS
    }


def working_points(protocol: str = "dnanet") -> pd.DataFrame:
    """Pd and Fa at the threshold 0.5 on the cards of the networks with shipped weights, whole test list.

    Returns
    -------
    DataFrame
        By the paper's name: "fa" and "pd", fractions.
    """
    cards = {name: detector.card["metrics"][protocol] for name, detector in networks_with_weights().items()}
    return pd.DataFrame.from_dict(
        {name: {"fa": found["fa"], "pd": found["pd"]} for name, found in cards.items()}, orient="index"
    )
