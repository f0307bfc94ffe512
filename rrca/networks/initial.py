"""Initial weights: the four schemes that the authors of the networks, or of the comparison, draw from."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

Init = Literal["xavier", "xavier-kernels", "kaiming", "framework"]


def framework(network: nn.Module) -> None:
    """torch's own defaults, drawn anew: what RuCB copied from pass 0 is drawn once more for every other pass."""
    for module in network.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


def xavier(network: nn.Module) -> None:
    """Xavier-normal convolutions, norm weights ~ N(1, 0.02²): the RRCA-Net release, for every network it compares."""
    _draw(network, nn.init.xavier_normal_, _scatter)


def xavier_kernels(network: nn.Module) -> None:
    """Xavier-normal convolutions, norms as torch sets them: DNANet's and RepISD-Net's authors."""
    _draw(network, nn.init.xavier_normal_, lambda norm: None)


def kaiming(network: nn.Module) -> None:
    """Kaiming-normal convolutions (fan-in, for ReLU), norm weights ~ N(1, 0.02²): AMFU-net's constructor."""
    _draw(network, lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"), _scatter)


def _draw(
    network: nn.Module, kernel: Callable[[Tensor], object], norm: Callable[[nn.Module], object]
) -> None:
    """Draw every convolution's weight (transposed ones too) and every norm; biases of convolutions stay torch's."""
    framework(network)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            kernel(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            norm(module)


def _scatter(norm: nn.BatchNorm2d) -> None:
    nn.init.normal_(norm.weight, 1.0, 0.02)
    nn.init.zeros_(norm.bias)


INITS: dict[Init, Callable[[nn.Module], None]] = {
    "xavier": xavier,
    "xavier-kernels": xavier_kernels,
    "kaiming": kaiming,
    "framework": framework,
}
