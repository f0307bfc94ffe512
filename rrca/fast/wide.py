"""Maps of few channels, seen so that they fill a processor's vectors.

A channels-last map of 8 channels is a long row of 8-number pixels. A vector register holds 8 numbers (AVX2), 16 or
more, so programs that go pixel by pixel leave it half empty or worse. Two views, neither of which copies anything,
fill it:

- several pixels side by side make one row of a matrix of 64 columns (`wide`), for whatever treats each channel alone;
- two neighbouring pixels make one of twice the channels (`convolve`), for convolutions.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COLUMNS = 64  # numbers in a row of `wide`: a few registers of any width
FEW = 16  # with fewer channels torch's own norms of a channels-last map take their time
# float32 numbers in a register, the channels that a convolution computes at a time
LANES = 16 if "AVX512" in torch.backends.cpu.get_cpu_capability() else 8


def channels_last(x: Tensor) -> Tensor:
    """A map with its channels side by side in memory; the same tensor if they are."""
    return x.contiguous(memory_format=torch.channels_last)


def pixels_side_by_side(x: Tensor) -> int:
    """k: the power of 2 that divides a frame's pixels and makes rows of up to 64 numbers."""
    _, C, H, W = x.shape
    k = 1
    while 2 * k * C <= COLUMNS and H * W % (2 * k) == 0:
        k *= 2
    return k


def wide(x: Tensor) -> Tensor:
    """A channels-last map as a matrix of up to 64 columns, each of which belongs to one channel.

    Parameters
    ----------
    x : Tensor of shape (B, C, H, W)
        Channels-last; anything else is copied.

    Returns
    -------
    Tensor of shape (B H W / k, k C)
        A view. Column j belongs to channel j % C; k = 64 // C rounded down to a power of two that divides B H W.

    Examples
    --------
    >>> wide(torch.zeros(2, 8, 4, 4)).shape
    torch.Size([4, 64])
    """
    B, C, H, W = x.shape
    k = pixels_side_by_side(x)
    return x.permute(0, 2, 3, 1).reshape(B * H * W // k, k * C)


def narrow(matrix: Tensor, shape: torch.Size) -> Tensor:
    """The channels-last map of `shape` (B, C, H, W) that `wide` made a matrix of; a view."""
    B, C, H, W = shape
    return matrix.view(B, H, W, C).permute(0, 3, 1, 2)


def normalise(x: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor, Tensor]:
    """Normalise a channels-last map by its own statistics as `norm` does in training, whose running ones follow.

    Returns
    -------
    y : Tensor of shape (B, C, H, W)
        γ (x − mean) / √(variance + ε) + β.
    mean, spread : Tensor of shape (C,)
        Mean and 1 / √(variance + ε), for `normalise_gradient`.
    """
    norm.num_batches_tracked += 1
    C, M = x.shape[1], x.numel() // x.shape[1]
    if C >= FEW:
        return torch.native_batch_norm(
            x, norm.weight, norm.bias, norm.running_mean, norm.running_var, True, norm.momentum, norm.eps
        )
    matrix, k = wide(x), pixels_side_by_side(x)
    # Of each column alone; in the precision of the running statistics given, which momentum 0 leaves alone.
    zeros = _constant(0.0, k * C, norm.weight.dtype)
    means, variances = torch.batch_norm_update_stats(matrix, zeros, zeros, 0.0)
    means, variances = means.view(k, C), variances.view(k, C)
    mean = means.mean(0)
    variance = (variances + (means - mean) ** 2).mean(0)
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (M / (M - 1)), norm.momentum)
    spread = (variance + norm.eps).rsqrt_()
    scale = norm.weight * spread
    y = _scale_shift(matrix, scale, torch.addcmul(norm.bias, mean, scale, value=-1), k)
    return narrow(y, x.shape), mean, spread


def normalise_gradient(gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, spread: Tensor):
    """Gradients of `normalise` with respect to x, γ and β; γ is `weight`."""
    if len(mean) >= FEW:
        return torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, None, None, mean, spread, True, 0.0, [True, True, True]
        )
    g, matrix, k, M = wide(gradient), wide(x), pixels_side_by_side(x), x.numel() // len(mean)
    product, total = _sums(g, matrix, mean, k)  # Σ g (x − mean), Σ g
    along = product * spread  # the gradient of γ
    # dx = s (g − Σ g / M − x̂ Σ g x̂ / M) with s = γ · spread, rounded once to the map's precision
    scale = (weight * spread).to(g.dtype)
    slope = along * spread * scale / -M
    dx = _scale_shift(matrix, slope, -(total * scale / M + mean * slope), k)
    return narrow(dx.addcmul_(g, _columns(scale, k)), x.shape), along, total


def _columns(channel: Tensor, k: int) -> Tensor:
    """One value per channel, (C,), for each column of `wide`'s matrix, (k C,)."""
    return torch.cat([channel] * k)


@lru_cache
def _constant(value: float, length: int, dtype: torch.dtype) -> Tensor:
    """The same number many times; made once, since making it costs as much as a small sum. Never written to."""
    return torch.full((length,), value, dtype=dtype)


def _sums(a: Tensor, b: Tensor, shift: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Σ a (b − shift) and Σ a of each channel, in one pass over two matrices of `wide`."""
    # Just what the backward pass of BatchNorm sums for the gradients of its scale and its shift.
    shift = _columns(shift, k)
    ones = _constant(1.0, len(shift), shift.dtype)
    _, product, total = torch.ops.aten.native_batch_norm_backward(
        a, b, ones, None, None, shift, ones, True, 0.0, [False, True, True]
    )
    return product.view(k, -1).sum(0), total.view(k, -1).sum(0)


def _scale_shift(matrix: Tensor, scale: Tensor, shift: Tensor, k: int) -> Tensor:
    """matrix · scale + shift by channel, in one pass, with factors more precise than the matrix may be."""
    # The evaluation form of BatchNorm, with mean 0, variance 1 and eps 0.
    scale, shift = _columns(scale, k), _columns(shift, k)
    zeros, ones = (_constant(value, len(scale), scale.dtype) for value in (0.0, 1.0))
    return torch.native_batch_norm(matrix, scale, shift, zeros, ones, False, 0.0, 0.0)[0]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution with stride 1 that keeps height and width, (B, C_in, H, W) -> (B, C_out, H, W).

    Notes
    -----
    Where a register holds 2 C_out numbers, two neighbouring outputs are computed as one pixel of so many channels:
    the kernel stands twice, side by side and one column apart, in a kernel of one more column, which moves two
    columns at a time. A third more products than needed (for 3×3), but twice as many at a time.
    """
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    if not _in_pairs(x, weight):
        return torch.conv2d(x, weight, bias, 1, padding)
    bias = None if bias is None else torch.cat([bias, bias])
    pairs = torch.conv2d(x, _twice(weight), bias, (1, 2), padding)  # (B, 2 C_out, H, W / 2)
    return _reshaped(pairs, len(weight))


def input_gradient(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Gradient of `convolve` with respect to x: a convolution with the kernel turned and its channels exchanged."""
    turned = weight.transpose(0, 1)
    if _in_pairs(x, turned):
        return convolve(gradient, turned.flip(2, 3))
    return _gradient(gradient, x, weight, (1, 1), [True, False, False])[0]


def weight_gradient(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Gradient of `convolve` with respect to the weight, of which only the shape matters."""
    if not _in_pairs(x, weight):
        return _gradient(gradient, x, weight, (1, 1), [False, True, False])[1]
    C, _, _, width = weight.shape
    pairs = _gradient(_reshaped(gradient, 2 * C), x, _twice(weight), (1, 2), [False, True, False])[1]
    return pairs[:C, ..., :width] + pairs[C:, ..., 1:]


def _gradient(gradient: Tensor, x: Tensor, weight: Tensor, stride: tuple[int, int], which: list[bool]):
    """torch's own gradients of a convolution, with the padding that `convolve` gives it."""
    padding = (weight.shape[2] // 2, (weight.shape[3] - 1) // 2)
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, None, stride, padding, (1, 1), False, (0, 0), 1, which
    )


def _in_pairs(x: Tensor, weight: Tensor) -> bool:
    """Whether two outputs fit into one register of `LANES` numbers, and every output has a partner."""
    return 2 * len(weight) <= LANES and weight.shape[3] > 1 and x.shape[3] % 2 == 0


def _twice(weight: Tensor) -> Tensor:
    """A kernel beside itself, (C_out, C_in, h, w) -> (2 C_out, C_in, h, w + 1)."""
    padded = F.pad(weight.contiguous(), (1, 1))
    return torch.cat([padded[..., 1:], padded[..., :-1]])


def _reshaped(x: Tensor, channels: int) -> Tensor:
    """Neighbouring pixels of a channels-last map joined, or one cut in two, to get so many channels; a view."""
    B, C, H, W = x.shape
    return x.permute(0, 2, 3, 1).reshape(B, H, W * C // channels, channels).permute(0, 3, 1, 2)
