"""Training: a recipe in, a run folder out. One plain loop that reads top down."""

import copy
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import nn

import rrca
from rrca import checkpoint, data, losses
from rrca.data.augment import PIPELINES
from rrca.data.normalisation import IMAGENET, Normalisation, measure
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.evaluation import evaluate
from rrca.metrics import Metrics
from rrca.registry import build

Select = Literal["none", "val", "test"]
PROTOCOLS = ("exact", "dnanet")  # what a card reports: ours, and the one behind the paper's NUAA-SIRST row


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training gives, up to the machine's rounding.

    Parameters
    ----------
    name : str
        Of the recipe, for card and log.
    data : str, default "NUAA-SIRST"
        A data set of `rrca.data.open`.
    network : str, default "rrcanet-resnet18"
        As for `rrca.build`; `settings` are its overrides.
    channels : {"grey", "rgb"}
        How frames are read. The network's `in_channels` is a setting of its own.
    normalise : {"data", "imagenet"}
        Mean and standard deviation of the training frames (ours), or ImageNet's (release, NUAA-SIRST).
    loss : str, default "dpt-k"
        As for `rrca.losses.build`; `loss_settings` are its settings.
    augment : {"ours", "paper"}
        See `rrca.data.augment`; `augment_settings` are its keywords.
    crop : int
        Side of a training crop in pixels (paper: 256).
    batch : int
        Crops a step (paper: 8). Each pass over the list drops what does not fill a batch, as the release does.
    steps : int
        Of the optimiser.
    optimiser : {"adamw", "adagrad"}
        AdamW (ours) or AdaGrad (paper).
    rate : float
        Learning rate at the start (paper: 0.05 with AdaGrad).
    schedule : {"cosine", "constant"}
        Cosine to 0 (the paper's text) or constant (what its release does).
    average : float or None
        Decay of the exponential moving average of the weights, which is then what is judged and saved.
    precision : {"fp32", "bf16"}
        bf16: convolutions in bfloat16 by autocast, losses in float32.
    select : {"none", "val", "test"}
        "none": fit `trainval`, keep the last weights. "val": fit `train`, keep the best IoU on `val`.
        "test": fit `trainval`, keep the best IoU *on the test list*, as the release does.
    judge : int
        Steps between two evaluations (under `exact`) on the list that `select` names; with "none" the test
        list is watched, for the curve only.
    seed : int
        Of initial weights and of the crops, each by a generator of its own.
    """

    name: str = "cpu"
    data: str = "NUAA-SIRST"
    network: str = "rrcanet-resnet18"
    settings: dict[str, Any] = field(default_factory=lambda: {"in_channels": 1})
    channels: str = "grey"
    normalise: Literal["data", "imagenet"] = "data"
    loss: str = "dpt-k"
    loss_settings: dict[str, Any] = field(default_factory=dict)
    augment: str = "ours"
    augment_settings: dict[str, Any] = field(default_factory=dict)
    crop: int = 128
    batch: int = 4
    steps: int = 10_000
    optimiser: Literal["adamw", "adagrad"] = "adamw"
    rate: float = 3e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    average: float | None = 0.995
    precision: Literal["fp32", "bf16"] = "bf16"
    select: Select = "none"
    judge: int = 1000
    seed: int = 0

    def __post_init__(self):
        choices = {
            "select": get_args(Select),
            "augment": tuple(PIPELINES),
            "optimiser": tuple(OPTIMISERS),
            "schedule": tuple(SCHEDULES),
            "normalise": ("data", "imagenet"),
            "precision": ("fp32", "bf16"),
            "channels": ("grey", "rgb"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"recipe: {name} = {getattr(self, name)!r}; choose one of {', '.join(allowed)}."
                )
        for name in ("crop", "batch", "steps", "judge"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise InputError(
                    f"recipe: {name} = {getattr(self, name)!r}; needs a whole number of at least 1."
                )


OPTIMISERS = {
    "adamw": lambda parameters, rate: torch.optim.AdamW(parameters, rate),
    "adagrad": lambda parameters, rate: torch.optim.Adagrad(parameters, rate),
}
SCHEDULES = {  # factor on the rate after a share of the steps
    "cosine": lambda share: 0.5 * (1 + np.cos(np.pi * share)),
    "constant": lambda share: 1.0,
}

RECIPES = {
    # Two cores, about an hour. What it reaches is on the card of the shipped weights.
    "cpu": Recipe(),
    # A minute on two cores: enough to watch a loss fall, not to detect well.
    "quick": Recipe(name="quick", steps=150, judge=50),
    # Paper, Section IV-B and its release, NUAA-SIRST: 213 // 8 · 1500 = 39 000 steps.
    "paper": Recipe(
        name="paper",
        settings={"in_channels": 3},
        channels="rgb",
        normalise="imagenet",
        augment="paper",
        crop=256,
        batch=8,
        steps=39_000,
        optimiser="adagrad",
        rate=0.05,
        schedule="constant",
        average=None,
        precision="fp32",
        select="test",
        judge=260,
    ),
}


def recipe(name: str, **changes) -> Recipe:
    """A named recipe, with changes.

    Raises
    ------
    InputError
        For an unknown name, field or value.

    Examples
    --------
    >>> recipe("paper", schedule="cosine").rate
    0.05
    """
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    try:
        return replace(RECIPES[name], **changes)
    except TypeError:
        unknown = sorted(changes.keys() - Recipe.__dataclass_fields__.keys())
        raise InputError(
            f"a recipe has no {', '.join(unknown)}; it has {', '.join(Recipe.__dataclass_fields__)}."
        ) from None


@dataclass(frozen=True)
class Run:
    """What a training leaves.

    Parameters
    ----------
    model : Module
        The weights that were kept, in evaluation mode; carries its card.
    card : dict
        As saved beside the weights.
    log : list of dict
        One record per logged step ("step", "loss", its terms, "rate", "seconds") and one per evaluation
        ("step", "list", "iou", "pd", "fa").
    folder : Path or None
        Holds config.json, log.jsonl, weights.safetensors and its card weights.json.
    """

    model: nn.Module
    card: dict
    log: list[dict]
    folder: Path | None


def fit(
    recipe: Recipe,
    out: str | Path | None = None,
    device: str | None = None,
    on_step: Callable[[dict], None] | None = None,
    root: str | Path | None = None,
    log_every: int = 10,
) -> Run:
    """Train a network by a recipe.

    Parameters
    ----------
    recipe : Recipe
        What to do; `rrca.train.recipe(name, **changes)` makes one.
    out : path-like, optional
        Run folder. Must not hold a run already. None keeps everything in memory.
    device : str, optional
        "cuda" if there is a GPU, else "cpu".
    on_step : callable, optional
        Called with every log record: a progress bar, a live plot and the log are the same mechanism.
    root : path-like, optional
        Data root; see `rrca.data.open`.
    log_every : int, default 10
        Steps between two log records.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the data set is missing, or `out` holds a run.
    FloatingPointError
        If the loss is no longer finite.

    References
    ----------
    Paper, Section IV-B; what each default comes from is in `Recipe`.
    """
    out = _new_folder(out, recipe)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    frames = list(
        data.open(recipe.data, "train" if recipe.select == "val" else "trainval", recipe.channels, root)
    )
    judged_list = "val" if recipe.select == "val" else "test"
    judged = list(data.open(recipe.data, judged_list, recipe.channels, root))

    model = _initial(recipe).to(device, memory_format=torch.channels_last)
    normalise = _normalisation(recipe, frames, model.config.in_channels)
    batches = _batches(recipe, frames, normalise)
    loss = losses.build(recipe.loss, **recipe.loss_settings)
    optimiser = OPTIMISERS[recipe.optimiser](model.parameters(), recipe.rate)
    average = _Average(model, recipe.average)

    card = _card(recipe, normalise, device)
    log, best, started = [], None, time.perf_counter()

    def record(entry: dict) -> None:
        log.append(entry)
        if out is not None:
            with open(out / "log.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        if on_step is not None:
            on_step(entry)

    model.train()
    for step in range(1, recipe.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * float(SCHEDULES[recipe.schedule]((step - 1) / recipe.steps))
        x, mask = (tensor.to(device, memory_format=torch.channels_last) for tensor in next(batches))
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
            logits = model(x)
        terms = loss.terms(logits, mask)
        total = sum(terms.values())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()
        average.update(step)

        if step % log_every == 0 or step == recipe.steps:
            if not torch.isfinite(total):
                raise FloatingPointError(
                    f"the loss is {total.item()} at step {step}; lower the rate ({recipe.rate})."
                )
            seconds = round(time.perf_counter() - started, 2)
            values = {term: round(value.item(), 5) for term, value in terms.items()}
            rate = optimiser.param_groups[0]["lr"]
            record({"step": step, "loss": round(total.item(), 5), **values, "rate": rate, "seconds": seconds})
        if step % recipe.judge == 0 or step == recipe.steps:
            result = evaluate(Detector(average.model, normalise, device), judged)
            scores = {"iou": round(result.iou, 5), "pd": round(result.pd, 5), "fa": result.fa}
            record({"step": step, "list": judged_list, **scores})
            if recipe.select == "none" or best is None or result.iou > best[0]:
                state = {
                    name: tensor.detach().cpu().clone() for name, tensor in average.model.state_dict().items()
                }
                best = result.iou, step, state
            model.train()

    _, kept_step, state = best
    kept = _initial(recipe)
    kept.load_state_dict(state)
    kept.card = card | {"kept_step": kept_step, "minutes": round((time.perf_counter() - started) / 60, 1)}
    if out is not None:
        checkpoint.save(kept, kept.card, out / "weights.safetensors")
    return Run(kept.eval(), kept.card, log, out)


def judge(
    run: Run, root: str | Path | None = None, protocols: tuple[str, ...] = PROTOCOLS, progress: bool = False
) -> dict[str, Metrics]:
    """Judge the kept weights on the test list and write the figures on their card.

    Parameters
    ----------
    run : Run
        Its card gains "metrics", also on disk if it has a folder.
    root : path-like, optional
        Data root.
    protocols : tuple of str, default ("exact", "dnanet")
        As for `rrca.evaluate`.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    dict of str to Metrics
        By protocol.
    """
    frames = data.open(run.card["data"], "test", run.card["channels"], root)
    results = evaluate(run.model, frames, protocols, progress=progress)
    run.card["metrics"] = {name: result.as_dict() for name, result in results.items()}
    if run.folder is not None:
        checkpoint.save(run.model, run.card, run.folder / "weights.safetensors")
    return results


def _initial(recipe: Recipe) -> nn.Module:
    """The network as the seed draws it; the caller's random state stays as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return build(recipe.network, **recipe.settings)


class _Average:
    """Exponential moving average of weights and norm statistics; the model itself where there is no decay."""

    def __init__(self, model: nn.Module, decay: float | None):
        self.source, self.decay = model, decay
        self.model = model if decay is None else copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, step: int) -> None:
        if self.decay is None:
            return
        decay = min(self.decay, (1 + step) / (10 + step))  # the first steps are forgotten sooner
        for mine, theirs in zip(
            self.model.state_dict().values(), self.source.state_dict().values(), strict=True
        ):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def _batches(recipe: Recipe, frames: list, normalise: Normalisation):
    """Endless batches of crops: (B, C, crop, crop) and (B, 1, crop, crop), each list pass in a new order."""
    rng = np.random.default_rng([recipe.seed, 1])
    augment = PIPELINES[recipe.augment]
    size = min(recipe.batch, len(frames))
    while True:
        order = rng.permutation(len(frames))
        for start in range(0, len(order) - size + 1, size):
            crops = [
                augment(
                    frames[i].image, frames[i].mask, rng, normalise, recipe.crop, **recipe.augment_settings
                )
                for i in order[start : start + size]
            ]
            x, mask = zip(*crops, strict=True)
            yield torch.stack(x), torch.stack(mask)


def _normalisation(recipe: Recipe, frames: list, in_channels: int) -> Normalisation:
    if recipe.normalise == "imagenet":
        if in_channels != 3:
            raise InputError(
                f"recipe: normalise = 'imagenet' needs 3 input channels, the network has {in_channels}."
            )
        return IMAGENET
    return measure((frame.image for frame in frames), in_channels)


def _card(recipe: Recipe, normalise: Normalisation, device: torch.device) -> dict:
    """What the weights must carry, and where they come from."""
    return {
        "name": recipe.network,
        "network": recipe.network,
        "settings": recipe.settings,
        "channels": recipe.channels,
        "normalisation": normalise.as_dict(),
        "data": recipe.data,
        "split": "train" if recipe.select == "val" else "trainval",
        "selected_on": {"none": "nothing: the last step", "val": "val", "test": "test"}[recipe.select],
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "hardware": hardware(device),
        "versions": {"rrca": rrca.__version__, "torch": torch.__version__, "numpy": np.__version__},
    }


def hardware(device: torch.device | str = "cpu") -> str:
    """The machine in words, without its name."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    model = platform.processor() or platform.machine()
    try:
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def _new_folder(out: str | Path | None, recipe: Recipe) -> Path | None:
    """The run folder, made and with the recipe in it; refused if it holds a run."""
    if out is None:
        return None
    out = Path(out)
    if any((out / name).exists() for name in ("log.jsonl", "weights.safetensors")):
        raise InputError(f"{out} already holds a run; give another folder, or move that one away.")
    checkpoint.write_whole(out / "config.json", (json.dumps(asdict(recipe), indent=1) + "\n").encode())
    return out
