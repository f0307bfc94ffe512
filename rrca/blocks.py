"""The small parts of the networks: residual block, attention over channels and pixels, and what joins two levels."""

from itertools import pairwise

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with their norms, added to the input.

    Parameters
    ----------
    in_channels, out_channels : int
        Where they differ, the input passes a 1×1 convolution and a norm before it is added.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W).

    References
    ----------
    Paper, Section III-B; He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels)
            )
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu1(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        return self.relu2(out + self.shortcut(x))


def residual_stage(in_channels: int, out_channels: int, blocks: int) -> nn.Sequential:
    """A cascade of residual blocks, the first of which changes the channel count."""
    widths = [in_channels] + [out_channels] * blocks
    return nn.Sequential(*(ResidualBlock(a, b) for a, b in pairwise(widths)))


class ChannelAttention(nn.Module):
    """Weigh each channel by what its largest and its mean response say.

    CA(F) = F · sigmoid(MLP(max F) + MLP(mean F)); both poolings run over the whole map and share one
    MLP of two 1×1 convolutions without bias.

    Parameters
    ----------
    channels : int
        C of the map.
    ratio : int, default 8
        r: the hidden width is max(1, C // r).

    Notes
    -----
    Shapes (B, C, H, W) -> (B, C, H, W). The paper's text pools the mean "with a stride of 2"; its
    release pools globally, as here.

    References
    ----------
    Paper, Eq. (4); Woo et al., "CBAM", ECCV 2018.
    """

    def __init__(self, channels: int, ratio: int = 8):
        super().__init__()
        hidden = max(1, channels // ratio)
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )

    def weights(self, x: Tensor) -> Tensor:
        """The weight of each channel, (B, C, H, W) -> (B, C, 1, 1), in (0, 1)."""
        largest = self.mlp(x.amax((2, 3), keepdim=True))  # (B, C, 1, 1)
        mean = self.mlp(x.mean((2, 3), keepdim=True))  # (B, C, 1, 1)
        return torch.sigmoid(largest + mean)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weights(x)  # Eq. (4)


class SpatialAttention(nn.Module):
    """Weigh each pixel by the mean and the largest response of its channels.

    SA(F) = F · sigmoid(conv([mean_c F, max_c F])), one k×k convolution without bias.

    Parameters
    ----------
    kernel_size : int, default 7
        k, odd.

    Notes
    -----
    Shapes (B, C, H, W) -> (B, C, H, W). RRCA-Net has none; the residual blocks of DNANet and AMFU-net do.

    References
    ----------
    Woo et al., "CBAM", ECCV 2018.
    """

    def __init__(self, kernel_size: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def weights(self, x: Tensor) -> Tensor:
        """The weight of each pixel, (B, C, H, W) -> (B, 1, H, W), in (0, 1)."""
        return torch.sigmoid(self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weights(x)


class GatedResidualBlock(ResidualBlock):
    """A residual block whose branch passes channel and then spatial attention before it is added.

    Parameters
    ----------
    in_channels, out_channels : int
        As for `ResidualBlock`.
    ratio : int
        r of the channel attention (DNANet 16, AMFU-net 8).
    kernel_size : int
        k of the spatial attention (DNANet 7, AMFU-net 3).

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W).

    References
    ----------
    Woo et al., "CBAM", ECCV 2018; as in Li et al., "Dense nested attention network for infrared small target
    detection", IEEE TIP 2023.
    """

    def __init__(self, in_channels: int, out_channels: int, ratio: int, kernel_size: int):
        super().__init__(in_channels, out_channels)
        self.gates = nn.Sequential(ChannelAttention(out_channels, ratio), SpatialAttention(kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu1(self.norm1(self.conv1(x)))
        out = self.gates(self.norm2(self.conv2(out)))
        return self.relu2(out + self.shortcut(x))


def conv_norm_relu(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
    bias: bool = True,
) -> nn.Sequential:
    """A convolution that keeps the size at stride 1, its norm and a ReLU."""
    padding = dilation * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def bottleneck(channels: int, ratio: int = 4) -> nn.Sequential:
    """1×1 convolutions to C // ratio channels and back, each with its norm: the gates of ACM and UIU-Net."""
    return nn.Sequential(
        *conv_norm_relu(channels, channels // ratio, kernel_size=1),
        nn.Conv2d(channels // ratio, channels, 1),
        nn.BatchNorm2d(channels),
    )


class DIAAM(nn.Module):
    """Dual-level information-aware attention: the low level's gate decides what the high level adds.

    out = low + sigmoid(P_low(low)) · CA(P_high(high))

    Parameters
    ----------
    low_channels, high_channels : int
        C_i of the finer level and C_{i+1} of the coarser one, which arrives already up-sampled.
    ratio : int or None, default 8
        r of the channel attention; None leaves it out ("w/o CA" of Table VI).

    Notes
    -----
    Shapes (B, C_i, H, W), (B, C_{i+1}, H, W) -> (B, C_i, H, W).

    References
    ----------
    Paper, Eq. (3) and (4).
    """

    def __init__(self, low_channels: int, high_channels: int, ratio: int | None = 8):
        super().__init__()
        self.project_low = nn.Conv2d(low_channels, low_channels, 1)
        self.project_high = nn.Conv2d(high_channels, low_channels, 1)
        self.attention = nn.Identity() if ratio is None else ChannelAttention(low_channels, ratio)

    def gate_and_value(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The pixel gate in (0, 1) and the channel-attended map that it lets through, (B, C_i, H, W) each."""
        return torch.sigmoid(self.project_low(low)), self.attention(self.project_high(high))

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        gate, value = self.gate_and_value(low, high)
        return low + gate * value  # Eq. (3)


class Reweight(DIAAM):
    """DIAAM with the roles exchanged: the high level gates the low one ("re-weight" of Table VI).

    out = low + sigmoid(P_high(high)) · CA(P_low(low))
    """

    def gate_and_value(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The gate now comes from the high level, the value from the low one."""
        return torch.sigmoid(self.project_high(high)), self.attention(self.project_low(low))
