"""Figures of α and k: the grid of Table VII as a heat map, and where DpT-k listens as they change."""

import numpy as np
import pandas as pd

from rrca.plots.style import CURVES, FEATURE_MAP, WIDTH, Figure, in_style

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
