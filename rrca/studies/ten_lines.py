"""A ten-line U-Net that knows nothing of passes, and the same made recurrent, as `rrca.train` takes it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.reuse import Recurrent, recurrent


def layers(c_in: int, c_out: int) -> nn.Sequential:
    """A 3×3 convolution, a norm and an activation."""
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU())


class TenLineUNet(nn.Module):
    """A U-Net of two levels, (B, 1, H, W) -> logits (B, 1, H, W), H and W even; it knows nothing of passes."""

    def __init__(self, C: int = 8):
        super().__init__()
        self.first, self.down, self.deep = layers(1, C), layers(C, 2 * C), layers(2 * C, 2 * C)
        self.up, self.head = layers(3 * C, C), nn.Conv2d(C, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        fine = self.first(x)
        deep = self.deep(self.down(F.max_pool2d(fine, 2)))
        joined = torch.cat([fine, F.interpolate(deep, scale_factor=2.0)], dim=1)
        return self.head(self.up(joined))


@dataclass(frozen=True)
class TenLineConfig:
    """What a recipe may set of the ten-line U-Net.

    Parameters
    ----------
    in_channels : int, default 1
        The network takes no other number; training asks for it.
    iterations : int, default 0
        n.
    """

    in_channels: int = 1
    iterations: int = 0


def ten_lines(config: TenLineConfig) -> Recurrent:
    """The ten-line U-Net with n extra iterations; with `config.iterations` = 0 it computes what the plain one does."""
    network = recurrent(TenLineUNet(), stem="first", head="head", iterations=config.iterations)
    network.config = config
    return network
