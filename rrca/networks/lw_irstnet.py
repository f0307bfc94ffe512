"""LW-IRSTNet: a light network of depth-wise, atrous and asymmetric bottlenecks."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.errors import InputError
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init


@dataclass(frozen=True)
class LWIRSTNetConfig:
    """LW-IRSTNet as its authors released it.

    Parameters
    ----------
    in_channels : int, default 3
        C_in, below 8: the first convolution gives 8 − C_in maps, the pooled frame the others.
    kernels : tuple of 4 int, default (7, 7, 7, 7)
        Odd lengths of the four asymmetric bottlenecks. With the default the network has the parameters of the
        paper's Table I; its FLOPs there are those of (3, 5, 7, 9), the class default of the authors' program.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the authors' is "framework".
    """

    in_channels: int = 3
    kernels: tuple[int, ...] = (7, 7, 7, 7)
    init: Init = "framework"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_whole(self, "kernels", length=4)
        require_choice(self, "init", INITS)
        if self.in_channels >= 8:
            raise InputError(
                f"in_channels = {self.in_channels}: the first layer has 8 maps; give 7 or fewer."
            )
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise InputError(f"kernels = {self.kernels}: needs odd lengths, which have a middle.")


class Initial(nn.Module):
    """Half the size by a convolution and by pooling, side by side: (B, C_in, H, W) -> (B, 8, H/2, W/2)."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 8 - in_channels, 3, stride=2, padding=1, bias=False)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.activation = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(torch.cat([self.conv(x), self.pool(x)], dim=1)))


class Down(nn.Module):
    """Half the size and more channels: the pooled input, filled up with zeros, plus a bottleneck's branch.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H/2, W/2).
    """

    def __init__(self, in_channels: int, out_channels: int, drop: float):
        super().__init__()
        middle = in_channels // 4
        self.pool = nn.MaxPool2d(2)
        self.branch = nn.Sequential(
            *_conv(in_channels, middle, nn.PReLU(), kernel_size=2, stride=2),
            *_conv(middle, middle, nn.PReLU(), kernel_size=3, padding=1),
            *_conv(middle, out_channels, nn.PReLU(), kernel_size=1),
            nn.Dropout2d(drop),
        )
        self.added = out_channels - in_channels
        self.activation = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        main = F.pad(
            self.pool(x), (0, 0, 0, 0, 0, self.added)
        )  # (B, C_in, …) -> (B, C_out, …), zeros appended
        return self.activation(main + self.branch(x))


class Bottleneck(nn.Module):
    """A residual branch that is narrow or depth-wise in its middle: act(x + branch(x)).

    Parameters
    ----------
    channels : int
        C.
    width : int
        Of the middle.
    middle : Module
        Keeps (B, width, H, W).
    drop : float
        Share of the branch's maps that training drops.
    activation : callable
        Makes an activation.

    Notes
    -----
    Shapes (B, C, H, W) -> (B, C, H, W).
    """

    def __init__(self, channels: int, width: int, middle: nn.Module, drop: float, activation=nn.PReLU):
        super().__init__()
        self.branch = nn.Sequential(
            *_conv(channels, width, activation(), kernel_size=1),
            middle,
            *_conv(width, channels, activation(), kernel_size=1),
            nn.Dropout2d(drop),
        )
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(x + self.branch(x))


def _conv(in_channels: int, out_channels: int, activation: nn.Module, **how) -> tuple[nn.Module, ...]:
    """A convolution without bias, its norm and an activation."""
    return (
        nn.Conv2d(in_channels, out_channels, bias=False, **how),
        nn.BatchNorm2d(out_channels),
        activation,
    )


def regular(channels: int, drop: float, activation=nn.PReLU) -> Bottleneck:
    """A 3×3 convolution on a quarter of the channels."""
    m = channels // 4
    middle = nn.Sequential(*_conv(m, m, activation(), kernel_size=3, padding=1))
    return Bottleneck(channels, m, middle, drop, activation)


def depthwise(channels: int, drop: float) -> Bottleneck:
    """One 3×3 kernel a channel on twice the channels; its activation is a ReLU everywhere."""
    m = 2 * channels
    middle = nn.Sequential(*_conv(m, m, nn.ReLU(inplace=True), kernel_size=3, padding=1, groups=m))
    return Bottleneck(channels, m, middle, drop)


def atrous(channels: int, drop: float, dilation: int) -> Bottleneck:
    """A dilated 3×3 convolution on a quarter of the channels."""
    m = channels // 4
    middle = nn.Sequential(*_conv(m, m, nn.PReLU(), kernel_size=3, padding=dilation, dilation=dilation))
    return Bottleneck(channels, m, middle, drop)


def asymmetric(channels: int, drop: float, kernel: int) -> Bottleneck:
    """A column and then a row of `kernel` pixels, on a quarter of the channels."""
    m = channels // 4
    middle = nn.Sequential(
        *_conv(m, m, nn.PReLU(), kernel_size=(kernel, 1), padding=(kernel // 2, 0)),
        *_conv(m, m, nn.PReLU(), kernel_size=(1, kernel), padding=(0, kernel // 2)),
    )
    return Bottleneck(channels, m, middle, drop)


class LWIRSTNet(nn.Module):
    """Three levels down to an eighth of the frame, and transposed convolutions back, added to the skips.

    Parameters
    ----------
    config : LWIRSTNetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W), in training too; H and W divisible by `multiple` = 8.
    163 232 parameters with C_in = 3. The authors' program also registers five layers that never run (4 568
    parameters); they are left out.

    References
    ----------
    Kou et al., "LW-IRSTNet: Lightweight infrared small target segmentation network and application deployment",
    IEEE TGRS 2023. The RRCA-Net paper, Table I.
    """

    multiple = 8

    def __init__(self, config: LWIRSTNetConfig):
        super().__init__()
        self.config = config
        self.level1 = Initial(config.in_channels)
        self.level2 = nn.Sequential(Down(8, 32, 0.01), *(regular(32, 0.01) for _ in range(4)))
        self.level3 = nn.Sequential(
            Down(32, 64, 0.1),
            *(
                part
                for kernel, (near, far) in zip(config.kernels, [(2, 4), (8, 16)] * 2, strict=True)
                for part in (
                    depthwise(64, 0.1),
                    atrous(64, 0.1, near),
                    asymmetric(64, 0.1, kernel),
                    atrous(64, 0.1, far),
                )
            ),
        )
        self.up2 = _double(64, 32)
        self.decode2 = nn.Sequential(*(regular(32, 0.1, nn.ReLU) for _ in range(2)))
        self.up1 = _double(32, 8)
        self.decode1 = regular(8, 0.1, nn.ReLU)
        self.head = _double(8, 1)
        INITS[config.init](self)

    def forward(self, x: Tensor) -> Tensor:
        check_frames(self, x)
        e1 = self.level1(x)  # (B, C_in, H, W) -> (B, 8, H/2, W/2)
        e2 = self.level2(e1)  # (B, 32, H/4, W/4)
        e3 = self.level3(e2)  # (B, 64, H/8, W/8)
        d2 = self.decode2(self.up2(e3) + e2)  # (B, 32, H/4, W/4)
        d1 = self.decode1(self.up1(d2) + e1)  # (B, 8, H/2, W/2)
        return self.head(d1)  # (B, 1, H, W)


def _double(in_channels: int, out_channels: int) -> nn.ConvTranspose2d:
    """A transposed convolution to exactly twice height and width."""
    return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=False)
