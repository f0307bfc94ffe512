"""The exponential moving average of a network's weights."""

import copy

import torch
from torch import nn


class Average:
    """Exponential moving average of weights and norm statistics; the network itself where there is no decay.

    Parameters
    ----------
    source : Module
        The network that is trained.
    decay : float or None
        Weight of the past at each step; None for no average.

    Attributes
    ----------
    model : Module
        What is judged and saved.
    """

    def __init__(self, source: nn.Module, decay: float | None):
        self.decay = decay
        self.model = source if decay is None else copy.deepcopy(source).requires_grad_(False)
        # The tensors themselves: loading and training change them in place.
        pairs = list(zip(self.model.state_dict().values(), source.state_dict().values(), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]  # counters

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the network as it is after `step` steps."""
        if self.decay is None:
            return
        decay = min(self.decay, (1 + step) / (10 + step))  # the first steps are forgotten sooner
        mine, theirs = zip(*self._averaged, strict=True)
        torch._foreach_lerp_(mine, theirs, 1 - decay)  # all in one call, as torch.optim.swa_utils does
        for counter, counted in self._copied:
            counter.copy_(counted)
