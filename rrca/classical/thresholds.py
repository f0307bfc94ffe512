"""From a response map to a mask: the five rules in use, none of which the paper's Table I names.

A rule maps a response (H, W) to a threshold T in the response's unit; the mask is what lies strictly above it.
A response without contrast, all zero for one, has an empty mask under every rule.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from rrca.classical.grey import is_flat
from rrca.errors import InputError

DEFAULT = "T-C"


def deviations(response: np.ndarray, k: float = 5.0) -> float:
    """Rule T-A: T = μ + kσ.

    Parameters
    ----------
    response : float ndarray of shape (H, W)
        Signed or not; μ and σ (denominator N − 1) are over all pixels, zeros of the border included.
    k : float, default 5.0
        Standard deviations; 3 to 5 with LCM, 2 to 9 with RLCM and TLLCM, 10 in a program for MLHM.

    Returns
    -------
    float
        T, in the response's unit.

    References
    ----------
    C. Chen et al., "A local contrast method for small infrared target detection", IEEE TGRS 52(1), 2014.

    Examples
    --------
    >>> deviations(np.array([[0.0, 0.0, 0.0, 4.0]]), k=1)
    3.0
    """
    return float(response.mean() + k * _deviation(response))


def floored(response: np.ndarray, v_min: float, k: float = 5.0) -> float:
    """Rule T-B: T = max(v_min, μ + kσ).

    Parameters
    ----------
    response, k
        As for `deviations`.
    v_min : float
        Least threshold, in the response's unit; has no default, since the papers choose it by trial.

    Returns
    -------
    float

    References
    ----------
    The papers of IPI, RIPT, NRAM and PSTNN; none of their programs contains it.
    """
    return max(float(v_min), deviations(response, k))


def peak_share(response: np.ndarray, share: float = 0.7, k: float = 0.5) -> float:
    """Rule T-C: T = max(0.7 M, μ + 0.5 σ), the default for all nine methods.

    Parameters
    ----------
    response
        As for `deviations`.
    share : float, default 0.7
        Of the maximum M.
    k : float, default 0.5
        Standard deviations.

    Returns
    -------
    float

    References
    ----------
    The program of MSLSTIPT (version 1), by the group that RRCA-Net comes from.

    Examples
    --------
    >>> peak_share(np.array([[-1.0, 0.0, 1.0, 10.0]]))
    7.0
    """
    return max(share * float(response.max()), deviations(response, k))


def half_range(response: np.ndarray) -> float:
    """Rule T-D: half of the range between minimum and maximum; what reaches it belongs to the mask.

    Parameters
    ----------
    response
        As for `deviations`.

    Returns
    -------
    float
        The largest value below half of the range, so that the mask is strictly above it as for the other rules.

    References
    ----------
    ISTD-Benchmark's wrapper, which stretches each response to [0, 1] and cuts at 0.5.

    Examples
    --------
    >>> half_range(np.array([[0.0, 1.0, 2.0, 4.0]]))
    1.0
    """
    low, high = response.min(), response.max()
    below = response[response - low < 0.5 * (high - low)]
    return float(below.max() if below.size else high)


def between(response: np.ndarray, weight: float = 0.7) -> float:
    """Rule T-E: T = λM + (1 − λ)μ.

    Parameters
    ----------
    response
        As for `deviations`.
    weight : float, default 0.7
        λ, from 0 to 1; 0.6 to 0.9 in use.

    Returns
    -------
    float

    References
    ----------
    Papers by J. Han, among them that of WSLCM.

    Examples
    --------
    >>> between(np.array([[0.0, 0.0, 0.0, 4.0]]), weight=0.5)
    2.5
    """
    return float(weight * response.max() + (1 - weight) * response.mean())


RULES = {"T-A": deviations, "T-B": floored, "T-C": peak_share, "T-D": half_range, "T-E": between}
CONSTANTS = {  # what a rule's name may be followed by
    "T-A": ("k",),
    "T-B": ("v_min", "k"),
    "T-C": ("share", "k"),
    "T-D": (),
    "T-E": ("weight",),
}


def rule(name: str | float) -> Callable[[np.ndarray], float]:
    """The rule of a name, with its constants.

    Parameters
    ----------
    name : str or float
        "T-A" … "T-E", with constants after a colon where they are not the default ones: "T-A:k=3",
        "T-B:v_min=20,k=5" (v_min is required), "T-E:weight=0.8". Or a number: T itself, for every response.

    Returns
    -------
    callable
        Response (H, W) -> threshold.

    Raises
    ------
    InputError
        For an unknown rule or constant, or one that is missing or no number.

    Examples
    --------
    >>> rule("T-B:v_min=20")(np.zeros((4, 4)))
    20.0
    """
    if not isinstance(name, str):
        if not np.isfinite(name):
            raise InputError(f"threshold = {name}: give a finite number, or one of {', '.join(RULES)}.")
        return lambda response: float(name)
    kind, _, given = name.partition(":")
    if kind not in RULES:
        raise InputError(
            f"unknown threshold rule {name!r}; choose one of {', '.join(RULES)}, or give a number."
        )
    constants = {}
    for pair in filter(None, given.split(",")):
        key, _, value = pair.partition("=")
        try:
            constants[key.strip()] = float(value)
        except ValueError:
            raise InputError(f"threshold {name!r}: {pair!r} is not NAME=NUMBER.") from None
    unknown = [key for key in constants if key not in CONSTANTS[kind]]
    if unknown:
        takes = ", ".join(CONSTANTS[kind]) or "no constants"
        raise InputError(f"threshold {name!r}: {kind} has no constant {unknown[0]!r}; it takes {takes}.")
    if kind == "T-B" and "v_min" not in constants:
        raise InputError(
            "threshold rule T-B needs its least threshold, in the response's unit: 'T-B:v_min=20'."
        )
    return partial(RULES[kind], **constants)


def segment(response: np.ndarray, threshold: str | float = DEFAULT) -> tuple[np.ndarray, float]:
    """A response as a mask.

    Parameters
    ----------
    response : float ndarray of shape (H, W)
        Raw: not clipped, not stretched.
    threshold : str or float, default "T-C"
        As for `rule`; a number is in the response's unit.

    Returns
    -------
    mask : bool ndarray of shape (H, W)
        response > T; empty if all responses are equal.
    T : float

    Raises
    ------
    InputError
        As for `rule`, and if the response holds NaN.

    Examples
    --------
    >>> segment(np.array([[0.0, 0.0, 0.0, 0.0, 6.0, 8.0, 10.0]]))
    (array([[False, False, False, False, False,  True,  True]]), 7.0)
    >>> segment(np.full((1, 3), 0.1), 0.05)
    (array([[False, False, False]]), 0.05)
    """
    if not np.isfinite(response).all():
        raise InputError(
            "the response holds NaN or infinite values; a detector of rrca.classical gives none."
        )
    T = rule(threshold)(response)
    if is_flat(response):  # where rounding of μ could put T below every pixel
        return np.zeros(response.shape, bool), T
    return response > T, T


def _deviation(response: np.ndarray) -> float:
    """Standard deviation with denominator N − 1; 0 for a single pixel."""
    return float(response.std(ddof=1)) if response.size > 1 else 0.0
