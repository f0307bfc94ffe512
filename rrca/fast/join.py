"""The sum of two levels, DIAAM and its reversal, with the passes over the full map counted.

out = low + sigmoid(gate) · value · a,   a = sigmoid(MLP(max value) + MLP(mean value))   (paper, Eq. 3 and 4)
"""

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rrca.blocks import DIAAM, ChannelAttention, Reweight
from rrca.fast.wide import channels_last, narrow, pixels_side_by_side
from rrca.networks.rrcanet import AttentionDecoder


class Join(Function):
    """(low, gate, value), (B, C, H, W) each, and the attention's two matrices -> (B, C, H, W)."""

    @staticmethod
    def forward(ctx, low, gate, value, squeeze, expand):
        v = rows(value)  # (B, H W / k, k C)
        B, C = len(v), low.shape[1]
        top = v.amax(1).view(B, -1, C).amax(1)  # (B, C)
        mean = v.mean(1, dtype=squeeze.dtype).view(B, -1, C).mean(1)
        pooled = torch.cat([top.to(squeeze.dtype), mean])  # (2 B, C)
        hidden = (pooled @ squeeze.T).relu_()
        weight = (hidden @ expand.T).view(2, B, C).sum(0).sigmoid_()  # (B, C)
        s = torch.sigmoid(rows(gate))
        out = torch.addcmul(rows(low), s, v * across(weight, v))
        ctx.save_for_backward(s, value, top, pooled, hidden, weight, squeeze, expand)
        return narrow(out, low.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        s, value, top, pooled, hidden, weight, squeeze, expand = ctx.saved_tensors
        gradient = channels_last(gradient)
        g, v = rows(gradient), rows(value)
        B, C = weight.shape
        N = value.shape[2] * value.shape[3]
        a = across(weight, v)
        opened = g * s
        through = opened * v
        dweight = through.sum(1, dtype=weight.dtype).view(B, -1, C).sum(1)
        # The attention's two matrices, on B pairs of pooled values.
        dlogit = (dweight * weight * (1 - weight)).repeat(2, 1)  # (2 B, C)
        dexpand = dlogit.T @ hidden
        dhidden = torch.ops.aten.threshold_backward(dlogit @ expand, hidden, 0)
        dsqueeze = dhidden.T @ pooled
        dtop, dmean = (dhidden @ squeeze).view(2, B, C)
        # The largest value's gradient goes to where it was found, in equal parts if at several places.
        found = torch.eq(v, across(top, v), out=torch.empty_like(v))
        count = found.sum(1, dtype=weight.dtype).view(B, -1, C).sum(1)
        dvalue = torch.addcmul(across(dmean / N, v), opened, a).addcmul_(found, across(dtop / count, v))
        through *= a
        dgate = through.addcmul_(through, s, value=-1)  # of the sigmoid: s (1 - s)
        shape = gradient.shape
        return gradient, narrow(dgate, shape), narrow(dvalue, shape), dsqueeze, dexpand


def rows(x: Tensor) -> Tensor:
    """Several pixels of a channels-last map in a row, (B, C, H, W) -> (B, H W / k, k C)."""
    k = pixels_side_by_side(x)
    B, C, H, W = x.shape
    return x.permute(0, 2, 3, 1).reshape(B, H * W // k, k * C)


def across(channel: Tensor, v: Tensor) -> Tensor:
    """One value per frame and channel, (B, C), for every column of `rows`, (B, 1, k C)."""
    return torch.cat([channel.to(v.dtype)] * (v.shape[2] // channel.shape[1]), 1).unsqueeze(1)


class FastDecoder(AttentionDecoder):
    """`AttentionDecoder` in training on a CPU: projects before it up-samples, and joins in one step of autograd."""

    def forward(self, skips: list[Tensor], t: int) -> list[Tensor]:
        fast = self.training and skips[0].is_cpu
        return self.climb(skips, t) if fast else super().forward(skips, t)

    def climb(self, skips: list[Tensor], t: int) -> list[Tensor]:
        """What the parent's `forward` does, in the order that costs less."""
        if not isinstance(self.fuse[t][0].attention, ChannelAttention):
            return super().forward(skips, t)
        x, features = skips[-1], []
        for low, fuse in zip(reversed(skips[:-1]), reversed(self.fuse[t]), strict=True):
            x = self._join(fuse, low, x)
            features.append(x)
        return features

    def _join(self, fuse: DIAAM, low: Tensor, high: Tensor) -> Tensor:
        # A projection mixes channels and up-sampling mixes pixels, with weights of sum 1: they may change places.
        near, far = fuse.project_low(low), self.upsample(fuse.project_high(high))
        gate, value = (far, near) if isinstance(fuse, Reweight) else (near, far)
        squeeze, expand = (fuse.attention.mlp[i].weight.flatten(1) for i in (0, 2))
        low, gate, value = (channels_last(x.to(gate.dtype)) for x in (low, gate, value))
        with torch.autocast("cpu", enabled=False):
            return Join.apply(low, gate, value, squeeze, expand)
