"""Every network by name."""

from dataclasses import fields, replace

from torch import nn

from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANet, RRCANetConfig

# Blocks per level of the paper's Table I. Another network is one more line.
CONFIGS = {
    "rrcanet-resnet10": RRCANetConfig(blocks=(2, 1, 1, 1)),
    "rrcanet-resnet18": RRCANetConfig(blocks=(3, 2, 2, 2)),
    "rrcanet-resnet34": RRCANetConfig(blocks=(4, 4, 6, 3)),
}


def names() -> list[str]:
    """The names that `build` knows."""
    return list(CONFIGS)


def build(name: str, **overrides) -> nn.Module:
    """Build a network with fresh weights, drawn from torch's current random state.

    Parameters
    ----------
    name : str
        One of `names()`.
    **overrides
        Fields of the network's configuration, `rrca.networks.rrcanet.RRCANetConfig`.

    Returns
    -------
    Module
        Maps (B, C_in, H, W) to logits (B, 1, H, W); carries `name`, `config` and `multiple`.

    Raises
    ------
    InputError
        For an unknown name, an unknown field or a value that the field does not take.

    Examples
    --------
    >>> network = build("rrcanet-resnet18", iterations=1, in_channels=1)
    >>> network.config.passes, network.multiple
    (2, 8)
    """
    if name not in CONFIGS:
        raise InputError(f"unknown network {name!r}; choose one of {', '.join(CONFIGS)}.")
    known = [field.name for field in fields(CONFIGS[name])]
    for key in overrides:
        if key not in known:
            raise InputError(f"{name} has no setting {key!r}; its settings are {', '.join(known)}.")
    network = RRCANet(replace(CONFIGS[name], **overrides))
    network.name = name
    return network
