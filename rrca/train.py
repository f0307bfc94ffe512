"""Training: a recipe in, a run folder out. One plain loop that reads top down."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rrca import cards, checkpoint, data, false_alarms, fast, losses
from rrca.data.normalisation import IMAGENET, Normalisation, measure
from rrca.data.store import PixelStore
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.evaluation import evaluate, protocols_for
from rrca.metrics import Metrics
from rrca.provenance import versions
from rrca.recipes import OPTIMISERS, RECIPES, SCHEDULES, Recipe, Select, precision_on, recipe
from rrca.registry import build
from rrca.training import health, interrupt
from rrca.training.average import Average
from rrca.training.batches import Batches
from rrca.training.distributed import Team
from rrca.training.resume import Training
from rrca.training.runs import RunFolder, room

__all__ = ["RECIPES", "Recipe", "Run", "Select", "fit", "judge", "recipe", "spread"]


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
        One record per logged step ("step", "loss", its terms, "rate", "seconds"), one per evaluation ("step",
        "list", "iou", "pd", "fa", "waiting": share of the time so far spent waiting for data), and one where the
        run collapses or recovers.
    folder : Path or None
        Holds config.json, log.jsonl, curve.png, weights.safetensors with card.json, and the last two states.
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
    resume: bool = False,
    save_every: int = 250,
) -> Run:
    """Train a network by a recipe.

    Parameters
    ----------
    recipe : Recipe
        What to do; `rrca.train.recipe(name, **changes)` makes one.
    out : path-like, optional
        Run folder. Must not hold a run already, unless `resume`. None keeps everything in memory.
    device : str, optional
        "cuda" if there is a GPU, else "cpu".
    on_step : callable, optional
        Called with every log record: a progress bar, a live plot and the log are the same mechanism. On resuming it
        is given the old records first.
    root : path-like, optional
        Data root; see `rrca.data.open`.
    log_every : int, default 10
        Steps between two log records.
    resume : bool, default False
        Go on from the newest state in `out`; from the start if there is none. On the same machine with the same
        threads the weights become bit for bit those of a run that was never stopped.
    save_every : int, default 250
        Steps between two saved states: what a kill can cost.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the data set is missing, `out` holds a run, the disk is full, or the run to go on with was begun with
        another recipe, other frames or other versions; the message names the difference.
    FloatingPointError
        If the loss is not finite; the message names the step and its frames. The last good state stays.
    KeyboardInterrupt
        On Ctrl-C, once the step is done and its state is saved; the message says how to go on.

    Notes
    -----
    In a process group (`rrca.training.distributed.launch`, `torchrun`) every process calls `fit`; each takes its part
    of every batch, and the first one judges, logs and saves.

    References
    ----------
    Paper, Section IV-B; what each default comes from is in `rrca.recipes`.
    """
    team = Team(device)
    run = RunFolder(out if team.first else None, recipe, resume and team.first)
    fitted_list, judged_list = _lists(recipe)
    fitted = PixelStore(data.open(recipe.data, fitted_list, recipe.channels, root), team.device)
    judged = PixelStore(data.open(recipe.data, judged_list, recipe.channels, root))

    model = _initial(recipe).to(team.device, memory_format=torch.channels_last)
    if recipe.fast:
        fast.training(model)  # in place; weights and their names stay
    normalise = _normalisation(recipe, fitted, model.config.in_channels)
    batches = Batches(recipe, fitted, normalise, team.part(recipe.batch))
    loss = losses.build(recipe.loss, **recipe.loss_settings)
    optimiser = OPTIMISERS[recipe.optimiser](model.parameters(), recipe.rate, fused=recipe.fast or None)
    average = Average(model, recipe.average)
    network = team.share(model, recipe.sync_norms)
    half = precision_on(recipe, team.device) == "bf16"
    watch = health.Health(recipe.steps, batches.ids, team.device)
    at = Training(recipe, model, optimiser, average, watch, batches, fitted, judged)

    def record(entry: dict) -> None:
        if team.first:
            run.append(entry)
            if on_step is not None:
                on_step(entry)

    def save() -> str:
        watch.check_finite()  # so that every state there is is a good one
        if team.first:
            run.save_state(at.step, at.state())
        return f"stopped after step {at.step}, which is saved; go on with `rrca train --resume {run.path}`."

    def judge_now() -> None:
        watch.check_finite()
        if team.first:
            result = evaluate(Detector(average.model, normalise, team.device), stop.between(judged))
            scores = {"iou": round(result.iou, 5), "pd": round(result.pd, 5), "fa": result.fa}
            record({"step": at.step, "list": judged_list, **scores, "waiting": at.waiting_share()})
            run.draw_curve()
            at.keep_if_best(result.iou)
        at.judged = at.step
        model.train()

    with (
        _own_randomness(recipe.seed, team.device),
        interrupt.saving(save if run.path and team.size == 1 else None) as stop,
    ):
        at.load(team.agreed(run.last_state() if resume and team.first else None), out)
        for entry in run.log if on_step else ():
            on_step(entry)
        model.train()
        while True:
            last = at.step == recipe.steps
            if at.judged < at.step and (last or at.step % recipe.judge == 0):
                judge_now()
            if last:
                break
            step = at.step + 1
            rate = _set_rate(optimiser, recipe, step)
            with at.waiting():
                x, mask = (tensor.contiguous(memory_format=torch.channels_last) for tensor in batches(step))
            with torch.autocast(team.device.type, torch.bfloat16, enabled=half):
                logits = network(x)
            logits, mask = team.whole(logits, mask)
            terms = loss.terms(logits, mask)
            total = sum(terms.values())
            optimiser.zero_grad(set_to_none=True)
            # DDP averages the devices' gradients; those of one loss are to be summed.
            (total * team.size).backward()
            optimiser.step()
            average.update(step)
            watch.count(step, total, logits, mask)
            at.step = step

            if step % log_every == 0 or step == recipe.steps:
                watch.check_finite()  # the host waits for the device here anyway
                values = {term: round(value.item(), 5) for term, value in {"loss": total, **terms}.items()}
                record({"step": step, **values, "rate": rate, "seconds": at.seconds()})
            if step % health.EVERY == 0 or step == recipe.steps:
                watch.check_finite()
                if change := watch.verdict(step):
                    record(change)
            if step % save_every == 0:
                save()
            stop.check()
        save()

    kept_step, weights = at.kept()
    kept = _initial(recipe)
    kept.load_state_dict(weights)
    kept.card = _card(recipe, normalise, team, at) | {
        "kept_step": kept_step,
        "minutes": round(at.seconds() / 60, 1),
        "waiting_for_data": at.waiting_share(),
        "collapsed": watch.collapsed,
    }
    run.draw_curve()
    run.save_weights(kept.eval(), kept.card)
    return Run(kept, kept.card, run.log, run.path)


def judge(
    run: Run,
    root: str | Path | None = None,
    protocols: tuple[str, ...] | None = None,
    progress: bool = False,
) -> dict[str, Metrics]:
    """Judge the kept weights on the test list and write the figures on their card.

    Parameters
    ----------
    run : Run
        Its card gains "judged_on" and "metrics", also on disk if it has a folder; and "validation", the curve that
        `rrca.threshold_for` reads, if `val` was not fitted.
    root : path-like, optional
        Data root.
    protocols : tuple of str, optional
        As for `rrca.evaluate`; default "exact" and the one behind the paper's row of that data set.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    dict of str to Metrics
        By protocol.

    Raises
    ------
    InputError
        If the data set is missing, or the card cannot be written: for want of room, say.
    """
    card, detector = run.card, Detector(run.model)

    def frames(part: str) -> data.FrameSet:
        return data.open(card["data"], part, card["channels"], root)

    results = evaluate(detector, frames("test"), protocols or protocols_for(card["data"]), progress=progress)
    card["judged_on"] = "test"
    card["metrics"] = {name: result.as_dict() for name, result in results.items()}
    if card["split"] == "train":
        card["validation"] = {
            "data": card["data"],
            "list": "val",
            **false_alarms.curve(detector, frames("val")),
        }
    if run.folder is not None:
        with room(run.folder):
            checkpoint.save_card(card, run.folder / "weights.safetensors")
    return results


def spread(results: Sequence[dict[str, Metrics]]) -> dict[str, dict[str, tuple[float, float]]]:
    """Mean and standard deviation over several trainings of one recipe.

    Parameters
    ----------
    results : sequence of dict
        What `judge` gives for each; at least two.

    Returns
    -------
    dict
        By protocol, then by figure ("iou", "pd", "fa"): mean, and standard deviation (n − 1 in the denominator).

    Examples
    --------
    >>> from types import SimpleNamespace as Figures
    >>> runs = [{"exact": Figures(iou=iou, pd=0.9, fa=1e-5)} for iou in (0.70, 0.72)]
    >>> [round(value, 4) for value in spread(runs)["exact"]["iou"]]
    [0.71, 0.0141]
    """
    return {
        protocol: {
            name: (float(np.mean(values)), float(np.std(values, ddof=1)))
            for name in ("iou", "pd", "fa")
            if (values := [getattr(result[protocol], name) for result in results])
        }
        for protocol in results[0]
    }


def _lists(recipe: Recipe) -> tuple[str, str]:
    """The list that is fitted, and the one that is judged on the way."""
    return {"none": ("trainval", "test"), "val": ("train", "val"), "test": ("trainval", "test")}[
        recipe.select
    ]


def _initial(recipe: Recipe) -> nn.Module:
    """The network as the seed draws it; the caller's random state stays as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return build(recipe.network, **recipe.settings)


def _set_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int) -> float:
    """The schedule's rate for a step, set and returned."""
    rate = recipe.rate * float(SCHEDULES[recipe.schedule]((step - 1) / recipe.steps))
    for group in optimiser.param_groups:
        group["lr"] = rate
    return rate


@contextlib.contextmanager
def _own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """What a network draws while it trains (dropout) comes from the seed; the caller's random state stays as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _normalisation(recipe: Recipe, frames: PixelStore, in_channels: int) -> Normalisation:
    if recipe.normalise == "imagenet":
        if in_channels != 3:
            raise InputError(
                f"recipe: normalise = 'imagenet' needs 3 input channels, the network has {in_channels}."
            )
        return IMAGENET
    return measure((frame.image for frame in frames), in_channels)


def _card(recipe: Recipe, normalise: Normalisation, team: Team, at: Training) -> dict[str, Any]:
    """What the weights must carry, and where they come from."""
    return {
        "name": recipe.network,
        "network": recipe.network,
        "settings": recipe.settings,
        "channels": recipe.channels,
        "normalisation": normalise.as_dict(),
        "data": recipe.data,
        "split": _lists(recipe)[0],
        "selected_on": {"none": "nothing: the last step", "val": "val", "test": "test"}[recipe.select],
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        **at.trained_with(),
        "devices": team.size,
        "versions": versions(),
        "fingerprints": at.fingerprints,
        **cards.terms(recipe.data),
    }
