"""Figures of classical filters: a row by hand, their responses to a frame, and window and threshold under sliders."""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import median_filter

from rrca.classical import segment, top_hat
from rrca.classical.grey import from_unit
from rrca.metrics import count_frame, summarise
from rrca.plots.parts import (
    add_inset,
    check_shapes,
    draw_outline,
    enlarge,
    show_image,
    stretched,
    strongest,
    window_around,
)
from rrca.plots.shares import as_key
from rrca.plots.style import CURVES, FEATURE_MAP, FRAME_MAP, TRUTH, WIDTH, Figure, in_style

# One colour and one line for one method, in every figure.
LOOKS = {
    "top-hat": (CURVES[0], "solid"),
    "max-median": (CURVES[1], (0, (5, 2))),
    "wslcm": (CURVES[2], (0, (1, 1))),
    "tllcm": (CURVES[3], (0, (5, 1, 1, 1))),
    "ipi": ("#222222", "solid"),
    "nram": ("#56B4E9", (0, (5, 2))),
    "ript": ("#E69F00", (0, (1, 1))),
    "pstnn": ("#8F3E00", (0, (5, 1, 1, 1))),
    "mslstipt": ("#999999", (0, (3, 1))),
}


def filter_row(levels: np.ndarray, size: int = 5) -> Figure:
    """A row of pixels under two estimates of its background: the opening (Top-Hat) and the running median.

    Parameters
    ----------
    levels : ndarray of shape (W,)
        Grey levels.
    size : int, default 5
        Window in pixels, odd.

    Returns
    -------
    Figure
        Numbers: "opening" and "median" of each column, "top-hat" and "minus median": what is left.
    """
    levels = np.asarray(levels, float)
    hats = top_hat(levels[None], size=size)[0]
    medians = median_filter(levels, size, mode="reflect")
    numbers = {
        "opening": levels - hats,
        "median": medians,
        "top-hat": hats,
        "minus median": levels - medians,
    }
    caption = (
        "The opening runs below everything narrower than the window, so that the target is left whole; on the cloud's "
        "plateau both estimates run along, and only its ripples are left."
    )
    with in_style():
        figure = Figure(WIDTH, 3.9, caption, numbers)
        grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 2))
        kinds = (("opening", "top-hat"), ("median", "minus median"))
        for (above, below), (estimate, rest) in zip(grid.T, kinds, strict=True):
            x = np.arange(len(levels))
            above.bar(x, levels, color="#CCCCCC", width=0.9, label="grey level")
            above.step(x, numbers[estimate], where="mid", color=CURVES[0], label=f"{estimate} of {size} px")
            above.legend(frameon=False, loc="upper right")
            below.bar(x, numbers[rest], color=CURVES[1], width=0.9)
            below.axhline(0, color="#222222", linewidth=0.8)
            for column, value in enumerate(numbers[rest]):
                text = f"{value:.0f}".replace("-", "−")
                below.annotate(text, (column, max(value, 0)), ha="center", va="bottom", fontsize=7.5)
            below.set(xlabel="column", title=f"what is left: level − {estimate}", xticks=x)
            below.margins(y=0.2)
        grid[0, 0].set_ylabel("grey level")
        grid[1, 0].set_ylabel("grey levels")
    return figure


def filter_responses(frame: np.ndarray, mask: np.ndarray, responses: Mapping[str, np.ndarray]) -> Figure:
    """A frame and what methods leave of it, each from 0 to its own maximum.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    mask : bool ndarray of shape (H, W)
        The drawn targets; one at least.
    responses : mapping of str to ndarray of shape (H, W)
        Raw responses by the method's name.

    Returns
    -------
    Figure
        Numbers, by method: "peak on a target", "highest elsewhere" (in the response's unit), their "ratio", "marked
        px" under T-C, and "false px" of these.
    """
    shape = check_shapes(frame, mask=mask, **responses)
    numbers = {as_key(name): _standing_out(response, mask) for name, response in responses.items()}
    weakest = min(numbers, key=lambda name: numbers[name]["ratio"])
    best = max(numbers, key=lambda name: numbers[name]["ratio"])
    caption = (
        f"Every method lights up on the target, and on other things: it stands out {numbers[best]['ratio']:.1f} times "
        f"with {best} and {numbers[weakest]['ratio']:.1f} times with {weakest}."
    )
    window = window_around(strongest([], mask, None)[:2], mask.sum(), shape)
    with in_style():
        columns = len(responses) + 1
        figure = Figure(1.25 * WIDTH, 1.25 * WIDTH / columns * shape[0] / shape[1] + 0.75, caption, numbers)
        panels = figure.subplots(1, columns)
        pictures = [("frame", stretched(frame), FRAME_MAP)]
        for name, response in responses.items():
            shown = np.clip(response / max(response.max(), 1e-12), 0, 1)
            pictures.append((name, shown, FEATURE_MAP))
        for axes, (name, values, colours) in zip(panels, pictures, strict=True):
            show_image(axes, values, colours)
            inset = add_inset(axes, window, shape)
            show_image(inset, values, colours)
            enlarge(inset, window)
            draw_outline(inset, mask, TRUTH)
            axes.set_title(name)
            if name in responses:
                told = numbers[as_key(name)]
                axes.set_xlabel(
                    f"peak on / off target: {told['ratio']:.2f}\nT-C: {told['false px']} false px"
                )
        panels[0].set_xlabel(f"{shape[1]} × {shape[0]} px\nblue: drawn mask")
    return figure


def _standing_out(response: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Peaks on and off the targets, and what T-C marks."""
    on, off = float(response[mask].max()), float(response[~mask].max())
    marked, _ = segment(response)
    return {
        "peak on a target": on,
        "highest elsewhere": off,
        "ratio": on / off if off > 0 else float("inf"),
        "marked px": int(marked.sum()),
        "false px": int((marked & ~mask).sum()),
    }


def filter_knobs(frame: np.ndarray, mask: np.ndarray, size: int = 5, k: float = 5.0) -> Figure:
    """Top-Hat with a window, cut at μ + kσ (T-A): what is left of the frame, what is marked, and how it is judged.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    mask : bool ndarray of shape (H, W)
        The drawn targets.
    size : int, default 5
        Window in pixels, odd.
    k : float, default 5.0
        Standard deviations.

    Returns
    -------
    Figure
        Numbers: "size", "k", "threshold" in grey levels, "detected", "targets", "false alarms", "false px", "iou",
        "fa / 1e-6" (protocol exact).
    """
    shape = check_shapes(frame, mask=mask)
    response = top_hat(from_unit(frame), size=int(size))
    marked, threshold = segment(response, f"T-A:k={k}")
    counts, _ = count_frame(marked.astype(np.float32), mask)
    result = summarise(counts)
    numbers = {
        "size": int(size),
        "k": k,
        "threshold": threshold,
        "detected": result.detected,
        "targets": result.targets,
        "false alarms": result.false_components,
        "false px": result.false_pixels,
        "iou": result.iou,
        "fa / 1e-6": 1e6 * result.fa,
    }
    caption = (
        f"A window of {size} px and T = {threshold:.1f} grey levels: {result.detected} of {result.targets} targets, "
        f"{result.false_components} false alarms, IoU {result.iou:.2f}."
    )
    window = window_around(strongest([], mask, response)[:2], mask.sum(), shape)
    with in_style():
        # Placed by hand: finding a layout would take as long as the drawing, and this is for a slider.
        high = 3.2 * shape[0] / shape[1]
        figure = Figure(WIDTH, high + 0.7, caption, numbers)
        figure.set_layout_engine("none")
        pictures = (
            ("frame", stretched(frame), FRAME_MAP),
            (f"Top-Hat, {size} px", response / max(response.max(), 1e-12), FEATURE_MAP),
            (f"marked: above μ + {k:g}σ", marked, FRAME_MAP),
        )
        for i, (name, values, colours) in enumerate(pictures):
            place = ((0.1 + 3.3 * i) / WIDTH, 0.4 / (high + 0.7), 3.2 / WIDTH, high / (high + 0.7))
            axes = figure.add_axes(place)
            show_image(axes, values, colours)
            inset = add_inset(axes, window, shape)
            show_image(inset, values, colours)
            enlarge(inset, window)
            draw_outline(inset, mask, TRUTH)
            axes.set_title(name)
        axes.set_xlabel(
            f"IoU {result.iou:.2f}, {result.false_components} false alarms, Fa {1e6 * result.fa:.0f} · 10⁻⁶"
        )
    return figure
