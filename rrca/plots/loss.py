"""Figures of the losses: along the probability of one pixel, in a row of pixels, and over a frame."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.patches import Patch

from rrca import losses
from rrca.errors import InputError
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
from rrca.plots.style import CURVES, FEATURE_MAP, FRAME_MAP, IOU, TRUTH, WIDTH, ZOOM, Figure, in_style
from rrca.studies.gradients import Shares, along_p

# Colour and line of each loss, in every figure.
LOOKS = {
    "dpt-k release": (CURVES[0], "solid"),
    "dpt-k paper": (CURVES[1], "dashed"),
    "poly": (CURVES[2], "dashdot"),
    "top-k": (CURVES[3], (0, (5, 1, 1, 1, 1, 1))),
    "dice": (IOU, "dotted"),
    "soft-iou": (ZOOM, (0, (1, 2))),
}
P = torch.linspace(0.01, 0.99, 99)
MARKED = 0.1  # the probability at which slopes are read


def _along(name: str, alpha: float, k: float, target: bool) -> tuple[np.ndarray, np.ndarray]:
    """Value and |slope| of a loss by its name in LOOKS, at P."""
    kind, _, form = name.partition(" ")
    settings = {"alpha": alpha} if kind in ("poly", "dpt-k") else {}
    settings |= {"k": k} if "k" in kind.split("-") else {}
    settings |= {"form": form} if form else {}
    values, slopes = along_p(losses.build(kind, **settings), P, target)
    return values.numpy(), slopes.abs().numpy()


def loss_along_p(alpha: float = losses.ALPHA, k: float = losses.TOP_PER_CENT) -> Figure:
    """Value and slope of each loss against the probability p of one pixel: the paper's Fig. 4.

    Parameters
    ----------
    alpha : float, default 3.1
        α of Poly-1.
    k : float, default 10
        Per cent that Top-k keeps; without effect here, where the batch is one pixel and one is always kept.

    Returns
    -------
    Figure
        Left one target pixel, right (not in the paper) one background pixel; above the value, below |dL/dp|.
        Its numbers hold the slopes at p = 0.1 and 0.9.

    References
    ----------
    Paper, Fig. 4.
    """
    low, high = (int(np.argmin(np.abs(P.numpy() - p))) for p in (MARKED, 1 - MARKED))
    curves = {(name, target): _along(name, alpha, k, target) for name in LOOKS for target in (True, False)}
    numbers = {
        f"{part} pixel": {
            name: {"slope at 0 1": float(slopes[low]), "slope at 0 9": float(slopes[high])}
            for (name, of_target), (_, slopes) in curves.items()
            if of_target == target
        }
        for target, part in ((True, "target"), (False, "background"))
    }
    both = [numbers["target pixel"][f"dpt-k {form}"]["slope at 0 1"] for form in ("paper", "release")]
    with in_style():
        caption = (
            f"At p = 0.1 a target pixel pulls at p with {both[0]:.1f} in the paper's DpT-k and {both[1]:.1f} in the "
            f"release's; Dice pulls with {numbers['target pixel']['dice']['slope at 0 1']:.2f}."
        )
        figure = Figure(WIDTH, 5.6, caption, numbers)
        panels = figure.subplots(2, 2, sharex=True, sharey="row")
        for (name, target), (values, slopes) in curves.items():
            colour, line = LOOKS[name]
            column = 0 if target else 1
            for axes, curve in ((panels[0, column], values), (panels[1, column], slopes)):
                axes.plot(P, curve, color=colour, linestyle=line, label=name, linewidth=1.8)
        panels[0, 0].set(title="one target pixel", ylabel="loss", ylim=(0, 10))
        panels[0, 1].set(title="one background pixel")
        panels[1, 0].set(ylabel="slope |dL/dp|", yscale="log", ylim=(0.1, 300), xlim=(0, 1))
        for axes in panels.flat:
            axes.grid(alpha=0.3)
        for axes in panels[1]:
            axes.set_xlabel("predicted probability p")
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def _row(
    p: np.ndarray, mask: np.ndarray, alpha: float, k: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poly-1 and cross-entropy of a row's pixels, and which of them Top-k keeps."""
    p, mask = np.asarray(p, float), np.asarray(mask, bool)
    if p.ndim != 1 or p.shape != mask.shape:
        raise InputError(f"p of shape {p.shape} and mask of shape {mask.shape}; give two rows of one length.")
    logits = torch.logit(torch.tensor(p))
    truth = torch.tensor(mask, dtype=logits.dtype)
    poly, plain = losses.poly1(logits, truth, alpha).numpy(), losses.cross_entropy(logits, truth).numpy()
    kept = np.zeros(len(p), bool)
    kept[np.argsort(-plain, kind="stable")[: max(1, int(len(p) * k / 100))]] = True
    return poly, plain, kept


def _draw_row(
    axes, poly: np.ndarray, plain: np.ndarray, mask: np.ndarray, kept: np.ndarray, every: int = 1
) -> None:
    """Bars of the pixel losses; those kept are filled, targets lie on blue ground."""
    for column in np.flatnonzero(mask):
        axes.axvspan(column - 0.5, column + 0.5, color=TRUTH, alpha=0.3, linewidth=0)
    # Kept and left out differ by filling and hatch, not by colour alone.
    colours = [CURVES[0] if one else "white" for one in kept]
    axes.bar(range(len(poly)), poly, color=colours, edgecolor=IOU, linewidth=0.8, width=0.8)
    if not np.allclose(poly, plain):
        axes.bar(range(len(plain)), plain, fill=False, edgecolor=IOU, hatch="////", linewidth=0.8, width=0.8)
    axes.set(
        xlabel="pixel of the row", ylabel="loss of the pixel", xlim=(-0.6, len(poly) - 0.4), ylim=(0, None)
    )
    axes.set_xticks(range(0, len(poly), every))
    entries = [
        Patch(facecolor=CURVES[0], edgecolor=IOU, label=f"kept: {int(kept.sum())}"),
        Patch(facecolor="white", edgecolor=IOU, label=f"left out: {int((~kept).sum())}"),
        Patch(
            facecolor=TRUTH, alpha=0.3, label=f"target: {int(mask.sum())}, {int((kept & mask).sum())} kept"
        ),
    ]
    if not np.allclose(poly, plain):
        entries.append(Patch(fill=False, edgecolor=IOU, hatch="////", label="its cross-entropy"))
    axes.legend(handles=entries, loc="upper left", handleheight=1.2)


def loss_row(p: np.ndarray, mask: np.ndarray, alpha: float = 0.0, k: float = losses.TOP_PER_CENT) -> Figure:
    """A row of pixels: their probabilities, their losses, and which of them Top-k keeps.

    Parameters
    ----------
    p : ndarray of shape (N,)
        Probabilities, above 0 and below 1.
    mask : bool ndarray of shape (N,)
        Targets.
    alpha : float, default 0
        α of Poly-1; 0 is cross-entropy.
    k : float, default 10
        Per cent that Top-k keeps.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the two are not rows of one length.
    """
    poly, plain, kept = _row(p, mask, alpha, k)
    mask = np.asarray(mask, bool)
    numbers = {"kept": np.flatnonzero(kept).tolist(), "losses": [float(one) for one in poly]}
    with in_style():
        caption = f"Top-k keeps the pixels of largest loss, here {', '.join(map(str, numbers['kept']))}, target or not."
        figure = Figure(WIDTH * 0.85, 4.0, caption, numbers)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.6])
        for column in np.flatnonzero(mask):
            above.axvspan(column - 0.5, column + 0.5, color=TRUTH, alpha=0.3, linewidth=0)
        above.bar(range(len(p)), p, color="#999999", edgecolor=IOU, linewidth=0.8, width=0.8)
        above.bar_label(above.containers[0], [f"{one:.2f}" for one in p], fontsize=7)
        above.set(ylabel="probability p", ylim=(0, 1.12), yticks=[0, 0.5, 1])
        _draw_row(below, poly, plain, mask, kept)
    return figure


def loss_knobs(
    alpha: float = losses.ALPHA,
    k: float = losses.TOP_PER_CENT,
    p: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> Figure:
    """What α and k do: the slope of DpT-k (release) on one target pixel, and the pixels of a row that count.

    Parameters
    ----------
    alpha : float, default 3.1
        α of Poly-1.
    k : float, default 10
        Per cent that Top-k keeps.
    p, mask : ndarray of shape (N,), optional
        The row; default the one that notebook 03 counts by hand.

    Returns
    -------
    Figure
        Its numbers hold the slope at p = 0.1, its ratio to α = 0 there and at 0.9, and the pixels kept.
    """
    if p is None or mask is None:
        from rrca.checks import toy_row

        p, mask = toy_row()
    poly, plain, kept = _row(p, mask, alpha, k)
    low, high = (int(np.argmin(np.abs(P.numpy() - one))) for one in (MARKED, 1 - MARKED))
    slopes = {one: _along("dpt-k release", one, 10, True)[1] for one in (0.0, alpha)}
    slope = float(slopes[alpha][low])
    ratio, easy = (float(slopes[alpha][one] / slopes[0.0][one]) for one in (low, high))
    numbers = {
        "slope at 0 1": slope,
        "ratio at 0 1": ratio,
        "ratio at 0 9": easy,
        "kept": np.flatnonzero(kept).tolist(),
        "targets kept": int((kept & np.asarray(mask, bool)).sum()),
    }
    with in_style():
        caption = f"α lifts the slope everywhere alike, at p = 0.1 to {ratio:.2f} times; k decides which pixels count."
        figure = Figure(WIDTH, 3.6, caption, numbers)
        figure.set_layout_engine(
            "none"
        )  # a fixed layout, as finding one takes a third of a drawing under a slider
        place = {"left": 0.06, "right": 0.99, "bottom": 0.14, "top": 0.92, "wspace": 0.14}
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.5], gridspec_kw=place)
        left.plot(P, slopes[0.0], color=IOU, linestyle="dotted", linewidth=1.8, label="α = 0")
        left.plot(P, slopes[alpha], color=CURVES[0], linewidth=1.8, label=f"α = {alpha:.1f}")
        left.plot(MARKED, slope, "o", color=CURVES[0], markersize=8)
        left.set(xlabel="predicted probability p", ylabel="slope |dL/dp| of DpT-k, release")
        left.set(
            xlim=(0, 1),
            ylim=(0, 45),
            yticks=range(0, 50, 10),
            title=f"one target pixel: {ratio:.2f} × the slope of α = 0 at p = 0.1",
        )
        left.grid(alpha=0.3)
        left.legend(loc="upper right")
        _draw_row(right, poly, plain, np.asarray(mask, bool), kept, every=5)
        right.set(ylim=(0, 12), yticks=range(0, 13, 4))
        right.set_title(f"a row of {len(poly)} pixels: k = {k:.0f} % keeps {int(kept.sum())}")
    return figure


def gradient_maps(
    frame: np.ndarray, truth: np.ndarray, stages: Mapping[str, Mapping[str, np.ndarray]]
) -> Figure:
    """Where in a frame the gradient of each loss lies, one row of pictures for each stage of a training.

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        In [0, 1].
    truth : bool ndarray of shape (H, W)
        The drawn mask, outlined in the enlarged windows.
    stages : mapping of str to mapping of str to ndarray of shape (H, W)
        By stage and loss: |∂L/∂logit| of every pixel.

    Returns
    -------
    Figure
        Every map is divided by its own sum, so that it says which share of the gradient a pixel has; all maps
        have one logarithmic scale. Its numbers hold the share on background, in per cent.

    Raises
    ------
    InputError
        If the shapes differ, or a map has no gradient at all.
    """
    frame, truth = np.asarray(frame), np.asarray(truth, bool)
    named = {
        f"{stage}, {loss}": np.asarray(m, float) for stage, maps in stages.items() for loss, m in maps.items()
    }
    H, W = shape = check_shapes(frame, truth=truth, **named)
    for name, values in named.items():
        if not values.sum() > 0:
            raise InputError(f"the map {name!r} has no gradient anywhere.")
    numbers = {
        stage: {
            loss: float(100 * np.asarray(values)[~truth].sum() / np.asarray(values).sum())
            for loss, values in maps.items()
        }
        for stage, maps in stages.items()
    }
    row, column, area = strongest([], truth, np.asarray(frame if frame.ndim == 2 else frame.mean(2)))
    window = window_around((row, column), area, shape)
    columns = max(len(maps) for maps in stages.values()) + 1
    with in_style():
        caption = (
            "Which pixels pull: the share of each loss's gradient in every pixel, on one logarithmic scale."
        )
        height = len(stages) * (WIDTH / columns * H / W + 0.35) + 0.7
        figure = Figure(WIDTH, height, caption, numbers)
        panels = figure.subplots(len(stages), columns, squeeze=False)
        for line, (stage, maps) in zip(panels, stages.items(), strict=True):
            pictures = [("frame", stretched(frame), FRAME_MAP, (0, 1))]
            for loss, values in maps.items():
                values = np.log10(np.maximum(np.asarray(values, float) / np.sum(values), 1e-12))
                head = f"{loss}: {numbers[stage][loss]:.1f} % on background"
                pictures.append((head, values, FEATURE_MAP, (-7, -1)))
            for axes, (head, values, cmap, limits) in zip(line, pictures, strict=True):
                picture = show_image(axes, values, cmap, limits)
                axes.set_title(head)
                inset = add_inset(axes, window, shape)
                show_image(inset, values, cmap, limits)
                enlarge(inset, window)
                draw_outline(inset, truth, width=1.3)
            line[0].set_xlabel(stage)
        figure.colorbar(
            picture,
            ax=panels,
            location="bottom",
            shrink=0.6,
            aspect=50,
            label="log₁₀ of the pixel's share of the loss's gradient",
        )
    return figure


def gradient_shares(shares: Sequence[Shares]) -> Figure:
    """How much of each loss's gradient falls on background pixels, and how much gradient that is.

    Parameters
    ----------
    shares : sequence of Shares
        As `rrca.studies.gradients.share` gives them, of the same losses. Those of one stage, from several seeds, share
        a bar: their mean, with a tick for each.

    Returns
    -------
    Figure
        Its numbers hold, by stage, the mean, lowest and highest of `Shares.numbers`.

    Raises
    ------
    InputError
        If there is none.
    """
    if not shares:
        raise InputError("shares is empty; give one Shares at least.")
    stages: dict[str, list[Shares]] = {}
    for one in shares:
        stages.setdefault(one.stage, []).append(one)
    names = list(shares[0].background)
    numbers = {
        stage: {
            word: _joined(rule, [one.numbers() for one in runs])
            for word, rule in (("mean", np.mean), ("lowest", np.min), ("highest", np.max))
        }
        for stage, runs in stages.items()
    }
    said = ", ".join(
        f"{numbers[stage]['mean']['gradient on background / %'][names[-1]]:.1f} % {stage}" for stage in stages
    )
    with in_style():
        caption = f"How much of the gradient of {names[-1]} falls on background: {said}."
        figure = Figure(WIDTH, 0.62 * len(names) + 1.2, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        thickness = 0.8 / len(stages)
        for i, (stage, runs) in enumerate(stages.items()):
            y = np.arange(len(names)) + (i - (len(stages) - 1) / 2) * thickness
            look = {"color": CURVES[i % len(CURVES)], "hatch": ["", "///"][i % 2], "edgecolor": "white"}
            each = np.array([[100 * one.on_background(name) for name in names] for one in runs])
            background = np.array([[one.background[name] for name in names] for one in runs])
            on_targets = np.array([[one.target[name] for name in names] for one in runs])
            label = f"{stage}, {len(runs)} seed" + "s" * (len(runs) > 1)
            left.barh(y, each.mean(0), thickness, label=label, **look)
            if len(runs) > 1:
                for values in each:
                    left.plot(values, y, "|", color=IOU, markersize=12, markeredgewidth=1.5)
            for place, value, most in zip(y, each.mean(0), each.max(0), strict=True):
                left.text(most + 1.5 if most < 90 else 102, place, f"{value:.1f}", va="center", fontsize=8)
            right.barh(y, background.mean(0), thickness, **look)
            right.plot(on_targets.mean(0), y, "D", color=IOU, markeredgecolor="white", markersize=6)
        left.axvline(
            100 * (1 - shares[0].targets / shares[0].pixels),
            color=IOU,
            linestyle="dotted",
            label="background, % of the pixels",
        )
        left.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 114))
        left.set_xlabel("gradient on background, % of the loss's gradient")
        left.invert_yaxis()
        right.set(xscale="log", xlabel="Σ |∂L/∂logit| a frame; bars: background, diamonds: targets")
        right.grid(axis="x", alpha=0.3)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _joined(rule: Callable, trees: Sequence[Mapping]) -> dict:
    """One dict of several of the same keys; numbers are joined by the rule."""
    return {
        key: _joined(rule, [tree[key] for tree in trees])
        if isinstance(value, Mapping)
        else float(rule([tree[key] for tree in trees]))
        for key, value in trees[0].items()
    }
