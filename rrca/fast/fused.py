"""A folded convolution with what comes after it, bias, sum and ReLU, in one pass over the map.

On a CPU torch's convolutions are oneDNN's, which can add another map and cut off at zero while a result is still in
a register, and which order a kernel for the processor at each call, or once. torch has operations for both, made
for its compiler; they can be called without one.
"""

import torch
from torch import Tensor, nn

from rrca.fast.wide import LANES, _reshaped, _twice, channels_last


def _fused() -> tuple[torch.dtype, ...]:
    """The precisions of the operations; others, and builds without oneDNN, take one step after the other."""
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return ()
    # oneDNN refuses bfloat16 on processors with AVX2 alone, where torch's plain convolution still computes it.
    half = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return (torch.float32, torch.bfloat16) if half else (torch.float32,)


FUSED = _fused()
USUAL = 64  # rows and columns of the map that a kernel is ordered for; others run as well


class FusedConv(nn.Module):
    """A convolution with stride 1 that keeps height and width, its kernel made ready once.

    Parameters
    ----------
    weight : Tensor of shape (C_out, C_in, h, w)
        h and w odd.
    bias : Tensor of shape (C_out,)
    dtype : torch.dtype
        Of the kernel and of the maps; sums are in float32 even if this is bfloat16.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W), channels-last. As in `rrca.fast.wide.convolve` two neighbouring
    outputs are computed as one pixel where both fit into a register. It has no parameters: nothing in it can be
    trained or moved to another device.
    """

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype):
        super().__init__()
        self.dtype, self.channels = dtype, len(weight)
        padding = [weight.shape[2] // 2, weight.shape[3] // 2]
        self.single = _ready(weight, bias, padding, 1, dtype)
        self.pairs = None
        if 2 * self.channels <= LANES:
            self.pairs = _ready(_twice(weight), torch.cat([bias, bias]), padding, 2, dtype)

    def forward(self, x: Tensor, onto: Tensor | None = None, relu: bool = False) -> Tensor:
        """The convolution of x; with `onto`, (B, C_out, H, W), added to it there, overwriting it; then a ReLU."""
        x = channels_last(x.to(self.dtype))
        if self.pairs is None or x.shape[3] % 2:
            return _convolve(x, self.single, onto, relu)
        onto = None if onto is None else _reshaped(onto, 2 * self.channels)
        return _reshaped(_convolve(x, self.pairs, onto, relu), self.channels)  # (B, 2 C_out, H, W / 2) -> …


def _ready(weight: Tensor, bias: Tensor, padding: list[int], columns: int, dtype: torch.dtype) -> tuple:
    """What a convolution with a stride of so many columns is called with, after the map."""
    weight, bias = channels_last(weight.detach().to(dtype)), bias.detach().to(dtype, copy=True)
    stride = [1, columns]
    if dtype in FUSED:
        size = [1, weight.shape[1], USUAL, USUAL]
        weight = torch.ops.mkldnn._reorder_convolution_weight(weight, padding, stride, [1, 1], 1, size)
    return weight, bias, padding, stride, [1, 1], 1


def _convolve(x: Tensor, ready: tuple, onto: Tensor | None, relu: bool) -> Tensor:
    """[relu] (conv(x) [+ onto])."""
    if x.dtype not in FUSED:
        weight, bias, padding, stride, *_ = ready
        out = torch.conv2d(x, weight, bias, stride, padding)
        out = out if onto is None else onto.add_(out)
        return out.relu_() if relu else out
    if onto is None:
        return torch.ops.mkldnn._convolution_pointwise(x, *ready, "relu" if relu else "none", [], "")
    last = "relu" if relu else None
    return torch.ops.mkldnn._convolution_pointwise_.binary(onto, x, *ready, "add", 1.0, last, [], "")
