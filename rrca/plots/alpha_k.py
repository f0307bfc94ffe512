"""Figures of α and k: the grid of Table VII as a heat map, and where DpT-k listens as they change."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rrca.errors import InputError
from rrca.plots.style import CURVES, FEATURE_MAP, WIDTH, Figure, in_style
from rrca.studies.alpha_k import best_stands_out

UNITS = {"iou": "IoU / %", "pd": "Pd / %", "fa": "Fa / 1e-6"}


def alpha_k_grid(sources: dict[str, tuple[str, pd.DataFrame]]) -> Figure:
    """The figures of Table VII's cells, one panel each.

    Parameters
    ----------
    sources : dict of str to (str, DataFrame)
        By figure, from `rrca.studies.alpha_k.cells_of`; where all values are nan the panel says "not run yet".

    Returns
    -------
    Figure
        Numbers: by figure "source", and where there are values "best", "worst" and "mean", of several also "sd".

    References
    ----------
    Paper, Table VII and Fig. 11.
    """
    numbers: dict = {}
    for name, (source, cells) in sources.items():
        numbers[name] = {"source": source}
        if cells.notna().any(axis=None):
            values = cells.to_numpy()
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            best, worst = (low, high) if name == "fa" else (high, low)
            numbers[name] |= {
                "best": best,
                "worst": worst,
                "mean": float(np.nanmean(values)),
            }
            if np.isfinite(values).sum() > 1:
                numbers[name]["sd"] = float(np.nanstd(values, ddof=1))
    caption = "Table VII, cell by cell: " + "; ".join(
        f"{name} ({own['source']})"
        + (f" from {own['worst']:.2f} to {own['best']:.2f}" if "best" in own else "")
        for name, own in numbers.items()
    )
    with in_style():
        figure = Figure(WIDTH, 4.6, caption + ".", numbers)
        panels = np.atleast_1d(figure.subplots(1, len(sources)))
        for axes, (name, (source, cells)) in zip(panels, sources.items(), strict=True):
            axes.set_title(f"{UNITS[name]}, {source}", loc="left")
            axes.set(xlabel="k / %", ylabel="α", xticks=range(cells.shape[1]), yticks=range(cells.shape[0]))
            axes.set_xticklabels([f"{k:g}" for k in cells.columns])
            axes.set_yticklabels([f"{alpha:.1f}" for alpha in cells.index])
            axes.grid(False)
            if "best" not in numbers[name]:
                axes.set(xlim=(-0.5, cells.shape[1] - 0.5), ylim=(cells.shape[0] - 0.5, -0.5))
                axes.text(0.5, 0.5, "not run yet", transform=axes.transAxes, ha="center")
                continue
            values = cells.to_numpy()
            axes.imshow(values, cmap=FEATURE_MAP, aspect="auto")
            middle = (np.nanmin(values) + np.nanmax(values)) / 2
            for (i, j), value in np.ndenumerate(values):
                if np.isfinite(value):
                    colour = "black" if value > middle else "white"
                    axes.text(j, i, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
    return figure


def alpha_k_surface(
    sources: Sequence[tuple[str, pd.DataFrame]], figure: str = "pd", azimuth: float = -50
) -> Figure:
    """Grids over α and k as landscapes with one scale of height, the best cell of each marked.

    Parameters
    ----------
    sources : sequence of (str, DataFrame)
        What a grid is, and its cells: rows α, columns k, as from `rrca.studies.alpha_k.cells_of`.
    figure : {"pd", "fa", "iou"}
        Which figure they hold; of Fa the lowest is the best.
    azimuth : float, default -50
        From where the landscapes are seen, in degrees.

    Returns
    -------
    Figure
        Numbers: by source "best", "alpha" and "k" of the best cell, and "stands out", its distance from the mean of the
        other cells in their standard deviations.

    Raises
    ------
    InputError
        If a cell is missing.

    References
    ----------
    Paper, Fig. 11.
    """
    low = min(float(cells.to_numpy().min()) for _, cells in sources)
    high = max(float(cells.to_numpy().max()) for _, cells in sources)
    if not np.isfinite([low, high]).all():
        raise InputError("a landscape needs all cells of its grid; plots.alpha_k_grid shows one with gaps.")
    numbers, best = {}, {}
    for source, cells in sources:
        place = cells.stack().idxmin() if figure == "fa" else cells.stack().idxmax()
        best[source] = place
        numbers[source] = {
            "best": float(cells.loc[place]),
            "alpha": float(place[0]),
            "k": float(place[1]),
            "stands out": best_stands_out(cells, least=figure == "fa"),
        }
    caption = f"{UNITS[figure].partition(' ')[0]}: " + "; ".join(
        f"{source}: the best cell, {own['best']:.2f} at α = {own['alpha']:g}, k = {own['k']:g}, stands out by "
        f"{own['stands out']:.1f} standard deviations"
        for source, own in numbers.items()
    )
    with in_style():
        drawn = Figure(WIDTH, 4.2, caption + ".", numbers)
        panels = drawn.subplots(1, len(sources), subplot_kw={"projection": "3d"}, squeeze=False)[0]
        for axes, (source, cells) in zip(panels, sources, strict=True):
            k, alpha = np.meshgrid(cells.columns.astype(float), cells.index.astype(float))
            axes.plot_surface(
                k,
                alpha,
                cells.to_numpy(),
                cmap=FEATURE_MAP,
                vmin=low,
                vmax=high,
                edgecolor="0.4",
                linewidth=0.4,
            )
            row, column = best[source]
            axes.plot(
                [column], [row], [cells.loc[row, column]], "o", color=CURVES[1], markersize=7, zorder=10
            )
            axes.set_title(f"{UNITS[figure]}, {source}", loc="left")
            axes.set(xlabel="k / %", ylabel="α", xticks=cells.columns.astype(float), zlim=(low, high))
            axes.set_yticks(cells.index[::4].astype(float))
            axes.view_init(elev=28, azim=azimuth)
            axes.set_box_aspect((1, 1.2, 0.7), zoom=0.95)
    return drawn


def power_curves(curves: Mapping[str, pd.Series], power: float = 0.8) -> Figure:
    """How often a test finds a spread that is there, against how much of it there is.

    Parameters
    ----------
    curves : mapping of str to Series
        From `rrca.compare.power_of`, by a name.
    power : float, default 0.8
        The share whose ratio is marked.

    Returns
    -------
    Figure
        Numbers: by name "visible ratio", where the curve reaches `power` (nan if it does not).
    """
    numbers = {
        name: {"visible ratio": float(np.interp(power, curve.cummax(), curve.index, right=np.nan))}
        for name, curve in curves.items()
    }
    caption = f"The ratio that is found in {power:.0%} of the cases: " + "; ".join(
        f"{name} {own['visible ratio']:.2f}" if np.isfinite(own["visible ratio"]) else f"{name} none shown"
        for name, own in numbers.items()
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption + ".", numbers)
        axes = figure.subplots()
        for colour, (name, curve) in zip(CURVES, curves.items(), strict=False):
            axes.plot(curve.index, 100 * curve, color=colour, label=name)
        axes.axhline(100 * power, color="0.5", linewidth=0.8)
        axes.set(xlabel="standard deviation of the cells / of the seeds", ylabel="found / %", ylim=(0, 101))
        axes.legend(frameon=False, loc="center right")
    return figure


def alpha_k_listening(table: pd.DataFrame) -> Figure:
    """Which pixels Top-k keeps, and how much of the gradient falls on background.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.alpha_k.listened_to`.

    Returns
    -------
    Figure
        Numbers: by column of the table the values by "α, k".
    """
    alphas = table.index.unique("α")
    numbers = {
        column: {f"{alpha:g}, {k:g}": float(value) for (alpha, k), value in table[column].items()}
        for column in table
    }
    first = table.loc[alphas[0]]
    caption = (
        f"Of the pixels that Top-k keeps, {first['targets kept'].iloc[0]:.2f} % are targets' at k = {first.index[0]:g} "
        f"and {first['targets kept'].iloc[-1]:.2f} % at k = {first.index[-1]:g}; the rest are background."
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        left, right = figure.subplots(1, 2)
        left.plot(first.index, first["targets kept"], "o-", color=CURVES[0])
        left.set(xlabel="k / %", xticks=first.index, ylabel="target pixels of the kept / %", ylim=(0, None))
        for colour, marker, alpha in zip(
            CURVES, "osD", (alphas[0], alphas[len(alphas) // 2], alphas[-1]), strict=False
        ):
            own = table.loc[alpha]
            right.plot(own.index, own["background"], marker=marker, color=colour, label=f"α = {alpha:g}")
        right.set(xlabel="k / %", xticks=first.index, ylabel="gradient on background / %")
        right.legend(frameon=False)
    return figure
