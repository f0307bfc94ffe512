"""What a network is built of, read from a run of it: its convolutions in order, their resolution, and its skips."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

SIZE = (256, 256)  # rows and columns, as the paper counts
SMALLEST = (
    8  # px; a convolution on fewer rows works on what a pooling left of the whole frame: a gate or a context
)
CONVOLUTION = torch.ops.aten.convolution.default


@dataclass(frozen=True)
class Anatomy:
    """A network's convolutions in the order in which they run.

    Attributes
    ----------
    calls : DataFrame
        A row for each call of a convolution on a map: "level" (i at 1/2^i of height and width), "stay" (counts the
        changes of level before it), "channels" (of its output), "macs" and "first" (whether this kernel runs for the
        first time).
    skips : tuple of (int, int)
        Calls a and b such that b works on what a gave and at least one whole stay at another level lies between. One
        for each pair of stays: the last such a, the first such b.
    pooled : int
        Calls on maps of fewer than `SMALLEST` rows, which are left out of `calls`.
    pooled_macs : int
        Their multiply-accumulates.
    outputs : int
        Score maps that training judges: more than one under deep supervision.
    """

    calls: pd.DataFrame
    skips: tuple[tuple[int, int], ...]
    pooled: int
    pooled_macs: int
    outputs: int

    @property
    def levels(self) -> pd.DataFrame:
        """By level: "calls", the most "channels", "GMAC", and "share" of all multiply-accumulates in per cent."""
        groups = self.calls.groupby("level")
        table = pd.DataFrame(
            {
                "calls": groups.size(),
                "channels": groups["channels"].max(),
                "GMAC": groups["macs"].sum() / 1e9,
            }
        )
        return table.assign(share=100 * table["GMAC"] / table["GMAC"].sum())

    @property
    def macs(self) -> int:
        """Of all convolutions, as `rrca.count` has them."""
        return int(self.calls["macs"].sum()) + self.pooled_macs


def anatomy(model: nn.Module, size: tuple[int, int] = SIZE) -> Anatomy:
    """Read a network's anatomy from a run of it without storage.

    Parameters
    ----------
    model : Module
        With `config.in_channels`, as `rrca.build` makes it. It is not run itself (a copy is) and not changed.
    size : (int, int), default (256, 256)
        Rows and columns of the frame, pixels.

    Returns
    -------
    Anatomy
        Of evaluation; `outputs` of training.

    Notes
    -----
    Every operation hands on from which calls its values come, up to the last convolution on the way; so a skip is
    found whether maps are added, concatenated or multiplied.

    Examples
    --------
    >>> import rrca
    >>> found = anatomy(rrca.build("resunet"))
    >>> len(found.calls), len(found.levels), found.outputs
    (36, 5, 1)
    """
    twin = copy.deepcopy(model).to("meta").eval()
    frame = torch.empty((2, model.config.in_channels, *size), device="meta")  # two: norms behind poolings
    recorder = _Recorder(size[0])
    with torch.no_grad():
        with recorder:
            twin(frame[:1])
        given = twin.train()(frame)
    calls = pd.DataFrame(recorder.calls)
    calls["stay"] = stay = (calls["level"].diff().fillna(0) != 0).cumsum()
    skips: dict[tuple[int, int], tuple[int, int]] = {}
    for b, before in enumerate(recorder.before):
        for a in sorted(before, reverse=True):
            if stay[b] - stay[a] > 1:
                skips.setdefault((stay[a], stay[b]), (a, b))
    outputs = len(given) if isinstance(given, list | tuple) else 1
    return Anatomy(calls, tuple(skips.values()), recorder.pooled, recorder.pooled_macs, outputs)


class _Recorder(TorchDispatchMode):
    """Notes each convolution, and hands on which convolutions a tensor's values come from."""

    def __init__(self, rows: int):
        super().__init__()
        self.rows, self.pooled, self.pooled_macs = rows, 0, 0
        self.calls: list[dict] = []
        self.before: list[frozenset[int]] = []
        self.sources: dict[int, frozenset[int]] = {}
        self.kept: list[Tensor] = []  # or the id of a tensor that is gone would be given to another
        self.kernels: set[int] = set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        out = function(*arguments, **(keywords or {}))
        given = [one for one in _tensors(arguments) if id(one) in self.sources]
        sources = frozenset().union(*(self.sources[id(one)] for one in given))
        if function is CONVOLUTION:
            sources = self._note(arguments, out, sources)
        for one in _tensors((out,)):
            self.sources[id(one)] = sources
            self.kept.append(one)
        return out

    def _note(self, arguments, out: Tensor, sources: frozenset[int]) -> frozenset[int]:
        """One call; what it gives comes from it alone, unless it is left out."""
        x, kernel, transposed = arguments[0], arguments[1], arguments[6]
        macs = kernel[0].numel() * (x if transposed else out)[:, 0].numel() * kernel.shape[0]
        if out.shape[2] < SMALLEST:
            self.pooled += 1
            self.pooled_macs += macs
            return sources
        self.before.append(sources)
        self.calls.append(
            {
                "level": round(log2(self.rows / out.shape[2])),
                "channels": out.shape[1],
                "macs": macs,
                "first": id(kernel) not in self.kernels,
            }
        )
        self.kernels.add(id(kernel))
        self.kept.append(kernel)
        return frozenset({len(self.calls) - 1})


def _tensors(values) -> list[Tensor]:
    """All tensors in nested lists and tuples."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found


def table(anatomies: Mapping[str, Anatomy]) -> pd.DataFrame:
    """Networks side by side, as numbers.

    Parameters
    ----------
    anatomies : mapping of str to Anatomy
        By name.

    Returns
    -------
    DataFrame
        A row a network: "levels", "widths" (most channels of each level, the finest first), "calls" of convolutions on
        maps, "kernels" (distinct ones), "skips", "pooled" (calls behind poolings to under 8 rows) and "outputs".
    """
    rows = {}
    for name, found in anatomies.items():
        widths = found.levels["channels"]
        rows[name] = {
            "levels": f"{widths.index.min()} to {widths.index.max()}",
            "widths": ", ".join(map(str, widths)),
            "calls": len(found.calls),
            "kernels": int(found.calls["first"].sum()),
            "skips": len(found.skips),
            "pooled": found.pooled,
            "outputs": found.outputs,
        }
    return pd.DataFrame.from_dict(rows, orient="index")
