"""ACM: a U-shaped residual network whose skips are joined by asymmetric contextual modulation."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import bottleneck, conv_norm_relu
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init


@dataclass(frozen=True)
class ACMConfig:
    """The U-Net form with three blocks a stage, the one that has the 0.398 M parameters of the paper's Table I.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    channels : tuple of 4 int, default (8, 16, 32, 64)
        Of the stem's first convolution, then of the three stages.
    blocks : int, default 3
        Residual blocks a stage.
    norm_momentum : float, default 0.1
        Weight of the newest batch in the running statistics of the norms outside the residual blocks. The
        public PyTorch port has 0.9, which its MXNet original means as the weight of the *old* value: 0.1 here.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the RRCA-Net release draws "xavier", the authors "framework".
    """

    in_channels: int = 3
    channels: tuple[int, ...] = (8, 16, 32, 64)
    blocks: int = 3
    norm_momentum: float = 0.1
    init: Init = "xavier"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_whole(self, "channels", least=4, length=4)  # the modulation has a quarter of the channels
        require_whole(self, "blocks")
        require_choice(self, "norm_momentum", (0.1, 0.9))
        require_choice(self, "init", INITS)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions without bias, added to the input; the first may halve height and width.

    Parameters
    ----------
    in_channels, out_channels, stride : int
        Where the size or the channels change, the input passes a 1×1 convolution and a norm.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H/stride, W/stride).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.relu = nn.ReLU(
            inplace=True
        )  # one module for both, as in the release: the paper's FLOPs rule can tell
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            self.relu,
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.branch(x) + self.shortcut(x))


class AsymmetricModulation(nn.Module):
    """Join two levels: the high level's global context gates the low one, the low level's pixels gate the high one.

    out = post(2 · low · t(mean of high) + 2 · high · b(low)), t per channel, b per channel and pixel

    Parameters
    ----------
    channels : int
        C of both levels.

    Notes
    -----
    Shapes (B, C, H, W), (B, C, H, W) -> (B, C, H, W). A norm stands behind the global pooling, so a training
    batch needs two frames.

    References
    ----------
    Dai et al., "Asymmetric contextual modulation for infrared small target detection", WACV 2021.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.top_down = nn.Sequential(nn.AdaptiveAvgPool2d(1), bottleneck(channels))
        self.bottom_up = bottleneck(channels)
        self.post = conv_norm_relu(channels, channels)

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        t = torch.sigmoid(self.top_down(high))  # (B, C, H, W) -> (B, C, 1, 1)
        b = torch.sigmoid(self.bottom_up(low))
        return self.post(2 * low * t + 2 * high * b)


class ACM(nn.Module):
    """Three residual stages at 1/4 to 1/16 of the frame, and two asymmetric modulations on the way back.

    Parameters
    ----------
    config : ACMConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W), in training too; H and W divisible by `multiple` = 16. The
    logits are computed at a quarter of height and width and enlarged. 397 971 parameters with C_in = 3.

    References
    ----------
    Dai et al., "Asymmetric contextual modulation for infrared small target detection", WACV 2021; its U-Net form
    as in the authors' open-acm. The RRCA-Net paper, Table I.
    """

    multiple = 16

    def __init__(self, config: ACMConfig):
        super().__init__()
        self.config = config
        C0, C1, C2, C3 = config.channels
        self.stem = nn.Sequential(
            nn.BatchNorm2d(config.in_channels),
            conv_norm_relu(config.in_channels, C0, stride=2, bias=False),
            conv_norm_relu(C0, C0, bias=False),
            conv_norm_relu(C0, C1, bias=False),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.layer1 = _stage(C1, C1, config.blocks, stride=1)
        self.layer2 = _stage(C1, C2, config.blocks, stride=2)
        self.layer3 = _stage(C2, C3, config.blocks, stride=2)
        self.deconv2 = nn.ConvTranspose2d(C3, C2, 4, stride=2, padding=1)
        self.fuse2 = AsymmetricModulation(C2)
        self.uplayer2 = _stage(C2, C2, config.blocks, stride=1)
        self.deconv1 = nn.ConvTranspose2d(C2, C1, 4, stride=2, padding=1)
        self.fuse1 = AsymmetricModulation(C1)
        self.uplayer1 = _stage(C1, C1, config.blocks, stride=1)
        self.head = nn.Sequential(
            conv_norm_relu(C1, C1 // 4, bias=False), nn.Dropout(0.1), nn.Conv2d(C1 // 4, 1, kernel_size=1)
        )
        for name, module in self.named_modules():
            if isinstance(module, nn.BatchNorm2d) and ".branch." not in name:
                module.momentum = config.norm_momentum
        INITS[config.init](self)

    def forward(self, x: Tensor) -> Tensor:
        check_frames(self, x, least_batch=2)
        c1 = self.layer1(self.stem(x))  # (B, C_in, H, W) -> (B, C_1, H/4, W/4)
        c2 = self.layer2(c1)  # (B, C_2, H/8, W/8)
        c3 = self.layer3(c2)  # (B, C_3, H/16, W/16)
        u2 = self.uplayer2(self.fuse2(high=self.deconv2(c3), low=c2))  # (B, C_2, H/8, W/8)
        u1 = self.uplayer1(self.fuse1(high=self.deconv1(u2), low=c1))  # (B, C_1, H/4, W/4)
        return F.interpolate(
            self.head(u1), scale_factor=4, mode="bilinear"
        )  # (B, 1, H/4, W/4) -> (B, 1, H, W)


def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
    """Residual blocks, the first of which changes size and channels."""
    first = BasicBlock(in_channels, out_channels, stride)
    return nn.Sequential(first, *(BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)))
