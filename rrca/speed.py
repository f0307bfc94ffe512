"""How much time the drop-ins and the folded copy save, and what tiling changes: ratios within one run."""

import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rrca import experiments, export, fast, losses
from rrca.detection import Detector
from rrca.metrics import DetectionMetrics
from rrca.recipes import OPTIMISERS, Recipe, precision_on
from rrca.recipes import recipe as named
from rrca.registry import build
from rrca.training.average import Average

NETWORK = "rrcanet-resnet18"
TILINGS = (
    (64, 16),
    (64, 32),
    (128, 16),
    (128, 32),
    (128, 64),
    (192, 32),
    (192, 64),
)  # tile and overlap, pixels


@dataclass(frozen=True)
class Speed:
    """One way to do a task.

    Attributes
    ----------
    task, way : str
        What was timed, and how it was done; the first way of a task is what the others are compared with.
    seconds : float
        Median of the tries.
    ratio : float
        Seconds of this way per second of the first one.
    rate : float
        Steps or frames per second.
    """

    task: str
    way: str
    seconds: float
    ratio: float
    rate: float


def in_turn(task: str, ways: dict[str, Callable], repeats: int, amount: int = 1) -> list[Speed]:
    """Time several ways to do a task, one after the other in every round, after one round to warm up.

    Parameters
    ----------
    task : str
        For the table.
    ways : dict of str to callable
        By name; the first is the reference.
    repeats : int
        Rounds; the median counts.
    amount : int, default 1
        Steps or frames that one call does.

    Returns
    -------
    list of Speed
    """
    seconds = {way: [] for way in ways}
    for turn in range(repeats + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[way].append(time.perf_counter() - start)
    medians = {way: float(np.median(tries)) for way, tries in seconds.items()}
    first = next(iter(medians.values()))
    return [Speed(task, way, median, median / first, amount / median) for way, median in medians.items()]


def train(repeats: int = 5, batches: tuple[int, ...] = (4, 8), side: int = 128) -> list[Speed]:
    """Time whole training steps: forward, DpT-k, backward, AdamW.

    Parameters
    ----------
    repeats : int, default 5
        Rounds.
    batches : tuple of int, default (4, 8)
        Crops a step.
    side : int, default 128
        Of a crop, in pixels.

    Returns
    -------
    list of Speed
        Of rrcanet-resnet18 on one channel, plain (float32, NCHW), channels-last, and with `fast.training`; the last
        two in float32 and under bfloat16 autocast.
    """
    return [
        speed
        for batch in batches
        for speed in in_turn(f"step, {batch} x {side}²", _steps(batch, side), repeats)
    ]


def _steps(batch: int, side: int) -> dict[str, Callable]:
    """One training step in each way, on networks with the same weights."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, 1, side, side, generator=generator)
    mask = (torch.rand(batch, 1, side, side, generator=generator) > 0.999).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = build(NETWORK, in_channels=1).train()
    loss = losses.build("dpt-k")

    def step(model: nn.Module, memory: torch.memory_format, half: bool, fused: bool) -> Callable:
        model = copy.deepcopy(model).to(memory_format=memory)
        optimiser = torch.optim.AdamW(model.parameters(), 1e-4, fused=fused)
        frames = x.contiguous(memory_format=memory)

        def run() -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = model(frames)
            optimiser.zero_grad()
            loss(logits, mask).backward()
            optimiser.step()

        return run

    quick, last = fast.training(copy.deepcopy(plain)), torch.channels_last
    return {
        "plain": step(plain, torch.contiguous_format, False, False),
        "channels-last": step(plain, last, False, False),
        "channels-last, bf16": step(plain, last, True, False),
        "fast": step(quick, last, False, True),
        "fast, bf16": step(quick, last, True, True),
    }


def recipes(repeats: int = 5) -> list[Speed]:
    """Time a step of every row of the search for the recipe: what `experiments` shares the minutes out by.

    Parameters
    ----------
    repeats : int, default 5
        Rounds.

    Returns
    -------
    list of Speed
        Of each row of the table "recipes", beside its base; forward to average, without reading data.
    """
    base = named("cpu")
    ways = {row.name: _recipe_step(row.recipe_for(base, 0)) for row in experiments.rows("recipes")}
    return in_turn("step of a recipe", ways, repeats)


def _recipe_step(recipe: Recipe) -> Callable:
    """One step as `rrca.train.fit` takes it, on a crop of noise with a target."""
    generator = torch.Generator().manual_seed(0)
    shape = recipe.batch, 1, recipe.crop, recipe.crop
    x = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
    mask = torch.zeros(shape)
    mask[..., :4, :4] = 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(recipe.network, **recipe.settings).train().to(memory_format=torch.channels_last)
    if recipe.fast:
        fast.training(model)
    loss = losses.build(recipe.loss, **recipe.loss_settings)
    optimiser = OPTIMISERS[recipe.optimiser](model.parameters(), 1e-4, fused=recipe.fast or None)
    average = Average(model, recipe.average)
    half = precision_on(recipe) == "bf16"

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = model(x)
        optimiser.zero_grad()
        loss(logits, mask).backward()
        optimiser.step()
        average.update(1)

    return run


def inference(repeats: int = 5, sides: tuple[int, ...] = (256, 512, 1024), batches: tuple[int, ...] = (1, 8)):
    """Time the network on frames of several sizes.

    Parameters
    ----------
    repeats : int, default 5
        Rounds.
    sides : tuple of int, default (256, 512, 1024)
        Of a frame, in pixels.
    batches : tuple of int, default (1, 8)
        Frames at a time.

    Returns
    -------
    list of Speed
        Of the shipped weights, plain, with `fast.inference` in float32 and in bfloat16, and, where the packages of
        the extra `export` are there, by ONNX Runtime with as many threads as torch has.
    """
    detector = Detector()
    ways = {
        "plain": detector.model,
        "folded": fast.inference(detector.model),
        "folded, bf16": fast.inference(detector.model, "bf16"),
    }
    if all(map(find_spec, export.NEEDED)):
        ways["ONNX Runtime"] = _by_onnxruntime(detector)
    rows = []
    for side in sides:
        for batch in batches:
            x = torch.rand(batch, 1, side, side, generator=torch.Generator().manual_seed(0))
            runs = {way: lambda x=x, run=run: run(x) for way, run in ways.items()}
            with torch.inference_mode():
                rows += in_turn(f"{batch} × {side}²", runs, repeats, batch)
    return rows


def _by_onnxruntime(detector: Detector) -> Callable:
    """The network exported and loaded by ONNX Runtime; it also normalises and takes the sigmoid."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        file = export.onnx(detector.model, Path(folder) / "network.onnx")
        session = onnxruntime.InferenceSession(
            file.read_bytes(), settings, providers=["CPUExecutionProvider"]
        )
    return lambda x: session.run(None, {"frame": x.numpy()})


def table(rows: list[Speed], per: str) -> str:
    """The times as a Markdown table.

    Examples
    --------
    >>> print(table([Speed("a step", "plain", 0.5, 1.0, 2.0)], "steps/s"))
    | task | way | ms | ratio | steps/s |
    |---|---|---:|---:|---:|
    | a step | plain | 500 | 1.00 | 2.0 |
    """
    lines = [f"| task | way | ms | ratio | {per} |", "|---|---|---:|---:|---:|"]
    lines += [f"| {r.task} | {r.way} | {r.seconds * 1e3:.0f} | {r.ratio:.2f} | {r.rate:.1f} |" for r in rows]
    return "\n".join(lines)


@dataclass(frozen=True)
class Tiling:
    """What a tile and an overlap change on frames that fit whole.

    Attributes
    ----------
    tile, overlap : int
        Pixels.
    mean, largest : float
        Difference of scores: mean over pixels, and the largest of all.
    iou, pd : float
        Under `exact`; the first row, without tiles (tile 0), is what the others are compared with.
    """

    tile: int
    overlap: int
    mean: float
    largest: float
    iou: float
    pd: float


def tiles(frames, tilings: tuple[tuple[int, int], ...], model=None) -> list[Tiling]:
    """Compare tiled scores with those of the whole frame.

    Parameters
    ----------
    frames : sequence of Frame
        With masks; each larger than the tiles, or it counts unchanged.
    tilings : tuple of (int, int)
        Tile and overlap in pixels.
    model : optional
        As for `Detector`.

    Returns
    -------
    list of Tiling
        Without tiles first.
    """
    detector = Detector(model)
    frames = list(frames)
    whole = [detector.scores(frame.image) for frame in frames]
    rows = []
    for tile, overlap in ((0, 0), *tilings):
        found = [detector.tiled(frame.image, tile, overlap) for frame in frames] if tile else whole
        gaps = [np.abs(a - b) for a, b in zip(found, whole, strict=True)]
        metrics = DetectionMetrics()
        for scores, frame in zip(found, frames, strict=True):
            metrics.update(scores, frame.mask)
        result = metrics.compute()
        mean = float(np.mean([gap.mean() for gap in gaps]))
        rows.append(Tiling(tile, overlap, mean, float(max(gap.max() for gap in gaps)), result.iou, result.pd))
    return rows


def tiling_table(rows: list[Tiling]) -> str:
    """What tiling changes, as a Markdown table; tile 0 is the whole frame.

    Examples
    --------
    >>> print(tiling_table([Tiling(128, 32, 0.0004, 0.61, 0.7, 0.95)]))
    | tile | overlap | mean change | largest change | IoU | Pd |
    |---:|---:|---:|---:|---:|---:|
    | 128 | 32 | 4.0e-04 | 0.61 | 0.700 | 0.950 |
    """
    lines = [
        "| tile | overlap | mean change | largest change | IoU | Pd |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.tile} | {r.overlap} | {r.mean:.1e} | {r.largest:.2f} | {r.iou:.3f} | {r.pd:.3f} |"
        for r in rows
    ]
    return "\n".join(lines)
