"""DNANet, a dense lattice of gated residual nodes, and a reading of it with RuCB."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.blocks import GatedResidualBlock, ResidualBlock, residual_stage
from rrca.networks.checks import check_frames, require_choice, require_whole
from rrca.networks.initial import INITS, Init
from rrca.reuse import Recurrent, RuCB, is_kernel

RATIO, KERNEL = 16, 7  # r and k of the gates


@dataclass(frozen=True)
class DNANetConfig:
    """DNANet with its widest channels and the "ResNet-18" depth, the one in the paper's Table I.

    Parameters
    ----------
    in_channels : int, default 3
        C_in.
    channels : tuple of int, default (16, 32, 64, 128, 256)
        C_i of row i of the lattice, at 1/2^i of height and width.
    blocks : tuple of int, default (1, 2, 2, 2, 2)
        Residual blocks a node, by row.
    deep_supervision : bool, default True
        Four heads, on the first row's nodes, in training; otherwise one.
    init : {"xavier", "xavier-kernels", "kaiming", "framework"}
        See `rrca.networks.initial`; the RRCA-Net release draws "xavier", the authors "xavier-kernels".
    """

    in_channels: int = 3
    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 2, 2)
    deep_supervision: bool = True
    init: Init = "xavier"

    def __post_init__(self):
        require_whole(self, "in_channels")
        require_whole(self, "channels")
        require_whole(self, "blocks", length=len(self.channels))
        require_choice(self, "deep_supervision", (True, False))
        require_choice(self, "init", INITS)


@dataclass(frozen=True)
class DNANetRuCBConfig(DNANetConfig):
    """DNANet's settings, and those of the recurrence.

    Parameters
    ----------
    iterations : int, default 2
        n: extra iterations, so n + 1 passes; 0 is the control.
    outer_gates : bool, default True
        Whether stem and pyramid fusion keep DNANet's gates. Without them the counts meet the paper's too.
    """

    iterations: int = 2
    outer_gates: bool = True

    def __post_init__(self):
        super().__post_init__()
        require_whole(self, "iterations", least=0)
        require_choice(self, "outer_gates", (True, False))

    @property
    def passes(self) -> int:
        """n + 1."""
        return self.iterations + 1


def gated(in_channels: int, out_channels: int) -> GatedResidualBlock:
    """A residual block with DNANet's gates."""
    return GatedResidualBlock(in_channels, out_channels, RATIO, KERNEL)


def gated_stage(in_channels: int, out_channels: int, blocks: int) -> nn.Sequential:
    """A cascade of them, the first of which changes the channel count."""
    return nn.Sequential(*(gated(a, b) for a, b in pairwise([in_channels] + [out_channels] * blocks)))


class Lattice(nn.Module):
    """The nodes x_{i,j} with j ≥ 1: what grows out of the encoder's column x_{i,0}.

    Parameters
    ----------
    config : DNANetConfig
        Its rows.

    Notes
    -----
    Node x_{i,j} sees all nodes before it in its row, x_{i+1,j-1} enlarged, and x_{i-1,j} reduced (bilinear, not
    pooled). The encoder's column and the lattice are computed together, diagonal by diagonal.
    """

    def __init__(self, config: DNANetConfig):
        super().__init__()
        C, rows = config.channels, len(config.channels)
        self.nodes = nn.ModuleDict()
        for i in range(rows - 1):
            for j in range(1, rows - i):
                width = j * C[i] + C[i + 1] + (C[i - 1] if i else 0)
                self.nodes[f"x{i}{j}"] = gated_stage(width, C[i], config.blocks[i])

    def forward(self, column: list[Tensor]) -> list[list[Tensor]]:
        """Column x_{0,0} … x_{l-1,0} -> rows, `rows[i][j]` = x_{i,j}, (B, C_i, H/2^i, W/2^i)."""
        rows = [[x] for x in column]
        for last in range(1, len(column)):  # the diagonal that ends at x_{0,last}
            for j in range(1, last + 1):
                i = last - j
                parts = [*rows[i], _resize(rows[i + 1][j - 1], 2)]
                if i:
                    parts.append(_resize(rows[i - 1][j], 0.5))
                rows[i].append(self.nodes[f"x{i}{j}"](torch.cat(parts, dim=1)))
        return rows


def _resize(x: Tensor, factor: float) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True)


class PyramidFusion(nn.Module):
    """The last node of every row, brought to C_0 channels and full resolution, joined by one block.

    Parameters
    ----------
    config : DNANetConfig
        Its rows.
    block : callable
        Makes the block, (in_channels, out_channels) -> Module.

    Notes
    -----
    Takes the lattice's rows; gives F, (B, C_0, H, W).
    """

    def __init__(self, config: DNANetConfig, block=gated):
        super().__init__()
        C = config.channels
        self.project = nn.ModuleList(nn.Conv2d(c, C[0], 1) for c in C[1:])
        self.block = block(C[0] * len(C), C[0])

    def forward(self, rows: list[list[Tensor]]) -> Tensor:
        parts = [rows[0][-1]]
        for i, project in enumerate(self.project, start=1):
            parts.append(_resize(project(rows[i][-1]), 2**i))  # (B, C_i, H/2^i, W/2^i) -> (B, C_0, H, W)
        return self.block(torch.cat(parts[::-1], dim=1))  # the deepest first


class Heads(nn.Module):
    """1×1 convolutions on x_{0,1}, x_{0,2}, … and, in place of the last, on the fused map F.

    Parameters
    ----------
    config : DNANetConfig
        Whether there is a head for each, or one on F.

    Notes
    -----
    Takes the first row and F; gives the logits of F in evaluation, and the list o_1 … o_4 in training under
    deep supervision, F's last. All run in both, as in the authors' program: the paper's FLOPs have them.
    """

    def __init__(self, config: DNANetConfig):
        super().__init__()
        heads = len(config.channels) - 1 if config.deep_supervision else 1
        self.convs = nn.ModuleList(nn.Conv2d(config.channels[0], 1, 1) for head in range(heads))

    def forward(self, row: list[Tensor], fused: Tensor) -> Tensor | list[Tensor]:
        judged = [*row[1:-1], fused][-len(self.convs) :]
        logits = [conv(x) for conv, x in zip(self.convs, judged, strict=True)]
        return logits if self.training and len(logits) > 1 else logits[-1]


class DNANet(nn.Module):
    """Five rows of densely nested nodes, from full resolution to a sixteenth, and a pyramid that joins them.

    Parameters
    ----------
    config : DNANetConfig
        What to build.

    Notes
    -----
    Shapes (B, C_in, H, W) -> logits (B, 1, H, W); in training under deep supervision a list of four. H and W
    divisible by `multiple` = 2^(l-1). 4 696 888 parameters with C_in = 3.

    References
    ----------
    Li et al., "Dense nested attention network for infrared small target detection", IEEE TIP 2023. The RRCA-Net
    paper, Table I.
    """

    def __init__(self, config: DNANetConfig):
        super().__init__()
        self.config = config
        self.column = nn.ModuleList(
            gated_stage(a, b, blocks)
            for (a, b), blocks in zip(
                pairwise((config.in_channels, *config.channels)), config.blocks, strict=True
            )
        )
        self.pool = nn.MaxPool2d(2)
        self.lattice = Lattice(config)
        self.fusion = PyramidFusion(config)
        self.heads = Heads(config)
        INITS[config.init](self)

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in pixels."""
        return 2 ** (len(self.config.channels) - 1)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x)
        column = []
        for node in self.column:
            x = node(self.pool(x) if column else x)  # (B, C_{i-1}, H, W) -> (B, C_i, H/2, W/2)
            column.append(x)
        rows = self.lattice(column)
        return self.heads(rows[0], self.fusion(rows))


# --- With RuCB -----------------------------------------------------------------------------------------------


class RecurrentLattice(nn.Module):
    """What DNANet with RuCB repeats: pass t gives the lattice's first row, with F at its end.

    The encoder's column is of plain residual blocks that share all but the norms of their 3×3 convolutions;
    lattice and pyramid fusion are the same modules in every pass, norms included.
    """

    def __init__(self, config: DNANetRuCBConfig, block):
        super().__init__()
        C = config.channels
        self.column = nn.ModuleList()
        for (a, b), blocks in zip(pairwise((C[0], *C)), config.blocks, strict=True):
            stage = residual_stage(a, b, blocks)
            shortcuts = {residual.shortcut for residual in stage}
            self.column.append(
                RuCB(
                    stage,
                    config.passes,
                    lambda part, shortcuts=shortcuts: is_kernel(part) or part in shortcuts,
                )
            )
        self.pool = nn.MaxPool2d(2)
        self.lattice = Lattice(config)
        self.fusion = PyramidFusion(config, block)

    def forward(self, x: Tensor, t: int) -> list[Tensor]:
        column = []
        for node in self.column:
            x = node(self.pool(x) if column else x, t)
            column.append(x)
        rows = self.lattice(column)
        return [*rows[0], self.fusion(rows)]


class LastOf(nn.Module):
    """F, the last map that a pass gives, is the next pass's input."""

    def forward(self, row: list[Tensor]) -> Tensor:
        return row[-1]


class FusedHeads(nn.Module):
    """The heads on the last pass's first row, with the F of all passes joined by a residual block."""

    def __init__(self, config: DNANetRuCBConfig):
        super().__init__()
        C0 = config.channels[0]
        self.fuse = ResidualBlock(C0 * config.passes, C0)
        self.heads = Heads(config)

    def forward(self, passes: list[list[Tensor]]) -> Tensor | list[Tensor]:
        fused = self.fuse(
            torch.cat([row[-1] for row in passes], dim=1)
        )  # (B, 16 (n + 1), H, W) -> (B, 16, H, W)
        return self.heads(passes[-1][:-1], fused)


class DNANetRuCB(Recurrent):
    """DNANet with RuCB: this project's reading, **not known to be the authors' network**.

    No source of it is public. The paper prints 4.697 M parameters, as for DNANet itself, and 15.04 G FLOPs; the
    release names the model with five levels and the arguments of `ResUNetRuCB`. Shortcuts of their own for each
    pass would give 4.79 M, so they are shared here; the extra FLOPs fix n = 2 and a fusion of three maps; and the
    parameters come out even if the recurrent column has no gates. That the table repeats DNANet's count for a
    network that has more cannot be excluded.

    Parameters
    ----------
    config : DNANetRuCBConfig
        What to build.

    Notes
    -----
    Shapes, training outputs and `multiple` as for `DNANet`. 4 696 984 parameters with C_in = 3. The lattice's
    norms see all passes, so their running statistics move n + 1 times a step. It is not DNANet plus recurrence
    alone: a stem comes with it and the column loses its gates, so compare it with itself at `iterations=0`.

    References
    ----------
    The RRCA-Net paper, Section IV-D and Table II.
    """

    def __init__(self, config: DNANetRuCBConfig):
        block = {True: gated, False: ResidualBlock}[config.outer_gates]
        super().__init__(
            stem=block(config.in_channels, config.channels[0]),
            body=RecurrentLattice(config, block),
            output=FusedHeads(config),
            iterations=config.iterations,
            reenter=LastOf(),
        )
        self.config = config
        INITS[config.init](self)

    multiple = DNANet.multiple

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        check_frames(self, x)
        return super().forward(x)
