"""How far one step of an optimiser moves a weight: AdaGrad and AdamW, with the same gradients."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from rrca.errors import InputError
from rrca.recipes import OPTIMISERS


def moves(optimiser: str, rate: float, gradients: Sequence[float]) -> list[float]:
    """Distance that a weight goes in each of some steps.

    Parameters
    ----------
    optimiser : {"adagrad", "adamw"}
        As torch has it, with its defaults but for the rate, as `rrca.train` uses it.
    rate : float
        Learning rate, the same in all steps.
    gradients : sequence of float
        One a step.

    Returns
    -------
    list of float
        Absolute distance of each step; the weight starts at 0, where AdamW's decay has no pull.

    Raises
    ------
    InputError
        For another optimiser.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 2011; Loshchilov and Hutter, "Decoupled weight
    decay regularization", ICLR 2019.

    Examples
    --------
    >>> [round(move, 4) for move in moves("adagrad", 0.05, [0.001, 0.001, 0.001])]
    [0.05, 0.0354, 0.0289]
    """
    if optimiser not in OPTIMISERS:
        raise InputError(f"optimiser = {optimiser!r}; choose one of {', '.join(OPTIMISERS)}.")
    weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
    stepper, places = OPTIMISERS[optimiser]([weight], rate), [0.0]
    for gradient in gradients:
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        stepper.step()
        places.append(weight.item())
    return [abs(after - before) for before, after in pairwise(places)]
