"""The series of networks that differ in n alone: which are shipped, how they were judged, what one seed can say."""

from collections.abc import Mapping
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from rrca import checkpoint, paper
from rrca.cost import count
from rrca.errors import InputError
from rrca.registry import build


def card(name: str) -> dict:
    """The card of shipped weights, without loading them."""
    return checkpoint.read_card(checkpoint.weights_folder() / f"{name}.json")


def series(name: str = checkpoint.DEFAULT) -> dict[int, str]:
    """The shipped weights of one series: one recipe, one seed, and n = 0, 1, 2, ….

    Parameters
    ----------
    name : str, default "rrcanet-resnet18"
        Their names are this one with `_n0`, `_n1` and so on behind it.

    Returns
    -------
    dict of int to str
        Name of the weights by n, in rising order.

    Raises
    ------
    InputError
        If there are none, or two were trained by different recipes: they would not belong into one comparison.

    Examples
    --------
    >>> weights = series()
    >>> weights[0], weights[2]
    ('rrcanet-resnet18_n0', 'rrcanet-resnet18_n2')
    """
    found = {
        _iterations(shipped): shipped
        for shipped in checkpoint.shipped()
        if shipped.startswith(f"{name}_n") and shipped.removeprefix(f"{name}_n").isdigit()
    }
    if not found:
        raise InputError(f"no weights {name}_n0, {name}_n1, …; there are {', '.join(checkpoint.shipped())}.")
    first, *others = (found[n] for n in sorted(found))
    for other in others:
        if _recipe(card(other)) != _recipe(card(first)):
            raise InputError(f"weights {other} were trained by another recipe than {first}: rename them.")
    return dict(sorted(found.items()))


def _recipe(card: dict) -> dict:
    """The recipe of a card without n."""
    recipe = dict(card["recipe"])
    recipe["settings"] = {key: value for key, value in recipe["settings"].items() if key != "iterations"}
    return recipe


def _iterations(name: str) -> int:
    """n of shipped weights."""
    known = card(name)
    return build(known["network"], **known["settings"]).config.iterations


def table_iv(weights: Mapping[int, str]) -> pd.DataFrame:
    """The paper's Table IV beside the cards of a series.

    Parameters
    ----------
    weights : mapping of int to str
        From `series`.

    Returns
    -------
    DataFrame
        One row for each n of the paper. IoU and Pd in per cent, Fa in 1e-6; nan where no weights of that n are
        shipped. "paper" is one run with its epoch chosen on the test list. "dnanet" is the paper's protocol,
        "exact" ours. GMAC is the executed work of one 256×256 frame with three channels, as the paper counts.
    """
    rows = {}
    for n, printed in enumerate(paper.table("IV")):
        row = dict(zip(("paper IoU", "paper Pd", "paper Fa"), printed.figures, strict=True))
        metrics = card(weights[n])["metrics"] if n in weights else {}
        for protocol in ("dnanet", "exact"):
            result = metrics.get(protocol, dict.fromkeys(("iou", "pd", "fa"), np.nan))
            scaled = 100 * result["iou"], 100 * result["pd"], 1e6 * result["fa"]
            row |= dict(zip((f"{protocol} IoU", f"{protocol} Pd", f"{protocol} Fa"), scaled, strict=True))
        row["GMAC"] = count(build(checkpoint.DEFAULT, iterations=n)).macs / 1e9
        rows[n] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("n")


def sign_test(first: int, second: int) -> float:
    """How likely a fair coin gives a split at least as uneven as `first` to `second`.

    Parameters
    ----------
    first, second : int
        Cases in which the two networks disagree: those that only the first got right, and only the second.

    Returns
    -------
    float
        Two-sided probability, 0 to 1; 1 if there is no case.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947; this is its exact form.

    Examples
    --------
    >>> sign_test(5, 1), sign_test(3, 3)
    (0.21875, 1.0)
    """
    cases, least = first + second, min(first, second)
    tail = sum(comb(cases, k) for k in range(least + 1)) / 2**cases
    return min(1.0, 2 * tail)


def pairs(found: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """Which targets one n finds and another does not, and what chance would give.

    Parameters
    ----------
    found : mapping of int to bool array of shape (T,)
        The same T targets for every n.

    Returns
    -------
    DataFrame
        A row for each pair of n: targets that only the first or only the second finds, that both miss, how many
        both would miss if their misses fell on targets independently, and `sign_test` of the two first columns.

    Examples
    --------
    >>> hits = {0: np.array([1, 1, 0, 0, 1], bool), 2: np.array([1, 0, 0, 0, 1], bool)}
    >>> pairs(hits).iloc[0].tolist()
    [1.0, 0.0, 2.0, 1.2, 1.0]
    """
    rows = {}
    for one, other in combinations(sorted(found), 2):
        a, b = found[one], found[other]
        only = int((a & ~b).sum()), int((b & ~a).sum())
        rows[f"n = {one} and {other}"] = {
            "only the first": only[0],
            "only the second": only[1],
            "missed by both": int((~a & ~b).sum()),
            "by chance": (~a).sum() * (~b).sum() / len(a),
            "sign test": sign_test(*only),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
