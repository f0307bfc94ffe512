"""Figures of a sweep's arithmetic: runs that tables share, what seeds can tell, what choosing costs, and the hours."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.scale_out import SEEDS, wall_hours

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def shared_runs(table: pd.DataFrame) -> Figure:
    """Lines that each table needs, and those whose run an earlier table has.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.scale_out.shared`.

    Returns
    -------
    Figure
        Numbers: "lines", "runs" and "shared" in all; "by table" the table itself.
    """
    numbers = {
        "lines": int(table["lines"].sum()),
        "runs": int(table["new runs"].sum()),
        "shared": int(table["shared"].sum()),
        "by table": {name: {key: int(value) for key, value in row.items()} for name, row in table.iterrows()},
    }
    caption = (
        f"{numbers['lines']} lines need {numbers['runs']} runs: the hatched {numbers['shared']} are lines of the "
        "default network, which several tables have and which is run once for each seed."
    )
    with in_style():
        figure = Figure(WIDTH, 2.9, caption, numbers)
        axes = figure.subplots()
        new = axes.bar(table.index, table["new runs"], color=CURVES[0], edgecolor="white", label="new runs")
        axes.bar_label(new, label_type="center", color="white", fontsize=8)
        again = axes.bar(
            table.index,
            table["shared"],
            bottom=table["new runs"],
            color=CURVES[1],
            hatch="///",
            edgecolor="white",
            label="run of an earlier table",
        )
        said = [f"+{value}" if value else "" for value in table["shared"]]
        axes.bar_label(again, labels=said, fontsize=8, padding=2)
        axes.set(xlabel="table of the paper", ylabel="lines (rows × seeds)")
        axes.set_ylim(0, 1.12 * table["lines"].max())
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.15, 1))
    return figure


def interval_widths(table: pd.DataFrame, deviation: float | None = None) -> Figure:
    """Half-width of the 95 % interval of a difference, by the number of seeds.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.scale_out.half_widths`.
    deviation : float, optional
        A measured standard deviation over seeds, in points of IoU, in which the widths are given on the right.

    Returns
    -------
    Figure
        Numbers: by column of the table and number of seeds, in standard deviations over seeds; and "deviation".
    """
    numbers = {column: {str(n): float(value) for n, value in table[column].items()} for column in table}
    if deviation is not None:
        numbers["deviation"] = float(deviation)
    last = table.columns[-1]
    caption = (
        f"Three seeds against the default's {SEEDS} tell apart what differs by more than "
        f"{table.loc[3, 'one row']:.2f} standard deviations over seeds; in a table of {last}, "
        f"{table.loc[3, last]:.2f}; against three of the default, {table.loc[3, 'as many']:.2f}."
    )
    looks = {
        "as many": (CURVES[3], "D", "dotted", "one row against as many seeds of the default"),
        "one row": (CURVES[0], "o", "solid", f"one row against {SEEDS} seeds of the default"),
        last: (CURVES[1], "s", "dashed", f"{last} at once against {SEEDS}"),
    }
    with in_style():
        figure = Figure(WIDTH, 3.6, caption, numbers)
        axes = figure.subplots()
        for column, (colour, marker, line, label) in looks.items():
            axes.plot(table.index, table[column], color=colour, marker=marker, linestyle=line, label=label)
        axes.set_xscale("log")
        axes.set_xticks(table.index, [str(n) for n in table.index])
        axes.minorticks_off()
        axes.axvline(3, color=IOU, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.set(xlabel="seeds of a row", ylabel="half-width / s.d. over seeds", ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        if deviation is not None:
            right = axes.secondary_yaxis(
                "right", functions=(lambda y: y * deviation, lambda y: y / deviation)
            )
            right.set_ylabel(f"points of IoU, at an s.d. of {deviation:.1f}")
    return figure


def best_of_m(cases: Mapping[float, pd.DataFrame]) -> Figure:
    """What the best of m rows shows, and what it gives when it is run again.

    Parameters
    ----------
    cases : mapping of float to DataFrame
        How far the rows truly lie apart, in standard deviations over seeds, and its `rrca.studies.scale_out.choosing`.

    Returns
    -------
    Figure
        A panel a case, on one scale. Numbers: by "apart = …" and "shown" and "again", by m.
    """
    numbers = {
        f"apart = {apart:g}": {
            column: {str(m): float(value) for m, value in table[column].items()} for column in table
        }
        for apart, table in cases.items()
    }
    ends = [(apart, table.iloc[-1], table.index[-1]) for apart, table in cases.items()]
    caption = "; ".join(
        f"rows {apart:g} s.d. apart: the best of {m} shows {end['shown']:.1f} and gives {end['again']:.1f} again"
        for apart, end, m in ends
    )
    with in_style():
        figure = Figure(WIDTH, 3.3, caption[0].upper() + caption[1:] + ".", numbers)
        panels = np.atleast_1d(figure.subplots(1, len(cases), sharey=True))
        for axes, (apart, table) in zip(panels, cases.items(), strict=True):
            axes.plot(table.index, table["shown"], color=CURVES[1], label="what the chosen run shows")
            axes.plot(
                table.index, table["again"], color=CURVES[0], linestyle="dashed", label="when it is run again"
            )
            axes.fill_between(table.index, table["again"], table["shown"], color=CURVES[1], alpha=0.15)
            words = "all rows are equal" if apart == 0 else f"rows lie {apart:g} s.d. over seeds apart"
            axes.set_title(words, loc="left")
            axes.set(xlabel="rows to choose from, one run each")
            axes.grid(alpha=0.3)
        panels[0].set_ylabel("above the mean of the rows / s.d. over seeds")
        panels[0].legend(frameon=False, loc="upper left")
    return figure


def wall_time(hours: pd.DataFrame, slower: float | None = None, workers: Sequence[int] = WORKERS) -> Figure:
    """How long the tables take, by the number of workers.

    Parameters
    ----------
    hours : DataFrame
        From `rrca.studies.scale_out.core_hours`.
    slower : float, optional
        How many times as long whole runs took as the steps alone; drawn as the upper edge of a band.
    workers : sequence of int

    Returns
    -------
    Figure
        Left, hours by workers; right, the runs by their hours, the longest first. Numbers: "runs", "core hours",
        "longest" (h) and its "row", "default" (hours of the median run), "workers" (hours by their number), "slower".
    """
    longest = hours.loc[hours["hours"].idxmax()]
    took = {count: wall_hours(hours["hours"], count) for count in workers}
    numbers = {
        "runs": len(hours),
        "core hours": float(hours["hours"].sum()),
        "longest": float(longest["hours"]),
        "row": f"{longest['table']}, {longest['row']}",
        "default": float(hours["hours"].median()),
        "workers": {str(count): value for count, value in took.items()},
    }
    if slower is not None:
        numbers["slower"] = float(slower)
    caption = (
        f"{numbers['runs']} runs of {numbers['core hours']:.0f} core hours: {took[workers[0]]:.0f} h with "
        f"{workers[0]} worker, {took[workers[-1]]:.1f} h with {workers[-1]}, since the longest run "
        f"({numbers['row']}) takes that long by itself."
    )
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.loglog(workers, list(took.values()), "o-", color=CURVES[0], label="steps alone, by rrca bench")
        if slower is not None:
            above = [slower * value for value in took.values()]
            left.fill_between(workers, list(took.values()), above, color=CURVES[0], alpha=0.2)
            left.loglog(
                workers, above, color=CURVES[0], linestyle="dashed", label="as whole runs of a search took"
            )
        ideal = [took[workers[0]] * workers[0] / count for count in workers]
        left.loglog(workers, ideal, color=IOU, linestyle="dotted", linewidth=1, label="hours ÷ workers")
        left.set_xticks(workers, [str(count) for count in workers])
        ticks = [tick for tick in (0.1, 0.3, 1, 3, 10, 30, 100) if min(ideal) / 2 < tick < 2 * max(ideal)]
        left.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        left.minorticks_off()
        left.set(xlabel="workers, one core each", ylabel="hours until all is done")
        left.grid(alpha=0.3)
        left.legend(frameon=False)
        ordered = np.sort(hours["hours"])[::-1]
        right.step(range(1, len(ordered) + 1), ordered, where="mid", color=CURVES[1])
        right.annotate(
            f"{longest['row']}, {longest['hours']:.1f} h",
            (1, ordered[0]),
            (12, -3),
            textcoords="offset points",
            fontsize=8,
        )
        right.set(xlabel="runs, the longest first", ylabel="core hours of a run", ylim=(0, None))
        right.grid(alpha=0.3)
    return figure
