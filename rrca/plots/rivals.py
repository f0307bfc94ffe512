"""Figures of Table I's networks side by side: their paths, their printed counts, a race, curves and landscapes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from rrca.metrics import Roc
from rrca.plots.parts import check_shapes, stretched
from rrca.plots.style import CURVES, FEATURE_MAP, IOU, SCORE_MAP, WIDTH, Figure, in_style
from rrca.plots.surfaces import FINEST, _landscape, blocks, heights
from rrca.studies.anatomy import Anatomy
from rrca.studies.printed import least_p
from rrca.studies.rivals import Race

DASHES = ("solid", (0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
COLUMNS = 2  # of panels


def network_paths(anatomies: Mapping[str, Anatomy]) -> Figure:
    """The way of a frame through each network: one mark a convolution, high at full resolution, deep where it is small.

    Parameters
    ----------
    anatomies : mapping of str to Anatomy
        By name, from `rrca.studies.anatomy.anatomy`.

    Returns
    -------
    Figure
        Colour: channels that a convolution gives. Grey arcs: skips, maps that wait while others go on. Numbers, by
        name: "calls", "kernels", "skips", "finest" and "deepest" level, "widest" (channels), "outputs" that training
        judges, and "at full size / %" (share of the multiply-accumulates at level 0).
    """
    numbers = {}
    for name, found in anatomies.items():
        levels = found.levels
        numbers[name] = {
            "calls": len(found.calls),
            "kernels": int(found.calls["first"].sum()),
            "skips": len(found.skips),
            "finest": int(levels.index.min()),
            "deepest": int(levels.index.max()),
            "widest": int(levels["channels"].max()),
            "outputs": found.outputs,
            "at full size / %": float(levels["share"].get(0, 0.0)),
        }
    most, least = (choose(numbers, key=lambda name: numbers[name]["calls"]) for choose in (max, min))
    caption = (
        f"Every one goes down and comes up again, and every one keeps maps for later (arcs). {most} runs "
        f"{numbers[most]['calls']} convolutions on maps, {least} {numbers[least]['calls']}."
    )
    deepest = max(found["deepest"] for found in numbers.values())
    widest = max(found["widest"] for found in numbers.values())
    rows = -(-len(anatomies) // COLUMNS)
    with in_style():
        figure = Figure(WIDTH, 0.9 + 1.75 * rows, caption, numbers)
        panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
        for axes, (name, found) in zip(panels.flat, anatomies.items(), strict=False):
            own = numbers[name]
            x, y = np.arange(len(found.calls)), found.calls["level"].to_numpy()
            arcs = [_arc(a, b, y) for a, b in found.skips]
            axes.add_collection(LineCollection(arcs, colors="0.7", linewidths=0.6, zorder=1), autolim=False)
            axes.plot(x, y, color="0.6", linewidth=0.8, zorder=2)
            look = {"cmap": FEATURE_MAP, "norm": LogNorm(4, widest), "edgecolors": IOU, "linewidths": 0.3}
            dots = axes.scatter(x, y, 22, found.calls["channels"], zorder=3, **look)
            axes.set(ylim=(deepest + 0.4, -1.3), yticks=range(deepest + 1), xlim=(-2, len(x) + 1))
            axes.set_yticklabels(["1", *(f"1/{2**level}" for level in range(1, deepest + 1))])
            axes.set_title(
                f"{name}: {own['calls']} calls of {own['kernels']} kernels, {own['skips']} skips", loc="left"
            )
            axes.grid(axis="y", alpha=0.3)
        for axes in panels.flat[len(anatomies) :]:
            axes.set_visible(False)
        for axes in panels[-1]:
            axes.set_xlabel("convolutions in the order in which they run")
        figure.supylabel("height and width of the frame", fontsize=8)
        bar = figure.colorbar(dots, ax=panels, shrink=0.5, pad=0.01, label="channels")
        ticks = [2**i for i in range(2, 10) if 2**i <= widest]
        bar.set_ticks(ticks, labels=list(map(str, ticks)))
        bar.minorticks_off()
    return figure


def _arc(a: int, b: int, level: np.ndarray) -> np.ndarray:
    """From one call to a later one, over what lies between; the longer, the higher."""
    t = np.linspace(0, 1, 25)
    lift = 0.35 + 0.85 * (b - a) / len(level)
    return np.column_stack([a + t * (b - a), (1 - t) * level[a] + t * level[b] - 4 * lift * t * (1 - t)])


def printed_targets(table: pd.DataFrame, name: str, level: float = 0.05) -> Figure:
    """Table I as counts: found targets and false pixels, and which rows a sign test could tell from one of them.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.rivals.printed`.
    name : str
        The row that others are compared with.
    level : float, default 0.05
        Of the test.

    Returns
    -------
    Figure
        All figures are the paper's. Left, grey: counts that no sign test can tell from the named row's, whatever
        targets were found. Right, hollow: the printed Fa is no whole number of pixels. Numbers: "margin" (the largest
        difference inside the grey), "inside" (rows in it, the named one left out), "targets" and "pixels" by row, "no
        whole number" (rows).
    """
    here = table.loc[name, "targets"]
    margin = max(d for d in range(50) if least_p(d) >= level)
    inside = [row for row in table.index.drop(name) if abs(table.loc[row, "targets"] - here) <= margin]
    hollow = table.index[~table["whole"]].tolist()
    numbers = {
        "margin": margin,
        "inside": inside,
        "targets": table["targets"].to_dict(),
        "pixels": table["pixels"].to_dict(),
        "no whole number": hollow,
    }
    caption = (
        f"{len(inside)} of {len(table) - 1} rows lie within {margin} targets of {name}: no sign test on one list of "
        f"263 targets can tell them from it. The Fa of {', '.join(hollow) or 'none'} is no whole number of pixels."
    )
    with in_style():
        figure = Figure(WIDTH, 1.0 + 0.28 * len(table), caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        left.axvspan(here - margin - 0.5, here + margin + 0.5, color="0.9", linewidth=0)
        for place, (row, own) in enumerate(table.iterrows()):
            look = {"color": CURVES[1] if row == name else CURVES[0], "markersize": 7}
            left.plot(own["targets"], place, "o", **look)
            left.annotate(
                f"{own['targets']}", (own["targets"], place), (6, -3), textcoords="offset points", fontsize=8
            )
            right.plot(own["pixels"], place, "s", fillstyle="full" if own["whole"] else "none", **look)
            right.annotate(
                f"{own['pixels']}", (own["pixels"], place), (7, -3), textcoords="offset points", fontsize=8
            )
        left.set(yticks=range(len(table)), yticklabels=table.index, ylim=(len(table) - 0.5, -0.5))
        left.set(xlabel="found targets of 263, by the printed Pd")
        right.set(
            xlabel="false pixels of 214 · 256², by the printed Fa", xlim=(0, 1.15 * table["pixels"].max())
        )
        for axes in (left, right):
            axes.grid(axis="x", alpha=0.3)
    return figure


def race(run: Race, window: int = 5) -> Figure:
    """Losses of networks that trained on the same crops: at equal steps, and at equal work.

    Parameters
    ----------
    run : Race
        From `rrca.studies.rivals.race`.
    window : int, default 5
        Steps whose losses are averaged in a curve.

    Returns
    -------
    Figure
        Numbers: "plateau"; "equal work" (GMAC of the lightest network's whole run); by network "leaves" (the first step
        from which the averaged loss stays more than a tenth below the plateau, null if it does not), "last loss"
        (averaged), "loss at equal work" (averaged; null where that is less than `window` steps), and the columns of
        `run.ends`.
    """
    plateau = run.plateau
    logs = {
        name: own.assign(mean=own["loss"].rolling(window).mean())
        for name, own in run.log.groupby("network", sort=False)
    }
    least = min(own["GMAC"].max() for own in logs.values())
    numbers: dict = {"plateau": plateau, "equal work": least}
    for name, own in logs.items():
        above = own.loc[~(own["mean"] < 0.9 * plateau), "step"].max()  # nan, of the first steps, is not below
        spent = own.loc[own["GMAC"] <= least * 1.0001, "mean"].dropna()
        numbers[name] = {
            "leaves": int(above) + 1 if above < own["step"].max() else None,
            "last loss": float(own["mean"].iloc[-1]),
            "loss at equal work": float(spent.iloc[-1]) if len(spent) else None,
            **{key: float(value) for key, value in run.ends.loc[name].items()},
        }
    first = min(logs, key=lambda name: numbers[name]["last loss"])
    caption = f"At equal steps {first} has the lowest loss; at equal work the lighter networks have made more steps."
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        for i, (name, own) in enumerate(logs.items()):
            look = {"color": CURVES[i % 4], "linestyle": DASHES[i % 4], "label": name}
            left.plot(own["step"], own["mean"], **look)
            right.plot(own["GMAC"], own["mean"], **look)
        for axes in (left, right):
            axes.axhline(plateau, color=IOU, linewidth=0.8, linestyle=(0, (2, 2)))
            axes.grid(alpha=0.3)
        left.text(window, plateau, "one score everywhere", va="top", fontsize=8)
        left.set(xlabel="step", ylabel=f"loss, mean of {window} steps", ylim=(0, None))
        right.axvline(least, color="0.6", linewidth=0.8)
        right.set(xlabel="multiply-accumulates of the forward runs so far / 10⁹", xscale="log")
        right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        right.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
        right.xaxis.set_minor_formatter(NullFormatter())
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.legend(frameon=False)
    return figure


def roc_of_methods(
    whole: Mapping[str, pd.DataFrame], points: pd.DataFrame, printed: pd.DataFrame, live: Mapping[str, Roc]
) -> Figure:
    """Pd against Fa of several methods: over the whole test list, and over some frames.

    Parameters
    ----------
    whole : mapping of str to DataFrame
        "fa" and "pd", fractions, of methods that have a curve over the whole list, from
        `rrca.studies.rivals.filed_curves`.
    points : DataFrame
        "fa" and "pd", fractions, of methods that have a point over the whole list.
    printed : DataFrame
        "fa" (1e-6) and "pd" (per cent) that the paper prints, by method.
    live : mapping of str to Roc
        Curves over the same frames, whatever their number.

    Returns
    -------
    Figure
        Left: lines and full marks are ours, hollow ones the paper's. Right: all ours. Numbers: "frames" on the right,
        and there by method "highest Pd / %" at an Fa of at most 10, 100 and 1000 · 10⁻⁶ (0 if no threshold has so
        little).

    References
    ----------
    Paper, Fig. 5.
    """
    numbers: dict = {"frames": next(iter(live.values())).counts[0].frames if live else 0}
    for name, curve in live.items():
        numbers[name] = {
            f"highest Pd / % at {limit}": 100 * float(curve.pd[1e6 * curve.fa <= limit].max(initial=0))
            for limit in (10, 100, 1000)
        }
    best = max(live, key=lambda name: numbers[name]["highest Pd / % at 100"]) if live else "none"
    caption = (
        f"Over {numbers['frames']} frames {best} finds most at Fa up to 100e-6. Left, curves of ours beside points "
        "that the paper prints."
    )
    names = list(dict.fromkeys([*live, *whole, *points.index]))
    colours = {name: CURVES[i % 4] for i, name in enumerate(names)}
    dashes = {name: DASHES[(i // 4 + i) % 4] for i, name in enumerate(names)}
    with in_style():
        figure = Figure(WIDTH, 4.0, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        for name, curve in whole.items():
            left.plot(
                1e6 * curve["fa"].clip(1e-7),
                curve["pd"],
                color=colours[name],
                linestyle=dashes[name],
                label=name,
            )
        for name, row in points.iterrows():
            left.plot(1e6 * row["fa"], row["pd"], "o", color=colours[name], label=f"{name}, threshold 0.5")
        left.plot(
            printed["fa"],
            printed["pd"] / 100,
            "D",
            color=IOU,
            fillstyle="none",
            markersize=5,
            label="paper, Table I",
        )
        for name, curve in live.items():
            look = {"color": colours[name], "linestyle": dashes[name]}
            right.plot(1e6 * np.maximum(curve.fa, 1e-7), curve.pd, **look, label=name)
        for axes in (left, right):
            axes.set(
                xscale="log", xlabel="Fa / 10⁻⁶", ylim=(0, 1.03), xlim=(0.1 if axes is right else 1e-4, 1e5)
            )
            axes.grid(alpha=0.3)
        left.legend(frameon=False, fontsize=7.5, loc="center left")  # no curve comes there
        if live:
            right.legend(frameon=False, fontsize=7.5, loc="lower right")
        left.set(ylabel="Pd")
        left.set_title("whole test list, protocol dnanet", loc="left")
        right.set_title(f"{numbers['frames']} frames, protocol exact, ours", loc="left")
    return figure


def landscapes(frame: np.ndarray, maps: Mapping[str, np.ndarray], mask: np.ndarray) -> Figure:
    """A frame and what several methods make of it, as landscapes side by side.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1]; drawn from its own minimum to its own maximum.
    maps : mapping of str to ndarray of shape (H, W)
        Name of a method to its map. Scores of a network lie in [0, 1]; a map that leaves [0, 1] is drawn from its own
        minimum to its own maximum, and says so.
    mask : bool ndarray of shape (H, W)
        Drawn targets.

    Returns
    -------
    Figure
        Numbers, by "grey level" and method: "lowest peak of a target" and "highest elsewhere", as
        `rrca.plots.surface` has them.

    References
    ----------
    Paper, Fig. 7.
    """
    frame, mask = stretched(frame), np.asarray(mask, bool)
    check_shapes(frame, mask=mask, **{name.replace("-", "_"): values for name, values in maps.items()})
    drawn = {"grey level": frame if frame.ndim == 2 else frame.mean(axis=2)}
    for name, values in maps.items():
        values = np.asarray(values, float)
        fits = values.min() >= 0 and values.max() <= 1
        drawn[name if fits else f"{name}, stretched"] = values if fits else stretched(values)
    numbers = {name: heights(values, mask) for name, values in drawn.items()}
    caption = "; ".join(
        f"{name}: lowest peak of a target {own['lowest peak of a target']:.2f}, highest elsewhere "
        f"{own['highest elsewhere']:.2f}"
        for name, own in numbers.items()
        if "lowest peak of a target" in own
    )
    with in_style():
        figure = Figure(WIDTH, 3.0, (caption or "No target is drawn") + ".", numbers)
        for place, (name, values) in enumerate(drawn.items(), 1):
            whole, step = blocks(values)
            cmap = FEATURE_MAP if place == 1 else SCORE_MAP
            _landscape(figure, (1, len(drawn), place), whole, (0, 0), step, cmap, "", name)
        longest = max(mask.shape)
        for axes in figure.axes:
            axes.set(zlabel="", xlabel="", ylabel="")
            axes.set_box_aspect((mask.shape[1] / longest, mask.shape[0] / longest, 0.5), zoom=1.2)
            axes.tick_params(labelsize=6, pad=-2)
        figure.supxlabel(
            f"rows and columns in pixels, blocks of {-(-max(mask.shape) // FINEST)} px; height from 0 to 1",
            fontsize=8,
        )
    return figure
