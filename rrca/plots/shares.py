"""Figures of results side by side: where the errors come from, and what each protocol prints."""

from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Patch

from rrca.errors import InputError
from rrca.metrics import Metrics
from rrca.plots.style import CURVES, FALSE_ALARM, HIT, MISS, TEXTURES, WIDTH, Figure, in_style

# In words, and the name in Pang et al.'s account; the shares of each group add up to 1.
LOCALISATION = {
    "found": "loc_iou",
    "invented": "localisation_interference",
    "missed": "localisation_perception",
    "split": "localisation_many_to_one",
    "merged": "localisation_one_to_many",
}
SEGMENTATION = {
    "covered": "seg_iou",
    "frayed": "segmentation_interference",
    "cut off": "segmentation_perception",
    "spilled over": "segmentation_merging",
}
MEANING = {
    "found": "found: pairs of target and component",
    "invented": "invented: a component without a target (interference)",
    "missed": "missed: a target without a component (perception)",
    "split": "split: a further component of one target (many-to-one)",
    "merged": "merged: a further target of one component (one-to-many)",
    "covered": "covered: pixels that both have (mean IoU of pairs)",
    "frayed": "frayed: predicted pixels on background (interference)",
    "cut off": "cut off: pixels of the target not predicted (perception)",
    "spilled over": "spilled over: predicted pixels on another target (merging)",
}
SPLIT, MERGED = CURVES[3], CURVES[0]
COLOURS = {
    "found": HIT,
    "invented": FALSE_ALARM,
    "missed": MISS,
    "split": SPLIT,
    "merged": MERGED,
    "covered": HIT,
    "frayed": FALSE_ALARM,
    "cut off": MISS,
    "spilled over": MERGED,
}
HATCHES = {**TEXTURES, SPLIT: "xx", MERGED: "\\\\"}
LEAST_WRITTEN = 0.04  # a share below this has no room for its number
FIGURES = (("IoU", "%", 100), ("nIoU", "%", 100), ("Pd", "%", 100), ("Fa", "10⁻⁶", 1e6), ("hIoU", "%", 100))


def error_shares(results: Mapping[str, Metrics], what: str = "") -> Figure:
    """Where the hybrid level is lost, for several results: in finding targets, and in covering them.

    Parameters
    ----------
    results : mapping of str to Metrics
        Label, as a threshold or the name of a network, to a result under a protocol with pairs; "opdc" is the
        one these shares were made for.
    what : str, optional
        What the labels are, as "threshold"; stands below the bars.

    Returns
    -------
    Figure
        Stacked bars that add up to 100 %. Left: of TP + FP + FN in components, what was found, invented, missed,
        split or merged. Right: of the union of a matched pair, what is covered, frayed, cut off or spilled over.
        Numbers, by label: each share by these words, as a fraction, and "hiou".

    Raises
    ------
    InputError
        If there is no result, a protocol has no pairs, or two results differ in protocol.

    References
    ----------
    Pang et al., NeurIPS 2025, arXiv 2509.16888; the definitions are in `rrca.metrics.Metrics`.
    """
    protocols = {result.protocol for result in _required(results).values()}
    if len(protocols) > 1:
        raise InputError(f"results mix the protocols {', '.join(sorted(protocols))}; judge all under one.")
    flat = {label: result.as_dict() for label, result in results.items()}
    (protocol,) = protocols
    if all(np.isnan(values["loc_iou"]) for values in flat.values()):
        raise InputError(
            f"protocol {protocol!r} gives no error shares here; judge under 'opdc', with targets."
        )
    words = {**LOCALISATION, **SEGMENTATION}
    numbers = {
        as_key(label): {**{word: values[name] for word, name in words.items()}, "hiou": values["hiou"]}
        for label, values in flat.items()
    }
    best = max(flat, key=lambda label: np.nan_to_num(flat[label]["hiou"], nan=-1))
    caption = (
        f"Only green is kept, by protocol {protocol}. hIoU, the product of the two green shares, is highest at {best}: "
        f"{100 * flat[best]['hiou']:.1f} %."
    )
    with in_style():
        figure = Figure(WIDTH, 4.6, caption, numbers)
        panels = figure.subplots(1, 2, sharey=True)
        heads = (
            "finding targets: of all hits, false alarms and misses",
            "covering them: of the union of a pair",
        )
        sides = (("left", LOCALISATION), ("right", SEGMENTATION))
        for axes, head, (side, group) in zip(panels, heads, sides, strict=True):
            _stack(
                axes, {label: [numbers[as_key(label)][word] for word in group] for label in results}, group
            )
            axes.set(title=head, xlabel=what)
            entries = [Patch(**_look(word), label=MEANING[word]) for word in group]
            figure.legend(
                handles=entries,
                loc=f"outside lower {side}",
                frameon=False,
                handlelength=2.2,
                handleheight=1.4,
            )
        panels[0].set_ylabel("share / %")
    return figure


def protocols(results: Mapping[str, Metrics]) -> Figure:
    """What each protocol prints for the same predictions.

    Parameters
    ----------
    results : mapping of str to Metrics
        By protocol, as `rrca.evaluate` gives them.

    Returns
    -------
    Figure
        A panel each for IoU, nIoU, Pd, Fa and hIoU, a line a protocol. Numbers, by protocol: the five figures, in
        per cent and 1e-6; "largest Fa over smallest".

    Raises
    ------
    InputError
        If there is no result.

    See Also
    --------
    rrca.report.by_protocol : the same as a table.
    """
    numbers = {
        name: {what: scale * getattr(result, what.lower()) for what, _, scale in FIGURES}
        for name, result in _required(results).items()
    }
    alarms = [values["Fa"] for values in numbers.values() if values["Fa"] > 0]
    ratio = max(alarms) / min(alarms) if alarms else float("nan")
    caption = f"One detector under {len(results)} protocols: Fa differs by a factor of {ratio:.1f}, IoU by "
    spread = [values["IoU"] for values in numbers.values()]
    caption += f"{max(spread) - min(spread):.1f} points."
    with in_style():
        figure = Figure(
            WIDTH, 0.42 * len(results) + 1.0, caption, {**numbers, "largest Fa over smallest": ratio}
        )
        panels = figure.subplots(1, len(FIGURES), sharey=True)
        y = np.arange(len(results))
        for axes, (what, unit, _) in zip(panels, FIGURES, strict=True):
            values = np.array([figures[what] for figures in numbers.values()])
            low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 0.0)
            room = max(high - low, 1.0)
            axes.grid(axis="y", alpha=0.4)
            axes.plot(values, y, "o", color=CURVES[0])
            for place, value in zip(y, values, strict=True):
                shown, x = ("no pairs", low) if np.isnan(value) else (f"{value:.1f}", value)
                axes.annotate(shown, (x, place), (7, 0), textcoords="offset points", va="center", fontsize=8)
            axes.set(title=f"{what} / {unit}", xlim=(low - 0.15 * room, high + 0.7 * room))
        panels[0].set(yticks=y, yticklabels=list(results), ylim=(len(results) - 0.5, -0.5))
    return figure


def as_key(label: str) -> str:
    """A label as a key of numbers; notebooks quote these by a path with dots, so it holds none."""
    return str(label).replace(".", " ")


def _stack(axes, shares: Mapping[str, list[float]], words: Mapping[str, str]) -> None:
    """Stacked bars in per cent, one a label."""
    floor = np.zeros(len(shares))
    for word, values in zip(words, np.array(list(shares.values())).T, strict=True):
        axes.bar(list(shares), 100 * values, bottom=floor, **_look(word))
        for x, (low, value) in enumerate(zip(floor, values, strict=True)):
            if value >= LEAST_WRITTEN:
                box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}
                axes.text(
                    x, low + 50 * value, f"{100 * value:.0f}", ha="center", va="center", fontsize=8, bbox=box
                )
        floor = floor + 100 * np.nan_to_num(values)
    axes.set(ylim=(0, 100))


def _look(word: str) -> dict:
    """Colour and hatch of a share."""
    colour = COLOURS[word]
    return {"facecolor": colour, "hatch": HATCHES[colour], "edgecolor": "#00000080", "linewidth": 0.3}


def _required(results: Mapping[str, Metrics]) -> Mapping[str, Metrics]:
    """The results; at least one."""
    if not results:
        raise InputError("results is empty; give a label and a Metrics, as {'0.5': metrics.compute()}.")
    return results
