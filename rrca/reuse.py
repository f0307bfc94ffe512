"""RuCB, the reusable-convolution block: run a stage again and again with one set of kernels.

The idea that gives RRCA-Net its name. A stage of convolutions runs n + 1 times. What is *shared* exists once
and learns from every pass; what is *owned* exists once per pass, since features of different passes have
different statistics (paper, Section III-B). `RuCB` does it to a stage, `Recurrent` runs a network of such stages over
its own output, and `recurrent` makes anybody's encoder-decoder such a network.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rrca.errors import InputError


def is_kernel(module: nn.Module) -> bool:
    """Whether a module is a spatial convolution: what RuCB shares. 1×1 shortcuts and norms are owned."""
    return isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and max(module.kernel_size) > 1


def is_convolution(module: nn.Module) -> bool:
    """Share every convolution, 1×1 ones too; the norms stay owned."""
    return isinstance(module, nn.Conv2d | nn.ConvTranspose2d)


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
        Tells of a module whether all passes use the same one; a container brings all that is in it.

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
            self.add_module(f"pass{t}", _owned(run, stage))

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self._runs[t](x)

    def train(self, mode: bool = True):
        """Set the mode of every pass, of the copies' containers too."""
        for run in self._runs[1:]:
            run.train(mode)
        return super().train(mode)


def _owned(run: nn.Module, stage: nn.Module) -> nn.ModuleDict:
    """The leaf modules of one pass that pass 0 does not have, under their dotted names."""
    owned, common = nn.ModuleDict(), set(stage.modules())
    for name, module in run.named_modules():
        is_leaf, holds_state = not module._modules, bool(module._parameters or module._buffers)
        if module in common or not (is_leaf or holds_state):
            continue
        if not is_leaf:
            raise InputError(
                f"{type(module).__name__} '{name}' holds parameters beside sub-modules; move them into a "
                "module of their own, so that a pass can own it."
            )
        owned[name.replace(".", "/") or "self"] = module
    return owned


class Recurrent(nn.Module):
    """A network that runs its body n + 1 times, each time over what the pass before gave.

    Parameters
    ----------
    stem : Module
        Once, before the recurrence: (B, C_in, H, W) -> (B, C, H, W), the input of pass 0.
    body : Module
        Pass t: `body(x, t)`, such as a `RuCB`. It gives (B, C, H, W), or whatever `reenter` and `output` take.
    output : Module
        Makes logits of the list of what all passes gave, pass 0 first.
    iterations : int, default 2
        n.
    reenter : Module, optional
        Makes the next pass's input, (B, C, H, W), of what a pass gave: one module for all n transitions. Without
        one it enters as it is.

    Raises
    ------
    InputError
        If `iterations` is negative, or if what a pass gave cannot enter the next one; the message has both shapes.

    Notes
    -----
    Shapes (B, C_in, H, W) -> what `output` gives. Nothing here knows what the body is: RRCA-Net's rivals with
    RuCB are this class with three different bodies.

    References
    ----------
    Paper, Fig. 3 and Section IV-D.
    """

    def __init__(
        self,
        stem: nn.Module,
        body: nn.Module,
        output: nn.Module,
        iterations: int = 2,
        reenter: nn.Module | None = None,
    ):
        super().__init__()
        if iterations < 0:
            raise InputError(f"iterations = {iterations}: give 0 (one pass) or more.")
        self.stem, self.body, self.output = stem, body, output
        self.iterations = iterations
        self.reenter = nn.Identity() if reenter is None else reenter

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        x = self.stem(x)
        given = []
        for t in range(self.iterations + 1):
            given.append(self.body(x, t))
            if t < self.iterations:
                x = self._entered(self.reenter(given[-1]), x)
        return self.output(given)

    def _entered(self, new: Tensor, old: Tensor) -> Tensor:
        """The next pass's input, if it is like this pass's."""
        if new.shape != old.shape:
            raise InputError(
                f"a pass took {tuple(old.shape)} and gave the next one {tuple(new.shape)}; give the body as many "
                "channels out as in, or a reenter module, such as a 1×1 convolution, that does it."
            )
        return new


class Stacked(nn.Module):
    """Logits of all passes' maps, as FSM makes them: stack, fuse, judge; or of the last map alone.

    Parameters
    ----------
    head : Module
        (B, C, H, W) -> logits.
    fuse : Module, optional
        (B, (n + 1) C, H, W) -> (B, C, H, W). Without one the head takes the last pass's map ("w/o FSM").

    References
    ----------
    Paper, Eq. (5) and Table V.
    """

    def __init__(self, head: nn.Module, fuse: nn.Module | None = None):
        super().__init__()
        self.head, self.fuse = head, fuse

    def forward(self, maps: list[Tensor]) -> Tensor:
        return self.head(maps[-1] if self.fuse is None else self.fuse(torch.cat(maps, dim=1)))


def recurrent(
    network: nn.Module,
    stem: str,
    head: str,
    iterations: int = 2,
    fuse: nn.Module | None = None,
    reenter: nn.Module | None = None,
    shared: Callable[[nn.Module], bool] = is_kernel,
) -> Recurrent:
    """Make an encoder-decoder recurrent: run all between its first and its last layer n + 1 times.

    Parameters
    ----------
    network : Module
        Any network that begins with a layer from the frame to C channels and ends with one from C channels to
        logits; its `forward` need not know. Copied, with its weights; not changed. (One that first looks at its
        input's channels, or works on the logits afterwards, is better taken apart by hand into a `Recurrent`.)
    stem, head : str
        Dotted names of the first and the last layer, as in `network.named_modules()`.
    iterations : int, default 2
        n: extra iterations. With 0, and without `fuse`, the result computes what the network does, bit by bit.
    fuse : Module, optional
        (B, (n + 1) C, H, W) -> (B, C, H, W) in front of the head; without it the head judges the last pass.
    reenter : Module, optional
        Where the layer before the head gives another number of channels than the first layer: brings it back.
    shared : callable, default `is_kernel`
        What passes share; see `RuCB`.

    Returns
    -------
    Recurrent
        Registers each parameter once; carries the network's `multiple`, if it has one, so that `rrca.Detector`
        pads.

    Raises
    ------
    InputError
        If there is no layer of that name, or as for `RuCB` and `Recurrent`.

    References
    ----------
    Paper, Section IV-D: RuCB as a plug-in.

    Examples
    --------
    MONAI's U-Net, of which nothing here knows (`tests/test_reuse.py` runs it):

    >>> from monai.networks.nets import BasicUNet  # doctest: +SKIP
    >>> network = BasicUNet(spatial_dims=2, in_channels=1, out_channels=1)  # doctest: +SKIP
    >>> again = recurrent(network, stem="conv_0", head="final_conv", iterations=2)  # doctest: +SKIP

    Any other:

    >>> from rrca.blocks import ResidualBlock
    >>> plain = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), ResidualBlock(8, 8), nn.Conv2d(8, 1, 1))
    >>> again = recurrent(plain, stem="0", head="2", iterations=2, fuse=ResidualBlock(3 * 8, 8))
    >>> again(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 1, 32, 32])
    """
    inside = copy.deepcopy(network)
    first, last = _take_out(inside, stem), _take_out(inside, head)
    made = Recurrent(first, RuCB(inside, iterations + 1, shared), Stacked(last, fuse), iterations, reenter)
    if hasattr(network, "multiple"):
        made.multiple = network.multiple
    return made


def _take_out(network: nn.Module, name: str) -> nn.Module:
    """Take a layer out of a network; what goes in comes out where it was."""
    layers = dict(network.named_modules())
    if not name or name not in layers:
        known = ", ".join(child for child, _ in network.named_children())
        raise InputError(
            f"{type(network).__name__} has no layer {name!r}; it has {known}, and what is inside them."
        )
    layer = layers[name]
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return layer
