"""The closing exercises of notebook 06, on the course as a whole; worked out by hand, not by the ledger."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from rrca.checks.evaluation import judge_pair
from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

WIDTHS, BLOCKS = (8, 16, 32, 64), (3, 2, 2, 2)  # channels and residual blocks of the default network's levels
SIDE = 256  # px of the frame that work is counted on


def _owned() -> dict[str, int]:
    """Parameters that one pass has for itself, by kind."""
    steps = list(pairwise(WIDTHS))
    return {
        "norms": sum(2 * 2 * width * blocks for width, blocks in zip(WIDTHS, BLOCKS, strict=True)),
        "shortcuts": sum((a + 1) * b + 2 * b for a, b in steps),
        "DIAAM": sum((a + 1) * a + (b + 1) * a + 2 * a * max(1, a // 8) for a, b in steps),
    }


def shared_and_owned(answer: tuple[int, int] | None) -> Verdict:
    """06, exercise 4: parameters that all passes share, and those that each pass has for itself.

    Parameters
    ----------
    answer : (int, int) or None
        Of the network with n = 2: used by every pass, and owned by one pass.
    """
    shared = first = 0
    for width, blocks, before in zip(WIDTHS, BLOCKS, (WIDTHS[0], *WIDTHS), strict=False):
        first = (9 * before + 1) * width
        shared += first + (2 * blocks - 1) * (9 * width + 1) * width
    parts = _owned()
    own = sum(parts.values())
    tail = (9 * 8 + 8) * 8  # what a pass adds to the tail, which runs once for all

    def of(position: int, value: float) -> Callable:
        return lambda a: abs(a[position] - value) <= 0.5

    return judge_pair(
        answer,
        lambda a: of(0, shared)(a) and of(1, own)(a),
        f"the 3×3 kernels are one set for all passes; a pass owns {parts['norms']} in norms, {parts['shortcuts']} in "
        f"shortcuts and {parts['DIAAM']} in DIAAMs. Stem and tail run once, and belong to no pass.",
        [
            (lambda a: of(0, own)(a) and of(1, shared)(a), "the right numbers; what is shared comes first."),
            (
                of(0, 202_249),
                "that is the whole network; norms, shortcuts and DIAAMs are not shared, and stem and tail run once.",
            ),
            (of(0, 3 * shared), "the kernels exist once, however often they run."),
            (of(1, 3 * own), "that is what all three passes own together; one pass has a third of it."),
            (
                of(1, own + tail),
                f"{tail} of these widen the tail, which runs once, after all passes: no pass owns it.",
            ),
            (
                lambda a: any(of(1, own - part)(a) for part in parts.values()),
                "one kind is missing: a pass owns norms, shortcuts and DIAAMs.",
            ),
            (of(0, shared), "what is shared is right; a pass owns its norms, shortcuts and DIAAMs."),
            (of(1, own), "what a pass owns is right; shared is what runs in every pass: the 3×3 kernels."),
            (otherwise, "take the table by kind and by the pass it runs in, as in notebook 02."),
        ],
    )


def one_more_pass(answer: tuple[float, float] | None) -> Verdict:
    """06, exercise 5: what n = 3 costs more than n = 2, in per cent of n = 2.

    Parameters
    ----------
    answer : (float, float) or None
        Per cent more parameters, and per cent more executed work, of a frame of 256×256 pixels.
    """
    # Twice the channels on a quarter of the pixels: C²·H·W, hence every level's work, is the same unit.
    unit = 8**2 * SIDE**2
    kernels = sum(9 * (2 * b - 1 + (1 if i == 0 else 0.5)) for i, b in enumerate(BLOCKS))
    shortcuts, joints, tail = 3 * 0.5, 3 * (1 + 2), 9 + 1
    work = 100 * (kernels + shortcuts + joints + tail) * unit / 2.218e9
    extra = sum(_owned().values()) + (9 + 1) * 8 * 8
    size = 100 * extra / 202_249

    def fits(parameters: float, macs: float, tolerance: float = 0.6) -> Callable:
        return lambda a: abs(a[0] - parameters) <= tolerance / 2 and abs(a[1] - macs) <= tolerance

    printed = 100 * (1.15 - 1.04) / 1.04
    return judge_pair(
        answer,
        fits(size, work),
        f"{size:.1f} % more parameters and {work:.0f} % more work, a third of the three passes there are. Sharing "
        f"kernels saves memory, not time; by the paper's count it would look like {printed:.0f} %.",
        [
            (fits(work, size), "the right numbers in the other order: parameters first."),
            (
                fits(size, printed, 1.5),
                "that is the paper's count of FLOPs, which takes a shared kernel once; take the work executed.",
            ),
            (
                lambda a: fits(size, work, 1.2)([100 * a[0], 100 * a[1]]),
                "the right shares; give them in per cent.",
            ),
            (fits(extra, work * 22.18), "those are the differences; divide by what n = 2 has."),
            (
                lambda a: abs(a[0]) < 0.05,
                "no new kernels, but norms, shortcuts, DIAAMs and a wider tail: more parameters than none.",
            ),
            (
                lambda a: abs(a[0] - size) <= 0.3,
                "the parameters are right; the work is `macs` of rrca.count, n = 3 minus n = 2, over n = 2.",
            ),
            (
                otherwise,
                "count n = 2 and n = 3 with rrca.count: (new − old) / old, in per cent, of params and of macs.",
            ),
        ],
    )


def target_share(answer: Callable | None) -> Verdict:
    """06, exercise 6: the share of targets in the worst k per cent of the pixel losses.

    Parameters
    ----------
    answer : callable
        `target_share(losses, mask, k)` of arrays (H, W): the sum of the losses on targets among the k per cent largest
        losses, divided by the sum of all that were kept. Raises NotImplementedError until written.
    """
    mask = np.zeros((64, 64), bool)
    mask[30:33, 30:33] = True
    losses = np.where(mask, -math.log(0.1), -math.log(0.98)) + np.linspace(0, 1e-6, mask.size).reshape(
        mask.shape
    )
    losses[31, 31] = 0.015  # a pixel of the target that is learnt: it falls out of the worst 10 %
    cells = sorted(zip(losses.ravel().tolist(), mask.ravel().tolist(), strict=True), reverse=True)

    def part(kept: list) -> float:
        return sum(loss for loss, target in kept if target) / sum(loss for loss, _ in kept)

    count = mask.size // 10
    right, whole = part(cells[:count]), part(cells)
    number = sum(target for _, target in cells[:count]) / count
    each = [[cell for cell in cells if cell[1] is kind] for kind in (True, False)]
    each = [cell for group in each for cell in group[: max(1, len(group) // 10)]]
    found = attempt(answer, losses, mask, 10.0)
    return judge(
        found,
        near(right, 1e-4),
        f"here 8 missed pixels in 4096 hold {100 * whole:.0f} % of the whole loss, {100 * right:.0f} % of the worst "
        "tenth: sky that is nearly right no longer drowns them. The pixel that is learnt is not kept, target or not.",
        [
            (
                near(whole, 1e-4),
                "that is the share among all pixels; keep the k per cent largest losses only.",
            ),
            (near(number, 1e-4), "that is the share of kept *pixels*; sum their losses."),
            (near(part(cells[:10]), 1e-4), "k is a per cent of the pixels, not their number."),
            (near(part(each), 1e-4), "rank all pixels together: Top-k does not look at the mask."),
            (near(part(cells[-count:]), 1e-4), "you kept the smallest losses; keep the largest."),
            (near(100 * right, 1e-2), "give a share from 0 to 1."),
            (
                near(sum(loss for loss, t in cells if t) / sum(loss for loss, _ in cells[:count]), 1e-5),
                "above the line, too, only what is kept counts: a learnt target pixel is not in the worst tenth.",
            ),
            (otherwise, "sort all losses, keep the largest k per cent; then the targets' part of their sum."),
        ],
    )
