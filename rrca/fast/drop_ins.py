"""A training step with less work: drop-ins for the parts of a built network, the same parameters, the same numbers.

The readable parts are in `rrca.blocks` and `rrca.networks.rrcanet`; each class here computes what its parent does.
"""

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rrca.blocks import ResidualBlock
from rrca.fast.join import FastDecoder
from rrca.fast.wide import (
    FEW,
    channels_last,
    convolve,
    input_gradient,
    normalise,
    normalise_gradient,
    weight_gradient,
)
from rrca.networks.rrcanet import AttentionDecoder
from rrca.reuse import RuCB


class ConvNorm(Function):
    """Convolution, BatchNorm with the batch's statistics and, where asked for, a sum and a ReLU: one step of autograd.

    y = [relu] (norm(conv(x)) [+ skip])

    The norm takes away whatever constant the convolution's bias adds, so its gradient is 0 and is not computed.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, gamma, beta, skip, norm, relu):
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        with torch.autocast("cpu", enabled=False):
            x = channels_last(x.to(dtype))
            z = convolve(x, weight.to(dtype), None if bias is None else bias.to(dtype))
            y, mean, spread = normalise(z, norm)
            if skip is not None:
                y += channels_last(skip)
            if relu:
                y.relu_()
        ctx.save_for_backward(x, weight, gamma, mean, spread, z, y if relu else None)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight, gamma, mean, spread, z, y = ctx.saved_tensors
        g = channels_last(gradient)
        if y is not None:
            g = torch.ops.aten.threshold_backward(g, y, 0)
        dz, dgamma, dbeta = normalise_gradient(g, z, gamma, mean, spread)
        kernel = weight.to(x.dtype)
        dx = input_gradient(dz, x, kernel) if ctx.needs_input_grad[0] else None
        dweight = weight_gradient(dz, x, kernel)
        dskip = g if ctx.needs_input_grad[5] else None
        dbias = torch.zeros_like(dbeta) if ctx.needs_input_grad[2] else None
        return dx, dweight.to(weight.dtype), dbias, dgamma, dbeta, dskip, None, None


def conv_norm(
    x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d, skip: Tensor | None = None, relu: bool = False
):
    """A convolution and its norm in training."""
    return ConvNorm.apply(x, conv.weight, conv.bias, norm.weight, norm.bias, skip, norm, relu)


class FastResidualBlock(ResidualBlock):
    """`ResidualBlock` in training on a CPU, each convolution with all that follows it in one step."""

    def forward(self, x: Tensor) -> Tensor:
        # From 16 channels on torch's own operations fill a vector.
        narrow = x.is_cpu and self.conv1.out_channels < FEW
        if not (narrow and all(m.training for m in self.modules() if isinstance(m, nn.BatchNorm2d))):
            return super().forward(x)
        skip = x
        if isinstance(self.shortcut, nn.Sequential):
            skip = conv_norm(x, *self.shortcut)
        out = conv_norm(x, self.conv1, self.norm1, relu=True)
        return conv_norm(out, self.conv2, self.norm2, skip=skip, relu=True)


DROP_INS = {ResidualBlock: FastResidualBlock, AttentionDecoder: FastDecoder}


def training(model: nn.Module) -> nn.Module:
    """Replace parts of a network by drop-ins that train in less time on a CPU.

    Parameters
    ----------
    model : Module
        Any network; those parts are replaced that are exactly a `ResidualBlock` or an `AttentionDecoder`.

    Returns
    -------
    Module
        The same network, changed in place. Parameters, their names and `state_dict` stay what they are.

    Notes
    -----
    In evaluation, on other devices and with frozen norms the drop-ins run what they replace. In training,
    outputs, gradients and running statistics are those of the plain network up to rounding; the gradient of a
    bias in front of a norm, which is zero but for rounding, is exactly zero. Parts inside a drop-in do not
    run their own `forward`, so hooks on them are not called. Gradients of gradients are refused by autograd.

    What it saves is measured by `rrca bench train`. Give the network channels-last memory, and to each step an
    optimiser with `fused=True`.

    Examples
    --------
    >>> from rrca import build
    >>> network = training(build("rrcanet-resnet18", in_channels=1).to(memory_format=torch.channels_last))
    >>> type(network.stem).__name__
    'FastResidualBlock'
    """
    for part in list(model.modules()):
        # The containers of passes t ≥ 1 are in no registry, so that nothing is listed twice.
        for run in part._runs if isinstance(part, RuCB) else [part]:
            for module in run.modules():
                module.__class__ = DROP_INS.get(type(module), type(module))
    return model
