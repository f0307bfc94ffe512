"""Figures of Table VI: the six ways to join levels as diagrams and as counts, and what the gates do on frames."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from rrca.blocks import ChannelAttention, Reweight
from rrca.metrics import Metrics
from rrca.networks.rrcanet import RRCANet
from rrca.plots.diagram import FREE, ONCE, OWNED, Diagram
from rrca.plots.style import CURVES, IOU, WIDTH, Figure, in_style
from rrca.studies.fusion import DEFAULT, Gates


def joints(networks: Mapping[str, RRCANet]) -> Figure:
    """How each network joins its levels, drawn from its modules: the paper's Fig. 10.

    Parameters
    ----------
    networks : mapping of str to RRCANet
        By row, from `rrca.studies.fusion.networks`.

    Returns
    -------
    Figure
        A panel each; of the attention decoders the finest joint. Orange: one set of weights per pass; green: one for
        all passes; grey: none. Numbers: the texts of the boxes by row.

    References
    ----------
    Paper, Fig. 10 and Eq. (3).
    """
    caption = (
        "Six ways to join the levels. Attention climbs level by level and gates every pixel; sum and concatenation "
        "bring all levels to full resolution at once."
    )
    with in_style():
        figure = Figure(WIDTH, 5.4, caption)
        panels = figure.subplots(2, 3).flat
        for axes, (name, network) in zip(panels, networks.items(), strict=True):
            axes.set(xlim=(-0.05, 4.6), ylim=(-0.1, 4.1))
            axes.set_axis_off()
            axes.set_title(name, fontweight="bold")
            diagram = Diagram(axes, 8)
            if network.config.decoder == "diaam":
                _attention(diagram, network.decoder.fuse[0][0])
            else:
                _flat(diagram, network)
            figure.numbers[name] = diagram.texts
        entries = [
            Patch(facecolor=OWNED, alpha=0.6, label="1×1 convolutions, one set per pass and level"),
            Patch(facecolor=ONCE, alpha=0.6, label="one set for all passes"),
            Patch(facecolor=FREE, alpha=0.6, label="no parameters"),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _attention(diagram: Diagram, block) -> None:
    """DIAAM or its reversal: the low level below, the high one above, what they become on the right."""
    rows = {
        "low": (0.9, block.project_low, "low level\n$e_0$"),
        "high": (3.1, block.project_high, "high level,\n×2"),
    }
    gating = "high" if isinstance(block, Reweight) else "low"
    for name, (y, project, text) in rows.items():
        diagram.box(0.5, y, 0.95, f"{text}", FREE)
        diagram.arrow((0.98, y), (1.2, y))
        diagram.box(1.65, y, 0.9, f"1×1\n{project.in_channels} → {project.out_channels}", OWNED)
        end = 2.1
        if name == gating:
            diagram.arrow((end, y), (2.4, y))
            diagram.box(2.8, y, 0.8, "sigmoid:\ngate", FREE)
            end = 3.2
        elif isinstance(block.attention, ChannelAttention):
            diagram.arrow((end, y), (2.3, y))
            hidden = block.attention.mlp[0].out_channels
            diagram.box(
                2.75, y, 0.9, f"CA: {project.out_channels} → {hidden}\n→ {project.out_channels}", OWNED
            )
            end = 3.2
        diagram.arrow((end, y), (3.38, 2 + 0.25 * np.sign(y - 2)))
    diagram.box(3.5, 2, 0.42, "×", FREE, 0.42)
    diagram.arrow((3.71, 2), (3.95, 2))
    diagram.box(4.18, 2, 0.42, "+", FREE, 0.42)
    diagram.axes.plot([0.5, 0.5, 4.18], [0.57, 0.2, 0.2], color="#333333", linewidth=1.1)
    diagram.arrow((4.18, 0.2), (4.18, 1.79))


def _flat(diagram: Diagram, network: RRCANet) -> None:
    """Concatenation or sum: all levels at once."""
    C = network.config.channels
    sums = network.config.decoder == "sum"
    for i, c in enumerate(C):
        y = 3.6 - 3.2 * i / (len(C) - 1)
        resized = f", ×{2**i}" if i else ""
        diagram.box(0.7, y, 1.3, f"$e_{i}$: {c}{resized}", FREE, 0.5)
        end = 1.35
        if sums and i:
            project = network.decoder.project[i - 1]
            diagram.arrow((end, y), (1.6, y))
            diagram.box(2.15, y, 1.1, f"1×1: {project.in_channels} → {project.out_channels}", ONCE, 0.5)
            end = 2.7
        if sums and not i:  # around the projections
            diagram.axes.plot([end, 3.6], [y, y], color="#333333", linewidth=1.1)
            diagram.arrow((3.6, y), (3.6, 2.25))
        else:
            diagram.arrow((end, y), (3.35 if sums else 2.1, 2 + 0.12 * (y - 2)))
    if sums:
        diagram.box(3.6, 2, 0.5, "+", FREE, 0.5)
        return
    block = network.decoder.fuse
    diagram.box(2.45, 2, 0.7, f"stack:\n{block.conv1.in_channels}", FREE, 0.8)
    diagram.arrow((2.8, 2), (3.1, 2))
    channels = f"{block.conv1.in_channels} → {block.conv1.out_channels}"
    diagram.box(3.75, 2, 1.3, f"residual block\n3×3: {channels}", ONCE, 0.8)


def table_vi_counts(table: pd.DataFrame) -> Figure:
    """Cost of the six joints: FLOPs as printed, and the work that is executed.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.fusion.counts`.

    Returns
    -------
    Figure
        Numbers: by row all columns of the table; by row "over DIAAM" (ratio of executed work).

    References
    ----------
    Paper, Table VI; the two rules are in `rrca.count`.
    """
    ratio = table["GMAC"] / table.loc[DEFAULT, "GMAC"]
    numbers = {name: row.to_dict() | {"over DIAAM": float(ratio[name])} for name, row in table.iterrows()}
    caption = (
        f"Concatenation executes {ratio['concatenate']:.2f} times the work of DIAAM, and the sum {ratio['sum']:.2f} "
        "times, though its printed FLOPs are the lowest."
    )
    with in_style():
        figure = Figure(WIDTH, 2.9, caption, numbers)
        panels = figure.subplots(1, 3, sharey=True)
        looks = (
            ("params", table["params"] / 1e6, "parameters / M", "%.4f", 0.185),
            ("printed G", table["printed G"], "printed FLOPs / G", "%.2f", 0),
            ("GMAC", table["GMAC"], "executed / GMAC", "%.3f", 0),
        )
        for axes, (_, values, label, form, start) in zip(panels, looks, strict=True):
            colours = [CURVES[0] if name == DEFAULT else CURVES[1] for name in table.index]
            bars = axes.barh(table.index, values, color=colours)
            axes.bar_label(bars, fmt=form, fontsize=8, padding=3)
            axes.set(xlabel=label, xlim=(0, 1.3 * values.max()))
            if start:
                axes.set_xlabel(f"{label}, axis from {start}")
                axes.set_xlim(start, 0.208)
        panels[0].invert_yaxis()
    return figure


def printed_rows(table: pd.DataFrame) -> Figure:
    """The printed rows of an ablation as counts: targets that were found, and false pixels.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.fusion.printed`.

    Returns
    -------
    Figure
        Blue: the default's row. Numbers: by row all columns of the table; "others": least and most of each column over
        the other rows.
    """
    default = table.index[(table.filter(like="Δ") == 0).all(axis=1)][0]
    others = table.drop(default)
    numbers = {name: row.to_dict() for name, row in table.iterrows()}
    numbers["others"] = {
        column: {"least": float(others[column].min()), "most": float(others[column].max())}
        for column in others
    }
    found = numbers["others"]["targets"]
    caption = (
        f"The other rows found {found['least']:.0f} to {found['most']:.0f} targets, {default} "
        f"{table.loc[default, 'targets']:.0f}."
    )
    with in_style():
        figure = Figure(WIDTH, 1.1 + 0.27 * len(table), caption, numbers)
        panels = figure.subplots(1, 3, sharey=True)
        looks = (
            ("IoU", "IoU / %", "%.2f", (np.floor(table["IoU"].min()) - 1, table["IoU"].max() + 0.8)),
            (
                "targets",
                "targets found, of 263",
                "%.0f",
                (table["targets"].min() - 3, table["targets"].max() + 2),
            ),
            ("false pixels", "false pixels, of 14 million", "%.0f", (0, 1.165 * table["false pixels"].max())),
        )
        for axes, (column, label, form, limits) in zip(panels, looks, strict=True):
            for name, value in table[column].items():
                chosen = name == default
                axes.plot([limits[0], value], [name, name], color="0.85", linewidth=1)
                axes.plot(value, name, "D" if chosen else "o", color=CURVES[0] if chosen else CURVES[1])
                axes.annotate(
                    form % value, (value, name), (7, 0), textcoords="offset points", va="center", fontsize=8
                )
            axes.set(xlabel=label, xlim=limits)
        panels[0].invert_yaxis()
        panels[0].margins(y=0.12)
    return figure


def channel_weights(gates: Gates, explained: Mapping[str, float] | None = None) -> Figure:
    """The channel weights of every DIAAM on some frames, channel by channel.

    Parameters
    ----------
    gates : Gates
        From `rrca.studies.fusion.observe`.
    explained : mapping of str to float, optional
        The same per cent of other networks, for the numbers.

    Returns
    -------
    Figure
        A mark is a channel's mean over the frames, its line reaches from the least to the largest weight. Channels are
        in the order of their means. Numbers: by "pass t, level i" the columns of `Gates.table`; "frames"; "shut",
        "open" and "between" (per cent of all weights); "explained" (per cent of their variance that is the same in
        every frame) of this network and of others.
    """
    table = gates.table()
    weights = np.concatenate([w.ravel() for w in gates.channel.values()])
    shut, opened = 100 * (weights < 0.05).mean(), 100 * (weights > 0.95).mean()
    numbers = {f"pass {t}, level {i}": row.to_dict() for (t, i), row in table.iterrows()}
    numbers |= {
        "frames": len(next(iter(gates.channel.values()))),
        "shut": shut,
        "open": opened,
        "between": 100 - shut - opened,
        "explained": {"this": gates.explained(), **(explained or {})},
    }
    caption = (
        f"{shut:.0f} % of the channel weights lie below 0.05 and {opened:.0f} % above 0.95, and most stay where they "
        "are from frame to frame: they are switches, set by training."
    )
    passes = sorted({t for t, _ in gates.channel})
    with in_style():
        figure = Figure(WIDTH, 3.4, caption, numbers)
        axes = figure.subplots()
        x, ticks = 0, []
        for (t, i), own in sorted(gates.channel.items()):
            order = np.argsort(own.mean(0), kind="stable")
            places = x + np.arange(len(order))
            colour = CURVES[passes.index(t) % len(CURVES)]
            axes.vlines(places, own.min(0)[order], own.max(0)[order], colour, linewidth=1.6, alpha=0.55)
            axes.plot(places, own.mean(0)[order], "osD^"[i % 4], color=colour, markersize=3.5)
            ticks.append((places.mean(), f"pass {t}\nlevel {i}"))
            x += len(order) + 4
            axes.axvline(x - 2.5, color="0.88", linewidth=0.8)
        axes.axhline(0.5, color=IOU, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_xticks(*zip(*ticks, strict=True))
        axes.set(ylabel="weight of a channel", ylim=(-0.04, 1.04), xlim=(-3, x - 1))
        axes.tick_params(axis="x", length=0)
    return figure


def moved_weights(table: pd.DataFrame, gates: Gates) -> Figure:
    """How far channel weights move when targets are erased, beside the same area elsewhere and other frames.

    Parameters
    ----------
    table : DataFrame
        From `rrca.studies.fusion.moved_by_erasing`.
    gates : Gates
        Of frames that have targets: how far they differ among each other.

    Returns
    -------
    Figure
        Numbers: by "pass t, level i" the two columns of the table and "between frames".
    """
    table = table.assign(**{"between frames": gates.table()["between frames"]})
    names = [f"pass {t}\nlevel {i}" for t, i in table.index]
    numbers = {f"pass {t}, level {i}": row.to_dict() for (t, i), row in table.iterrows()}
    most = table["targets erased"].idxmax()
    caption = (
        f"In pass {most[0]}, level {most[1]} erasing the targets moves a channel weight by "
        f"{table.loc[most, 'targets erased']:.2f} (root mean square), erasing as much elsewhere by "
        f"{table.loc[most, 'elsewhere erased']:.4f}."
    )
    with in_style():
        figure = Figure(WIDTH, 3.0, caption, numbers)
        axes = figure.subplots()
        x = np.arange(len(names))
        looks = {
            "targets erased": (CURVES[0], "o"),
            "elsewhere erased": (CURVES[1], "s"),
            "between frames": ("0.55", "_"),
        }
        said = {"between frames": "frames with targets, among each other"}
        for column, (colour, mark) in looks.items():
            size = 14 if mark == "_" else 7
            axes.plot(x, table[column], mark, color=colour, markersize=size, label=said.get(column, column))
        axes.set_xticks(x, names)
        axes.set(ylabel="change of a weight\n(root mean square)")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def held_gates(results: Mapping[str, Metrics]) -> Figure:
    """A network as it was trained, and with some of its gates held fixed.

    Parameters
    ----------
    results : mapping of str to Metrics
        From `rrca.studies.fusion.judge_held`; the network as it is comes first.

    Returns
    -------
    Figure
        Numbers: by form "IoU / %", "detected", "false alarms" (components) and "lost" (points of IoU); "targets".
    """
    first = next(iter(results.values()))
    numbers: dict = {
        name: {
            "IoU / %": 100 * found.iou,
            "detected": found.detected,
            "false alarms": found.false_components,
            "lost": 100 * (first.iou - found.iou),
        }
        for name, found in results.items()
    }
    forms = list(results)
    caption = "Held fixed, one at a time: " + "; ".join(
        f"{name}: IoU {numbers[name]['IoU / %']:.1f} %" for name in forms
    )
    targets = first.targets
    numbers["targets"] = targets
    with in_style():
        figure = Figure(WIDTH, 2.6, caption + ".", numbers)
        panels = figure.subplots(1, 3, sharey=True)
        looks = (
            ("IoU / %", "IoU / %", "%.1f", "linear"),
            ("detected", f"targets found, of {targets}", "%.0f", "linear"),
            ("false alarms", "false alarms", "%.0f", "log"),
        )
        for axes, (column, label, form, scale) in zip(panels, looks, strict=True):
            values = [numbers[name][column] for name in forms]
            colours = [CURVES[0] if k == 0 else CURVES[1] for k in range(len(forms))]
            bars = axes.barh(forms, values, color=colours)
            axes.bar_label(bars, labels=[form % value for value in values], fontsize=8, padding=3)
            axes.set(xscale=scale, xlabel=label)
            if scale == "log":
                axes.set_xlim(1, 12 * max(10, *values))
            else:
                axes.margins(x=0.2)
        panels[0].invert_yaxis()
    return figure
