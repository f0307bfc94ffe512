"""What several devices change where each normalises its own part of a batch: DistributedDataParallel's default.

The loss looks at the whole batch in either case (`rrca.training.distributed`), so the norms make the whole gap. It is
measured in one process: the parts of a batch go through the network one after the other, as on devices of their own.
"""

import copy
from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from rrca import checkpoint, losses
from rrca.data import open as open_data
from rrca.data.normalisation import Normalisation
from rrca.data.store import PixelStore
from rrca.errors import InputError
from rrca.recipes import Recipe
from rrca.recipes import recipe as named
from rrca.registry import build
from rrca.training.batches import Batches


@dataclass(frozen=True)
class Gap:
    """How far a step with norms of each part's own is from the step with norms of the whole batch.

    Attributes
    ----------
    devices : int
    crops : int
        Of each device.
    logits, gradient : float
        ‖local − whole‖ / ‖whole‖ of all logits, and of the gradient with respect to all parameters.
    cosine : float
        Of the angle between the two gradients: 1 if they point the same way.
    loss : float
        Local minus whole.
    """

    devices: int
    crops: int
    logits: float
    gradient: float
    cosine: float
    loss: float


def gap(model: nn.Module, loss: nn.Module, x: Tensor, mask: Tensor, devices: int) -> Gap:
    """Compare one training step, shared by several devices, with the same step on one.

    Parameters
    ----------
    model : Module
        Is left as it is.
    loss : Module
        (logits, mask) -> scalar.
    x : Tensor of shape (B, C, H, W)
        A batch of crops.
    mask : Tensor of shape (B, 1, H, W)
    devices : int
        Must divide B.

    Returns
    -------
    Gap

    Raises
    ------
    InputError
        If the batch cannot be shared equally.
    """
    if len(x) % devices:
        raise InputError(
            f"a batch of {len(x)} crops cannot be shared by {devices} devices; choose a divisor of it."
        )
    whole, local = (_step(model, loss, x.chunk(parts), mask) for parts in (1, devices))
    (logits, gradient, value), (logits_local, gradient_local, value_local) = whole, local
    return Gap(
        devices,
        len(x) // devices,
        float((logits_local - logits).norm() / logits.norm()),
        float((gradient_local - gradient).norm() / gradient.norm()),
        float(torch.cosine_similarity(gradient, gradient_local, dim=0)),
        value_local - value,
    )


def _step(
    model: nn.Module, loss: nn.Module, parts: tuple[Tensor, ...], mask: Tensor
) -> tuple[Tensor, Tensor, float]:
    """Logits, gradient of all parameters, and loss, with norms of each part."""
    model = copy.deepcopy(model).train()
    logits = torch.cat([model(part) for part in parts])
    value = loss(logits, mask)
    value.backward()
    gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    return logits.detach(), gradient, value.item()


def _built(name: str | None, recipe: Recipe) -> nn.Module:
    """Shipped weights, or the initial ones of a recipe."""
    if name is not None:
        return checkpoint.load(name)[0]
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return build(recipe.network, **recipe.settings)


def measure(steps: int = 20, batch: int = 8, devices: tuple[int, ...] = (2, 4, 8)) -> pd.DataFrame:
    """The gap on crops of NUAA-SIRST's training list, with untrained and with the shipped weights.

    Parameters
    ----------
    steps : int, default 20
        Batches; the mean over them is given.
    batch : int, default 8
        Crops in all.
    devices : tuple of int, default (2, 4, 8)

    Returns
    -------
    DataFrame
        A row for each weights and number of devices; the fields of `Gap`.
    """
    recipe = named("cpu", batch=batch)
    store = PixelStore(open_data(recipe.data, "trainval"))
    loss = losses.build(recipe.loss)
    records = []
    for weights in (None, checkpoint.DEFAULT):
        model = _built(weights, recipe)
        card = checkpoint.read_card(checkpoint.weights_folder() / f"{checkpoint.DEFAULT}.json")
        batches = Batches(recipe, store, Normalisation(**card["normalisation"]))
        for step in range(1, steps + 1):
            x, mask = batches(step)
            records += [
                {"weights": weights or "untrained", **asdict(gap(model, loss, x, mask, count))}
                for count in devices
            ]
    return pd.DataFrame(records).groupby(["weights", "devices"], sort=False).mean()


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(measure().to_string(float_format="{:.3g}".format))
