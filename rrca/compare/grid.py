"""Table VII's 27 cells against 27 seeds of one: is there anything in the grid but luck, and what does choosing cost."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from rrca import paper
from rrca.compare.statistics import LEVEL
from rrca.errors import InputError

DRAWS = 2000
RATIOS = np.arange(1.0, 4.01, 0.05)  # of standard deviations


def spread(cells: Sequence[float], seeds: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Whether the cells of a grid, one run each, spread more than the seeds of one cell.

    Parameters
    ----------
    cells, seeds : sequence of float
        One figure of each, in any unit.
    seed : int, default 0
        Of the simulation of "visible ratio".

    Returns
    -------
    dict
        "cells sd", "seeds sd" and their "ratio"; "p" of equal spreads by the Brown-Forsythe test, two-sided; and
        "visible ratio", that which the test would have found in four cases of five. A p above 0.05 says that the
        ratio is not much above the visible one, not that it is 1.

    Examples
    --------
    >>> same = [1.0, 2.0, 3.0, 4.0, 5.0]
    >>> round(spread(same, same)["p"], 6)
    1.0
    """
    return {
        "cells sd": float(np.std(cells, ddof=1)),
        "seeds sd": float(np.std(seeds, ddof=1)),
        "ratio": float(np.std(cells, ddof=1) / np.std(seeds, ddof=1)),
        "p": float(stats.levene(cells, seeds, center="median").pvalue),
        "visible ratio": visible_ratio(len(cells), len(seeds), seed),
    }


def visible_ratio(cells: int = 27, seeds: int = 27, seed: int = 0, power: float = 0.8) -> float:
    """The ratio of standard deviations that the Brown-Forsythe test finds with a given power, by simulation.

    Parameters
    ----------
    cells, seeds : int, default 27
        Runs in the group that spreads more, and in the other.
    seed : int, default 0
        Of the simulation: 2000 draws of normal figures, the same for all ratios.
    power : float, default 0.8
        Share of the draws in which p < 0.05 and the first group spreads more.

    Returns
    -------
    float
        nan if it is above 4. A ratio r means that the cells differ among themselves, beyond their seeds, by
        sqrt(r² − 1) of the seeds' standard deviation.

    Examples
    --------
    >>> round(visible_ratio(), 1)
    1.8
    """
    found = power_of(cells, seeds, seed)
    return float(np.interp(power, np.maximum.accumulate(found), RATIOS, right=np.nan))


def power_of(cells: int = 27, seeds: int = 27, seed: int = 0) -> pd.Series:
    """How often the Brown-Forsythe test finds that a group spreads more, by simulation.

    Parameters
    ----------
    cells, seeds : int, default 27
        Runs in the group that spreads more, and in the other.
    seed : int, default 0
        Of 2000 draws of normal figures, the same for all ratios.

    Returns
    -------
    Series
        By the true ratio of the standard deviations, 1 to 4: share of the draws in which p < 0.05 and the first group
        spreads more.

    Examples
    --------
    >>> bool(power_of()[1.0] < 0.04)  # half of the 5 % of a two-sided test
    True
    """
    generator = np.random.default_rng(seed)
    wide, narrow = (_from_median(generator.standard_normal((DRAWS, n))) for n in (cells, seeds))
    found = {}
    for ratio in RATIOS:  # of two groups the test is a t-test of the distances from the medians
        test = stats.ttest_ind(ratio * wide, narrow, axis=1)
        found[ratio] = np.mean((test.pvalue < 1 - LEVEL) & (test.statistic > 0))
    return pd.Series(found, name="power").rename_axis("ratio")


def main_effects(cells: Mapping[str, float], seeds: Sequence[float]) -> pd.DataFrame:
    """What α and k do on average over the grid, measured against the noise of seeds.

    Parameters
    ----------
    cells : mapping of str to float
        One figure of each of the 27 cells, by `rrca.paper.grid_name`.
    seeds : sequence of float
        The same figure of the default's seeds.

    Returns
    -------
    DataFrame
        Rows "α", "α, curved", "k" and "rest" (what no sum of the two explains), with "df", "F" and "p" against the
        seeds' variance. "effect" of α and k is the highest minus the lowest mean of a level; of the curve, how far a
        parabola in α rises in the middle of the tested range above the line between its ends, positive for an optimum
        inside, with the 95 % interval "low" to "high".

    Raises
    ------
    InputError
        If a cell is missing.

    Notes
    -----
    Two factors without repetition: nothing within the grid tells noise from interaction, so the denominator is the
    variance of the default's seeds, which assumes that every cell is as noisy as the default.
    """
    names = [[paper.grid_name(alpha, k) for k in paper.KS] for alpha in paper.ALPHAS]
    missing = [name for line in names for name in line if name not in cells]
    if missing:
        raise InputError(f"{len(missing)} cells of Table VII are missing, the first is {missing[0]}.")
    y = np.array([[cells[name] for name in line] for line in names], float)  # (α, k)
    of_alpha, of_k, alpha = y.mean(axis=1), y.mean(axis=0), np.array(paper.ALPHAS)
    variance, freedom = np.var(seeds, ddof=1), len(seeds) - 1

    # The part of α² that no straight line explains; of length 1, so that its product with the means is the effect.
    curve = alpha**2 - np.polyval(np.polyfit(alpha, alpha**2, 1), alpha)
    length = np.linalg.norm(curve)
    bend = curve @ of_alpha / length
    rise = (
        -((np.ptp(alpha) / 2) ** 2) / length
    )  # of the parabola's middle above the line between its ends, per bend
    error = stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance / len(of_k))
    squares = {
        "α": (len(of_k) * ((of_alpha - y.mean()) ** 2).sum(), len(of_alpha) - 1),
        "α, curved": (len(of_k) * bend**2, 1),
        "k": (len(of_alpha) * ((of_k - y.mean()) ** 2).sum(), len(of_k) - 1),
        "rest": (
            ((y - of_alpha[:, None] - of_k + y.mean()) ** 2).sum(),
            (len(of_alpha) - 1) * (len(of_k) - 1),
        ),
    }
    table = pd.DataFrame(
        {
            name: {
                "df": df,
                "F": square / df / variance,
                "p": stats.f.sf(square / df / variance, df, freedom),
            }
            for name, (square, df) in squares.items()
        }
    ).T.astype({"df": int})
    table["effect"] = [np.ptp(of_alpha), rise * bend, np.ptp(of_k), np.nan]
    table["low"] = table["high"] = np.nan
    table.loc["α, curved", ["low", "high"]] = rise * bend - abs(rise) * error, rise * bend + abs(rise) * error
    return table


def price_of_choosing(
    chosen: Mapping[str, float], again: Mapping[str, Sequence[float]], seeds: Sequence[float]
) -> pd.DataFrame:
    """What a winner's figure loses when the winner is run again.

    Parameters
    ----------
    chosen : mapping of str to float
        The figure, on the test list, of the run that stands in the grid, by winner.
    again : mapping of str to sequence of float
        The same of its fresh seeds.
    seeds : sequence of float
        Of the default's seeds, for their standard deviation.

    Returns
    -------
    DataFrame
        By winner: "chosen", "again" (mean) with "sd" and "n", the "drop" with its 95 % interval "low" to "high", and
        "gain", by which the fresh seeds lie above the default's mean: what choosing bought after all.

    Examples
    --------
    >>> table = price_of_choosing({"test winner": 76.0}, {"test winner": [74.0, 75.0]}, [74.0, 75.0, 73.0])
    >>> table.loc["test winner", ["drop", "gain"]].tolist()
    [1.5, 0.5]
    """
    deviation, freedom = np.std(seeds, ddof=1), len(seeds) - 1
    rows = {}
    for name, figure in chosen.items():
        fresh = np.asarray(again[name], float)
        error = stats.t.ppf((1 + LEVEL) / 2, freedom) * deviation / np.sqrt(len(fresh))
        drop = figure - fresh.mean()
        rows[name] = {
            "chosen": figure,
            "again": fresh.mean(),
            "sd": fresh.std(ddof=1),
            "n": len(fresh),
            "drop": drop,
            "low": drop - error,
            "high": drop + error,
            "gain": fresh.mean() - np.mean(seeds),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _from_median(values: np.ndarray) -> np.ndarray:
    """Distances from each line's median."""
    return np.abs(values - np.median(values, axis=1, keepdims=True))
