"""The paper's printed figures as what was counted: targets found, false pixels, and what such counts can tell apart."""

from collections.abc import Iterable
from math import ceil, floor

import pandas as pd

from rrca import paper


def as_counts(rows: Iterable[paper.Row]) -> pd.DataFrame:
    """Printed rows on NUAA-SIRST's test list as counts.

    Parameters
    ----------
    rows : iterable of paper.Row
        Each is one run, its epoch chosen on the test list.

    Returns
    -------
    DataFrame
        By row name: "iou" and "pd" (per cent) and "fa" (1e-6) as printed, "targets" (found, of 263) and "pixels" (false
        ones of 214 frames of 256×256, rounded).

    Examples
    --------
    >>> as_counts(paper.table("IV"))[["targets", "pixels"]].T.values.tolist()
    [[255, 255, 258, 252], [235, 175, 106, 430]]
    """
    return pd.DataFrame.from_dict(
        {
            row.name: {
                "iou": row.iou,
                "pd": row.pd,
                "fa": row.fa,
                "targets": whole_targets(row.pd),
                "pixels": round(row.fa * 1e-6 * paper.TEST_PIXELS),
            }
            for row in rows
        },
        orient="index",
    )


def whole_targets(pd: float, targets: int = paper.TEST_TARGETS) -> int | None:
    """How many of the test list's targets a printed Pd is, if it is a whole number of them.

    Parameters
    ----------
    pd : float
        Per cent, two decimals.
    targets : int, default 263
        Of the list.

    Returns
    -------
    int or None
        None if no whole number gives that Pd, rounded or cut off after the second decimal.

    Examples
    --------
    >>> whole_targets(79.84), whole_targets(79.70)
    (210, None)
    """
    found = round(pd / 100 * targets)
    return found if abs(100 * found / targets - pd) < 0.01 else None


def whole_pixels(fa: float, decimals: int, pixels: int = paper.TEST_PIXELS) -> int | None:
    """How many false pixels a printed Fa is, if it is a whole number of them.

    Parameters
    ----------
    fa : float
        1e-6.
    decimals : int
        Digits printed after the point.
    pixels : int
        Of all frames; by default NUAA-SIRST's test list, squashed to 256×256.

    Returns
    -------
    int or None
        None if no whole number gives that Fa.

    Examples
    --------
    >>> whole_pixels(7.56, 2), whole_pixels(26.55, 2)
    (106, None)
    """
    half = 0.5 * 10.0**-decimals * 1.001
    low, high = (ceil((fa - half) * 1e-6 * pixels), floor((fa + half) * 1e-6 * pixels))
    return low if low <= high else None


def least_p(difference: int) -> float:
    """The smallest p that a paired sign test can give to a difference in found targets.

    Parameters
    ----------
    difference : int
        Targets that one method finds more than another, on the same list.

    Returns
    -------
    float
        Two-sided. Smallest if one finds all that the other finds and `difference` more: any target that only the other
        finds makes p larger.

    Notes
    -----
    It knows of chance in the targets alone. Another seed of the training moves the counts as well.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947; in its exact form.

    Examples
    --------
    >>> least_p(2), least_p(0)
    (0.5, 1.0)
    """
    return min(1.0, 2 * 0.5 ** abs(int(difference)))
