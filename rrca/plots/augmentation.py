"""Figures of what a training does to frames before the network sees them."""

from collections.abc import Mapping

import numpy as np

from rrca.errors import InputError
from rrca.plots.parts import check_shapes, draw_outline, show_image, strongest
from rrca.plots.style import CURVES, IOU, TRUTH, WIDTH, Figure, in_style
from rrca.studies.augmented import STEPS, Effect, Step

SHOWN = 32  # px, side of the window around the target, in every panel the same


def augmented_target(frame: np.ndarray, mask: np.ndarray, steps: Mapping[str, Step] = STEPS) -> Figure:
    """The largest drawn target of a frame after each step, in a window of 32×32 px.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    mask : bool ndarray of shape (H, W)
        With a target.
    steps : mapping of str to callable, default `rrca.studies.augmented.STEPS`
        What is done; each panel is one.

    Returns
    -------
    Figure
        All panels share one grey scale: that of the window as read. Its numbers hold the target's area (px) and
        brightest grey level after each step.

    Raises
    ------
    InputError
        If the mask holds no target.
    """
    frame, mask = np.asarray(frame, float), np.asarray(mask, bool)
    check_shapes(frame, mask=mask)
    if not mask.any():
        raise InputError("mask holds no target; give a frame with one.")
    shown, numbers = {}, {}
    for name, step in steps.items():
        image, drawn = (np.ascontiguousarray(values) for values in step(frame.astype(np.float32), mask))
        row, column, area = strongest((), drawn, image)
        shown[name] = image, drawn, _window(row, column)
        numbers[name] = {"area": area, "brightest": float(image[drawn].max()) if drawn.any() else None}
    first, _, (left, right, bottom, top) = next(iter(shown.values()))
    inside = first[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)]
    limits = float(inside.min()), float(inside.max())
    largest = max(numbers, key=lambda name: numbers[name]["area"])
    smallest = min(numbers, key=lambda name: numbers[name]["area"])
    with in_style():
        caption = (
            f"One target, the same window of {SHOWN} px: from {numbers[smallest]['area']:.0f} px ({smallest}) to "
            f"{numbers[largest]['area']:.0f} px ({largest}). The outline is the mask after the step."
        )
        columns = -(-len(shown) // 2)
        figure = Figure(WIDTH, 4.5, caption, numbers)
        panels = figure.subplots(2, columns, squeeze=False).ravel()
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, (name, (image, drawn, window)) in zip(panels, shown.items(), strict=False):
            show_image(axes, image, limits=limits)
            draw_outline(axes, drawn, TRUTH)
            axes.set_facecolor("0.85")  # beyond the frame's border
            left, right, bottom, top = window
            axes.set(xlim=(left, right), ylim=(bottom, top), title=f"{name}: {numbers[name]['area']:.0f} px")
    return figure


def _window(row: float, column: float) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of the window around a place, along pixel edges."""
    top, left = round(row) - SHOWN // 2 - 0.5, round(column) - SHOWN // 2 - 0.5
    return left, left + SHOWN, top + SHOWN, top


QUANTITIES = {"area": "area / px", "scr": "SCR (no unit)", "height": "height / grey levels (0 to 1)"}


def augmentation_effects(effects: Mapping[str, Effect]) -> Figure:
    """Area, SCR and height of many targets after each step: median, and the middle half of the targets.

    Parameters
    ----------
    effects : mapping of str to Effect
        Of `rrca.studies.augmented.measure`; the first is what the others are compared with.

    Returns
    -------
    Figure
        Its numbers hold the quartiles, the number of targets, and how many were lost.
    """
    numbers = {
        name: {
            **{quantity: effect.quartiles(quantity) for quantity in QUANTITIES},
            "targets": len(effect.area),
            "lost": effect.lost,
        }
        for name, effect in effects.items()
    }
    names = list(effects)
    base = names[0]
    lowest = min(names, key=lambda name: numbers[name]["scr"][1])
    with in_style():
        caption = (
            f"Median and middle half of {numbers[base]['targets']} targets after each step. The median SCR falls most "
            f"with {lowest!r}: from {numbers[base]['scr'][1]:.1f} to {numbers[lowest]['scr'][1]:.1f}."
        )
        figure = Figure(WIDTH, 0.36 * len(names) + 1.2, caption, numbers)
        panels = figure.subplots(1, len(QUANTITIES), sharey=True)
        places = np.arange(len(names))[::-1]
        for axes, (quantity, label) in zip(panels, QUANTITIES.items(), strict=True):
            low, middle, high = np.array([numbers[name][quantity] for name in names]).T
            axes.axvline(middle[0], color=IOU, linewidth=0.8, linestyle="dotted")
            axes.hlines(places, low, high, color=CURVES[0], linewidth=3, alpha=0.45)
            axes.plot(middle, places, "o", color=CURVES[0])
            axes.set(xlabel=label, xscale="log" if quantity == "area" else "linear")
            axes.grid(axis="x", alpha=0.3)
        panels[0].set_yticks(places, [f"{name} ({numbers[name]['lost']} lost)" for name in names])
    return figure
