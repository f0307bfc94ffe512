"""What a network costs: the work it really does, and the figure that the paper prints."""

import copy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """Size and cost of one forward run.

    Parameters
    ----------
    params : int
        Parameters, each counted once however often it is used.
    macs : int
        Multiply-accumulates of all convolutions as they run: each pass, each call. This is the work.
    paper_flops : int
        The paper's "#FLOPs" by its rule (see `count`), which takes a reused module once. Not the work.
    """

    params: int
    macs: int
    paper_flops: int

    def __str__(self) -> str:
        return (
            f"{self.params / 1e6:.4f} M parameters, {self.macs / 1e9:.3f} GMAC executed, "
            f"{self.paper_flops / 1e9:.4f} G by the paper's count"
        )


def count(model: nn.Module, size: tuple[int, int, int] = (3, 256, 256)) -> Cost:
    """Count parameters, executed multiply-accumulates, and the paper's FLOPs of one forward run.

    Parameters
    ----------
    model : Module
        Counted in the mode it is in: with deep supervision, training runs the tail once a pass and
        evaluation once. The model itself is not run (a copy without storage is) and not changed.
    size : tuple of int, default (3, 256, 256)
        (C, H, W) of the input; the batch is one frame.

    Returns
    -------
    Cost

    Notes
    -----
    The paper's rule was found by reproducing its columns, all rows to the printed digit: per leaf module,
    a convolution's multiply-accumulates plus one per output element if it has a bias; 2 per input element of
    a BatchNorm; 1 per element of a ReLU or PReLU; 1 per input element of a max pooling; height × width of an
    up-sampling's output, channels ignored; 0 for all else. **A module that runs several times counts once**,
    at the shape of its last call, so that the kernels RuCB shares look free from the second pass on. Eq. (15)
    of the paper, 2·K²·C_in·C_out·H·W, is another rule: it gives `2 * macs`.

    References
    ----------
    Paper, Eq. (14), (15), Tables I and III-VI.

    Examples
    --------
    >>> import rrca
    >>> print(rrca.count(rrca.build("rrcanet-resnet18")))
    0.2022 M parameters, 2.218 GMAC executed, 1.0427 G by the paper's count
    """
    twin = copy.deepcopy(model).to("meta")
    last_call: dict[nn.Module, int] = {}
    for module in twin.modules():
        module._forward_hooks.clear()  # the copy must not call what listens to the model
        module._forward_pre_hooks.clear()
        rule = next((rule for kind, rule in PAPER_RULES.items() if isinstance(module, kind)), None)
        if rule is not None:
            module.register_forward_hook(
                lambda module, inputs, output, rule=rule: last_call.__setitem__(
                    module, rule(module, inputs[0], output)
                )
            )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        twin(torch.empty((1, *size), device="meta"))
    return Cost(
        params=sum(p.numel() for p in model.parameters()),
        macs=counter.get_total_flops() // 2,  # torch counts a multiply-accumulate as two
        paper_flops=sum(last_call.values()),
    )


def _convolution(module: nn.Conv2d, x: torch.Tensor, out: torch.Tensor) -> int:
    per_output = module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
    return out.numel() * (per_output + (module.bias is not None))


PAPER_RULES = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: lambda module, x, out: 2 * x.numel(),
    nn.ReLU: lambda module, x, out: out.numel(),
    nn.PReLU: lambda module, x, out: out.numel(),
    nn.MaxPool2d: lambda module, x, out: x.numel(),
    nn.Upsample: lambda module, x, out: out.shape[-2] * out.shape[-1],
}
