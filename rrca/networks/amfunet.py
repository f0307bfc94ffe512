"""AMFU-net, a full-scale-skip U-Net with one attention block for all fusions, and a reading of it with RuCB."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import GatedResidualBlock, ResidualBlock, conv_norm_relu
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init
from rrca.reuse import Recurrent, RuCB, is_convolution

RATIO, KERNEL = 8, 3  # r and k of the gates in every residual block
BRANCH = 8  # channels that each level gives to a fusion


@dataclass(frozen=True)
class AMFUNetConfig:
    """AMFU-net as its authors built it.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    channels : tuple of int, default (8, 16, 32, 64, 128)
        Of the encoder's levels, the finest first.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the RRCA-Net release draws "xavier" on NUAA-SIRST and IRSTD-1k and leaves
        the constructor's "kaiming" on DenseSIRST.
    """

    in_channels: int = 3
    channels: tuple[int, ...] = (8, 16, 32, 64, 128)
    init: Init = "xavier"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_whole(self, "channels")
        require_choice(self, "init", INITS)


@dataclass(frozen=True)
class AMFUNetRuCBConfig(AMFUNetConfig):
    """AMFU-net's settings, and n of the recurrence.

    Parameters
    ----------
    iterations : int, default 2
        n: extra iterations, so n + 1 passes; 0 is the control.
    """

    iterations: int = 2

    def __post_init__(self):
        super().__post_init__()
        require_whole(self, "iterations", least=0)

    @property
    def passes(self) -> int:
        """n + 1."""
        return self.iterations + 1


class FullScaleFusion(nn.Module):
    """The features of every level, brought to one resolution, reduced to 8 channels each, attended and mixed.

    Parameters
    ----------
    level : int
        m, 0 at full resolution.
    sources : tuple of int
        Channels that arrive from each level, the finest first.

    Notes
    -----
    Shapes: level j (B, sources[j], H/2^j, W/2^j) -> (B, 8 l, H/2^m, W/2^m), with l levels.
    """

    def __init__(self, level: int, sources: tuple[int, ...]):
        super().__init__()
        width = BRANCH * len(sources)
        # Resampling first, so that every convolution works at this level's resolution.
        self.branches = nn.ModuleList(
            nn.Sequential(_resample(2.0 ** (j - level)), conv_norm_relu(channels, BRANCH))
            for j, channels in enumerate(sources)
        )
        self.mix = conv_norm_relu(width, width)

    def forward(self, levels: list[Tensor], attention: nn.Module) -> Tensor:
        joined = torch.cat(
            [branch(x) for branch, x in zip(self.branches, levels, strict=True)], dim=1
        )  # level j: (B, sources[j], H/2^j, W/2^j) -> (B, 8, H/2^m, W/2^m)
        return self.mix(attention(joined))


def _resample(factor: float) -> nn.Module:
    """To `factor` times height and width: max pooling down, bilinear up."""
    if factor == 1:
        return nn.Identity()
    if factor < 1:
        return nn.MaxPool2d(round(1 / factor), ceil_mode=True)
    return nn.Upsample(scale_factor=factor, mode="bilinear")


class FullScaleDecoder(nn.Module):
    """From the deepest level up, a fusion a level, each of what the encoder gave above and the decoder below it.

    Parameters
    ----------
    channels : tuple of int
        Of the encoder's levels.

    Notes
    -----
    Takes the list h_1 … h_l and gives the list d_1 … d_{l-1}, h_l, the finest first; d_m has 8 l channels. The
    attention is one module for all levels.
    """

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        width = BRANCH * len(channels)
        self.attention = GatedResidualBlock(width, width, RATIO, KERNEL)
        depth = len(channels) - 1
        self.fusions = nn.ModuleList(
            FullScaleFusion(m, (*channels[: m + 1], *[width] * (depth - m - 1), channels[-1]))
            for m in range(depth)
        )

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        levels = list(levels)
        for m in reversed(range(len(self.fusions))):
            levels[m] = self.fusions[m](levels, self.attention)  # h_m is replaced by d_m
        return levels


class Heads(nn.Module):
    """One 3×3 convolution a level, enlarged to the frame; the prediction is the mean of their logits.

    Parameters
    ----------
    channels : tuple of int
        Of the encoder's levels.

    Notes
    -----
    Takes d_1 … d_l, the finest first. Gives the mean in evaluation; in training the list of the levels' logits,
    the deepest first, and then the mean.
    """

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        widths = [BRANCH * len(channels)] * (len(channels) - 1) + [channels[-1]]
        self.convs = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for width in widths)

    def forward(self, levels: list[Tensor]) -> Tensor | list[Tensor]:
        size = levels[0].shape[2:]
        logits = [
            F.interpolate(conv(x), size=size, mode="bilinear")  # (B, C, H/2^m, W/2^m) -> (B, 1, H, W)
            for conv, x in zip(self.convs, levels, strict=True)
        ]
        mean = torch.stack(logits).mean(0)
        return [*logits[::-1], mean] if self.training else mean


class AMFUNet(nn.Module):
    """A five-level encoder of gated residual blocks whose decoder sees every level at every level.

    Parameters
    ----------
    config : AMFUNetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W); in training a list of six: s_5 … s_1 and their mean. H and W
    divisible by `multiple` = 2^(l-1). 472 969 parameters with C_in = 3.

    References
    ----------
    Chung et al., "Lightweight infrared small target detection network using full-scale skip connection U-Net",
    IEEE GRSL 2023. The RRCA-Net paper, Table I.
    """

    def __init__(self, config: AMFUNetConfig):
        super().__init__()
        self.config = config
        self.encoder = nn.ModuleList(
            GatedResidualBlock(a, b, RATIO, KERNEL)
            for a, b in pairwise((config.in_channels, *config.channels))
        )
        self.pool = nn.MaxPool2d(2)
        self.decoder = FullScaleDecoder(config.channels)
        self.heads = Heads(config.channels)
        INITS[config.init](self)

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in pixels."""
        return 2 ** (len(self.config.channels) - 1)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x)
        levels = []
        for block in self.encoder:
            x = block(self.pool(x) if levels else x)  # (B, C_{m-1}, H, W) -> (B, C_m, H/2, W/2)
            levels.append(x)
        return self.heads(self.decoder(levels))


# --- With RuCB -----------------------------------------------------------------------------------------------


class RecurrentLevels(nn.Module):
    """What AMFU-net with RuCB repeats: pass t gives d_1 … d_4, d_5, as `FullScaleDecoder` does.

    Four levels of plain residual blocks (kernels shared; norms and shortcuts owned), the deepest gated block
    (the same in every pass, its norms too), and the decoder (convolutions shared, norms owned).
    """

    def __init__(self, config: AMFUNetRuCBConfig):
        super().__init__()
        C = config.channels
        self.encoder = nn.ModuleList(
            RuCB(ResidualBlock(a, b), config.passes) for a, b in pairwise((C[0], *C[:-1]))
        )
        self.pool = nn.MaxPool2d(2)
        self.deepest = GatedResidualBlock(C[-2], C[-1], RATIO, KERNEL)
        self.decoder = RuCB(FullScaleDecoder(C), config.passes, shared=is_convolution)

    def forward(self, x: Tensor, t: int) -> list[Tensor]:
        levels = []
        for block in self.encoder:
            x = block(self.pool(x) if levels else x, t)
            levels.append(x)
        return self.decoder([*levels, self.deepest(self.pool(x))], t)


class Reenter(nn.Module):
    """d_1 as the next pass's input: (B, 8 l, H, W) -> (B, C_1, H, W)."""

    def __init__(self, config: AMFUNetRuCBConfig):
        super().__init__()
        self.reduce = conv_norm_relu(BRANCH * len(config.channels), config.channels[0])

    def forward(self, levels: list[Tensor]) -> Tensor:
        return self.reduce(levels[0])


class FusedHeads(nn.Module):
    """The heads on the last pass's levels, with the d_1 of all passes fused in place of the finest."""

    def __init__(self, config: AMFUNetRuCBConfig):
        super().__init__()
        width = BRANCH * len(config.channels)
        self.fuse = nn.Conv2d(width * config.passes, width, 1)
        self.heads = Heads(config.channels)

    def forward(self, passes: list[list[Tensor]]) -> Tensor | list[Tensor]:
        fused = self.fuse(
            torch.cat([levels[0] for levels in passes], dim=1)
        )  # (B, 40 (n + 1), H, W) -> (B, 40, H, W)
        return self.heads([fused, *passes[-1][1:]])


class AMFUNetRuCB(Recurrent):
    """AMFU-net with RuCB: this project's reading, **not known to be the authors' network**.

    No source of it is public. The paper prints 0.489 M parameters and 5.77 G FLOPs, and the release's training
    program names the model with the arguments of `ResUNetRuCB`. Of some 27 600 designs that were costed, five
    meet both figures; all five have n = 2, no gates in the recurrent encoder levels, shortcuts owned by each pass
    and four recurrent levels. They differ in how d_1 re-enters and how the passes are fused; this is the plainest.

    Parameters
    ----------
    config : AMFUNetRuCBConfig
        What to build.

    Notes
    -----
    Shapes, training outputs and `multiple` as for `AMFUNet`. 489 123 parameters with C_in = 3. It is not AMFU-net
    plus recurrence alone: a gated stem and a level-0 block come with it and the other levels lose their gates, so
    compare it with itself at `iterations=0`.

    References
    ----------
    The RRCA-Net paper, Section IV-D and Table II.
    """

    def __init__(self, config: AMFUNetRuCBConfig):
        super().__init__(
            stem=GatedResidualBlock(config.in_channels, config.channels[0], RATIO, KERNEL),
            body=RecurrentLevels(config),
            output=FusedHeads(config),
            iterations=config.iterations,
            reenter=Reenter(config) if config.iterations else None,
        )
        self.config = config
        INITS[config.init](self)

    multiple = AMFUNet.multiple

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x)
        return super().forward(x)
