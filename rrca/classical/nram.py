"""NRAM: a patch-matrix as low rank by a non-convex norm, plus sparse targets, plus whole columns of strong edges."""

import math
from collections.abc import Iterator

import numpy as np

from rrca.classical.grey import grey_levels, is_flat, minmax
from rrca.classical.iteration import OnStep, Step, iterate
from rrca.classical.patches import Grid, last
from rrca.classical.spectrum import shrink

INNER, INNER_TOLERANCE = 100, 1e-6  # passes over the singular values, and the change that ends them


def nram(
    image,
    *,
    patch: int = 50,
    step: int = 10,
    weight: float | None = None,
    edge_weight: float | None = None,
    gamma: float = 0.002,
    constant: float | None = None,
    floor: float = 0.04,
    penalty: float | None = None,
    growth: float = 1.1,
    tolerance: float = 1e-7,
    max_iterations: int = 1000,
    on_step: OnStep = None,
) -> np.ndarray:
    """Detect by non-convex rank approximation minimisation with a joint l2,1 norm: D = B + T + E.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    patch : int, default 50
        Side of a patch, in pixels. Program, as all that follow.
    step : int, default 10
        Pixels between neighbouring patches; the last one is flush with the border.
    weight : float, optional
        λ of the targets T; default 1 / √κ, κ the shorter side of D (patch² × patches).
    edge_weight : float, optional
        β of the edges E; default 3 / √κ.
    gamma : float, default 0.002
        γ of the rank's norm Σ (1 + γ) σ / (γ + σ), in units of the patch-matrix stretched to [0, 1].
    constant : float, optional
        C of the weights C / (|T| + floor); default √κ / 2.5.
    floor : float, default 0.04
        Of the weights, in units of the stretched patch-matrix.
    penalty : float, optional
        μ at the start; default 3 √(longer side of D).
    growth : float, default 1.1
        Factor of μ at each iteration.
    tolerance : float, default 1e-7
        On ‖B + E + T − D‖ / ‖D‖.
    max_iterations : int, default 1000
        At most; 10 to 19 are the rule.
    on_step : callable, optional
        Called with a `Step` after each iteration.

    Returns
    -------
    float64 ndarray of shape (H, W)
        T, 0 to 1 where the patches are stretched to [0, 1] all together; often fewer than 20 pixels are not 0,
        and none at all is a valid result.

    Raises
    ------
    InputError
        For an array that is no frame, or one smaller than a patch.

    Notes
    -----
    The threshold of negative entries of T lacks the factor 1 / μ in the program, which all but suppresses
    them; so it is here. Overlapping patches overwrite each other, although the paper takes their median. Where
    the patches are all equal the response is 0.

    References
    ----------
    L. Zhang, L. Peng, T. Zhang, S. Cao, Z. Peng, "Infrared small target detection via non-convex rank
    approximation minimization joint l2,1 norm", Remote Sensing 10(11), 2018. Program: Lanneeee/NRAM.
    """
    levels = grey_levels(image)
    grid = Grid.flush(levels.shape, patch, step, "NRAM")
    D = minmax(grid.cut(levels)).reshape(
        len(grid), -1
    )  # (N, p²): a patch is a row here, a column in the paper
    if is_flat(D):
        return np.zeros_like(levels)
    root = math.sqrt(min(D.shape))
    steps = _steps(
        D,
        weight=1 / root if weight is None else weight,
        edge_weight=3 / root if edge_weight is None else edge_weight,
        gamma=gamma,
        constant=root / 2.5 if constant is None else constant,
        floor=floor,
        mu=3 * math.sqrt(max(D.shape)) if penalty is None else penalty,
        growth=growth,
        tolerance=tolerance,
    )
    return iterate(steps, lambda part: grid.assemble(part, last), max_iterations, on_step).target


def _steps(
    D: np.ndarray,
    weight: float,
    edge_weight: float,
    gamma: float,
    constant: float,
    floor: float,
    mu: float,
    growth: float,
    tolerance: float,
) -> Iterator[Step]:
    """Alternating directions of multipliers."""
    T, E, Y = (np.zeros_like(D) for _ in range(3))
    kept = np.zeros(0)
    size = np.linalg.norm(D)
    while True:
        data = D - Y / mu
        B, kept = shrink(
            data - T - E,
            lambda s, q=kept, mu=mu: _shrunk(s, q, gamma, mu),
            least=(1 + gamma) / (gamma * mu),  # what a value loses that was 0 before
            count=np.count_nonzero(kept),
        )
        t = data - B - E
        bound = weight * constant / (np.abs(t) + floor)  # λw
        T = np.maximum(t - bound / mu, 0) + np.minimum(t + bound, 0)  # the program's asymmetry, see Notes
        e = data - T - B
        length = np.linalg.norm(e, axis=1, keepdims=True)  # of each patch
        shorter = np.maximum(length - edge_weight / mu, 0)
        E = e * np.divide(shorter, length, out=np.zeros_like(length), where=length > 0)
        rest = B + E + T - D
        Y = Y + mu * rest
        mu *= growth
        error = np.linalg.norm(rest) / size
        stopped = "tolerance" if error < tolerance else ""
        yield Step(error, np.count_nonzero(kept), np.count_nonzero(T), B, T, stopped)


def _shrunk(s: np.ndarray, q: np.ndarray, gamma: float, mu: float) -> np.ndarray:
    """Singular values under the γ-norm: its slope at q, the last estimate, is what s loses, until q settles."""
    q = np.append(q, np.zeros(len(s)))[: len(s)]  # those not computed before were 0
    for _ in range(INNER):
        before, q = q, np.maximum(s - gamma * (1 + gamma) / (gamma + q) ** 2 / mu, 0)
        if np.sum((q - before) ** 2) < INNER_TOLERANCE:
            break
    return q
