"""α and k of DpT-k: what the printed Table VII says, what luck alone would say, and which pixels they listen to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from scipy import integrate, stats

from rrca import compare, losses, paper
from rrca.studies.gradients import Stage, kept_by_top_k, per_pixel
from rrca.studies.printed import as_counts

CHOSEN = paper.grid_name(losses.ALPHA, losses.TOP_PER_CENT)
Measure = Literal["iou", "pd", "fa"]


def printed() -> pd.DataFrame:
    """The 27 cells of Table VII as counts.

    Returns
    -------
    DataFrame
        By `rrca.paper.grid_name`: "alpha", "k", "pd" (per cent), "fa" (1e-6), "targets" (found, of 263) and "pixels"
        (false ones, of 214 frames of 256×256).

    Examples
    --------
    >>> printed().loc["α = 3.1, k = 10", ["targets", "pixels"]].astype(int).tolist()
    [258, 106]
    """
    cells = {paper.grid_name(alpha, k): {"alpha": alpha, "k": k} for alpha in paper.ALPHAS for k in paper.KS}
    counted = as_counts(paper.table("VII"))[["pd", "fa", "targets", "pixels"]]
    return pd.DataFrame.from_dict(cells, orient="index").join(counted)


def expected_best(m: int) -> float:
    """How far the best of m equal draws is expected above their mean, in standard deviations of a normal.

    Parameters
    ----------
    m : int
        Draws, 1 or more.

    Examples
    --------
    >>> round(expected_best(27), 2)
    2.0
    """
    return integrate.quad(lambda x: x * m * stats.norm.pdf(x) * stats.norm.cdf(x) ** (m - 1), -10, 10)[0]


def standing_out(table: pd.DataFrame) -> pd.DataFrame:
    """How far the chosen cell lies from the other 26, for Pd and Fa.

    Parameters
    ----------
    table : DataFrame
        From `printed`.

    Returns
    -------
    DataFrame
        By figure: "mean" and "sd" of the other cells, and "distance", in sd, positive where the chosen one is better.
    """
    found = {}
    for figure, sign in (("pd", 1), ("fa", -1)):
        others = table[figure].drop(CHOSEN)
        distance = sign * (table.loc[CHOSEN, figure] - others.mean()) / others.std()
        found[figure] = {"mean": others.mean(), "sd": others.std(), "distance": distance}
    return pd.DataFrame.from_dict(found, orient="index")


def luck(seed: int, figure: Measure = "pd") -> tuple[str, pd.DataFrame]:
    """A grid in which α and k do nothing: 27 draws of one normal, with the printed table's mean and spread.

    Parameters
    ----------
    seed : int
        Of the draws.
    figure : {"pd", "fa"}
        Whose mean and standard deviation, those of the 26 cells that were not chosen. Pd is rounded to whole targets.

    Returns
    -------
    source : str
        "luck, seed N".
    grid : DataFrame
        Rows α, columns k.

    Examples
    --------
    >>> luck(0)[1].shape
    (9, 3)
    """
    others = printed()[figure].drop(CHOSEN)
    drawn = np.random.default_rng(seed).normal(
        others.mean(), others.std(), (len(paper.ALPHAS), len(paper.KS))
    )
    if figure == "pd":
        drawn = (
            np.minimum(np.round(drawn / 100 * paper.TEST_TARGETS), paper.TEST_TARGETS)
            / paper.TEST_TARGETS
            * 100
        )
    return f"luck, seed {seed}", pd.DataFrame(np.maximum(drawn, 0), paper.ALPHAS, paper.KS)


def best_stands_out(cells: pd.DataFrame, least: bool = False) -> float:
    """How far a grid's best cell lies from its other cells.

    Parameters
    ----------
    cells : DataFrame
        Of one figure.
    least : bool, default False
        Whether the smallest is the best, as of Fa.

    Returns
    -------
    float
        In standard deviations of the others; nan where a cell is missing.

    Examples
    --------
    >>> round(best_stands_out(printed_cells("pd")[1]), 1)
    2.0
    """
    values = np.sort(cells.to_numpy().ravel() * (-1 if least else 1))
    return float((values[-1] - values[:-1].mean()) / values[:-1].std(ddof=1))


def printed_cells(figure: Measure) -> tuple[str, pd.DataFrame]:
    """One printed figure over the grid, as `cells_of` gives it: "paper", and rows α, columns k.

    Examples
    --------
    >>> float(printed_cells("pd")[1].loc[3.1, 10])
    98.1
    """
    return "paper", printed().pivot(index="alpha", columns="k", values=figure)


def cells_of(
    figure: Measure, folder: str | Path | None = None, protocol: str = "exact"
) -> tuple[str, pd.DataFrame]:
    """One figure over the grid: ours if there are result lines, else the printed one.

    Parameters
    ----------
    figure : {"iou", "pd", "fa"}
        The last two in the unit of the paper's tables.
    folder : path, optional
        Of result lines; default as for `rrca.compare.collect`.
    protocol : str, default "exact"
        Of our figures.

    Returns
    -------
    source : str
        "ours, N of 27", "paper", or "not run yet" where the paper prints none either.
    grid : DataFrame
        Rows α, columns k; nan where there is no figure.
    """
    lines = compare.collect("VII", folder=folder).lines
    ours = {name: float(np.mean(compare.values(own, figure, protocol))) for name, own in lines.items() if own}
    table = printed()
    if ours:
        source, column = f"ours, {len(ours)} of {len(table)}", pd.Series(ours)
    elif figure in table:
        source, column = "paper", table[figure]
    else:
        source, column = "not run yet", pd.Series(np.nan, table.index)
    values = table.assign(figure=column.reindex(table.index))
    return source, values.pivot(index="alpha", columns="k", values="figure")


def listened_to(
    stage: Stage, frames: Iterable[tuple[np.ndarray, np.ndarray]], alphas=paper.ALPHAS, ks=paper.KS
) -> pd.DataFrame:
    """Where kept pixels and gradient lie as α and k change, each frame a batch of its own.

    Parameters
    ----------
    stage : Stage
        A network and how it normalises frames, from `rrca.studies.gradients.stages`.
    frames : iterable of (ndarray, ndarray)
        Grey frame (H, W) and its mask (H, W), bool.
    alphas, ks : sequences of float
        ks in per cent of the pixels.

    Returns
    -------
    DataFrame
        By (α, k): "kept" (pixels a frame), "targets kept" (target pixels among the kept ones, per cent) and
        "background" (share of DpT-k's absolute gradient that falls on background, per cent).
    """
    logits = [(stage.logits(image), torch.as_tensor(mask)[None, None]) for image, mask in frames]
    rows = {}
    for alpha in alphas:
        for k in ks:
            loss = losses.build("dpt-k", alpha=alpha, k=k)
            kept, on_targets, background, whole = 0, 0, 0.0, 0.0
            for score, mask in logits:
                pull, pixels = per_pixel(loss, score, mask.float()), kept_by_top_k(score, mask.float(), k)
                kept += int(pixels.sum())
                on_targets += int((pixels & mask).sum())
                background += float(pull[~mask].sum())
                whole += float(pull.sum())
            rows[alpha, k] = {
                "kept": kept / len(logits),
                "targets kept": 100 * on_targets / kept,
                "background": 100 * background / whole,
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["α", "k"])
