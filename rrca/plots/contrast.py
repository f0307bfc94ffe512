"""Figures over many targets: how far they stand out pass by pass, who misses them, which pass the tail reads."""

from collections.abc import Mapping

import numpy as np

from rrca.errors import InputError
from rrca.metrics import Metrics
from rrca.plots.style import CURVES, IOU, MISS, WIDTH, Figure, in_style
from rrca.studies.iterations import pairs
from rrca.studies.targets import Study

KINDS = {"frame": "#777777", "mean": CURVES[0], "one channel": CURVES[1], "logits": IOU}
MARKS = {"frame": "s", "mean": "o", "one channel": "^", "logits": "D"}  # tell the colours apart in grey


def contrast_by_pass(study: Study) -> Figure:
    """SCR and exposure of every target in the frame, in the map of each pass, and in the logits.

    Parameters
    ----------
    study : Study
        From `rrca.studies.contrast.measure`, or `rrca.studies.passes.kept`.

    Returns
    -------
    Figure
        Thin line: 10 to 90 % of the targets; thick: 25 to 75 %; mark: the median. Numbers: the medians by network,
        place and kind of map, SCR and exposure in per cent; and in how many per cent of the targets the mean of
        the last pass has more SCR than that of the first ("risen"), and than the frame ("above the frame").
    """
    places = [("frame", "frame", {"frame": (study.raw, 0)})]
    for n, seen in study.networks.items():
        for t in range(n + 1):
            places.append((f"n{n}", f"pass {t}", {"mean": (seen.mean, t), "one channel": (seen.channel, t)}))
        places.append((f"n{n}", "logits", {"logits": (seen.output, 0)}))
    with in_style():
        caption = (
            f"{len(study.ids)} targets of {study.frames} frames ({study.data}, {study.split} list). What the mean over "
            "the channels shows and what one channel shows are two stories."
        )
        figure = Figure(WIDTH, 5.4, caption, {"targets": len(study.ids), "frames": study.frames})
        numbers = figure.numbers
        upper, lower = figure.subplots(2, 1, sharex=True)
        x, ticks, last = 0.0, [], "frame"
        for network, place, kinds in places:
            x += 1.0 if network == last else 1.5
            last = network
            ticks.append((x, place if place == "frame" else f"n = {network[1:]}\n{place}"))
            for offset, (kind, (maps, t)) in zip(
                (-0.17, 0.17) if len(kinds) > 1 else (0,), kinds.items(), strict=True
            ):
                scr, exposed = maps.scr[t], 100 * maps.exposure[t]
                _spread(upper, x + offset, scr, kind)
                _spread(lower, x + offset, exposed, kind)
                medians = {"SCR": np.nanmedian(scr), "exposed": np.nanmedian(exposed)}
                numbers.setdefault(network, {}).setdefault(place, {})[kind] = medians
        for n, seen in study.networks.items():
            first, final = seen.mean.scr[0], seen.mean.scr[-1]
            numbers[f"n{n}"]["risen"] = 100 * np.mean(final > first)
            numbers[f"n{n}"]["above the frame"] = 100 * np.mean(final > study.raw.scr[0])
        upper.axhline(
            np.nanmedian(study.raw.scr[0]), color=KINDS["frame"], linewidth=0.8, linestyle=(0, (4, 3))
        )
        upper.set(yscale="log", ylabel="SCR of a target (no unit)")
        upper.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"], minor=False)
        upper.minorticks_off()
        lower.set_yscale("symlog", linthresh=0.01)
        lower.set(ylabel="exposed background (%)", ylim=(-0.002, 100))
        lower.set_yticks([0, 0.01, 0.1, 1, 10, 100], ["0", "0.01", "0.1", "1", "10", "100"])
        lower.minorticks_off()
        lower.set_xticks(*zip(*ticks, strict=True))
        handles = [
            upper.plot([], [], MARKS[kind], color=colour, label=kind)[0] for kind, colour in KINDS.items()
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return figure


def _spread(axes, x: float, values: np.ndarray, kind: str) -> None:
    """Quantiles of some values as two lines and a mark."""
    low, quarter, middle, most, high = np.nanquantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])
    axes.vlines(x, low, high, KINDS[kind], linewidth=1)
    axes.vlines(x, quarter, most, KINDS[kind], linewidth=4, alpha=0.5)
    axes.plot(x, middle, MARKS[kind], color=KINDS[kind], markersize=5.5)


def missed_targets(study: Study) -> Figure:
    """The targets that each network misses, by their SCR in the frame: a row for each n.

    Parameters
    ----------
    study : Study
        Of two networks at least.

    Returns
    -------
    Figure
        Small ticks are all targets. A target that two neighbouring rows miss is joined by a line. Numbers: misses by
        n, and `rrca.studies.iterations.pairs` of every two.

    Raises
    ------
    InputError
        If there are fewer than two networks.
    """
    if len(study.networks) < 2:
        raise InputError(
            f"the study has {len(study.networks)} network; two are needed to compare their misses."
        )
    found, scr = study.found, study.raw.scr[0]
    table = pairs(found)
    missed = {f"n{n}": int((~hits).sum()) for n, hits in found.items()}
    rows = {
        name.replace("n = ", "n").replace(" and ", " and n"): row.to_dict() for name, row in table.iterrows()
    }
    some = ~np.all(list(found.values()), axis=0)
    everyone = int((~np.any(list(found.values()), axis=0)).sum())
    numbers = {"targets": len(scr), "missed": missed, "by some": int(some.sum()), "by all": everyone, **rows}
    with in_style():
        caption = (
            f"{int(some.sum())} of {len(scr)} targets are missed by at least one network, {everyone} by all. They are "
            "not simply the faintest."
        )
        figure = Figure(WIDTH, 0.9 + 0.45 * len(found), caption, numbers)
        axes = figure.subplots()
        order = list(found)
        for i, hits in enumerate(found.values()):
            axes.plot(scr, np.full(len(scr), i), "|", color="#BBBBBB", markersize=9, markeredgewidth=0.6)
            axes.plot(
                scr[~hits], np.full((~hits).sum(), i), "o", color=MISS, markeredgecolor="black", markersize=7
            )
            if i:
                both = ~hits & ~found[order[i - 1]]
                axes.vlines(scr[both], i - 1, i, "black", linewidth=0.8)
        axes.set_yticks(range(len(order)), [f"n = {n}: {missed[f'n{n}']} missed" for n in order])
        axes.set(
            xscale="log", xlabel="SCR of the target in the frame (no unit)", ylim=(len(order) - 0.5, -0.5)
        )
        axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
        axes.minorticks_off()
    return figure


def silenced(results: Mapping[str, Mapping[tuple[int, ...], Metrics]]) -> Figure:
    """IoU and Pd of a network whose tail does not see the maps of some passes.

    Parameters
    ----------
    results : mapping
        From `rrca.studies.silence.judge_silenced`.

    Returns
    -------
    Figure
        Numbers: by filler and by silenced passes, as "1" or "0 and 2": IoU, targets detected, false components.
    """
    first = next(iter(results.values()))
    whole = first[()]
    names = {gone: " and ".join(map(str, gone)) or "none" for gone in first}
    numbers: dict = {"targets": whole.targets, "frames": whole.frames}
    for fill, rows in results.items():
        numbers[fill] = {
            names[gone]: {"IoU": m.iou, "detected": m.detected, "false": m.false_components}
            for gone, m in rows.items()
        }
    single = {gone: first[gone].iou for gone in first if len(gone) == 1}
    worst = min(single, key=single.get) if single else ()
    with in_style():
        caption = (
            f"Without the map of pass {names[worst]} the tail loses most." if worst else "One pass only."
        )
        figure = Figure(WIDTH, 3.0, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        width = 0.8 / len(results)
        for i, (fill, rows) in enumerate(results.items()):
            y = np.arange(len(rows)) + (i - (len(results) - 1) / 2) * width
            look = {
                "height": width,
                "color": CURVES[i],
                "label": f"{fill} instead",
                "hatch": ("", "///")[i % 2],
            }
            for axes, values in (
                (left, [m.iou for m in rows.values()]),
                (right, [m.pd for m in rows.values()]),
            ):
                bars = axes.barh(y, values, edgecolor="white", **look)
                axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=2, fontsize=8)
        left.set_yticks(range(len(first)), [f"silent: {name}" for name in names.values()])
        left.invert_yaxis()
        left.set(xlabel="IoU (no unit)", xlim=(0, 1))
        right.set(xlabel=f"Pd ({whole.targets} targets)", xlim=(0, 1.12))
        right.tick_params(labelleft=False)
        right.set_xticks([0, 0.5, 1])
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure
