"""The verdict on a row: its seeds against the default's, by a rule that was written down before the first run."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from rrca.errors import InputError

Verdict = Literal["agrees", "contradicts", "undecided"]

LEVEL = 0.95
SEED = 0  # of the integration behind Dunnett's intervals, whose third digit it settles


def differences(rows: Mapping[str, Sequence[float]], control: Sequence[float]) -> pd.DataFrame:
    """How far each row's mean lies from the control's, with intervals that hold for all rows at once.

    Parameters
    ----------
    rows : mapping of str to sequence of float
        One figure of each seed, by row, in any unit; may be empty.
    control : sequence of float
        The default's.

    Returns
    -------
    DataFrame
        A row each, in the unit given: "n", "ours" (mean), "sd" (n − 1 in the denominator), "difference" from the
        control's mean, and "low" and "high" of its interval. nan where there are too few seeds: an interval needs
        two in the row and two in the control.

    Notes
    -----
    Dunnett's test pools the standard deviation over the groups that it is given. These are the rows with at least two
    seeds and the control: a single seed has no spread to give, and would widen the others' intervals by being
    compared. Seeds count as independent. A row's seed 0 sees the crops of the default's seed 0, which can only make a
    difference steadier than the interval says.

    References
    ----------
    C. W. Dunnett, "A multiple comparison procedure for comparing several treatments with a control", Journal of the
    American Statistical Association 50, 1955; `scipy.stats.dunnett`.

    Examples
    --------
    >>> rows = differences({"n = 0": [70.1, 70.3, 69.8], "n = 3": [74.0]}, [73.9, 74.4, 73.8, 74.1, 73.5, 74.0])
    >>> rows.loc["n = 0", ["difference", "low", "high"]].astype(float).round(1).tolist()
    [-3.9, -4.4, -3.4]
    >>> rows.loc["n = 3", ["n", "low"]].tolist()
    [1.0, nan]
    """
    found = {name: np.asarray(seeds, float) for name, seeds in rows.items()}
    middle = np.mean(control) if len(control) else np.nan
    table = pd.DataFrame.from_dict(
        {
            name: (
                len(seeds),
                seeds.mean() if len(seeds) else np.nan,
                seeds.std(ddof=1) if len(seeds) > 1 else np.nan,
                seeds.mean() - middle if len(seeds) else np.nan,
                *(np.nan, np.nan),
            )
            for name, seeds in found.items()
        },
        orient="index",
        columns=["n", "ours", "sd", "difference", "low", "high"],
        dtype=float,
    )
    judged = {name: seeds for name, seeds in found.items() if len(seeds) > 1}
    if judged and len(control) > 1 and pooled_sd(judged, control) > 0:
        test = stats.dunnett(*judged.values(), control=np.asarray(control, float), random_state=SEED)
        interval = test.confidence_interval(LEVEL)
        table.loc[list(judged), "low"], table.loc[list(judged), "high"] = interval.low, interval.high
    return table


def pooled_sd(rows: Mapping[str, Sequence[float]], control: Sequence[float]) -> float:
    """The standard deviation over seeds, pooled over the rows and the control as Dunnett's test does.

    Examples
    --------
    >>> pooled_sd({"a": [1.0, 3.0], "b": [7.0]}, [10.0, 12.0])
    1.4142135623730951
    """
    groups = [np.asarray(group, float) for group in (*rows.values(), control) if len(group) > 1]
    squares = sum(((group - group.mean()) ** 2).sum() for group in groups)
    freedom = sum(len(group) - 1 for group in groups)
    return float(np.sqrt(squares / freedom)) if freedom else float("nan")


def homogeneity(rows: Mapping[str, Sequence[float]], control: Sequence[float]) -> dict[str, float]:
    """Whether the rows may share one standard deviation: the Brown-Forsythe test.

    Parameters
    ----------
    rows, control
        As for `differences`; groups of one seed are left out.

    Returns
    -------
    dict
        "p" of equal spreads; "smallest sd" and "largest sd" of the groups. p is nan with fewer than two groups.

    Notes
    -----
    Of three seeds the one in the middle is the median itself, so that a third of the deviations are 0 by construction
    and the test finds less than its level promises: a large p does not show that spreads are equal, hence the two
    standard deviations beside it.

    References
    ----------
    M. B. Brown, A. B. Forsythe, "Robust tests for the equality of variances", Journal of the American Statistical
    Association 69, 1974: `scipy.stats.levene` about the median.
    """
    groups = [np.asarray(group, float) for group in (*rows.values(), control) if len(group) > 1]
    spreads = [group.std(ddof=1) for group in groups]
    enough = len(groups) > 1 and max(spreads) > 0
    return {
        "p": float(stats.levene(*groups, center="median").pvalue) if enough else float("nan"),
        "smallest sd": float(min(spreads, default=np.nan)),
        "largest sd": float(max(spreads, default=np.nan)),
    }


def verdict(low: float, high: float, printed: float | None) -> Verdict | None:
    """What an interval says about a printed difference.

    Parameters
    ----------
    low, high : float
        Of our difference; nan if there is none.
    printed : float or None
        The paper's difference, whose sign alone counts here. None, nan or 0: it takes no side.

    Returns
    -------
    {"agrees", "contradicts", "undecided"} or None
        None if the paper takes no side.

    Raises
    ------
    InputError
        If the interval is turned round.

    Examples
    --------
    >>> verdict(0.2, 1.5, printed=1.87), verdict(0.2, 1.5, printed=-0.4), verdict(-0.1, 1.5, printed=1.87)
    ('agrees', 'contradicts', 'undecided')
    """
    if low > high:
        raise InputError(f"low = {low}, high = {high}: an interval's lower end comes first.")
    if not printed or np.isnan(printed):
        return None
    if not (low > 0 or high < 0):  # nan, too
        return "undecided"
    return "agrees" if (low > 0) == (printed > 0) else "contradicts"
