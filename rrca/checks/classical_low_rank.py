"""The exercises of notebook 15: the patch matrix by hand, singular value thresholding, and the price of sparsity."""

from collections.abc import Callable, Mapping

import numpy as np

from rrca.checks.evaluation import is_pair, judge_pair
from rrca.checks.verdict import Verdict, attempt, judge, otherwise

SIDE, PATCH, STEP = 256, 50, 10  # pixels, of IPI


def patch_count(answer: tuple[int, int] | None) -> Verdict:
    """15, exercise 1: the patch matrix of IPI for a frame of 256×256: numbers in a patch, and patches.

    Parameters
    ----------
    answer : (int, int) or None
    """
    starts = [first for first in range(0, SIDE, STEP) if first + PATCH <= SIDE]
    size, patches = PATCH**2, len(starts) ** 2
    flush = len(starts) + (starts[-1] + PATCH < SIDE)
    apart = (SIDE // PATCH) ** 2
    return judge_pair(
        answer,
        is_pair(size, patches),
        f"{size} × {patches}: {size * patches / SIDE**2:.0f} numbers for each pixel of the frame, since a "
        f"pixel lies in up to "
        f"{(PATCH // STEP) ** 2} patches. The last patch ends at {starts[-1] + PATCH}: 6 rows and 6 columns "
        f"are in none.",
        [
            (is_pair(patches, size), "the right numbers in the other order."),
            (is_pair(size, apart), "that is without overlap; a new patch begins every 10 px, not every 50."),
            (
                is_pair(size, (SIDE // STEP) ** 2),
                "a patch that begins at 210 or later does not fit into 256 any more.",
            ),
            (
                is_pair(size, flush**2),
                "NRAM, RIPT and PSTNN add a last patch flush with the border; IPI has none.",
            ),
            (is_pair(size, len(starts)), "that is one row of patches; there are as many rows."),
            (is_pair(PATCH, patches), "a patch of 50×50 becomes one column of the matrix."),
            (
                otherwise,
                "a patch is 50×50; patches begin at 0, 10, 20, … as long as they fit, in both directions.",
            ),
        ],
    )


def shrinking(answer: Callable | None) -> Verdict:
    """15, exercise 2: singular value thresholding, the step that every method of the notebook repeats.

    Parameters
    ----------
    answer : callable
        `low_rank(matrix, by)`: the matrix with each singular value lessened by `by`, at least 0. Raises
        NotImplementedError until written.
    """
    generator = np.random.default_rng(0)
    cases = [
        (generator.normal(size=shape), by) for shape, by in (((6, 9), 1.5), ((8, 5), 2.0), ((7, 7), 0.5))
    ]
    given = [attempt(answer, matrix.copy(), by) for matrix, by in cases]
    if any(one is None for one in given):
        return judge(None, otherwise, "", [])

    def with_values(change: Callable) -> Callable:
        def made(matrix, by):
            # By the eigenvectors of the Gram matrix, not by a singular value decomposition.
            squares, vectors = np.linalg.eigh(matrix.T @ matrix)
            values = np.sqrt(np.maximum(squares, 0))
            factor = np.divide(change(values, by), values, out=np.zeros_like(values), where=values > 1e-6)
            return matrix @ (vectors * factor) @ vectors.T

        return made

    def gives(rule: Callable) -> Callable:
        return lambda answers: all(
            np.shape(one) == matrix.shape and np.allclose(one, rule(matrix, by), atol=1e-6)
            for one, (matrix, by) in zip(answers, cases, strict=True)
        )

    return judge(
        given,
        gives(with_values(lambda s, by: np.maximum(s - by, 0))),
        "it is the minimum of ‖A‖_* + ‖A − D‖² / 2τ, with τ what is taken away: the small values go, and the "
        "large ones lose "
        "as much. PSTNN and NRAM were made to spare the large ones.",
        [
            (
                gives(with_values(lambda s, by: s * (s > by))),
                "that keeps the large values whole; each is lessened as well (soft, not hard).",
            ),
            (
                gives(with_values(lambda s, by: np.abs(s - by))),
                "a value below the threshold becomes 0, not positive again.",
            ),
            (
                gives(lambda m, by: np.sign(m) * np.maximum(np.abs(m) - by, 0)),
                "that shrinks the entries, which makes a matrix sparse; shrink its singular values.",
            ),
            (
                gives(lambda m, by: m - with_values(lambda s, by: np.maximum(s - by, 0))(m, by)),
                "that is what is left over; give the low-rank part.",
            ),
            (
                otherwise,
                "U, s, Vt = np.linalg.svd(matrix, full_matrices=False); lessen s, keep it at least 0, multiply again.",
            ),
        ],
    )


def clean_weight(
    answer: tuple[float, float] | None, targets: Mapping[float, np.ndarray], mask: np.ndarray
) -> Verdict:
    """15, exercise 3: the least λ of the slider that leaves nothing off the target, and what is left of its peak.

    Parameters
    ----------
    answer : (float, float) or None
        λ in units of its default, and the peak there as a share of the peak at λ = 1 (0 to 1).
    targets : mapping of float to ndarray of shape (H, W)
        The slider's grid.
    mask : bool ndarray of shape (H, W)
    """
    factors = sorted(targets)
    off = {factor: float(np.max(np.where(mask, 0, targets[factor]))) > 1e-9 for factor in factors}
    peak = {factor: float(np.max(np.where(mask, targets[factor], 0))) for factor in factors}
    least = next((factor for factor in factors if not off[factor]), None)
    if answer is not None and (least is None or not peak[1.0] > 0):
        return Verdict("hint", "on this frame no λ of the slider does it; take the frame of the text.")
    least = factors[-1] if least is None else least
    share = peak[least] / (peak[1.0] or 1)
    last = next((factor for factor in factors if peak[factor] <= 1e-9), None)
    gone = "" if last is None else f" At {last:g} the target is gone as well."
    return judge_pair(
        answer,
        is_pair(least, share, 0.02),
        f"at {least:g} nothing is left off the target, and {100 * share:.0f} % of its peak.{gone} λ trades "
        f"false alarms for "
        "targets, as a threshold does, but before the response is made: what it has taken no rule brings back.",
        [
            (is_pair(least, peak[least], 0.005), "the λ is right; divide the peak by that at λ = 1."),
            (
                lambda a: any(abs(a[0] - factor) < 0.02 and off[factor] for factor in factors),
                "there something is still left off the target; go higher.",
            ),
            (
                lambda a: any(abs(a[0] - factor) < 0.02 and factor > least for factor in factors),
                "nothing is left off the target there, but a smaller λ does it too.",
            ),
            (lambda a: abs(a[0] - least) < 0.02, "the λ is right; read the peak there, and that at λ = 1."),
            (
                otherwise,
                "move the slider until the upper curve is at its bottom; give λ in units of its default.",
            ),
        ],
    )
