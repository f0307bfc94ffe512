"""Every network by name."""

from dataclasses import fields, replace

from torch import nn

from rrca.errors import InputError
from rrca.networks.acm import ACM, ACMConfig
from rrca.networks.amfunet import AMFUNet, AMFUNetConfig, AMFUNetRuCB, AMFUNetRuCBConfig
from rrca.networks.dnanet import DNANet, DNANetConfig, DNANetRuCB, DNANetRuCBConfig
from rrca.networks.lw_irstnet import LWIRSTNet, LWIRSTNetConfig
from rrca.networks.repisdnet import RepISDNet, RepISDNetConfig
from rrca.networks.resunet import ResUNet, ResUNetConfig, ResUNetRuCB, ResUNetRuCBConfig
from rrca.networks.rrcanet import RRCANet, RRCANetConfig
from rrca.networks.uiunet import UIUNet, UIUNetConfig

# RRCA-Net with the blocks per level of the paper's Table I.
CONFIGS = {
    "rrcanet-resnet10": RRCANetConfig(blocks=(2, 1, 1, 1)),
    "rrcanet-resnet18": RRCANetConfig(blocks=(3, 2, 2, 2)),
    "rrcanet-resnet34": RRCANetConfig(blocks=(4, 4, 6, 3)),
}
# Another network is one more line.
NETWORKS: dict[str, tuple[type[nn.Module], object]] = {
    **{name: (RRCANet, config) for name, config in CONFIGS.items()},
    # its rivals in Table I
    "acm": (ACM, ACMConfig()),
    "resunet": (ResUNet, ResUNetConfig()),
    "amfunet": (AMFUNet, AMFUNetConfig()),
    "dnanet": (DNANet, DNANetConfig()),
    "uiunet": (UIUNet, UIUNetConfig()),
    "lw-irstnet": (LWIRSTNet, LWIRSTNetConfig()),
    "repisdnet": (RepISDNet, RepISDNetConfig()),
    # and three of them with RuCB, Table II
    "resunet+rucb": (ResUNetRuCB, ResUNetRuCBConfig()),
    "amfunet+rucb": (AMFUNetRuCB, AMFUNetRuCBConfig()),
    "dnanet+rucb": (DNANetRuCB, DNANetRuCBConfig()),
}


def names() -> list[str]:
    """The names that `build` knows."""
    return list(NETWORKS)


def build(name: str, **overrides) -> nn.Module:
    """Build a network with fresh weights, drawn from torch's current random state.

    Parameters
    ----------
    name : str
        One of `names()`.
    **overrides
        Fields of the network's configuration, the dataclass beside it in `rrca.networks`.

    Returns
    -------
    Module
        Maps (B, C_in, H, W) to logits (B, 1, H, W), or in training to a list of them where the network is
        supervised at several outputs; carries `name`, `config` and `multiple`.

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
    if name not in NETWORKS:
        raise InputError(f"unknown network {name!r}; choose one of {', '.join(NETWORKS)}.")
    network_type, config = NETWORKS[name]
    known = [field.name for field in fields(config)]
    for key in overrides:
        if key not in known:
            raise InputError(f"{name} has no setting {key!r}; its settings are {', '.join(known)}.")
    network = network_type(replace(config, **overrides))
    network.name = name
    return network
