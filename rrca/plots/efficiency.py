"""Figures of cost: Fig. 1 of the paper drawn by several counts, and time against what is meant to stand for it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from rrca.errors import InputError
from rrca.plots.labels import name_marks
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.efficiency import front, predictors, reversed_pairs

FAMILIES = {"RRCA-Net": (CURVES[1], "o"), "with RuCB": (CURVES[3], "s"), "other networks": (CURVES[0], "D")}
COSTS = {  # what an axis says
    "printed G": "printed FLOPs / G, the paper's count",
    "GMAC": "executed multiply-accumulates / G",
    "ms": "time of one 256² frame / ms, one thread",
    "params, M": "parameters / M",
}
SIZES = (0.1, 1, 10, 50)  # millions of parameters in the legend


def family(network: str) -> str:
    """Which of `FAMILIES` a network of `rrca.build` belongs to."""
    return (
        "RRCA-Net"
        if network.startswith("rrcanet")
        else "with RuCB"
        if "+rucb" in network
        else "other networks"
    )


def accuracy_cost(
    table: pd.DataFrame, costs: Sequence[str] = ("printed G", "GMAC"), accuracy: str = "printed IoU"
) -> Figure:
    """Accuracy against cost, once for each way of counting the cost: the paper's Fig. 1.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.efficiency.networks`.
    costs : sequence of str
        Columns, one a panel; all panels share both scales' ends on the accuracy axis.
    accuracy : str
        "printed IoU", or "ours". Networks without a value are named in the caption.

    Returns
    -------
    Figure
        A circle a network, its area growing with the root of the parameters; networks on the front, which no other
        beats in both, are joined. Numbers, by cost: "front", "on front" (how many), and "cost" by network.

    Raises
    ------
    InputError
        If no network has that accuracy.
    """
    known = table.dropna(subset=[accuracy])
    if known.empty:
        raise InputError(
            f"no network has a value of {accuracy!r}; take 'printed IoU', or run `rrca sweep --table I`."
        )
    missing = [name for name in table["name"] if name not in set(known["name"])]
    fronts = {cost: front(known, cost, accuracy) for cost in costs}
    numbers = {
        cost: {
            "front": list(known["name"][fronts[cost]]),
            "on front": len(fronts[cost]),
            "cost": dict(zip(known.index, known[cost], strict=True)),
        }
        for cost in costs
    }
    ours = [
        f"{sum(family(network) == 'RRCA-Net' for network in fronts[cost])} of {len(fronts[cost])} by {cost}"
        for cost in costs
    ]
    said = [
        "Up and left is better.",
        f"RRCA-Nets on the line of networks that no other beats in both: {', '.join(ours)}.",
        "Printed IoU: single runs, best epoch on the test list." * (accuracy == "printed IoU"),
        f"Not run yet: {'; '.join(missing)}." if missing else "",
    ]
    caption = " ".join(filter(None, said))
    with in_style():
        figure = Figure(WIDTH, 4.4, caption, numbers)
        panels = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
        for axes, cost in zip(panels, costs, strict=True):
            line = known.loc[fronts[cost]]
            axes.plot(line[cost], line[accuracy], color="0.75", linewidth=1.2, zorder=1)
            for network, row in known.iterrows():
                colour, marker = FAMILIES[family(network)]
                area = _area(row["params, M"])
                axes.scatter(
                    row[cost], row[accuracy], area, color=colour, marker=marker, alpha=0.55, edgecolor=IOU
                )
            axes.set(xscale="log", xlabel=COSTS[cost])
            axes.grid(alpha=0.25)
            axes.margins(0.1, 0.1)
        panels[0].set_ylabel(f"IoU on NUAA-SIRST / %, {'printed' if accuracy == 'printed IoU' else 'ours'}")
        _legend(figure)
        for axes, cost in zip(panels, costs, strict=True):
            _name(axes, known, cost, accuracy, np.sqrt(_area(known["params, M"]) / np.pi))
    return figure


def time_against(table: pd.DataFrame, costs: Sequence[str] = ("printed G", "GMAC", "params, M")) -> Figure:
    """The time of a frame against each quantity that is used to stand for it.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.efficiency.networks`.
    costs : sequence of str
        Columns, one a panel.

    Returns
    -------
    Figure
        One mark a network, on logarithmic axes; the line has the median time for one unit. Numbers: by cost, "rank
        correlation", "reversed pairs" (of all), "worst pair"; "pairs"; and "ms" and "ms per GMAC" by network.
    """
    pairs = len(table) * (len(table) - 1) // 2
    correlation = predictors(table)
    reversals = {cost: reversed_pairs(table, cost) for cost in costs}
    ms = table["ms"]
    per_mac = ms / table["GMAC"]
    numbers = {
        cost: {
            "rank correlation": correlation[cost],
            "reversed pairs": len(reversals[cost]),
            "worst pair": list(reversals[cost][0]) if reversals[cost] else [],
        }
        for cost in costs
    }
    numbers |= {"pairs": pairs, "ms": ms.to_dict(), "ms per GMAC": per_mac.to_dict()}
    caption = "How well an order by cost tells the order by time, as rank correlation: " + ", ".join(
        f"{correlation[cost]:.2f} for {COSTS[cost].split(' /')[0]}" for cost in costs
    )
    with in_style():
        figure = Figure(
            WIDTH, 4.0, caption + ". Above the line: slower than the median for its cost.", numbers
        )
        panels = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
        for axes, cost in zip(panels, costs, strict=True):
            ends = np.array([table[cost].min() / 1.5, table[cost].max() * 1.5])
            axes.plot(ends, ends * float((ms / table[cost]).median()), color="0.75", zorder=1)
            for network, row in table.iterrows():
                colour, marker = FAMILIES[family(network)]
                axes.plot(
                    row[cost], row["ms"], marker, color=colour, markersize=7, alpha=0.8, markeredgecolor=IOU
                )
            axes.set(xscale="log", yscale="log", xlabel=COSTS[cost], ylim=(ms.min() / 2, ms.max() * 2))
            axes.set_title(f"rank correlation {correlation[cost]:.2f}", loc="left")
            axes.grid(alpha=0.25)
        panels[0].set_ylabel(COSTS["ms"])
        _legend(figure, sizes=False)
        for axes, cost in zip(panels, costs, strict=True):
            _name(axes, table, cost, "ms", [4.0] * len(table))
    return figure


def what_another_pass_costs(table: pd.DataFrame) -> Figure:
    """Of each network that has an n = 0, the share that its n = 2 costs by three counts and by the clock.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.latency.table`: rows "NAME" and "NAME, n = 0".

    Returns
    -------
    Figure
        Bars: n = 2 over n = 0, no unit. Numbers: by network, "params", "printed rule", "GMAC", "ms".

    Raises
    ------
    InputError
        If no network has both rows.
    """
    names = [name for name in table.index if f"{name}, n = 0" in table.index]
    if not names:
        raise InputError(
            f"no network has a row 'NAME, n = 0' beside its own; there are {', '.join(table.index)}."
        )
    columns = {"params": "params, M", "printed rule": "counted G", "GMAC": "GMAC", "ms": "ms"}
    ratios = {
        name: {
            said: float(table.loc[name, column] / table.loc[f"{name}, n = 0", column])
            for said, column in columns.items()
        }
        for name in names
    }
    least, most = (pick(values["ms"] for values in ratios.values()) for pick in (min, max))
    caption = (
        f"Two more passes take {least:.1f} to {most:.1f} times as long, as the executed work says. Parameters and the "
        "printed rule show next to nothing of it."
    )
    with in_style():
        figure = Figure(WIDTH, 3.2, caption, ratios)
        axes = figure.subplots()
        looks = {
            "params": ("#BBBBBB", "", "parameters"),
            "printed rule": (CURVES[0], "///", "the paper's count"),
            "GMAC": (CURVES[2], "...", "executed MACs"),
            "ms": (CURVES[1], "", "time"),
        }
        for i, said in enumerate(columns):
            x = np.arange(len(names)) + (i - 1.5) * 0.2
            values = [ratios[name][said] for name in names]
            colour, hatch, label = looks[said]
            bars = axes.bar(x, values, 0.19, color=colour, hatch=hatch, edgecolor="white", label=label)
            axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
        axes.axhline(1, color=IOU, linewidth=0.8)
        axes.set(xticks=range(len(names)), xticklabels=names, ylabel="n = 2 over n = 0")
        axes.set_ylim(0, 1.18 * max(max(values.values()) for values in ratios.values()))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _area(params):
    """Of a circle, points²: by the root, since sizes span a factor of 500."""
    return 60 * np.sqrt(params)


def _name(axes, table: pd.DataFrame, x: str, y: str, radii: Sequence[float]) -> None:
    """Names without what colour and shape say already."""
    names = [name.replace("RRCA-Net, ", "").replace(" + RuCB", "") for name in table["name"]]
    name_marks(axes, table[x].tolist(), table[y].tolist(), names, radii)


def _legend(figure: Figure, sizes: bool = True) -> None:
    """Families by colour and shape, and circles by parameters."""
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", markeredgecolor=IOU, label=name)
        for name, (colour, marker) in FAMILIES.items()
    ]
    if sizes:
        handles += [
            Line2D(
                [],
                [],
                color="0.8",
                marker="o",
                linestyle="none",
                markersize=np.sqrt(_area(size)),
                label=f"{size:g} M",
            )
            for size in SIZES
        ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, columnspacing=1.5
    )
