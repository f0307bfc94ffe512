"""RRCA-Net: the recurrent reusable-convolution attention network.

Reads top down: the configuration, the decoders, the outputs, the network that is composed of them.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import DIAAM, ResidualBlock, Reweight, residual_stage
from rrca.errors import InputError
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init
from rrca.reuse import RuCB, is_kernel, is_kernel_or_norm

Output = Literal["fsm", "last", "deep-supervision"]
Decoder = Literal["diaam", "concat", "sum"]
Guide = Literal["low", "high"]
Norms = Literal["per-pass", "shared"]


@dataclass(frozen=True)
class RRCANetConfig:
    """Every choice that the paper's tables vary.

    Parameters
    ----------
    in_channels : int, default 3
        C_in. The release feeds the grey frame three times (NUAA-SIRST, IRSTD-1k) or once (DenseSIRST).
    channels : tuple of int, default (8, 16, 32, 64)
        C_0 … C_{l-1}, one per level (paper, Table III).
    blocks : tuple of int, default (3, 2, 2, 2)
        Residual blocks per level: "ResNet-18" of Table I.
    iterations : int, default 2
        n: extra iterations, so n + 1 passes (Table IV).
    output : {"fsm", "last", "deep-supervision"}
        What becomes of d_0 … d_n (Table V).
    decoder : {"diaam", "concat", "sum"}
        How the levels are joined (Table VI).
    attention_ratio : int or None, default 8
        r of the channel attention; None for none (Table VI).
    guide : {"low", "high"}
        Which level gates the other; "high" is "re-weight" of Table VI.
    norms : {"per-pass", "shared"}
        Whether each pass owns its BatchNorms (the paper) or all share one set (the control).
    init : {"xavier", "framework", "xavier-kernels", "kaiming"}
        Initial weights, see `rrca.networks.initial`: the release's NUAA-SIRST half, or its DenseSIRST half; and
        two that rivals' authors use.

    Raises
    ------
    InputError
        For a value outside those named here, with the value and what was expected.
    """

    in_channels: int = 3
    channels: tuple[int, ...] = (8, 16, 32, 64)
    blocks: tuple[int, ...] = (3, 2, 2, 2)
    iterations: int = 2
    output: Output = "fsm"
    decoder: Decoder = "diaam"
    attention_ratio: int | None = 8
    guide: Guide = "low"
    norms: Norms = "per-pass"
    init: Init = "xavier"

    def __post_init__(self):
        for field, choices in [
            ("output", OUTPUTS),
            ("decoder", DECODERS),
            ("guide", get_args(Guide)),
            ("norms", get_args(Norms)),
            ("init", INITS),
        ]:
            require_choice(self, field, choices)
        require_whole(self, "channels")
        require_whole(self, "blocks")
        if len(self.channels) != len(self.blocks):
            raise InputError(
                f"channels {self.channels} name {len(self.channels)} levels but blocks {self.blocks} name "
                f"{len(self.blocks)}; give one block count per level."
            )
        require_whole(self, "in_channels")
        require_whole(self, "iterations", least=0)
        if self.attention_ratio is not None:
            require_whole(self, "attention_ratio")

    @property
    def passes(self) -> int:
        """n + 1."""
        return self.iterations + 1


# --- Decoders: from the encoder's features e_0 … e_{l-1} of pass t to the decoder's, d_t last ----------------


class AttentionDecoder(nn.Module):
    """Climb from the deepest level to the finest, joining two levels at a time; one set of weights per pass."""

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        C = config.channels
        block = {"low": DIAAM, "high": Reweight}[config.guide]
        self.fuse = nn.ModuleList(
            nn.ModuleList(block(C[i], C[i + 1], config.attention_ratio) for i in range(len(C) - 1))
            for t in range(config.passes)
        )
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, skips: list[Tensor], t: int) -> list[Tensor]:
        x, features = skips[-1], []
        for low, fuse in zip(reversed(skips[:-1]), reversed(self.fuse[t]), strict=True):
            x = fuse(low, self.upsample(x))  # (B, C_{i+1}, H/2, W/2) -> (B, C_i, H, W)
            features.append(x)
        return features


class ConcatDecoder(nn.Module):
    """Every level up-sampled to full resolution, concatenated, and joined by one residual block for all passes."""

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        self.fuse = _one_activation(ResidualBlock(sum(config.channels), config.channels[0]))

    def forward(self, skips: list[Tensor], t: int) -> list[Tensor]:
        size = skips[0].shape[2:]
        return [
            self.fuse(torch.cat([_resize(e, size) for e in skips], dim=1))
        ]  # (B, ΣC, H, W) -> (B, C_0, H, W)


class SumDecoder(nn.Module):
    """Every level up-sampled, brought to C_0 channels by a 1×1 convolution shared by all passes, and summed."""

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        C = config.channels
        self.project = nn.ModuleList(nn.Conv2d(c, C[0], 1) for c in C[1:])

    def forward(self, skips: list[Tensor], t: int) -> list[Tensor]:
        x = skips[0]
        for e, project in zip(skips[1:], self.project, strict=True):
            x = x + project(_resize(e, x.shape[2:]))  # (B, C_i, H/2^i, W/2^i) -> (B, C_0, H, W)
        return [x]


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=True)


DECODERS = {"diaam": AttentionDecoder, "concat": ConcatDecoder, "sum": SumDecoder}


# --- Outputs: from d_0 … d_n to logits -----------------------------------------------------------------------


class Tail(nn.Module):
    """A residual block and a 1×1 convolution, (B, C, H, W) -> logits (B, 1, H, W)."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.block = _one_activation(ResidualBlock(in_channels, channels))
        self.classify = nn.Conv2d(channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.block(x))


class FeatureStacking(nn.Module):
    """FSM: stack d_0 … d_n, so that the tail sees what every pass found (Eq. 5; n + 1 maps, L_0 … L_n)."""

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        C0 = config.channels[0]
        self.tail = Tail(C0 * config.passes, C0)

    def forward(self, features: list[Tensor]) -> Tensor:
        return self.tail(torch.cat(features, dim=1))  # (B, C_0 (n + 1), H, W) -> (B, 1, H, W)


class LastFeature(nn.Module):
    """Only d_n reaches the tail ("w/o FSM" of Table V)."""

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        self.tail = Tail(config.channels[0], config.channels[0])

    def forward(self, features: list[Tensor]) -> Tensor:
        return self.tail(features[-1])


class DeepSupervision(LastFeature):
    """One tail judges every pass: a list of logits, pass 0 first, in training; the last pass's in evaluation."""

    def forward(self, features: list[Tensor]) -> Tensor | list[Tensor]:
        return [self.tail(d) for d in features] if self.training else self.tail(features[-1])


OUTPUTS = {"fsm": FeatureStacking, "last": LastFeature, "deep-supervision": DeepSupervision}


# --- The network ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """What a frame becomes on its way through the network.

    Parameters
    ----------
    stem : Tensor of shape (B, C_0, H, W)
        The input of pass 0.
    encoder : list of list of Tensor
        `encoder[t][i]` = e_i of pass t, (B, C_i, H/2^i, W/2^i).
    decoder : list of list of Tensor
        `decoder[t][i]` = what pass t's decoder gives at level i, finest level 0 = d_t; levels 0 … l-2 with
        DIAAM, level 0 alone with "concat" and "sum".
    logits : Tensor of shape (B, 1, H, W), or the list that deep supervision gives in training
        Scores before the sigmoid.
    """

    stem: Tensor
    encoder: list[list[Tensor]]
    decoder: list[list[Tensor]]
    logits: Tensor | list[Tensor]

    @property
    def passes(self) -> list[Tensor]:
        """d_0 … d_n, (B, C_0, H, W) each: the maps that FSM stacks."""
        return [levels[0] for levels in self.decoder]


class RRCANet(nn.Module):
    """A small U-shaped network that runs n + 1 times over its own output and stacks what each pass finds.

    Parameters
    ----------
    config : RRCANetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W); H and W divisible by `multiple` = 2^(l-1). The default
    network has 202 249 parameters.

    References
    ----------
    Paper, Section III and Fig. 3.
    """

    def __init__(self, config: RRCANetConfig):
        super().__init__()
        self.config = config
        C = config.channels
        shared = {"per-pass": is_kernel, "shared": is_kernel_or_norm}[config.norms]

        self.stem = _one_activation(ResidualBlock(config.in_channels, C[0]))
        self.encoder = nn.ModuleList(
            RuCB(residual_stage(c_in, c_out, blocks), config.passes, shared)
            for c_in, c_out, blocks in zip((C[0], *C), C, config.blocks, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.decoder = DECODERS[config.decoder](config)
        self.output = OUTPUTS[config.output](config)
        INITS[config.init](self)

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in pixels."""
        return 2 ** (len(self.config.channels) - 1)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        return self.trace(x).logits

    def trace(self, x: Tensor) -> Trace:
        """Run the network and keep the features of every pass and level.

        Parameters
        ----------
        x : Tensor of shape (B, C_in, H, W)
            Normalised frames.

        Returns
        -------
        Trace

        Raises
        ------
        InputError
            If the shape does not fit; the message says what would.
        """
        check_frames(self, x)
        x = stem = self.stem(x)
        encoder, decoder = [], []
        for t in range(self.config.passes):
            skips = self.encode(x, t)
            levels = self.decoder(skips, t)
            x = levels[-1]  # d_t, the input of pass t + 1
            encoder.append(skips)
            decoder.append(levels[::-1])
        return Trace(stem, encoder, decoder, self.output([levels[0] for levels in decoder]))

    def encode(self, x: Tensor, t: int) -> list[Tensor]:
        """Pass t's way down: e_0 … e_{l-1}, halving height and width between levels."""
        skips = []
        for stage in self.encoder:
            x = stage(self.pool(x) if skips else x, t)  # (B, C_{i-1}, H, W) -> (B, C_i, H/2, W/2)
            skips.append(x)
        return skips


def _one_activation(block: ResidualBlock) -> ResidualBlock:
    """Use one ReLU module twice, as in the release outside the stages: only the paper's FLOPs rule can tell."""
    block.relu2 = block.relu1
    return block
