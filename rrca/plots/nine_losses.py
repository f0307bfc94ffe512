"""Figures of Table VIII: its rows as counts, what each loss pulls at, what steps and rates do to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rrca.errors import InputError
from rrca.plots.style import CURVES, IOU, WIDTH, ZOOM, Figure, in_style
from rrca.studies.alpha_k import CHOSEN
from rrca.studies.gradients import Shares
from rrca.studies.nine_losses import OURS, Curve

LOOKS = ((CURVES[0], "solid"), (CURVES[1], "dashed"), (CURVES[2], "dashdot"), (CURVES[3], "dotted"))
LOOKS += ((IOU, (0, (5, 1, 1, 1))), (ZOOM, (0, (1, 2))))
MARKERS = "osD^vP"
COUNTS = {"iou": "IoU / %", "targets": "targets found, of 263", "pixels": "false pixels in 214 frames"}


def nine_losses_printed(table: pd.DataFrame, grid: pd.DataFrame) -> Figure:
    """The printed rows of Table VIII as counts, with the cells of Table VII below them.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.nine_losses.printed`.
    grid : DataFrame
        From `rrca.studies.alpha_k.printed`; its chosen cell is the row of DpT-k.

    Returns
    -------
    Figure
        A line marks the mean of the other eight losses, and a cross that of the other 26 cells. Numbers: by loss
        "iou", "targets" and "pixels"; "8 others" and "26 cells" with the mean and "sd" of each, and "distance": of
        DpT-k from the eight, in their sd, positive where it is better.

    References
    ----------
    Paper, Tables VII and VIII. The grid prints no IoU.
    """
    others, cells = table.drop(OURS), grid.drop(CHOSEN)
    numbers: dict[str, Any] = {
        name: {column: float(row[column]) for column in COUNTS} for name, row in table.iterrows()
    }
    for said, own in ((f"{len(others)} others", others), (f"{len(cells)} cells", cells)):
        kept = [column for column in COUNTS if column in own]
        numbers[said] = {column: float(own[column].mean()) for column in kept}
        numbers[said]["sd"] = {column: float(own[column].std()) for column in kept}
    signs = {"iou": 1, "targets": 1, "pixels": -1}
    numbers["distance"] = {
        column: float(
            signs[column] * (table.loc[OURS, column] - others[column].mean()) / others[column].std()
        )
        for column in COUNTS
    }
    caption = (
        f"{len(others)} other losses find {others['targets'].mean():.1f} targets with {others['pixels'].mean():.0f} "
        f"false pixels on average; {OURS} with {len(cells)} other α and k finds {cells['targets'].mean():.1f} with "
        f"{cells['pixels'].mean():.0f}."
    )
    names = [*table.index, f"{OURS}, {len(cells)} other\nα and k"]
    with in_style():
        figure = Figure(WIDTH, 4.2, caption, numbers)
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (column, label) in zip(panels, COUNTS.items(), strict=True):
            middle = others[column].mean()
            axes.axvline(middle, color="0.6", linewidth=1.2, linestyle="dashed", label="mean of the 8 others")
            for place, (name, value) in enumerate(table[column].items()):
                ours = name == OURS
                axes.plot(
                    value, place, "D" if ours else "o", color=CURVES[1] if ours else CURVES[0], markersize=7
                )
                digits = f"{value:.2f}" if column == "iou" else f"{value:.0f}"
                axes.annotate(
                    digits, (value, place), (0, 6), textcoords="offset points", ha="center", fontsize=8
                )
            if column in cells:
                _strip(axes, cells[column], len(table))
            else:
                axes.text(middle, len(table), "no IoU is printed", ha="center", va="center", fontsize=8)
            axes.set(xlabel=label)
            axes.margins(x=0.12)
            axes.grid(axis="x", alpha=0.3)
        panels[0].set(yticks=range(len(names)), yticklabels=names, ylim=(len(table) + 0.7, -0.9))
        figure.legend(
            *panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
        )
    return figure


def _strip(axes, values: pd.Series, place: float) -> None:
    """Many values in one row, those that coincide above each other, and their mean."""
    values = values.sort_values()
    rank = values.groupby(values).cumcount() if values.nunique() < 15 else pd.Series(0, values.index)
    lift = (rank - rank.groupby(values).transform("mean")) * 0.13
    axes.plot(
        values, place + lift, "o", color=CURVES[1], markersize=4, fillstyle="none", label="one α and k each"
    )
    axes.plot(values.mean(), place, "X", color=IOU, markersize=8, label="mean of these 26")


def nine_losses_pull(shares: Sequence[Shares]) -> Figure:
    """Which pixels each loss pulls at, before and after a training, and how hard in all.

    Parameters
    ----------
    shares : sequence of Shares
        From `rrca.studies.gradients.share`, of the same losses; one or more "before training", one "after training".

    Returns
    -------
    Figure
        Left the share of the gradient on background, in the middle, after training, the share of the gradient on
        targets that the missed ones get, right the sum over a frame. Hollow: before, the mean over its seeds, with a
        line from the lowest to the highest. Numbers: by loss "before / %", "after / %", "missed / %", "sum before" and
        "sum after" (no unit); "missed pixels / %" of the target pixels, after training; "frames" and "seeds".

    Raises
    ------
    InputError
        If a stage is missing.
    """
    before = [one for one in shares if one.stage == "before training"]
    after = [one for one in shares if one.stage == "after training"]
    if not before or len(after) != 1:
        raise InputError(
            f"shares: {len(before)} before training and {len(after)} after; give 1 or more, and 1."
        )
    (last,) = after
    names = list(last.background)
    start = np.array([[100 * one.on_background(name) for name in names] for one in before])
    force = np.array([[one.background[name] + one.target[name] for name in names] for one in before])
    missed = 100 * last.missed_pixels / last.targets
    numbers: dict[str, Any] = {
        name: {
            "before / %": float(start[:, i].mean()),
            "after / %": 100 * last.on_background(name),
            "missed / %": 100 * last.on_missed(name),
            "sum before": float(force[:, i].mean()),
            "sum after": last.background[name] + last.target[name],
        }
        for i, name in enumerate(names)
    }
    numbers |= {"missed pixels / %": missed, "frames": last.frames, "seeds": len(before)}
    ends = [numbers[name]["after / %"] for name in names]
    caption = (
        f"Before training background gets {start.mean(0).min():.0f} to {start.mean(0).max():.0f} % of the gradient, "
        f"afterwards {min(ends):.0f} to {max(ends):.0f} %; the missed {missed:.0f} % of the target pixels get "
        f"{min(numbers[name]['missed / %'] for name in names):.0f} to "
        f"{max(numbers[name]['missed / %'] for name in names):.0f} %."
    )
    with in_style():
        figure = Figure(WIDTH, 3.9, caption, numbers)
        left, middle, right = figure.subplots(1, 3, sharey=True)
        for place, name in enumerate(names):
            own = numbers[name]
            lowest, highest = start[:, place].min(), start[:, place].max()
            left.plot([lowest, highest], [place, place], color=CURVES[1], linewidth=2, alpha=0.5)
            left.plot(own["before / %"], place, "o", color=CURVES[1], fillstyle="none", markersize=7)
            left.plot(own["after / %"], place, "o", color=CURVES[0], markersize=7)
            middle.plot(own["missed / %"], place, "s", color=CURVES[0], markersize=7)
            right.plot(own["sum before"], place, "o", color=CURVES[1], fillstyle="none", markersize=7)
            right.plot(own["sum after"], place, "o", color=CURVES[0], markersize=7)
        middle.axvline(missed, color="0.5", linestyle="dashed", label="missed, % of the target pixels")
        left.set(
            xlabel="gradient on background / %", xlim=(0, 104), yticks=range(len(names)), yticklabels=names
        )
        left.set_ylim(len(names) - 0.5, -0.5)
        middle.set(xlabel="gradient on missed target pixels,\n% of that on targets", xlim=(0, 100))
        right.set(xlabel="Σ |∂L/∂logit| a frame", xscale="log")
        for axes in (left, middle, right):
            axes.grid(axis="x", alpha=0.3)
        looks = {"linestyle": "none", "marker": "o", "markersize": 7}
        handles = [
            left.plot([], [], color=CURVES[1], fillstyle="none", label="before training", **looks)[0],
            left.plot([], [], color=CURVES[0], label="after training", **looks)[0],
            *middle.get_legend_handles_labels()[0],
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return figure


def loss_arrivals(panels: Mapping[str, Mapping[str, Curve]], level: float = 10.0) -> Figure:
    """IoU over the steps of trainings that differ by the loss, and when each first reaches a level.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Curve
        By what the IoU is of, the curves of the losses, from `rrca.studies.nine_losses`; one without curves says "not
        run yet".
    level : float, default 10
        IoU in per cent.

    Returns
    -------
    Figure
        Thick the mean over the seeds, thin each seed. Numbers: by panel and loss "arrival" (step at which the mean
        reaches the level; null if it never does), "last / %" (mean over the seeds), "spread" (their sd at the last
        step, points; null of one seed) and "zero at the end": seeds that mark no target pixel.
    """
    numbers = {
        said: {name: _arrival(curve, level) for name, curve in own.items()} for said, own in panels.items()
    }
    parts = []
    for said, own in numbers.items():
        steps = ", ".join(
            f"{name} at step {one['arrival']:.0f}" if np.isfinite(one["arrival"]) else f"{name} not at all"
            for name, one in own.items()
        )
        parts.append(f"{said}: {steps or 'not run yet'}")
    with in_style():
        figure = Figure(WIDTH, 3.4, f"An IoU of {level:g} % is reached, {'; '.join(parts)}.", numbers)
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (said, curves) in zip(row, panels.items(), strict=True):
            axes.set_title(said, loc="left")
            for i, (name, curve) in enumerate(curves.items()):
                look = _look(i)
                thin = {**look, "marker": None, "linewidth": 0.8, "alpha": 0.5}
                for one in curve.iou if len(curve.iou) > 1 else ():
                    axes.plot(curve.steps, one, **thin)
                axes.plot(curve.steps, curve.iou.mean(0), **look, label=name)
            axes.set(xlabel="step")
            axes.grid(alpha=0.3)
            if curves:
                axes.axhline(level, color=IOU, linewidth=0.8)
            else:
                axes.text(0.5, 0.5, "not run yet", transform=axes.transAxes, ha="center")
        row[0].set(ylabel="IoU / %", ylim=(-1, None))
        _legend(figure, row)
    return figure


def _arrival(curve: Curve, level: float) -> dict[str, float]:
    """What is told of a curve."""
    last = curve.iou[:, -1]
    return {
        "arrival": curve.arrival(level),
        "last / %": float(last.mean()),
        "spread": float(last.std(ddof=1)) if len(last) > 1 else float("nan"),
        "zero at the end": int((last == 0).sum()),
    }


def _look(i: int) -> dict[str, Any]:
    """Colour, line and marker of the i-th loss; none of nine is like another."""
    colour, line = LOOKS[i % len(LOOKS)]
    return {
        "color": colour,
        "linestyle": line,
        "marker": MARKERS[(i + i // len(LOOKS)) % len(MARKERS)],
        "markersize": 5,
    }


def _legend(figure: Figure, panels: Sequence) -> None:
    """Below the panels, what any of them shows; nothing if none shows anything."""
    entries = dict(
        pair for axes in panels for pair in zip(*axes.get_legend_handles_labels()[::-1], strict=True)
    )
    if entries:
        figure.legend(entries.values(), entries, loc="outside lower center", ncols=5, frameon=False)


def rate_sensitivity(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """What each loss reaches at several learning rates.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By what the IoU is of: by loss a column for each factor on the rate, IoU in per cent, nan where there is no run.

    Returns
    -------
    Figure
        Numbers, by panel: "not run" (missing cells); by loss its IoU by "× factor", "best at" and "lost at × 1" (points
        below its own best rate); "winners": the best loss at each rate and "at its own". Nothing of losses that were
        not run.
    """
    numbers = {said: _by_rate(table) for said, table in tables.items()}
    parts = []
    for said, own in numbers.items():
        best = ", ".join(f"{name} {where}" for where, name in own["winners"].items())
        missing = f"{own['not run']} runs not there yet" if own["not run"] else ""
        parts.append(f"{said}: " + "; ".join(part for part in (best, missing) if part))
    with in_style():
        figure = Figure(WIDTH, 3.4, f"Best loss by rate. {'. '.join(parts)}.", numbers)
        row = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
        for axes, (said, table) in zip(row, tables.items(), strict=True):
            axes.set_title(said, loc="left")
            places = range(len(table.columns))
            for i, (name, values) in enumerate(table.iterrows()):
                if values.notna().any():
                    axes.plot(places, values, **_look(i), label=name)
            axes.set(xlabel="factor on the learning rate", xlim=(-0.3, len(places) - 0.7))
            axes.set_xticks(places, [_times(factor) for factor in table.columns])
            axes.grid(alpha=0.3)
            if not table.notna().any(axis=None):
                axes.text(0.5, 0.5, "not run yet", transform=axes.transAxes, ha="center")
        row[0].set(ylabel="IoU / %", ylim=(-1, None))
        _legend(figure, row)
    return figure


def _times(factor: float) -> str:
    """A factor in words: × 1/3, × 3."""
    return f"× {factor:g}" if factor >= 1 else f"× 1/{1 / factor:g}"


def _by_rate(table: pd.DataFrame) -> dict[str, Any]:
    """What is told of a table of rates."""
    shown = table.dropna(how="all")
    numbers: dict[str, Any] = {"not run": int(table.isna().sum().sum())}
    for name, row in shown.iterrows():
        numbers[name] = {_times(factor): float(value) for factor, value in row.dropna().items()}
        numbers[name]["best at"] = _times(row.idxmax())
        if np.isfinite(row.get(1.0, np.nan)):
            numbers[name]["lost at × 1"] = float(row.max() - row[1.0])
    winners = {
        f"at {_times(factor)}": shown[factor].idxmax() for factor in shown if shown[factor].notna().any()
    }
    if len(shown):
        winners["at its own"] = shown.max(axis=1).idxmax()
    return numbers | {"winners": winners}
