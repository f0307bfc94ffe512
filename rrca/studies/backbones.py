"""ResNet-10, -18 and -34 of Table I: where one more block adds parameters and work, and how far a map sees."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rrca import compare, paper
from rrca.registry import CONFIGS
from rrca.studies import ledger, rivals

SHORT = {name: name.removeprefix("RRCA-Net, ") for name in paper.OURS}


def blocks() -> pd.DataFrame:
    """Residual blocks by level: a row a backbone, a column a level, the finest first."""
    rows = {SHORT[name]: CONFIGS[paper.REGISTERED[name]].blocks for name in paper.OURS}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[f"level {i}" for i in range(4)])


def by_level(column: str = "params") -> pd.DataFrame:
    """Parameters or work of the three backbones by level.

    Parameters
    ----------
    column : {"params", "macs"}
        Parameters, or executed multiply-accumulates for 3×256×256.

    Returns
    -------
    DataFrame
        A row a backbone, a column each for the levels "0" to "3", "stem" and "tail".

    Examples
    --------
    >>> int(by_level("params").loc["ResNet-18"].sum())
    202249
    """
    models = rivals.build_all(paper.OURS)
    return pd.DataFrame(
        {SHORT[name]: ledger.sums(model, "level", column) for name, model in models.items()}
    ).T


def added(column: str = "params") -> pd.Series:
    """What ResNet-18 has more than ResNet-10, by level, in per cent of all that it has more."""
    table = by_level(column)
    more = table.loc["ResNet-18"] - table.loc["ResNet-10"]
    return 100 * more / more.sum()


def seen(layers: Iterable[tuple[int, int]]) -> int:
    """Side of the square of the frame that one value depends on, after a chain of layers.

    Parameters
    ----------
    layers : iterable of (int, int)
        Side of each kernel or pooling window, and its stride, in order.

    Returns
    -------
    int
        Pixels.

    Examples
    --------
    >>> seen([(3, 1), (3, 1)]), seen([(3, 1), (2, 2), (3, 1)])
    (5, 8)
    """
    side, step = 1, 1
    for kernel, stride in layers:
        side += (kernel - 1) * step
        step *= stride
    return side


def way_down(counts: Sequence[int]) -> list[tuple[int, int]]:
    """Kernels and poolings from the frame to the deepest map of pass 0: the stem, then each level's blocks.

    Parameters
    ----------
    counts : sequence of int
        Residual blocks by level.

    Returns
    -------
    list of (int, int)
        As for `seen`.
    """
    layers = [(3, 1)] * 2  # the stem
    for level, count in enumerate(counts):
        layers += [(2, 2)] * (level > 0) + [(3, 1)] * (2 * count)
    return layers


def fields() -> pd.DataFrame:
    """How far the last map of each level sees on the way down of pass 0, pixels; a row a backbone."""
    rows = {}
    for name, counts in blocks().iterrows():
        rows[name] = [seen(way_down(counts[: level + 1])) for level in range(len(counts))]
    return pd.DataFrame.from_dict(rows, orient="index", columns=blocks().columns)


def printed() -> pd.DataFrame:
    """The three rows of Table I on its three data sets.

    Returns
    -------
    DataFrame
        By data set and backbone: "iou", "pd" (per cent) and "fa" (1e-6), as printed, and "targets" (of 263, on
        NUAA-SIRST).
    """
    rows = {}
    for data in paper.DATASETS:
        for name in paper.OURS:
            row = paper.row("I", name, data)
            targets = rivals.printed([name]).loc[name, "targets"] if data == paper.NUAA else np.nan
            rows[data, SHORT[name]] = {"iou": row.iou, "pd": row.pd, "fa": row.fa, "targets": targets}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["data", "backbone"])
    return table


def table_i(figure: str = "iou", folder: str | Path | None = None) -> compare.Comparison:
    """The comparison of Table I, the three backbones alone.

    Parameters
    ----------
    figure : {"iou", "pd", "fa"}
    folder : path-like, optional
        Of the result files; default `data/results`.

    Returns
    -------
    Comparison
        Its intervals hold for all rows of Table I at once.
    """
    whole = compare.table("I", figure, folder=folder)
    frame = whole.frame.loc[list(paper.OURS)]
    missing = [name for name in frame.index if not frame.loc[name, "n"]]
    notes = [note for note in whole.notes if not note.startswith("Not run")]
    notes += [f"Not run: {'; '.join(missing)}."] if missing else []
    return replace(whole, title=f"{whole.title}, backbones", frame=frame, notes=tuple(notes))
