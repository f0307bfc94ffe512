"""Where the parameters and the work of an RRCA-Net are: module by module, to be summed by kind, level or pass."""

import copy
import re
from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import nn

from rrca import paper
from rrca.cost import PAPER_RULES
from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANet

KINDS = ("3×3 kernels", "norms", "shortcuts", "DIAAM", "stem", "tail")
# Paper, Table IV: n to (parameters in M, FLOPs in G), as printed.
TABLE_IV = {int(row.name.removeprefix("n = ")): (row.params, row.flops) for row in paper.table("IV")}


def ledger(model: RRCANet, size: tuple[int, int, int] | None = None) -> pd.DataFrame:
    """List every module that holds parameters or costs work, each once.

    Parameters
    ----------
    model : RRCANet
        Counted in the mode it is in; a copy without storage is run, the model itself is not.
    size : tuple of int, optional
        (C, H, W) of the input; (C_in, 256, 256) by default.

    Returns
    -------
    DataFrame
        One row a module, under its dotted name: "kind" (see Notes), "level" ("0" is full resolution; "stem" and
        "tail" stand outside the levels; "all" for what joins all levels at once), "run in" ("every pass",
        "pass t", or "once" outside the recurrence), "params", "calls" (of one forward run), "macs" (multiply-
        accumulates of all calls) and "paper" (the paper's FLOPs, one call only; rule in `rrca.count`).

    Raises
    ------
    InputError
        If the model is no RRCA-Net.

    Notes
    -----
    The sums of "params", "macs" and "paper" are those of `rrca.count`. Kinds: the encoder's "3×3 kernels" with
    their biases, its "norms", its "shortcuts" (1×1 convolution and norm), "DIAAM" (or "decoder", for another
    decoder), "stem", "tail"; "activations" and "resizing" hold no parameters.

    References
    ----------
    Paper, Eq. (14), (15), Section III-B.

    Examples
    --------
    >>> import rrca
    >>> int(ledger(rrca.build("rrcanet-resnet18")).groupby("kind").params.sum()["3×3 kernels"])
    173296
    """
    if not isinstance(model, RRCANet):
        raise InputError(f"model is a {type(model).__name__}; the ledger knows the parts of an RRCANet only.")
    twin = copy.deepcopy(model).to("meta")
    work: dict[nn.Module, list[tuple[int, int]]] = {}

    def record(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        is_convolution = isinstance(module, nn.Conv2d)
        macs = output.numel() * module.weight[0].numel() if is_convolution else 0
        rule = next((rule for kind, rule in PAPER_RULES.items() if isinstance(module, kind)), None)
        work.setdefault(module, []).append((macs, rule(module, inputs[0], output) if rule else 0))

    for module in twin.modules():
        module._forward_hooks.clear()  # the copy must not call what listens to the model
        module._forward_pre_hooks.clear()
    leaves = {name: module for name, module in twin.named_modules() if not module._modules}
    for module in leaves.values():
        module.register_forward_hook(record)
    with torch.no_grad():
        twin(torch.empty((1, *(size or (model.config.in_channels, 256, 256))), device="meta"))
    rows = {}
    for name, module in leaves.items():
        calls = work.get(module, [])
        params = sum(p.numel() for p in module.parameters())
        if params or any(paper for _, paper in calls):
            rows[name] = {
                "kind": _kind(name, module, model.config.decoder),
                "level": _level(name),
                "run in": _run_in(name, len(calls), model.config.passes),
                "params": params,
                "calls": len(calls),
                "macs": sum(macs for macs, _ in calls),
                "paper": calls[-1][1] if calls else 0,
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _kind(name: str, module: nn.Module, decoder: str) -> str:
    """Which kind of Notes a module is, by its place in the network."""
    part = name.split(".")[0]
    if isinstance(module, nn.MaxPool2d | nn.Upsample):
        return "resizing"
    if part in ("stem", "output"):
        return {"stem": "stem", "output": "tail"}[part]
    if part == "decoder":
        return "DIAAM" if decoder == "diaam" else "decoder"
    if "shortcut" in name:
        return "shortcuts"
    kinds = {nn.Conv2d: "3×3 kernels", nn.BatchNorm2d: "norms", nn.ReLU: "activations"}
    return kinds[type(module)]


def _level(name: str) -> str:
    """The level that a module works at."""
    part, *rest = name.split(".")
    if part == "encoder":
        return rest[0]
    if part == "decoder":
        fuse = re.match(r"fuse\.\d+\.(\d+)", ".".join(rest))
        return fuse[1] if fuse else "all"
    return {"stem": "stem", "output": "tail"}.get(part, "all")


def _run_in(name: str, calls: int, passes: int) -> str:
    """Which passes run a module."""
    if name.split(".")[0] in ("stem", "output"):
        return "once"
    own = re.match(r"encoder\.\d+\.pass(\d+)|decoder\.fuse\.(\d+)\.\d+", name)
    if own:
        return f"pass {own[1] or own[2]}"
    return "every pass" if calls > 1 or passes == 1 else "pass 0"


def sums(
    model: RRCANet, by: str | Sequence[str], column: str = "params", size=None
) -> pd.Series | pd.DataFrame:
    """Sum a column of the ledger by kind, level or pass.

    Parameters
    ----------
    model : RRCANet
    by : str or pair of str
        "kind", "level" or "run in"; with two, a table of the first against the second.
    column : {"params", "macs", "paper", "calls"}
    size : tuple of int, optional
        As for `ledger`.

    Returns
    -------
    Series or DataFrame
        Kinds in the order of `KINDS`; rows and columns whose sum is 0 are left out.

    Raises
    ------
    InputError
        For a name that is not there.

    Examples
    --------
    >>> import rrca
    >>> sums(rrca.build("rrcanet-resnet18"), "level").to_dict()
    {'0': 4464, '1': 11632, '2': 45152, '3': 137536, 'stem': 888, 'tail': 2577}
    """
    groups = [by] if isinstance(by, str) else list(by)
    table = ledger(model, size)
    for name in (*groups, column):
        if name not in table.columns:
            raise InputError(f"the ledger has no column {name!r}; it has {', '.join(table.columns)}.")
    found = table.groupby(groups, sort=True)[column].sum()
    found = found[found > 0]
    if len(groups) > 1:
        found = found.unstack(fill_value=0)
    if groups[0] == "kind":
        order = [*KINDS, *(kind for kind in found.index if kind not in KINDS)]
        found = found.reindex([kind for kind in order if kind in found.index])
    return found


def by_iteration(models: Mapping[int, RRCANet]) -> pd.DataFrame:
    """The paper's Table IV beside what is counted here: parameters, and cost by three rules.

    Parameters
    ----------
    models : mapping of int to RRCANet
        n to the network with n extra iterations.

    Returns
    -------
    DataFrame
        One row per n: parameters in M and FLOPs in G as printed (missing for an n that the paper does not
        print), and the counts: parameters, the paper's rule in G, executed work in GMAC, Eq. (15) in GFLOP.
    """
    rows = {}
    for n, model in models.items():
        table = ledger(model)
        printed = TABLE_IV.get(n, (None, None))
        rows[n] = {
            "paper: params, M": printed[0],
            "counted: params": int(table.params.sum()),
            "paper: FLOPs, G": printed[1],
            "its rule, counted: G": round(table.paper.sum() / 1e9, 3),
            "executed: GMAC": round(table.macs.sum() / 1e9, 3),
            "Eq. (15), executed: GFLOP": round(2 * table.macs.sum() / 1e9, 2),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("n")
