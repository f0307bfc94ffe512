"""RepISD-Net: a shallow U-Net whose blocks have four branches in training and one 3×3 convolution afterwards."""

import copy
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import conv_norm_relu
from rrca.errors import InputError
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init

Form = Literal["training", "converted", "deployed"]
BINS = (1, 2, 3, 6)  # sides of the pooled pyramid, in pixels


@dataclass(frozen=True)
class RepISDNetConfig:
    """RepISD-Net as its authors built it.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    form : {"training", "converted", "deployed"}
        Of the blocks: with all branches; the same with the central difference as an ordinary convolution; one
        convolution a block. `RepISDNet.convert` makes the others of the first. The paper's Table I prints the
        FLOPs of the second beside the parameters of the third.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the authors' is "xavier-kernels".
    """

    in_channels: int = 3
    form: Form = "training"
    init: Init = "xavier-kernels"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_choice(self, "form", get_args(Form))
        require_choice(self, "init", INITS)


# --- One block in three forms, each (B, C_in, H, W) -> (B, C_out, H, W) --------------------------------------


class CentralDifference(nn.Module):
    """A 3×3 convolution of what the neighbours differ from the middle pixel: Σ_k w_k (x_k − x_0).

    Parameters
    ----------
    in_channels, out_channels : int
        Of its input and output.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W). Computed as conv(x, w) − conv1×1(x, Σ_k w_k), so that beyond the
    border the neighbours are 0 and the middle is not.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv = _conv3x3(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        w = self.conv.weight
        return F.conv2d(x, w, padding=1) - F.conv2d(x, w.sum((2, 3), keepdim=True))

    def folded(self) -> nn.Conv2d:
        """The ordinary convolution that does the same: the sum of all taps is taken off the middle one."""
        conv = copy.deepcopy(self.conv)
        with torch.no_grad():
            conv.weight[:, :, 1, 1] -= self.conv.weight.sum((2, 3))
        return conv


class EdgeCompensation(nn.Module):
    """ECB: the ReLU of a 3×3 convolution, a difference of neighbours, a 1×1 convolution and the input, each normed.

    Parameters
    ----------
    in_channels, out_channels : int
        The input is added only where they agree.
    difference : callable
        Makes the second branch's convolution, (in_channels, out_channels) -> Module.

    Notes
    -----
    Shapes (B, C_in, H, W) -> (B, C_out, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, difference=CentralDifference):
        super().__init__()
        convolutions = [
            _conv3x3(in_channels, out_channels),
            difference(in_channels, out_channels),
            nn.Conv2d(in_channels, out_channels, 1),
            *([nn.Identity()] if in_channels == out_channels else []),
        ]
        self.branches = nn.ModuleList(
            nn.Sequential(conv, nn.BatchNorm2d(out_channels)) for conv in convolutions
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(sum(branch(x) for branch in self.branches))


def _conv3x3(in_channels: int, out_channels: int, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)


def _single(in_channels: int, out_channels: int) -> nn.Sequential:
    """What a block becomes: one 3×3 convolution and the ReLU."""
    return nn.Sequential(_conv3x3(in_channels, out_channels, bias=True), nn.ReLU(inplace=True))


BLOCKS = {
    "training": EdgeCompensation,
    "converted": lambda in_channels, out_channels: EdgeCompensation(in_channels, out_channels, _conv3x3),
    "deployed": _single,
}


def converted(block: EdgeCompensation) -> EdgeCompensation:
    """A copy of the block whose difference is an ordinary convolution."""
    twin = copy.deepcopy(block)
    if isinstance(twin.branches[1][0], CentralDifference):
        twin.branches[1][0] = twin.branches[1][0].folded()
    return twin


@torch.no_grad()
def deployed(block: EdgeCompensation) -> nn.Sequential:
    """One 3×3 convolution and the ReLU, which compute what the block does in evaluation mode."""
    kernels, biases = zip(*(_folded(*branch) for branch in converted(block).branches), strict=True)
    weight = sum(kernels)
    single = _single(weight.shape[1], weight.shape[0]).to(weight)
    single[0].weight.copy_(weight)
    single[0].bias.copy_(sum(biases))
    return single


def _folded(conv: nn.Module, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A convolution (1×1, 3×3, or none) and its norm as one kernel (C_out, C_in, 3, 3) and one bias (C_out,)."""
    if isinstance(conv, nn.Identity):
        weight, bias = torch.eye(norm.num_features).to(norm.weight)[:, :, None, None], None
    else:
        weight, bias = conv.weight, conv.bias
    if weight.shape[-1] == 1:
        weight = F.pad(weight, (1, 1, 1, 1))  # one tap, in the middle
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # γ / σ
    # The 1×1 convolution's own bias counts too; the authors' program leaves it out, and its two forms then differ.
    shift = norm.bias - scale * norm.running_mean + (0 if bias is None else scale * bias)
    return weight * scale[:, None, None, None], shift


CONVERSIONS = {"converted": converted, "deployed": deployed}

# --- The network ---------------------------------------------------------------------------------------------


class PyramidPooling(nn.Module):
    """Append what the map is on average in 1, 4, 9 and 36 fields of it: (B, 32, H, W) -> (B, 64, H, W).

    A norm stands behind the pooling to one pixel, so a training batch needs two frames.
    """

    def __init__(self, channels: int):
        super().__init__()
        width = channels // len(BINS)
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(side), *conv_norm_relu(channels, width, kernel_size=1, bias=False)
            )
            for side in BINS
        )

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[2:]
        pooled = [
            F.interpolate(
                level(x), size=size, mode="bilinear", align_corners=True
            )  # (B, 8, s, s) -> (B, 8, H, W)
            for level in self.levels
        ]
        return torch.cat([x, *pooled], dim=1)


class RepISDNet(nn.Module):
    """Three levels of blocks that fold, and a pooled pyramid in front of the head.

    Parameters
    ----------
    config : RepISDNetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W), in training too; H and W divisible by `multiple` = 4. With
    C_in = 3: 558 530 parameters in training, 279 106 deployed. The head has two channels, as in the authors'
    program, of which the second is the target's and the first gets no loss.

    References
    ----------
    Wu et al., "RepISD-Net: Learning efficient infrared small-target detection network via structural
    re-parameterization", IEEE TGRS 2023. The RRCA-Net paper, Table I.
    """

    multiple = 4

    def __init__(self, config: RepISDNetConfig):
        super().__init__()
        self.config = config
        block = BLOCKS[config.form]
        self.stem = nn.Sequential(
            conv_norm_relu(config.in_channels, 32, bias=False), conv_norm_relu(32, 32, bias=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.down1 = nn.Sequential(block(32, 64), block(64, 64))
        self.down2 = nn.Sequential(block(64, 64), block(64, 64))
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.up1 = nn.Sequential(block(128, 64), block(64, 32))
        self.up0 = nn.Sequential(block(64, 32), block(32, 32))
        self.pyramid = PyramidPooling(32)
        self.head = nn.Sequential(
            conv_norm_relu(64, 32, bias=False), nn.Dropout2d(0.1), nn.Conv2d(32, 2, kernel_size=1)
        )
        INITS[config.init](self)

    def forward(self, x: Tensor) -> Tensor:
        check_frames(self, x, least_batch=2)
        f1 = self.stem(x)  # (B, C_in, H, W) -> (B, 32, H, W)
        f2 = self.down1(self.pool(f1))  # (B, 64, H/2, W/2)
        f3 = self.down2(self.pool(f2))  # (B, 64, H/4, W/4)
        u2 = self.up1(torch.cat([f2, self.upsample(f3)], dim=1))  # (B, 32, H/2, W/2)
        u1 = self.up0(torch.cat([f1, self.upsample(u2)], dim=1))  # (B, 32, H, W)
        return self.head(self.pyramid(u1))[:, 1:]  # (B, 2, H, W) -> (B, 1, H, W)

    def convert(self, form: Form = "deployed") -> "RepISDNet":
        """A copy in another form, for evaluation: it computes the same as this network does in evaluation mode.

        Parameters
        ----------
        form : {"converted", "deployed"}
            See `RepISDNetConfig`.

        Returns
        -------
        RepISDNet
            In evaluation mode; a card, if there is one, says the new form.

        Raises
        ------
        InputError
            For another form, or if this network has no branches left.

        Examples
        --------
        >>> small = RepISDNet(RepISDNetConfig()).convert("deployed")
        >>> sum(p.numel() for p in small.parameters())
        279106
        """
        if form not in CONVERSIONS:
            raise InputError(f"form = {form!r}: choose one of {', '.join(CONVERSIONS)}.")
        if self.config.form == "deployed":
            raise InputError("this network is deployed: its blocks have no branches left to convert.")
        twin = copy.deepcopy(self).eval()
        twin.config = replace(self.config, form=form)
        for stage in (twin.down1, twin.down2, twin.up1, twin.up0):
            for i, block in enumerate(stage):
                stage[i] = CONVERSIONS[form](block)
        if hasattr(self, "card"):
            twin.card = {**self.card, "settings": {**self.card["settings"], "form": form}}
        return twin.eval()
