"""RuCB, the reusable-convolution block: run a stage again and again with one set of kernels.

The idea that gives RRCA-Net its name. A stage of convolutions runs n + 1 times. What is *shared* exists once
and learns from every pass; what is *owned* exists once per pass, since features of different passes have
different statistics (paper, Section III-B).
"""

import copy
from collections.abc import Callable

from torch import Tensor, nn

from rrca.errors import InputError


def is_kernel(module: nn.Module) -> bool:
    """Whether a module is a spatial convolution: what RuCB shares. 1×1 shortcuts and norms are owned."""
    return isinstance(module, nn.Conv2d) and max(module.kernel_size) > 1


def is_kernel_or_norm(module: nn.Module) -> bool:
    """Share the norms too: the control experiment for the paper's claim that each pass needs its own."""
    return is_kernel(module) or isinstance(module, nn.BatchNorm2d)


class RuCB(nn.Module):
    """A stage that runs in several passes: kernels shared, everything else owned by the pass.

    Parameters
    ----------
    stage : Module
        What pass 0 runs; its shared modules serve every pass. Any module with a `forward(x)`.
    passes : int
        n + 1.
    shared : callable, default `is_kernel`
        Tells of a module whether all passes use the same one.

    Raises
    ------
    InputError
        If `passes` is below 1, or if a module that is not shared holds parameters beside sub-modules, so
        that it cannot be owned in one piece.

    Notes
    -----
    Pass t runs a copy of the stage in which the shared modules are *the same objects* and all others are
    copies. Each parameter is registered once (the shared and pass 0's under `stage`, those that pass t ≥ 1
    owns under `pass<t>`), so `parameters()`, `state_dict()` and safetensors see no duplicates, and gradients
    of all passes meet in the shared kernels by themselves.

    References
    ----------
    Paper, Section III-B and Fig. 3.

    Examples
    --------
    >>> from torch import nn
    >>> stage = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
    >>> count = lambda module: sum(p.numel() for p in module.parameters())
    >>> count(RuCB(stage, passes=1)), count(RuCB(stage, passes=3))  # each pass adds one norm: 16
    (600, 632)
    """

    def __init__(self, stage: nn.Module, passes: int, shared: Callable[[nn.Module], bool] = is_kernel):
        super().__init__()
        if passes < 1:
            raise InputError(f"passes = {passes}: a stage runs at least once; give 1 or more.")
        self.stage = stage
        # A plain list, so that nothing in it is registered a second time.
        self._runs = [stage]
        for t in range(1, passes):
            run = copy.deepcopy(stage, {id(module): module for module in stage.modules() if shared(module)})
            self._runs.append(run)
            self.add_module(f"pass{t}", _owned(run, shared))

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self._runs[t](x)

    def train(self, mode: bool = True):
        """Set the mode of every pass, of the copies' containers too."""
        for run in self._runs[1:]:
            run.train(mode)
        return super().train(mode)


def _owned(run: nn.Module, shared: Callable[[nn.Module], bool]) -> nn.ModuleDict:
    """The leaf modules that belong to one pass alone, under their dotted names."""
    owned = nn.ModuleDict()
    for name, module in run.named_modules():
        is_leaf, holds_state = not module._modules, bool(module._parameters or module._buffers)
        if shared(module) or not (is_leaf or holds_state):
            continue
        if not is_leaf:
            raise InputError(
                f"{type(module).__name__} '{name}' holds parameters beside sub-modules; move them into a "
                "module of their own, so that a pass can own it."
            )
        owned[name.replace(".", "/") or "self"] = module
    return owned
