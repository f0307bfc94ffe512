"""Figures of data sets: a synthetic scene, small masks, how targets are distributed, which lists share frames."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Patch, Rectangle

from rrca.data import lists, scenes
from rrca.data.survey import LONG_SIDES, PERCENTS, SIDE
from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.metrics.scr import target_scr
from rrca.plots.parts import (
    add_inset,
    draw_outline,
    enlarge,
    show_image,
    stretched,
    window_around,
)
from rrca.plots.style import CURVES, MISS, TEXTURES, TRUTH, WIDTH, ZOOM, Figure, in_style

LEAST_SCR = 0.1  # where the axis begins; a handful of targets of DenseSIRST lie below
LARGEST_MASK = 16  # rows and columns that are drawn pixel by pixel
SCENE = {
    "seed": 11,
    "kind": "cloud",
    "size": (192, 192),
}  # a cloud that a target of middling SCR does not outshine
# One look a data set in every figure: colour and line style.
LOOKS = {
    "NUAA-SIRST": (CURVES[0], "solid"),
    "DenseSIRST": (CURVES[1], (0, (5, 2))),
    "NUDT-SIRST": (CURVES[2], (0, (1, 1))),
    "synthetic": (CURVES[3], (0, (5, 1, 1, 1))),
}
TESTS = (
    ("NUAA-SIRST", "test"),
    ("NUAA-SIRST", "idx_427_test"),
    ("DenseSIRST", "test"),
    ("NUDT-SIRST", "test"),
    ("IRSTD-1k", "test"),
)


def scene(scr: float = 5.0, target_size: float = 0.0, clutter: float = 0.14) -> Figure:
    """A synthetic cloud with one target: the frame, and the row of grey levels through the target.

    Parameters
    ----------
    scr : float, default 5.0
        Signal-to-clutter ratio of the target; no unit.
    target_size : float, default 0.0
        Length of the target before blur in px; 0 is a point.
    clutter : float, default 0.14
        Standard deviation of the background over the frame, in grey levels (the frame runs from 0 to 1).

    Returns
    -------
    Figure
        Its numbers: "scr" as measured in the finished frame; "area" in px; "brighter pixels" than the
        target's brightest; "contrast", the height of the
        target's profile in grey levels. The seed is fixed, so that only what is asked for changes (a larger target
        may need another place).

    Raises
    ------
    InputError
        If the scene cannot hold such a target; see `rrca.data.scenes.scene`.
    """
    made = scenes.scene(**SCENE, targets=1, scr=scr, target_size=target_size, clutter=clutter)
    image, mask, shape = made.image, made.mask, made.image.shape
    found = components(mask)
    row, column, peak = found.row[0], found.column[0], float(image[mask].max())
    numbers = {
        "scr": float(target_scr(image, mask)[0]),
        "area": int(mask.sum()),
        "brighter pixels": int((image > peak).sum()),
        "contrast": float(made.targets[0].amplitude),
    }
    brighter = numbers["brighter pixels"]
    caption = f"At SCR {numbers['scr']:.1f}, {brighter} pixels are brighter than the target's brightest."
    with in_style():
        figure = Figure(WIDTH, 3.5, caption, numbers)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.9])
        window = window_around((row, column), found.area[0], shape)
        show_image(left, stretched(image))
        inset = add_inset(left, window, shape)
        show_image(inset, stretched(image))
        enlarge(inset, window)
        draw_outline(inset, mask)
        left.set_title(f"frame, {shape[1]} × {shape[0]} px")
        at = round(row)
        left.axhline(at, color=CURVES[1], linewidth=0.8, linestyle=(0, (6, 4)))
        right.plot(image[at], color=CURVES[1], linewidth=1.1, label=f"row {at}")
        inside = np.flatnonzero(mask[at])
        right.axvspan(
            inside.min() - 0.5, inside.max() + 0.5, color=TRUTH, alpha=0.4, linewidth=0, label="target"
        )
        right.axhline(peak, color="#555555", linewidth=0.9, linestyle="dashed", label="target's peak")
        right.set(xlim=(0, shape[1] - 1), ylim=(0, 1), xlabel="column / px", ylabel="grey level")
        right.set_title(f"SCR {numbers['scr']:.1f}, area {numbers['area']} px, brighter pixels: {brighter}")
        right.legend(loc="lower left", ncols=3, frameon=False)
    return figure


def small_masks(masks: Mapping[str, np.ndarray]) -> Figure:
    """Small masks side by side, one square a pixel, drawn to the same width.

    Parameters
    ----------
    masks : mapping of str to bool ndarray
        Title to mask; 16 rows and columns at most.

    Returns
    -------
    Figure
        "marked" is the number of marked pixels of each. Nothing is numbered: counting is left to the reader.

    Raises
    ------
    InputError
        If there is none, or one is not bool, or too large to be counted.
    """
    for title, mask in masks.items():
        if (
            np.ndim(mask) != 2
            or np.asarray(mask).dtype != bool
            or not 1 <= max(np.shape(mask)) <= LARGEST_MASK
        ):
            raise InputError(
                f"the mask {title!r} must be bool with at most {LARGEST_MASK} rows and columns, "
                f"got {np.asarray(mask).dtype} of shape {np.shape(mask)}."
            )
    if not masks:
        raise InputError("there is no mask to draw; give one title: mask at least.")
    with in_style():
        marked = [int(mask.sum()) for mask in masks.values()]
        figure = Figure(
            3.4 * len(masks), 3.5, "Marked pixels that touch belong to one target.", {"marked": marked}
        )
        for axes, (title, mask) in zip(
            figure.subplots(1, len(masks), squeeze=False)[0], masks.items(), strict=True
        ):
            H, W = mask.shape
            axes.set(xlim=(-0.55, W - 0.45), ylim=(H - 0.45, -0.55), aspect="equal", title=title)
            axes.set(xlabel="column", ylabel="row", xticks=range(W), yticks=range(H))
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.add_patch(Rectangle((-0.5, -0.5), W, H, color="#F2F2F2", linewidth=0))
            for row, column in np.argwhere(mask):
                axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=TRUTH, linewidth=0))
            axes.vlines(np.arange(W + 1) - 0.5, -0.5, H - 0.5, color="white", linewidth=1.2)
            axes.hlines(np.arange(H + 1) - 0.5, -0.5, W - 0.5, color="white", linewidth=1.2)
    return figure


def target_statistics(summaries: Mapping[str, Mapping]) -> Figure:
    """How areas and SCR of the targets are distributed, a curve for each data set.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Name of the data set to `rrca.data.survey.summarise` of it.

    Returns
    -------
    Figure
        A point (x, y) of a curve: y % of the targets have at most x. Numbers: "median area" (px) and "median scr" by
        data set.
    """
    if not summaries:
        raise InputError("there is no data set to draw; give one name: summary at least.")
    middle = PERCENTS.index(50)
    numbers = {
        f"median {what}": {name: summary[what]["quantiles"][middle] for name, summary in summaries.items()}
        for what in ("area", "scr")
    }
    with in_style():
        caption = "Half of all targets lie left of where a curve crosses 50 %: a few pixels, some hardly above clutter."
        figure = Figure(WIDTH, 3.6, caption, numbers)
        panels = figure.subplots(1, 2, sharey=True)
        heads = (
            ("area", "area of a target / px"),
            ("scr", f"SCR of a target, no unit (from {LEAST_SCR} on)"),
        )
        for axes, (what, label) in zip(panels, heads, strict=True):
            for name, summary in summaries.items():
                colour, line = LOOKS.get(name, ("#666666", "solid"))
                shown = f"{name} ({summary['targets']})"
                axes.plot(summary[what]["quantiles"], PERCENTS, color=colour, linestyle=line, label=shown)
            axes.axhline(50, color="#BBBBBB", linewidth=0.8, zorder=0)
            axes.set(xscale="log", xlabel=label, ylim=(0, 100))
            axes.xaxis.set_major_formatter("{x:g}")
        panels[1].set_xlim(left=LEAST_SCR)
        panels[0].set_ylabel("targets with at most this / %")
        panels[0].legend(title="data set (targets)", loc="lower right", frameon=False)
    return figure


def shrunk(summary: Mapping, name: str) -> Figure:
    """What a resize to 256×256 leaves of a data set's targets, by the size of the frames and by fate.

    Parameters
    ----------
    summary : mapping
        `rrca.data.survey.summarise` of the data set.
    name : str
        Of the data set, for the title.

    Returns
    -------
    Figure
        Numbers: "targets", "left", "vanished", "merged", "split", "frames that lose", "share left" by long side.
    """
    fate, groups = summary["at 256"], summary["by long side"]
    share = [
        100 * a / b if b else float("nan") for a, b in zip(groups["left"], groups["targets"], strict=True)
    ]
    edges = [f"up to {LONG_SIDES[0]}", *(f"to {side}" for side in LONG_SIDES[1:]), f"over {LONG_SIDES[-1]}"]
    numbers = {"targets": summary["targets"], **fate, "share left": share}
    with in_style():
        caption = f"{name} has {summary['targets']} targets; at {SIDE}×{SIDE}, {fate['left']} are left."
        figure = Figure(WIDTH, 3.3, caption, numbers)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1])
        left.bar(edges, groups["targets"], color="#DDDDDD", label="native size")
        left.bar(edges, groups["left"], width=0.5, color=TRUTH, label=f"at {SIDE} × {SIDE} px")
        for x, (value, total) in enumerate(zip(share, groups["targets"], strict=True)):
            if total:
                left.annotate(f"{value:.0f} %", (x, total), ha="center", va="bottom", fontsize=8)
        left.set(xlabel="long side of the frame / px", ylabel="targets", title=f"{name}, all frames")
        left.legend(frameon=False)
        names = ("merged", "vanished", "split")
        texts = ("merged with a neighbour", "vanished: no pixel sampled", "gained: fell apart")
        looks = ((ZOOM, "///"), (MISS, TEXTURES[MISS]), (TRUTH, ""))
        for y, (key, (colour, hatch)) in enumerate(zip(names, looks, strict=True)):
            right.barh(y, fate[key], color=colour, hatch=hatch, edgecolor="#00000060", linewidth=0)
            right.annotate(f" {fate[key]}", (fate[key], y), va="center")
        right.set(yticks=range(3), yticklabels=texts, xlabel="targets", title="what happened to them")
        right.set_ylim(2.6, -0.6)
        right.margins(x=0.15)
    return figure


def list_overlap(tests: Sequence[tuple[str, str]] = TESTS, trained: Sequence[str] | None = None) -> Figure:
    """How many frames of each test list are in each training list, by their IDs.

    Parameters
    ----------
    tests : sequence of (str, str)
        Data set and list.
    trained : sequence of str, optional
        Data sets whose training lists are meant; default: each of `tests` once.

    Returns
    -------
    Figure
        Numbers: "TEST SET LIST in TRAINING SET", such as "NUAA-SIRST test in DenseSIRST".
    """
    trained = list(dict.fromkeys(name for name, _ in tests)) if trained is None else list(trained)
    shared = np.zeros((len(tests), len(trained)), int)
    numbers = {}
    for i, (name, split) in enumerate(tests):
        for j, other in enumerate(trained):
            shared[i, j] = len(set(lists.ids(name, split)) & set(lists.ids(other, "trainval")))
            numbers[f"{name} {split} in {other}"] = shared[i, j]
    with in_style():
        caption = "Where the number is not 0, a network trained on the column must not be judged on the row."
        figure = Figure(WIDTH * 0.8, 0.55 + 0.5 * len(tests), caption, numbers)
        axes = figure.subplots()
        axes.set(xlim=(-0.5, len(trained) - 0.5), ylim=(len(tests) - 0.5, -0.5))
        for (i, j), count in np.ndenumerate(shared):
            total = len(lists.ids(*tests[i]))
            look = (
                {"facecolor": MISS, "hatch": TEXTURES[MISS], "edgecolor": "#00000040"}
                if count
                else {"facecolor": "#F2F2F2"}
            )
            axes.add_patch(Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, linewidth=0, **look))
            text = f"{count} of {total}" if count else "0"
            axes.text(j, i, text, ha="center", va="center", weight="bold" if count else "normal")
        axes.set(xticks=range(len(trained)), xticklabels=[f"{name}\ntraining list" for name in trained])
        axes.set(yticks=range(len(tests)), yticklabels=[f"{name} {split}" for name, split in tests])
        axes.set(ylabel="test list")
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        handles = [Patch(facecolor=MISS, hatch=TEXTURES[MISS], label="in both lists")]
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0), frameon=False)
    return figure
