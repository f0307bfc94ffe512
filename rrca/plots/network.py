"""Figures of the network itself: its diagram from frame to centroids, one attention block, the last box."""

import copy
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from rrca.metrics.components import components
from rrca.networks.rrcanet import RRCANet
from rrca.plots.diagram import FREE, ONCE, OWNED, SHARED, Diagram
from rrca.plots.parts import (
    check_shapes,
    draw_outline,
    enlarge,
    mark_window,
    show_image,
    stretched,
    strongest,
    window_around,
)
from rrca.plots.style import CURVES, FEATURE_MAP, FRAME_MAP, HIT, SCORE_MAP, WIDTH, Figure, in_style
from rrca.studies.ledger import ledger

PITCH = 2.2  # width of a pass in the diagram; a level is 1 high


def architecture(model: RRCANet, height: int = 256, width: int = 256) -> Figure:
    """Draw a network as it runs, from frame to clustered centroids, from the modules and shapes that it has.

    Parameters
    ----------
    model : RRCANet
        Any variant. A copy without storage is run to learn the shapes; the model is not changed.
    height, width : int
        Of the frame, in pixels.

    Returns
    -------
    Figure
        Blue: kernels that every pass runs; orange: what each pass owns; green: one set, outside the passes or
        (decoders "concat" and "sum") used by all of them; grey: no parameters. Sizes are channels · rows ·
        columns. Numbers: "kernels" (distinct 3×3 kernels of the encoder), "kernel calls", "passes", "shared
        parameters", "maps stacked", "boxes" (texts of all boxes, as drawn).

    References
    ----------
    Paper, Fig. 3.
    """
    config = model.config
    passes, levels = config.passes, len(config.channels)
    table = ledger(model, (config.in_channels, height, width))
    kernels = table[table.kind == "3×3 kernels"]
    numbers = {
        "passes": passes,
        "kernels": len(kernels),
        "kernel calls": int(kernels.calls.sum()),
        "shared parameters": int(kernels.params.sum()),
        "maps stacked": passes if config.output == "fsm" else 1,
    }
    caption = (
        f"{len(kernels)} kernels of 3×3 run {numbers['kernel calls']} times: the blue boxes of a row are one and the "
        "same, run again on what the pass before left. Only the orange parts are new in each pass."
    )
    with in_style():
        figure = Figure(WIDTH, 1.9 + 0.92 * levels, caption, numbers)
        diagram = Diagram(figure.add_subplot(), 7.4 - 0.5 * max(0, passes - 2))
        shapes, top = _shapes(model, height, width), levels + 1.55
        right = max(PITCH * passes, 5.6)
        diagram.axes.set(xlim=(-1.05, right + 0.1), ylim=(-0.55, top + 0.6))
        diagram.axes.set_axis_off()
        level0 = levels - 1
        diagram.box(-0.62, level0, 0.72, f"stem\n{_size(shapes['stem'])}", ONCE)
        diagram.arrow((-0.62, level0 - 0.95), (-0.62, level0 - 0.33))
        diagram.text(-0.62, level0 - 1.1, f"frame\n{config.in_channels}·{height}·{width}")
        for t in range(passes):
            _draw_pass(diagram, config, t, shapes["encoder"][t], shapes["decoder"][t])
            if config.output != "last" or t == passes - 1:
                x = PITCH * t + 1.7
                diagram.arrow((x, level0 + 0.33), (x, top - 1.16))
                diagram.axes.text(x + 0.06, level0 + 0.6, f"$d_{t}$", fontsize=9)
        maps = {
            "fsm": f"FSM: all $d_t$ stacked, {config.channels[0] * passes}·{height}·{width}",
            "last": f"$d_{passes - 1}$ alone, {config.channels[0]}·{height}·{width}",
            "deep-supervision": f"every $d_t$ judged in training, $d_{passes - 1}$ used",
        }
        diagram.box(
            PITCH * passes / 2 - 0.1, top - 1.0, PITCH * passes - 0.25, maps[config.output], FREE, 0.3
        )
        diagram.arrow((0.45, top - 0.85), (0.45, top - 0.3))
        steps = [
            (f"tail\n{_size(shapes['logits'])}", ONCE),
            ("sigmoid:\nscores", FREE),
            ("> threshold:\nmask", FREE),
            ("8-connected:\nclusters", FREE),
            ("centroids:\ntargets", HIT),
        ]
        places = np.linspace(0.45, right - 0.6, len(steps))
        for x, (text, colour) in zip(places, steps, strict=True):
            diagram.box(x, top, 0.84, text, colour, 0.6)
        for a, b in pairwise(places):
            diagram.arrow((a + 0.42, top), (b - 0.42, top))
        entries = [
            Patch(facecolor=SHARED, alpha=0.6, label="3×3 kernels: one set, run in every pass"),
            Patch(facecolor=OWNED, alpha=0.6, label="norms, shortcuts, attention: one set per pass"),
            Patch(facecolor=ONCE, alpha=0.6, label="one set"),
            Patch(facecolor=FREE, alpha=0.6, label="no parameters"),
        ]
        figure.legend(handles=entries, loc="outside lower center", ncols=4, frameon=False)
        figure.numbers["boxes"] = diagram.texts
    return figure


def _draw_pass(diagram: Diagram, config, t: int, encoder: Sequence, decoder: Sequence) -> None:
    """One pass: the encoder's stages downwards, the decoder's blocks upwards, and the way into the pass."""
    levels = len(config.channels)
    left, right = PITCH * t + 0.45, PITCH * t + 1.5
    rows = [levels - 1 - i for i in range(levels)]  # level 0 on top
    diagram.axes.text((left + right) / 2, levels - 0.58, f"pass {t}", ha="center", fontweight="bold")
    diagram.arrow((-0.26 if t == 0 else left - 0.74, rows[0]), (left - 0.43, rows[0]))
    for y, blocks, shape in zip(rows, config.blocks, encoder, strict=True):
        diagram.box(left, y, 0.86, f"{2 * blocks} kernels\n{_size(shape)}", SHARED)
        # The strip says that a pass runs them with norms of its own, unless the network shares those too.
        strip = OWNED if config.norms == "per-pass" else SHARED
        diagram.axes.plot([left - 0.4, left + 0.4], [y - 0.285] * 2, color=strip, linewidth=2.6)
    for above, below in pairwise(rows):
        diagram.arrow((left, above - 0.33), (left, below + 0.33), FREE)
    if config.decoder != "diaam":  # one joint for all levels
        diagram.box(right, rows[0] / 2, 0.82, f"{config.decoder}\n{_size(decoder[0])}", ONCE, levels - 0.34)
        for y in rows:
            diagram.arrow((left + 0.43, y), (right - 0.41, y), FREE)
        return
    name = "DIAAM" if config.guide == "low" else "re-weight"
    for y, shape in zip(rows, decoder, strict=False):
        diagram.box(right, y, 0.82, f"{name}\n{_size(shape)}", OWNED)
        diagram.arrow((left + 0.43, y), (right - 0.41, y), FREE)
        diagram.arrow((right, y - 0.67 if y > 1 else y - 1), (right, y - 0.33), FREE)
    diagram.axes.plot([left + 0.43, right], [0, 0], color=FREE, linewidth=1.1)


def _shapes(model: RRCANet, height: int, width: int) -> dict:
    """Shapes of everything on the way, (C, H, W), found by running a copy without storage."""
    twin = copy.deepcopy(model).to("meta").eval()
    with torch.no_grad():
        trace = twin.trace(torch.empty((1, model.config.in_channels, height, width), device="meta"))
    return {
        "stem": trace.stem.shape[1:],
        "encoder": [[e.shape[1:] for e in skips] for skips in trace.encoder],
        "decoder": [[d.shape[1:] for d in joined] for joined in trace.decoder],
        "logits": trace.logits.shape[1:],
    }


def _size(shape) -> str:
    """(8, 256, 256) -> 8·256·256."""
    return "·".join(str(int(n)) for n in shape)


def gate(frame: np.ndarray, low, gate, value, joined, truth: np.ndarray) -> Figure:
    """One DIAAM on one frame: the low level, the gate it opens, the value from above, and their sum.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    low, gate, value, joined : ndarray of shape (C, H, W)
        Input of the low level, sigmoid(P_low(low)), CA(P_high(high)), and the output (Eq. 3); drawn as the mean
        over the channels.
    truth : bool ndarray of shape (H, W)
        The drawn mask.

    Returns
    -------
    Figure
        The low level and the output share one scale. Numbers: mean "gate on targets", "gate elsewhere" (0 to
        1), and "value on targets", "value elsewhere" (mean magnitude).

    Raises
    ------
    InputError
        If the shapes differ.
    """
    frame, truth = np.asarray(frame), np.asarray(truth, bool)
    maps = {
        name: np.asarray(values, float).mean(0)
        for name, values in (("low", low), ("gate", gate), ("value", value), ("joined", joined))
    }
    shape = check_shapes(frame, truth=truth, **maps)
    row, column, area = strongest([], truth, maps["joined"])
    window = window_around((row, column), area, shape)
    where = {"targets": truth, "elsewhere": ~truth}
    numbers = {}
    for name, values in (("gate", np.asarray(gate, float)), ("value", np.abs(np.asarray(value, float)))):
        for place, inside in where.items():
            key = f"{name} {'on targets' if place == 'targets' else place}"
            numbers[key] = float(values[:, inside].mean()) if inside.any() else float("nan")
    caption = (
        f"The gate is {numbers['gate on targets']:.2f} on targets and {numbers['gate elsewhere']:.2f} elsewhere, "
        "as a mean over channels and pixels: it is chosen by the low level, pixel by pixel."
    )
    scale = min(maps["low"].min(), maps["joined"].min()), max(maps["low"].max(), maps["joined"].max())
    reach = maps["value"].min(), maps["value"].max()
    with in_style():
        figure = Figure(WIDTH, WIDTH / 5 * (shape[0] / shape[1] + 1) + 0.75, caption, numbers)
        panels = figure.subplots(2, 5, height_ratios=[shape[0] / shape[1], 1])
        looks = [
            ("frame", stretched(frame), FRAME_MAP, (0, 1)),
            ("low level e₀", maps["low"], FEATURE_MAP, scale),
            ("gate = σ(P_low(low))", maps["gate"], SCORE_MAP, (0, 1)),
            ("value = CA(P_high(high))", maps["value"], FEATURE_MAP, reach),
            ("low + gate · value", maps["joined"], FEATURE_MAP, scale),
        ]
        for (whole, close), (title, values, cmap, limits) in zip(panels.T, looks, strict=True):
            picture = show_image(whole, values, cmap, limits)
            show_image(close, values, cmap, limits)
            whole.set_title(title)
            mark_window(whole, window)
            enlarge(close, window)
            draw_outline(close, truth)
            if title != "frame":
                figure.colorbar(picture, ax=close, orientation="horizontal", format="{x:.3g}", shrink=0.8)
        panels[1, 0].set_xlabel(f"enlarged: {window[2]} × {window[2]} px")
    return figure


def clusters(scores: np.ndarray, threshold: float, truth: np.ndarray | None = None) -> Figure:
    """The last box of the diagram: scores, the mask above the threshold, its clusters, their centroids.

    Parameters
    ----------
    scores : ndarray of shape (H, W)
        Probabilities in [0, 1].
    threshold : float
        A pixel is marked if its score is above it.
    truth : bool ndarray of shape (H, W), optional
        The drawn mask, outlined in blue.

    Returns
    -------
    Figure
        Enlarged on the cluster of the highest score. Numbers: "marked pixels", "clusters", "areas" (px) and
        "centroids" (row, column).

    Raises
    ------
    InputError
        If the shapes differ.

    References
    ----------
    Paper, Fig. 3 (its last box); 8-connected components as in `rrca.metrics`.
    """
    scores = np.asarray(scores, float)
    truth = None if truth is None else np.asarray(truth, bool)
    shape = check_shapes(scores, truth=truth)
    mask = scores > threshold
    found = components(mask)
    row, column = np.unravel_index(np.argmax(scores), shape)
    label, area = found.labels[row, column] - 1, 1.0
    if label >= 0:
        row, column, area = found.row[label], found.column[label], float(found.area[label])
    window = window_around((float(row), float(column)), area, shape)
    centroids = [(float(r), float(c)) for r, c in zip(found.row, found.column, strict=True)]
    numbers = {
        "marked pixels": int(mask.sum()),
        "clusters": len(centroids),
        "areas": [int(a) for a in found.area],
        "centroids": centroids,
    }
    caption = (
        f"{numbers['marked pixels']} pixels lie above {threshold:g}; they are {len(centroids)} clusters, and each is "
        "reported as one point, its centroid."
    )
    palette = ListedColormap(
        ["#000000", *([HIT, *CURVES[1:], "#F0E442", "#56B4E9"] * 200)[: max(1, len(centroids))]]
    )
    with in_style():
        figure = Figure(WIDTH, WIDTH / 4 * (shape[0] / shape[1] + 1) + 0.4, caption, numbers)
        panels = figure.subplots(2, 4, height_ratios=[shape[0] / shape[1], 1])
        most = max(1, len(centroids))
        looks = [
            ("scores", scores, SCORE_MAP, (0, 1)),
            (f"mask: score > {threshold:g}", mask, FRAME_MAP, (0, 1)),
            (f"clusters: {len(centroids)}", found.labels, palette, (0, most)),
            ("centroids: row, column", mask * 0.35, FRAME_MAP, (0, 1)),
        ]
        for (whole, close), (title, values, cmap, limits) in zip(panels.T, looks, strict=True):
            for axes in (whole, close):
                show_image(axes, values, cmap, limits)
            whole.set_title(title)
            mark_window(whole, window)
            enlarge(close, window)
            if truth is not None:
                draw_outline(close, truth, width=1.3)
        for row, column in centroids:
            for axes in panels[:, 3]:
                axes.plot(column, row, "+", color=HIT, markersize=11, markeredgewidth=2, clip_on=True)
            panels[0, 3].annotate(
                f"{row:.1f}, {column:.1f}",
                (column, row),
                (9, 9),
                textcoords="offset points",
                color="white",
                fontsize=7,
            )
        panels[1, 0].set_xlabel(f"enlarged: {window[2]} × {window[2]} px")
    return figure
