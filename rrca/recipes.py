"""Recipes: everything that decides what a training gives, as one frozen record each."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from rrca.data.crops import PIPELINES
from rrca.errors import InputError
from rrca.precision import Precision, multiplies_bfloat16

Select = Literal["val", "none", "test"]


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
        See `rrca.data.crops`; `augment_settings` are its keywords.
    crop : int
        Side of a training crop in pixels (paper: 256).
    batch : int
        Crops a step, over all devices (paper: 8). Each pass over the list drops what does not fill a batch, as the
        release does.
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
        bf16: convolutions in bfloat16 by autocast, losses in float32, on processors that multiply bfloat16; on others
        everything in float32, which is several times faster there. See `precision_on`.
    fast : bool
        Train with the drop-ins of `rrca.fast` and a fused optimiser: the same values up to rounding, in less time on
        a CPU.
    sync_norms : bool
        Norm statistics over all GPUs that share a batch, instead of each GPU's own part of it.
    select : {"val", "none", "test"}
        "val" (ours): fit `train`, keep the best IoU on `val`. "none": fit `trainval`, all of the published training
        list, and keep the last weights. "test": fit `trainval`, keep the best IoU *on the test list*, as the release
        does.
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
    precision: Precision = "bf16"
    fast: bool = False
    sync_norms: bool = False
    select: Select = "val"
    judge: int = 1000
    seed: int = 0

    def __post_init__(self):
        choices = {
            "select": get_args(Select),
            "augment": tuple(PIPELINES),
            "optimiser": tuple(OPTIMISERS),
            "schedule": tuple(SCHEDULES),
            "normalise": ("data", "imagenet"),
            "precision": get_args(Precision),
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
    "adamw": torch.optim.AdamW,
    "adagrad": torch.optim.Adagrad,
}
SCHEDULES = {  # factor on the rate after a share of the steps
    "cosine": lambda share: 0.5 * (1 + np.cos(np.pi * share)),
    "constant": lambda share: 1.0,
}

CPU = Recipe(rate=1e-3, steps=14_000, fast=True)
DENSE_PASS = 768 // 8  # steps a pass over DenseSIRST's training list at batch 8

RECIPES = {
    # Ours. Two cores, about an hour. Batch, crop, precision and average are those of the search in
    # data/results/recipes.jsonl; the rate is a third of its base's: no change was told apart from the base there, but
    # at 0.001 the last judgements hardly moved and the two seeds ended 0.0004 apart. The steps are those of an hour.
    "cpu": CPU,
    # `cpu` for DenseSIRST, whose targets are of nine or ten pixels: at native size, as it is judged and as the release
    # does. With `cpu`'s magnifications of 0.5 to 2, IoU on the validation part was 64.2 % after 3000 steps (of 10 000)
    # and 66.1 % at best; without, 71.7 % after 3000 (of 4000). One seed each.
    "cpu-dense": replace(CPU, name="cpu-dense", data="DenseSIRST", augment_settings={"scale": (1.0, 1.0)}),
    # Ours. A minute on two cores: enough to watch a loss fall, not to detect well.
    "quick": Recipe(name="quick", steps=150, judge=50),
    # Ours, for the paper's tables on two cores: `cpu` cut to 2500 steps, judged at ten points for the curve only.
    # One channel, batch 4, 128² crops, DpT-k in the release's form, no gradient clipping. It fits all of `trainval` and
    # selects nothing, so that two rows differ by the network alone and not by the step that was lucky.
    "ablation": Recipe(name="ablation", rate=1e-3, steps=2500, judge=250, fast=True, select="none"),
    # Ours, for one data-centre GPU: the paper's crops, batch and number of steps with `cpu`'s optimiser and average,
    # in float32. Set down without a GPU at hand: not measured yet.
    "gpu": Recipe(name="gpu", crop=256, batch=8, steps=39_000, precision="fp32", judge=1300),
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
    # The release's DenseSIRST half: one channel, statistics of the training frames, crops at native size of which half
    # must hold a target, flips and transposes, torch's own initial weights; 768 // 8 · 1500 = 144 000 steps. How close
    # to a crop's border the target may lie is ours.
    "paper-dense": Recipe(
        name="paper-dense",
        data="DenseSIRST",
        settings={"in_channels": 1, "init": "framework"},
        augment_settings={"scale": (1.0, 1.0), "target_share": 0.5},
        crop=256,
        batch=8,
        steps=DENSE_PASS * 1500,
        optimiser="adagrad",
        rate=0.05,
        schedule="constant",
        average=None,
        precision="fp32",
        select="test",
        judge=DENSE_PASS * 30,
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


def precision_on(recipe: Recipe, device: torch.device | str = "cpu") -> Precision:
    """The precision that a recipe's convolutions really have on this machine: what its card says.

    Parameters
    ----------
    recipe : Recipe
        Its `precision` is what it asks for.
    device : torch.device or str, default "cpu"

    Returns
    -------
    {"fp32", "bf16"}
        "fp32" for a recipe that asks for "bf16" on a processor that has no instructions for it: see
        `rrca.precision.multiplies_bfloat16`.

    Examples
    --------
    >>> precision_on(recipe("paper"))
    'fp32'
    """
    if recipe.precision == "bf16" and torch.device(device).type == "cpu" and not multiplies_bfloat16():
        return "fp32"
    return recipe.precision


def as_text(recipe: Recipe) -> str:
    """A recipe as the JSON of a run folder's config.json."""
    return json.dumps(asdict(recipe), indent=1) + "\n"


def of_card(card: Mapping[str, Any]) -> Recipe:
    """The recipe that weights were trained by, from their card.

    A named recipe may have changed since; a card says what it was then.

    Parameters
    ----------
    card : mapping
        From `rrca.load` or `rrca.checkpoint.card`.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        If the card holds none, or one of another version.

    Examples
    --------
    >>> from rrca import checkpoint
    >>> of_card(checkpoint.card("rrcanet-resnet18_n0")).steps
    10000
    """
    try:
        return Recipe(**card["recipe"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the card of {card.get('name', 'these weights')} holds no recipe of this version of rrca: {error}"
        ) from None


def read(path: str | Path) -> Recipe:
    """The recipe that a run folder's config.json holds.

    Raises
    ------
    InputError
        If there is none, or it is no recipe of this version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no {path}; give the folder of a run that `rrca train` began.")
    try:
        return Recipe(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is not a recipe of this version of rrca: {error}") from None
