"""IPI: the patches of a frame as the columns of a matrix, a low-rank background plus sparse targets."""

import math
from collections.abc import Iterator

import numpy as np

from rrca.classical.grey import grey_levels, minmax
from rrca.classical.iteration import OnStep, Step, iterate
from rrca.classical.patches import Grid, median
from rrca.classical.spectrum import EPS, shrink, singular_values, soft, soft_spectrum
from rrca.errors import InputError

LAST_FACTOR = 0.005  # μ ends at this share of the fourth singular value
RANK_SHARE = 0.3  # of the shorter side; a higher rank is no background
BLOCK = 8  # patches whose arithmetic stays in the processor's cache
SAME_RANK, SAME_CARD = 10, 20  # iterations of one rank, and non-zeros that may change over them


def ipi(
    image,
    *,
    patch: int = 50,
    step: int = 10,
    weight: float | None = None,
    decay: float = 0.9,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
    on_step: OnStep = None,
) -> np.ndarray:
    """Detect by the infrared patch-image model: min ‖A‖_* + λ‖E‖₁ + ‖D − A − E‖² / 2μ.

    Parameters
    ----------
    image : array of shape (H, W)
        Grey levels 0 … 255; see `rrca.classical.grey.grey_levels`.
    patch : int, default 50
        Side of a patch, in pixels. Program, as all that follow.
    step : int, default 10
        Pixels between neighbouring patches.
    weight : float, optional
        λ; default 1 / √max(H, W), of the frame and not of the matrix.
    decay : float, default 0.9
        Factor of μ at each iteration.
    tolerance : float, default 1e-6
        On the relative change of A and E.
    max_iterations : int, default 1000
        At most.
    on_step : callable, optional
        Called with a `Step` after each iteration.

    Returns
    -------
    float64 ndarray of shape (H, W)
        E, signed, about −1 to 1: the patches are stretched to [0, 1] all together. 0 in the strips at right and
        bottom in which no patch fits.

    Raises
    ------
    InputError
        For an array that is no frame, or one with fewer than four patches.

    Notes
    -----
    Accelerated proximal gradient with continuation, μ from the second singular value of D down. As a rule the
    bound on the rank ends it, long before the optimum, after 25 to 55 iterations; another solver of the
    same problem gives another map. Where the patches are multiples of one the response is 0.

    The gradient step brings A and E to the same distance from the data, so that Y_A − G = (D + Y) / 2 and Y_E − G
    = (D − Y) / 2 with Y the extrapolated A − E: only that difference has to be kept.

    References
    ----------
    C. Gao, D. Meng, Y. Yang, Y. Wang, X. Zhou, A. G. Hauptmann, "Infrared patch-image model for small target
    detection in a single image", IEEE TIP 22(12), 2013. Program: gaocq/IPI-for-small-target-detection.
    """
    levels = grey_levels(image)
    grid = Grid.regular(levels.shape, patch, step, "IPI")
    if len(grid) < 4:
        raise InputError(
            f"IPI: the frame of {levels.shape[1]}×{levels.shape[0]} pixels gives {len(grid)} patches of {patch}, "
            "and four are needed; give a larger frame or a smaller patch or step."
        )
    D = minmax(grid.cut(levels)).reshape(
        len(grid), -1
    )  # (N, p²): a patch is a row here, a column in the paper
    s = singular_values(D, 4)
    if s[1] <= max(D.shape) * EPS * s[0]:  # all patches alike up to a factor: nothing stands out
        return np.zeros_like(levels)
    weight = 1 / math.sqrt(max(levels.shape)) if weight is None else weight
    steps = _steps(D, s, weight, decay, tolerance)
    return iterate(steps, lambda part: grid.assemble(part, median), max_iterations, on_step).target


def _steps(D: np.ndarray, s: np.ndarray, weight: float, decay: float, tolerance: float) -> Iterator[Step]:
    """Accelerated proximal gradient; `s` are the largest singular values of D, the iterations write into P, A, E, X."""
    mu, last_mu = s[1], LAST_FACTOR * s[3]
    P = D / 2  # A before shrinking; D − P is E before shrinking
    A, E, X = np.empty_like(D), np.empty_like(D), np.zeros_like(D)
    blocks = [slice(row, row + BLOCK) for row in range(0, len(D), BLOCK)]
    t = 1.0
    rank = same = card_before = 0
    # The first threshold is the second singular value itself.
    _, kept = shrink(P, lambda s: np.maximum(s - s[1], 0), least=s[1] / 2, count=2, out=A)
    while True:
        t_before, t = t, (1 + math.sqrt(1 + 4 * t**2)) / 2
        beta = (t_before - 1) / t
        size, change = kept @ kept, 0.0  # squared norms
        for rows in blocks:
            rest = D[rows] - P[rows]
            soft(rest, weight * mu / 2, out=E[rows])
            new = A[rows] - E[rows]
            S_A = np.subtract(P[rows], rest, out=rest)  # Y
            S_A -= new  # Y − X; S_E = −S_A, so that both together have twice its square
            size += np.vdot(E[rows], E[rows])
            change += np.vdot(S_A, S_A)
            Y = new - X[rows]
            Y *= beta
            Y += new  # of the next iteration, as is P: the block is at hand now
            Y += D[rows]
            np.multiply(Y, 1 / 2, out=P[rows])
            X[rows] = new
        error = math.sqrt(2 * change) / (2 * max(1, math.sqrt(size)))
        rank_before, rank, card = rank, np.count_nonzero(kept), np.count_nonzero(E)
        if rank == rank_before:
            same += 1
        else:
            same, card_before = 0, card
        reasons = {
            "tolerance": error <= tolerance,
            "rank and non-zeros unchanged": same > SAME_RANK and abs(card - card_before) < SAME_CARD,
            "rank": rank > RANK_SHARE * min(D.shape),
        }
        yield Step(error, rank, card, A, E, next((why for why, holds in reasons.items() if holds), ""))
        mu = max(decay * mu, last_mu)
        few = rank < min(D.shape) / 5
        _, kept = soft_spectrum(P, mu / 2, expected=rank if few else None, out=A)
