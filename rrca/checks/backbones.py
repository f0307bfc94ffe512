"""The exercises of notebook 07; expectations by loops over channels, pixels and layers, not by a network."""

from collections.abc import Callable

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise

WIDTHS = (8, 16, 32, 64)  # channels of the levels, the finest first
PASSES = 3  # n = 2


def _all_of(tries, rule):
    """Whether an answer is the rule's value for each of the tries."""
    return lambda given: all(near(rule(*one), 0.5)(value) for one, value in zip(tries, given, strict=True))


def one_more_block(answer: Callable | None) -> Verdict:
    """07, exercise 1: parameters that one more residual block adds at a level of C channels, for so many passes.

    Parameters
    ----------
    answer : callable
        `added(C, passes)`; raises NotImplementedError until the reader wrote it.
    """
    tries = [(c, passes) for c in WIDTHS for passes in (1, 3)]

    def counted(c, passes, biases=1, norms=None, kernels=1):
        kernel = sum(9 * c for channel in range(c)) + biases * c
        return 2 * kernels * kernel + 2 * (passes if norms is None else norms) * 2 * c

    values = [attempt(answer, *one) for one in tries]
    return judge(
        None if any(value is None for value in values) else values,
        _all_of(tries, counted),
        f"{counted(8, 3)} at level 0 and {counted(64, 3)} at level 3: {counted(64, 3) / counted(8, 3):.0f} times as "
        "many for the same block.",
        [
            (
                _all_of(tries, lambda c, passes: counted(c, passes, norms=1)),
                "each pass owns its norms; the kernels are shared.",
            ),
            (
                _all_of(tries, lambda c, passes: counted(c, passes, kernels=passes)),
                "the kernels are shared by all passes: count them once.",
            ),
            (
                _all_of(tries, lambda c, passes: counted(c, passes, biases=0)),
                "here the 3×3 convolutions have a bias for each channel.",
            ),
            (
                _all_of(tries, lambda c, passes: counted(c, passes) / 2),
                "a residual block has two convolutions, each with a norm.",
            ),
            (otherwise, "two kernels of 9·C·C + C, and in each pass two norms of 2·C."),
        ],
    )


def work_of_a_block(answer: Callable | None) -> Verdict:
    """07, exercise 2: executed multiply-accumulates of one more block at level i, 256×256 pixels, three passes.

    Parameters
    ----------
    answer : callable
        `work(i)`, i from 0 to 3; raises NotImplementedError until the reader wrote it.
    """
    tries = [(i,) for i in range(len(WIDTHS))]

    def counted(i, passes=PASSES, shrink=4, convolutions=2):
        pixels = 256 * 256 / shrink**i
        return passes * convolutions * 9 * WIDTHS[i] * WIDTHS[i] * pixels

    values = [attempt(answer, *one) for one in tries]
    return judge(
        None if any(value is None for value in values) else values,
        _all_of(tries, counted),
        f"{counted(0) / 1e9:.3f} GMAC at *every* level: twice the channels are four times the work a pixel, on a "
        "quarter of the pixels.",
        [
            (
                _all_of(tries, lambda i: counted(i, passes=1)),
                "every pass runs the block: n = 2 is three passes.",
            ),
            (_all_of(tries, lambda i: counted(i, passes=2)), "n = 2 *extra* iterations are three passes."),
            (_all_of(tries, lambda i: counted(i, convolutions=1)), "a residual block has two convolutions."),
            (
                _all_of(tries, lambda i: counted(i, shrink=1)),
                "level i has 256 / 2^i rows and as many columns.",
            ),
            (
                _all_of(tries, lambda i: counted(i, shrink=2)),
                "halving height *and* width leaves a quarter of the pixels.",
            ),
            (otherwise, "passes · 2 convolutions · 9 · C_i² · (256 / 2^i)², with C_i = 8 · 2^i."),
        ],
    )


def receptive_field(answer: Callable | None) -> Verdict:
    """07, exercise 3: side of the square of the frame that one value depends on, after layers of (kernel, stride).

    Parameters
    ----------
    answer : callable
        `field(layers)`; raises NotImplementedError until the reader wrote it.
    """
    tries = [
        ([(3, 1)],),
        ([(3, 1), (3, 1)],),
        ([(3, 1), (2, 2), (3, 1)],),
        ([(3, 1), (2, 2), (3, 1), (3, 1), (2, 2), (3, 1)],),
    ]

    def counted(layers):
        """Walk back from one value: the places of each layer that it needs."""
        first, last = 0, 0
        for kernel, stride in reversed(layers):
            first, last = first * stride, last * stride + kernel - 1
        return last - first + 1

    def summed(add, grow):
        """A reader's loop with other rules for the side and the step."""

        def rule(layers):
            side, step = 1, 1
            for kernel, stride in layers:
                side += add(kernel, step)
                step = grow(step, stride)
            return side

        return rule

    values = [attempt(answer, *one) for one in tries]
    return judge(
        None if any(value is None for value in values) else values,
        _all_of(tries, counted),
        "a layer behind two poolings reaches four times as far. So a block widens the view most at the deepest level.",
        [
            (
                _all_of(tries, summed(lambda kernel, step: kernel - 1, lambda step, stride: step * stride)),
                "behind a stride of 2 a step to the neighbour is two pixels of the frame.",
            ),
            (
                _all_of(
                    tries, summed(lambda kernel, step: kernel * step, lambda step, stride: step * stride)
                ),
                "a kernel of 3 reaches two further, not three: it shares the middle.",
            ),
            (
                _all_of(
                    tries,
                    summed(lambda kernel, step: (kernel - 1) * step, lambda step, stride: step + stride - 1),
                ),
                "strides multiply: behind two of them a step is four pixels.",
            ),
            (
                otherwise,
                "begin with side 1 and step 1; a layer adds (kernel − 1) · step, then step *= stride.",
            ),
        ],
    )
