"""A network for detection alone: every norm folded into the convolution before it, every pass with kernels of its own.

BatchNorm in evaluation is a scale and a shift per channel, and so is part of the convolution: γ/√(v + ε) · W and
β + γ/√(v + ε) · (b − m). The kernels of RuCB are shared while the norms are not, so each pass gets its own copy.
"""

import copy
from typing import get_args

import torch
from torch import Tensor, nn

from rrca.blocks import ChannelAttention, ResidualBlock
from rrca.errors import InputError
from rrca.fast.drop_ins import FastResidualBlock
from rrca.fast.fused import FusedConv
from rrca.fast.join import FastDecoder
from rrca.fast.wide import channels_last
from rrca.networks.rrcanet import AttentionDecoder, FeatureStacking, RRCANet, Tail
from rrca.precision import Precision
from rrca.reuse import RuCB


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a convolution and the norm after it, in evaluation."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    return conv.weight * scale.view(-1, 1, 1, 1), norm.bias + scale * (bias - norm.running_mean)


class FoldedBlock(nn.Module):
    """`ResidualBlock` in evaluation: two convolutions, or three.

    With `overwrites` it adds to its own input, which then nobody else may need.
    """

    def __init__(self, block: ResidualBlock, dtype: torch.dtype):
        super().__init__()
        self.dtype, self.overwrites = dtype, False
        self.conv1 = FusedConv(*folded(block.conv1, block.norm1), dtype)
        self.conv2 = FusedConv(*folded(block.conv2, block.norm2), dtype)
        across = isinstance(block.shortcut, nn.Sequential)
        self.shortcut = FusedConv(*folded(*block.shortcut), dtype) if across else None

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(x, relu=True)
        if self.shortcut is not None:
            x = self.shortcut(x)
        elif not self.overwrites:
            x = x.to(self.dtype, copy=True, memory_format=torch.channels_last)
        return self.conv2(out, onto=x, relu=True)


class FoldedStage(nn.Module):
    """`RuCB` in evaluation: pass t runs its own folded stage."""

    def __init__(self, runs: list[nn.Sequential]):
        super().__init__()
        self.runs = nn.ModuleList(runs)
        for run in runs:
            for block in run[1:]:  # between two blocks a map belongs to nobody else
                block.overwrites = True

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.runs[t](x)


class Double(nn.Module):
    """Bilinear up-sampling in float32, which torch does faster than in bfloat16."""

    def __init__(self, upsample: nn.Upsample):
        super().__init__()
        self.upsample = upsample

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(x.float()).to(x.dtype)


class FoldedDecoder(FastDecoder):
    """`AttentionDecoder` in evaluation, by `FastDecoder`'s order of steps."""

    def forward(self, skips: list[Tensor], t: int) -> list[Tensor]:
        return self.climb(skips, t)


class StackedConv(nn.Module):
    """A convolution of stacked maps, without the stack: each map's share is added to the sum of those before it."""

    def __init__(self, weight: Tensor, bias: Tensor, maps: int, dtype: torch.dtype):
        super().__init__()
        biases = [bias] + [torch.zeros_like(bias)] * (maps - 1)
        self.shares = nn.ModuleList(
            FusedConv(share, b, dtype) for share, b in zip(weight.chunk(maps, 1), biases, strict=True)
        )

    def forward(self, maps: list[Tensor], relu: bool = False) -> Tensor:
        total = None
        for conv, x in zip(self.shares, maps, strict=True):
            total = conv(x, total, relu and conv is self.shares[-1])
        return total


class FoldedTail(nn.Module):
    """`Tail` in evaluation; its logits are in float32 at least."""

    def __init__(self, tail: Tail, dtype: torch.dtype):
        super().__init__()
        self.block, conv = FoldedBlock(tail.block, dtype), tail.classify
        self.classify = FusedConv(conv.weight, conv.bias, torch.promote_types(dtype, torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.block(x))


class FoldedStacking(FoldedTail):
    """`FeatureStacking` of two or more maps in evaluation."""

    def __init__(self, stacking: FeatureStacking, maps: int, dtype: torch.dtype):
        super().__init__(stacking.tail, dtype)
        block = stacking.tail.block
        self.conv1 = StackedConv(*folded(block.conv1, block.norm1), maps, dtype)
        self.shortcut = StackedConv(*folded(*block.shortcut), maps, dtype)

    def forward(self, features: list[Tensor]) -> Tensor:
        out, skip = self.conv1(features, relu=True), self.shortcut(features)
        return self.classify(self.block.conv2(out, onto=skip, relu=True))


class Halve(nn.Module):
    """2×2 max pooling of a channels-last map as two comparisons of long rows."""

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        lines = channels_last(x).permute(0, 2, 3, 1).reshape(B, H // 2, 2, W * C)
        pairs = torch.maximum(lines[:, :, 0], lines[:, :, 1]).view(B, H // 2, W // 2, 2, C)
        return torch.maximum(pairs[..., 0, :], pairs[..., 1, :]).permute(0, 3, 1, 2)


def inference(model: nn.Module, precision: Precision = "fp32") -> nn.Module:
    """A copy of a network that gives the same scores in less time, on a CPU.

    Parameters
    ----------
    model : Module
        In evaluation mode. An `RRCANet` is folded; any other network is returned as it is, and so is a folded one.
    precision : {"fp32", "bf16"}
        Of kernels and maps; "fp32" keeps what the model has. Sums are in float32 either way.

    Returns
    -------
    Module
        For evaluation only: its norms are gone, so it must not be trained, and it does not follow later
        changes of `model`. Its logits are float32.

    Raises
    ------
    InputError
        If the model is in training mode, or for another precision.

    Notes
    -----
    Scores of the shipped weights differ from the plain network's by less than 1e-4 (tested), since sums are rounded
    in another order. In bfloat16 they differ by more; it pays on processors that multiply bfloat16
    (`rrca.precision.multiplies_bfloat16`).
    `rrca bench inference` shows what either saves.

    Examples
    --------
    >>> from rrca import build
    >>> network = build("rrcanet-resnet10", in_channels=1).eval()
    >>> x = torch.rand(1, 1, 32, 32)
    >>> with torch.inference_mode():
    ...     bool((inference(network)(x) - network(x)).abs().max() < 1e-4)
    True
    """
    if precision not in get_args(Precision):
        raise InputError(f"precision = {precision!r}: choose {' or '.join(map(repr, get_args(Precision)))}.")
    if model.training:
        raise InputError(f"{type(model).__name__} is in training mode; call .eval() before fast.inference.")
    if not isinstance(model, RRCANet) or isinstance(model.pool, Halve):
        return model
    dtype = torch.bfloat16 if precision == "bf16" else next(model.parameters()).dtype
    with torch.no_grad():
        return _fold(model, dtype)


def _fold(part: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A copy of a part, with what can be folded in it folded."""
    if type(part) in (ResidualBlock, FastResidualBlock):
        return FoldedBlock(part, dtype)
    if isinstance(part, RuCB):
        return FoldedStage([_fold(run, dtype) for run in part._runs])
    if isinstance(part, FeatureStacking) and isinstance(part.tail.block.shortcut, nn.Sequential):
        block = part.tail.block
        return FoldedStacking(part, block.conv1.in_channels // block.conv1.out_channels, dtype)
    if isinstance(part, Tail):
        return FoldedTail(part, dtype)
    if isinstance(part, nn.MaxPool2d):
        return Halve()
    if isinstance(part, nn.Upsample) and dtype == torch.bfloat16:
        return Double(part)
    if isinstance(part, nn.Conv2d):
        return FusedConv(part.weight, part.bias, dtype)
    if not part._modules or isinstance(
        part, ChannelAttention
    ):  # its products, of a few numbers, stay as they are
        return copy.deepcopy(part).requires_grad_(False)
    new = copy.copy(part)
    new._modules = {name: _fold(child, dtype) for name, child in part._modules.items()}
    if type(part) in (AttentionDecoder, FastDecoder):
        new.__class__ = FoldedDecoder
    return new
