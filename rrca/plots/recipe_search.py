"""What each change of the recipe did to the IoU, in equal time."""

from collections.abc import Mapping

import numpy as np

from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style, signed
from rrca.studies.recipe_search import BASE, Tried, spread, table

COLUMNS = 4


def search_curves(tried: Mapping[str, Tried]) -> Figure:
    """A panel for each change, the best first: IoU against the share of the time, over the base's curves.

    Parameters
    ----------
    tried : mapping of str to Tried
        From `rrca.studies.recipe_search.load`.

    Returns
    -------
    Figure
        A line for each seed; the base is grey in all panels. Numbers: pooled standard deviation; by row IoU,
        difference and its adjusted 95 % interval in points, steps, and the spread of its own seeds.
    """
    compared = table(tried)
    changes = [name for name in compared.index if name != BASE]
    numbers = {"s.d.": spread(tried)}
    for name, row in compared.iterrows():
        ends = 100 * tried[name].iou[:, -1]
        numbers[name] = {**row.dropna().to_dict(), "spread": float(np.ptp(ends))}
    paid = [name for name in changes if compared.paid[name] == "yes"]
    cost = [name for name in changes if compared.paid[name] == "it cost"]
    caption = (
        f"In equal time, and beyond chance: better than the base {', '.join(paid) or 'none'}; worse "
        f"{', '.join(cost) or 'none'}. Grey: the base. IoU on `val` under `exact`, one line a seed."
    )
    lines = -(-len(changes) // COLUMNS)
    with in_style():
        figure = Figure(WIDTH, 0.6 + 2.1 * lines, caption, numbers)
        panels = figure.subplots(lines, COLUMNS, sharex=True, sharey=True, squeeze=False)
        base = tried[BASE]
        low = min(100 * row.iou[:, len(row.shares) // 4].min() for row in tried.values())
        for axes in panels.flat[len(changes) :]:
            axes.remove()
        for axes, name in zip(panels.flat, changes, strict=False):
            row, line = tried[name], compared.loc[name]
            axes.plot(base.shares, 100 * base.iou.T, color="0.6", linewidth=1)
            axes.plot(row.shares, 100 * row.iou.T, color=CURVES[0])
            axes.axhline(compared.IoU[BASE], color=IOU, linewidth=0.6, linestyle="dotted")
            axes.set_title(f"{name}\n{signed(line.difference)} points, {line.steps:.0f} steps", loc="left")
            axes.set(xlim=(0, 1), ylim=(max(0, 10 * np.floor(low / 10)), None))
            axes.grid(alpha=0.3)
        figure.supxlabel("share of the time", fontsize=8)
        figure.supylabel("IoU on val / %", fontsize=8)
    return figure
