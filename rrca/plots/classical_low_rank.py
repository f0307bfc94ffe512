"""Figures of low-rank methods: singular values, the two parts of a frame, iterations, and the sparsity weight."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import binary_dilation

from rrca.classical import segment
from rrca.metrics import count_frame, summarise
from rrca.plots.classical import LOOKS
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
from rrca.studies.classical_low_rank import Split

SMALL = 0.01  # of the largest singular value
LEFT = 1e-9  # of the largest entry; below it is rounding


def singular_values(spectra: Mapping[str, np.ndarray]) -> Figure:
    """Singular values of patch matrices as shares of the largest.

    Parameters
    ----------
    spectra : mapping of str to ndarray
        Descending, the first is 1; see `rrca.studies.classical_low_rank.spectrum`.

    Returns
    -------
    Figure
        Numbers, by label: "values", how many there are; "above 1 %", how many exceed a hundredth of the first;
        "second / %"; "half way / %", the one in the middle.
    """
    numbers = {
        as_key(label): {
            "values": len(s),
            "above 1 %": int((s > SMALL).sum()),
            "second / %": 100 * float(s[1]),
            "half way / %": 100 * float(s[len(s) // 2]),
        }
        for label, s in spectra.items()
    }
    counts = ", ".join(f"{label}: {told['above 1 %']} of {told['values']}" for label, told in numbers.items())
    caption = f"Singular values above 1 % of the first: {counts}. A frame's patches have much in common."
    dashes = ("solid", (0, (5, 2)), (0, (1, 1)))
    with in_style():
        figure = Figure(0.72 * WIDTH, 3.6, caption, numbers)
        axes = figure.subplots()
        for (label, s), colour, dash in zip(spectra.items(), CURVES, dashes, strict=False):
            axes.plot(np.arange(1, len(s) + 1), 100 * s, color=colour, linestyle=dash, label=label)
        axes.axhline(100 * SMALL, color="#999999", linewidth=0.8)
        axes.set(xscale="log", yscale="log", ylim=(0.02, 130), xlabel="place, largest first")
        axes.set_ylabel("singular value / % of the first")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="lower left")
    return figure


def splits(frame: np.ndarray, mask: np.ndarray, found: Sequence[Split]) -> Figure:
    """What methods make of a frame: the low-rank background above, the sparse target below.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    mask : bool ndarray of shape (H, W)
        The drawn targets; one at least.
    found : sequence of Split

    Returns
    -------
    Figure
        Backgrounds are stretched each by itself, targets drawn from 0 to their maximum. Numbers, by method: "non-zero
        px" of the target part, "negative px", "marked px" under T-C, "hit px" of these on the mask, "target /
        rest": the ratio of the highest value on and off the mask, and "taken / %": what the target part has of the
        target's contrast, of what both parts have.
    """
    shape = check_shapes(frame, mask=mask)
    numbers = {one.method: _told(one, mask) for one in found}
    most, least = (pick(numbers, key=lambda name: numbers[name]["taken / %"]) for pick in (max, min))
    caption = (
        f"Not all of the target leaves the background: {most} takes {numbers[most]['taken / %']:.0f} % of its "
        f"contrast, {least} {numbers[least]['taken / %']:.0f} %."
    )
    window = window_around(strongest([], mask, None)[:2], mask.sum(), shape)
    with in_style():
        columns = len(found) + 1
        high = 1.25 * WIDTH / columns * shape[0] / shape[1]
        figure = Figure(1.25 * WIDTH, 2 * high + 0.9, caption, numbers)
        grid = figure.subplots(2, columns)
        _panel(grid[0, 0], stretched(frame), FRAME_MAP, window, mask)
        grid[0, 0].set_title("frame")
        grid[0, 0].set_xlabel(f"{shape[1]} × {shape[0]} px; blue: drawn mask")
        grid[1, 0].set_axis_off()
        grid[1, 0].text(1, 0.5, "above: background\nbelow: target part", ha="right", va="center")
        for (above, below), one in zip(grid.T[1:], found, strict=True):
            _panel(above, stretched(one.background), FRAME_MAP, window, mask)
            highest = max(one.target.max(), 1e-12)
            _panel(below, np.clip(one.target / highest, 0, 1), FEATURE_MAP, window, mask)
            above.set_title(one.method)
            told = numbers[one.method]
            below.set_xlabel(
                f"{told['non-zero px']} px are not 0\n{told['taken / %']:.0f} % of the target taken"
            )
    return figure


def _panel(axes, values: np.ndarray, colours: str, window, mask: np.ndarray) -> None:
    """A picture with its enlarged window and the drawn mask in it."""
    show_image(axes, values, colours)
    inset = add_inset(axes, window, mask.shape)
    show_image(inset, values, colours)
    enlarge(inset, window)
    draw_outline(inset, mask, TRUTH)


def _told(one: Split, mask: np.ndarray) -> dict[str, float]:
    """Counts of a target part, and how much of the target it took."""
    target = one.target
    marked, _ = segment(target)
    near, far = (binary_dilation(mask, iterations=steps) for steps in (2, 6))
    left = one.background[mask].mean() - np.median(one.background[far & ~near])
    taken = target[mask].mean()
    least = LEFT * np.abs(target).max()
    off = float(target[~mask].max())
    return {
        "non-zero px": int((np.abs(target) > least).sum()),
        "negative px": int((target < -least).sum()),
        "marked px": int(marked.sum()),
        "hit px": int((marked & mask).sum()),
        "target / rest": float(target[mask].max()) / off if off > 0 else float("inf"),
        "taken / %": 100 * float(taken / (taken + max(left, 0))) if taken > 0 else 0.0,
    }


def convergence(found: Sequence[Split]) -> Figure:
    """Error, rank and entries of the target part over the iterations of each method.

    Parameters
    ----------
    found : sequence of Split

    Returns
    -------
    Figure
        Numbers, by method: "iterations", "stopped" (why), "error" and "rank" at the end, "largest rank" that it could
        have, "non-zeros" of the target part over all patches.
    """
    numbers = {
        one.method: {
            "iterations": len(one.steps),
            "stopped": one.steps[-1].stopped,
            "error": one.steps[-1].error,
            "rank": one.steps[-1].rank,
            "non-zeros": one.steps[-1].nonzeros,
        }
        for one in found
    }
    early = [name for name, told in numbers.items() if told["stopped"] != "tolerance"]
    caption = (
        f"{', '.join(early) or 'None'} ended by a count or a rank, and not because the error was small: where such a "
        "method stops is part of what it finds."
    )
    kinds = (
        ("error", "error, as the method measures it"),
        ("rank", "rank of the background"),
        ("nonzeros", "non-zeros of the target part"),
    )
    with in_style():
        figure = Figure(WIDTH, 3.7, caption, numbers)
        panels = figure.subplots(1, 3)
        for axes, (kind, label) in zip(panels, kinds, strict=True):
            for one in found:
                colour, dashes = LOOKS[one.method]
                y = np.array([getattr(step, kind) for step in one.steps], float)
                x = np.arange(1, len(y) + 1)
                y[y <= 0] = np.nan  # has no place on a logarithmic axis
                look = {"color": colour, "linestyle": dashes, "marker": "o", "markevery": [-1]}
                axes.plot(x, y, **look, label=f"{one.method}: {one.steps[-1].stopped}")
            axes.set(xscale="log", yscale="log", xlabel="iteration", title=label)
            axes.grid(alpha=0.3)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def sparsity(
    frame: np.ndarray, mask: np.ndarray, targets: Mapping[float, np.ndarray], factor: float = 1.0
) -> Figure:
    """IPI's target part for one weight λ of sparsity, beside what every weight of the grid leaves.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1]; may be part of a frame.
    mask : bool ndarray of shape (H, W)
        Its drawn targets.
    targets : mapping of float to ndarray of shape (H, W)
        Target part by λ in units of its default, from `rrca.studies.classical_low_rank.sparsity_grid`.
    factor : float, default 1.0
        Which to show; the nearest of the grid is taken.

    Returns
    -------
    Figure
        Numbers: "factor"; "non-zero px", "off the mask" (non-zero pixels there), "peak" on the mask;
        "detected" and "iou" where everything above 0 is marked; "clean from", the least factor with nothing off the
        mask, and "gone from", that with nothing on it (nan: none of the grid); "peaks" of all factors, ascending.
    """
    shape = check_shapes(frame, mask=mask)
    factors = np.array(sorted(targets))
    factor = float(factors[np.argmin(np.abs(np.log(factors / factor)))])
    rows = {float(one): _left(targets[one], mask) for one in factors}
    clean = [one for one, row in rows.items() if not row["off the mask"]]
    gone = [one for one, row in rows.items() if not row["peak"]]
    numbers = {
        "factor": factor,
        **rows[factor],
        "clean from": min(clean, default=float("nan")),
        "gone from": min(gone, default=float("nan")),
        "peaks": [row["peak"] for row in rows.values()],
    }
    caption = (
        f"λ at {factor:g} times its default leaves {numbers['non-zero px']} px, {numbers['off the mask']} of "
        f"them off the "
        f"target, whose peak is {numbers['peak']:.2f}."
    )
    shown = np.clip(targets[factor] / max(max(one.max() for one in targets.values()), 1e-12), 0, 1)
    window = window_around(strongest([], mask, shown)[:2], mask.sum(), shape)
    with in_style():
        high = 3.0 * shape[0] / shape[1]
        figure = Figure(WIDTH, high + 0.75, caption, numbers)
        figure.set_layout_engine("none")
        pictures = (("part of the frame", stretched(frame), FRAME_MAP), ("target part", shown, FEATURE_MAP))
        for i, (name, values, colours) in enumerate(pictures):
            axes = _place(figure, 0.1 + 3.0 * i, 0.45, 2.9, high)
            _panel(axes, values, colours, window, mask)
            axes.set_title(name)
        axes.set_xlabel("from 0 to the largest over all λ; blue: drawn mask")
        curve = _place(figure, 6.75, 0.5 + high / 2, 3.1, high / 2 - 0.1)
        peak = _place(figure, 6.75, 0.5, 3.1, high / 2 - 0.15)
        off = np.maximum([rows[float(one)]["off the mask"] for one in factors], 0.5)
        height = [rows[float(one)]["peak"] for one in factors]
        for axes, y, colour in ((curve, off, CURVES[1]), (peak, height, CURVES[0])):
            axes.plot(factors, y, "o-", color=colour, markersize=4)
            axes.axvline(factor, color="#999999", linewidth=0.8)
            axes.set(xscale="log")
            axes.grid(alpha=0.3)
            axes.minorticks_off()
            axes.set_xticks(factors[::2], [f"{one:g}" for one in factors[::2]])
        curve.set(yscale="log", title="non-zero px off the target (at the bottom: none)", xticklabels=[])
        peak.set(xlabel="λ / its default", ylabel="peak on the target", ylim=(0, None))
    return figure


def _left(target: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """What a target part has on and off the mask."""
    kept = target > LEFT
    result = summarise(count_frame(kept.astype(np.float32), mask)[0])
    return {
        "non-zero px": int(kept.sum()),
        "off the mask": int((kept & ~mask).sum()),
        "peak": float(target[mask].max(initial=0)),
        "detected": result.detected,
        "iou": result.iou,
    }


def _place(figure: Figure, left: float, bottom: float, width: float, height: float):
    """Axes at a place in inches."""
    W, H = figure.get_size_inches()
    return figure.add_axes([left / W, bottom / H, width / W, height / H])
