"""Figures of what passes share and what each needs for itself."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rrca.errors import InputError
from rrca.plots.style import CURVES, WIDTH, Figure, in_style


def spread_by_pass(statistics: pd.DataFrame) -> Figure:
    """The spread that each norm has seen in the later passes, against what it has seen in pass 0.

    Parameters
    ----------
    statistics : DataFrame
        From `rrca.studies.sharing.norm_statistics`.

    Returns
    -------
    Figure
        One dot a channel, on logarithmic axes. Numbers: "median ratio at level i" for the last pass against
        pass 0, and "channels" off by more than a factor of 1.25, in per cent.

    Raises
    ------
    InputError
        If there is one pass only.
    """
    passes = [column for column in statistics.columns if column.startswith("pass ")]
    if len(passes) < 2:
        raise InputError("the network has one pass only; take one with n of at least 1.")
    last = passes[-1]
    log = np.log2(statistics[last] / statistics["pass 0"])
    levels = sorted(statistics.level.unique())
    numbers = {
        "median ratio at level": {int(i): float(2 ** log[statistics.level == i].median()) for i in levels},
        "channels": float(100 * (log.abs() > np.log2(1.25)).mean()),
        "channel count": len(statistics),
    }
    caption = (
        f"On the diagonal a pass would see the spread that pass 0 sees. In {last}, {numbers['channels']:.0f} % of the "
        "channels are off by more than a factor of 1.25."
    )
    with in_style():
        figure = Figure(WIDTH, 3.6, caption, numbers)
        panels = figure.subplots(1, len(passes) - 1, sharex=True, sharey=True, squeeze=False)[0]
        values = statistics[passes].to_numpy()
        ends = values.min() * 0.8, values.max() * 1.25
        for axes, name in zip(panels, passes[1:], strict=True):
            axes.plot(ends, ends, color="#777777", linewidth=1)
            for i in levels:
                part = statistics[statistics.level == i]
                look = dict(color=CURVES[i % 4], marker="o^sD"[i % 4], markersize=3.6, alpha=0.75)
                axes.plot(part["pass 0"], part[name], linestyle="none", label=f"level {i}", **look)
            axes.set(
                xscale="log",
                yscale="log",
                xlim=ends,
                ylim=ends,
                title=name,
                xlabel="spread (standard deviation) in pass 0",
            )
        panels[0].set_ylabel("spread (standard deviation) in this pass")
        panels[0].legend(frameon=False, loc="upper left")
    return figure


def gradient_by_pass(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """How much gradient each pass sends to the shared kernels, level by level.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Name of the panel to a table of `rrca.studies.sharing.gradient_by_pass`.

    Returns
    -------
    Figure
        Bars are norms, divided by the largest of the panel. Numbers: per panel, the norm over all levels by pass,
        as a share of their sum in per cent; "leading", per panel, the pass that sends most to each level.

    Raises
    ------
    InputError
        If there is no table.
    """
    if not tables:
        raise InputError("tables is empty; give a name and a table of rrca.studies.sharing.gradient_by_pass.")
    numbers, leading = {}, {}
    for name, table in tables.items():
        passes = [column for column in table.columns if column.startswith("pass ")]
        whole = np.sqrt((table[passes] ** 2).sum())
        numbers[name] = {key: float(100 * value / whole.sum()) for key, value in whole.items()}
        leading[name] = [str(key) for key in table[passes].idxmax(axis=1)]
    caption = "A shared kernel gets the sum of what all passes send. Shares over all levels: " + "; ".join(
        f"{name}: " + ", ".join(f"{share:.0f} %" for share in shares.values())
        for name, shares in numbers.items()
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption + " from passes 0, 1, …", {**numbers, "leading": leading})
        panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
        for axes, (name, table) in zip(panels, tables.items(), strict=True):
            passes = [column for column in table.columns if column.startswith("pass ")]
            largest = table[passes].to_numpy().max()
            for t, key in enumerate(passes):
                x = np.arange(len(table)) + (t - (len(passes) - 1) / 2) * 0.8 / len(passes)
                look = dict(color=CURVES[t % 4], hatch=("", "///", "...", "xx")[t % 4], edgecolor="white")
                axes.bar(x, table[key] / largest, 0.8 / len(passes), label=key, **look)
            axes.set(title=name, xlabel="level", xticks=range(len(table)))
        panels[0].set_ylabel("norm of the gradient, largest = 1")
        panels[0].legend(frameon=False)
    return figure
