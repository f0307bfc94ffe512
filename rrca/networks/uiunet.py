"""UIU-Net: a six-level U-Net whose every stage is a U-Net itself."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import SpatialAttention, bottleneck, conv_norm_relu
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init


@dataclass(frozen=True)
class UIUNetConfig:
    """UIU-Net as its authors built it: 50.5 M parameters.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the RRCA-Net release draws "xavier", the authors "framework".
    """

    in_channels: int = 3
    init: Init = "xavier"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_choice(self, "init", INITS)


class InnerUNet(nn.Module):
    """A U-Net as a stage (RSU): what it finds inside is added to what its first convolution gave.

    Parameters
    ----------
    in_channels, middle, out_channels : int
        Of its input, its inside, its output.
    dilations : tuple of int
        Of the levels' convolutions, the deepest last; the deepest works at the size of the one before it.
    pooled : bool
        Whether height and width halve between the other levels (RSU-L, with L dilations), or all levels keep the
        size (RSU-4F).

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W).
    """

    def __init__(
        self, in_channels: int, middle: int, out_channels: int, dilations: tuple[int, ...], pooled: bool
    ):
        super().__init__()
        widths = [out_channels] + [middle] * len(dilations)
        self.enter = conv_norm_relu(in_channels, out_channels)
        self.down = nn.ModuleList(
            conv_norm_relu(a, b, dilation=d) for (a, b), d in zip(pairwise(widths), dilations, strict=True)
        )
        self.up = nn.ModuleList(
            conv_norm_relu(2 * middle, c, dilation=d) for c, d in zip(widths, dilations[:-1], strict=False)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True) if pooled else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = entered = self.enter(x)  # (B, C_in, H, W) -> (B, C_out, H, W)
        levels = []
        for conv in self.down[:-1]:
            x = conv(self.pool(x) if levels else x)  # (B, M, H, W) -> (B, M, H/2, W/2)
            levels.append(x)
        x = self.down[-1](x)
        for low, conv in zip(reversed(levels), reversed(self.up), strict=True):
            x = conv(torch.cat([_to_size_of(low, x), low], dim=1))  # (B, M, H/2, W/2) -> (B, M, H, W)
        return x + entered


def pooled_stage(in_channels: int, middle: int, out_channels: int, depth: int) -> InnerUNet:
    """RSU-L with L = depth: each level at half the size of the one before, but the last."""
    return InnerUNet(in_channels, middle, out_channels, (*[1] * (depth - 1), 2), pooled=True)


def dilated_stage(in_channels: int, middle: int, out_channels: int) -> InnerUNet:
    """RSU-4F: four levels of growing dilation in place of pooling."""
    return InnerUNet(in_channels, middle, out_channels, (1, 2, 4, 8), pooled=False)


def _to_size_of(target: Tensor, x: Tensor) -> Tensor:
    """Bilinear to another map's height and width."""
    size = target.shape[2:]
    return x if x.shape[2:] == size else F.interpolate(x, size=size, mode="bilinear")


class CrossAttention(nn.Module):
    """Interactive cross-attention: the high level weighs the low one's channels, the low one the high one's pixels.

    Parameters
    ----------
    channels : int
        C of both levels.

    Notes
    -----
    Shapes (B, C, H, W), (B, C, H, W) -> (B, 2 C, H, W): the attended low level, then the high one. The last
    convolution is one module for both, low first, so its norm's statistics move twice a step. A norm stands
    behind the global pooling, so a training batch needs two frames.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.project = conv_norm_relu(channels, channels, kernel_size=1)
        self.channel_gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), bottleneck(channels))
        self.reduce = conv_norm_relu(channels, channels // 4, kernel_size=1)
        self.pixel_gate = SpatialAttention(3)
        self.post = conv_norm_relu(channels, channels)

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        high = self.project(high)
        low = low * torch.sigmoid(self.channel_gate(high))
        gate = self.pixel_gate.weights(self.reduce(low))  # (B, 1, H, W)
        return torch.cat([self.post(2 * low), self.post(2 * high * gate)], dim=1)


class UIUNet(nn.Module):
    """A U-Net of six inner U-Nets down and five up, with cross-attention on four of its five skips.

    Parameters
    ----------
    config : UIUNetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W); in training a list of seven: the fused o_0, then o_1 … o_6 of
    the finest to the deepest level. H and W divisible by `multiple` = 32. 50 541 461 parameters with C_in = 3.

    References
    ----------
    Wu, Hong and Chanussot, "UIU-Net: U-Net in U-Net for infrared small object detection", IEEE TIP 2023. The
    RRCA-Net paper, Table I.
    """

    multiple = 32

    def __init__(self, config: UIUNetConfig):
        super().__init__()
        self.config = config
        self.down = nn.ModuleList(
            [
                pooled_stage(config.in_channels, 32, 64, depth=7),
                pooled_stage(64, 32, 128, depth=6),
                pooled_stage(128, 64, 256, depth=5),
                pooled_stage(256, 128, 512, depth=4),
                dilated_stage(512, 256, 512),
                dilated_stage(512, 256, 512),
            ]
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        # Level by level, the finest first; the finest skip is only concatenated.
        self.join = nn.ModuleList([_Concatenate(), *(CrossAttention(C) for C in (128, 256, 512, 512))])
        self.up = nn.ModuleList(
            [
                pooled_stage(128, 16, 64, depth=7),
                pooled_stage(256, 32, 64, depth=6),
                pooled_stage(512, 64, 128, depth=5),
                pooled_stage(1024, 128, 256, depth=4),
                dilated_stage(1024, 256, 512),
            ]
        )
        self.heads = nn.ModuleList(nn.Conv2d(C, 1, 3, padding=1) for C in (64, 64, 128, 256, 512, 512))
        self.fuse = nn.Conv2d(6, 1, 1)
        INITS[config.init](self)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x, least_batch=2)
        size, skips = x, []
        for stage in self.down:
            x = stage(self.pool(x) if skips else x)  # S_i: (B, C_i, H/2^(i-1), W/2^(i-1))
            skips.append(x)
        judged = [x]
        for low, join, stage in zip(
            reversed(skips[:-1]), reversed(self.join), reversed(self.up), strict=True
        ):
            x = stage(join(_to_size_of(low, x), low))  # D_i, twice the height and width of D_{i+1}
            judged.insert(0, x)
        sides = [_to_size_of(size, head(y)) for head, y in zip(self.heads, judged, strict=True)]
        fused = self.fuse(torch.cat(sides, dim=1))  # six of (B, 1, H, W) -> (B, 1, H, W)
        return [fused, *sides] if self.training else fused


class _Concatenate(nn.Module):
    """The finest skip has no attention."""

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        return torch.cat([high, low], dim=1)
