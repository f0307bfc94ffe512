"""ResUNet, the paper's plain baseline, and the same network made recurrent by RuCB."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from rrca.blocks import ResidualBlock, residual_stage
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init
from rrca.networks.rrcanet import OUTPUTS
from rrca.reuse import Recurrent, RuCB


@dataclass(frozen=True)
class ResUNetConfig:
    """Width and depth are the release's.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    channels : tuple of int, default (8, 16, 32, 64, 128)
        C_0 … C_{l-1}, one per level.
    blocks : tuple of int, default (1, 2, 2, 2, 2)
        Residual blocks per level on the way down; on the way up there is one a level.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the release draws "xavier".
    """

    in_channels: int = 3
    channels: tuple[int, ...] = (8, 16, 32, 64, 128)
    blocks: tuple[int, ...] = (1, 2, 2, 2, 2)
    init: Init = "xavier"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_whole(self, "channels")
        require_whole(self, "blocks", length=len(self.channels))
        require_choice(self, "init", INITS)


@dataclass(frozen=True)
class ResUNetRuCBConfig(ResUNetConfig):
    """ResUNet's settings, and those of the recurrence.

    Parameters
    ----------
    iterations : int, default 2
        n: extra iterations, so n + 1 passes. 0 is the control for Table II: the stem, the extra level 0 and the
        tail remain, the recurrence goes.
    output : {"fsm", "last", "deep-supervision"}
        What becomes of y_0 … y_n; the source has all three and Table II the first.
    """

    iterations: int = 2
    output: Literal["fsm", "last", "deep-supervision"] = "fsm"

    def __post_init__(self):
        super().__post_init__()
        require_whole(self, "iterations", least=0)
        require_choice(self, "output", OUTPUTS)

    @property
    def passes(self) -> int:
        """n + 1."""
        return self.iterations + 1


class EncoderDecoder(nn.Module):
    """A U-Net of residual blocks without its head.

    Parameters
    ----------
    in_channels : int
        Of its input.
    config : ResUNetConfig
        Its levels.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_0, H, W). Level i has C_i channels at 1/2^i of height and width; `encoder[i]`
    gives e_i and `decoder[i]` d_i.
    """

    def __init__(self, in_channels: int, config: ResUNetConfig):
        super().__init__()
        C = config.channels
        self.encoder = nn.ModuleList(
            residual_stage(c_in, c_out, blocks)
            for c_in, c_out, blocks in zip((in_channels, *C), C, config.blocks, strict=False)
        )
        self.decoder = nn.ModuleList(ResidualBlock(low + high, low) for low, high in pairwise(C))
        self.pool = nn.MaxPool2d(2)
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for stage in self.encoder:
            x = stage(self.pool(x) if skips else x)  # (B, C_{i-1}, H, W) -> (B, C_i, H/2, W/2)
            skips.append(x)
        for low, block in zip(reversed(skips[:-1]), reversed(self.decoder), strict=True):
            x = block(torch.cat([low, self.upsample(x)], dim=1))  # (B, C_{i+1}, H/2, W/2) -> (B, C_i, H, W)
        return x


class ResUNet(nn.Module):
    """A five-level U-Net of residual blocks.

    Parameters
    ----------
    config : ResUNetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W), in training too; H and W divisible by `multiple` = 2^(l-1).
    914 057 parameters with C_in = 3.

    References
    ----------
    Xiao et al., "Weighted Res-UNet for high-quality retina vessel segmentation", ITME 2018; width and depth as in
    the release. The RRCA-Net paper, Table I.
    """

    def __init__(self, config: ResUNetConfig):
        super().__init__()
        self.config = config
        self.body = EncoderDecoder(config.in_channels, config)
        self.head = nn.Conv2d(config.channels[0], 1, 1)
        INITS[config.init](self)

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in pixels."""
        return 2 ** (len(self.config.channels) - 1)

    def forward(self, x: Tensor) -> Tensor:
        check_frames(self, x)
        return self.head(self.body(x))


class ResUNetRuCB(Recurrent):
    """ResUNet whose encoder and decoder run n + 1 times with one set of 3×3 kernels.

    Parameters
    ----------
    config : ResUNetRuCBConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W); with output "deep-supervision" a list of n + 1 of them in
    training, pass 0 first. `multiple` as for `ResUNet`. 979 249 parameters with C_in = 3.

    It is not ResUNet plus recurrence alone: a stem, one more residual block at level 0 and a tail come with it
    (as in the release), so compare it with itself at `iterations=0`.

    References
    ----------
    The RRCA-Net paper, Section IV-D and Table II; the release's program.
    """

    def __init__(self, config: ResUNetRuCBConfig):
        C0 = config.channels[0]
        super().__init__(
            stem=ResidualBlock(config.in_channels, C0),
            body=RuCB(EncoderDecoder(C0, config), config.passes),
            output=OUTPUTS[config.output](config),
            iterations=config.iterations,
        )
        self.config = config
        INITS[config.init](self)

    multiple = ResUNet.multiple

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x)
        return super().forward(x)
