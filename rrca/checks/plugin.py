"""The exercises of notebook 17; what the passes of the reader's network do is counted by hooks, not by `rrca.reuse`."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import nn

from rrca.checks.verdict import Verdict, attempt, judge, near, otherwise
from rrca.studies.ten_lines import TenLineUNet

WIDTHS = (16, 16, 8)  # channels of the norms that run in every pass of the ten-line U-Net: down, deep, up
PLAIN = 5409  # its parameters


def pass_costs(answer: Callable | None) -> Verdict:
    """17, exercise 1: parameters of the ten-line U-Net with n extra iterations.

    Parameters
    ----------
    answer : callable
        `parameters(n)`; raises NotImplementedError until the reader wrote it.
    """
    norms = sum(2 * width for width in WIDTHS)
    tries = (0, 1, 2, 5)

    def line(slope, start=PLAIN):
        return lambda values: all(
            abs(value - start - slope * n) < 0.5 for n, value in zip(tries, values, strict=True)
        )

    values = [attempt(answer, n) for n in tries]
    return judge(
        None if any(value is None for value in values) else values,
        line(norms),
        f"{norms} a pass: a weight and a bias for each of {sum(WIDTHS)} channels. The kernels stay, and so do the "
        "first layer and the head, which run once.",
        [
            (line(0), "the kernels stay, but each pass owns its norms: 2 numbers for each channel."),
            (line(norms // 2), "a norm has a weight *and* a bias for each channel."),
            (line(norms + 2 * 8), "the first layer runs once, outside the passes; so does its norm."),
            (
                line(norms, PLAIN + norms),
                "n counts the *extra* iterations: at n = 0 it is the plain network.",
            ),
            (line(PLAIN), "that is a network of its own for every pass; the kernels are shared."),
            (
                otherwise,
                "start from the plain network; each of n passes adds 2·C for each norm that runs in it.",
            ),
        ],
    )


def made_recurrent(answer: Callable | None) -> Verdict:
    """17, exercise 2: make a given U-Net recurrent.

    Parameters
    ----------
    answer : callable
        `make(network, n)`, from a `TenLineUNet` to a network of n extra iterations; raises NotImplementedError until
        the reader wrote it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = TenLineUNet().eval()
    n = 3
    made = attempt(answer, plain, n)
    if made is None:
        return judge(None, otherwise, "", [])
    if not isinstance(made, nn.Module):
        return Verdict("hint", f"make(network, n) must return a network, not {type(made).__name__}.")
    calls: Counter = Counter()
    convolutions = [m for m in made.modules() if isinstance(m, nn.Conv2d)]
    hooks = [m.register_forward_hook(lambda m, x, y: calls.update([m])) for m in convolutions]
    with torch.no_grad():
        scores = made.eval()(torch.zeros(1, 1, 32, 32))
    for hook in hooks:
        hook.remove()
    ran = sorted(calls.values())
    norms = len([m for m in made.modules() if isinstance(m, nn.BatchNorm2d)])
    return judge(
        (ran, norms, tuple(scores.shape)),
        lambda seen: seen == ([1, 1, *[n + 1] * 3], 1 + 3 * (n + 1), (1, 1, 32, 32)),
        f"with n = {n} three kernels ran {n + 1} times, first layer and head once, and there are {norms} norms. The "
        "network that you were given knows nothing of it.",
        [
            (
                lambda seen: len(seen[0]) > 5,
                "there are more kernels than the five of the plain network: share them.",
            ),
            (lambda seen: max(seen[0]) == 1, "every kernel ran once: that is still the plain network."),
            (
                lambda seen: max(seen[0]) == n,
                "the kernels ran n times; n *extra* iterations are n + 1 passes.",
            ),
            (
                lambda seen: seen[0].count(n + 1) > 3,
                "the first layer or the head is in the loop; each runs once.",
            ),
            (lambda seen: seen[1] == 4, "the passes share their norms; each needs its own."),
            (
                otherwise,
                "`reuse.recurrent(network, stem=…, head=…, iterations=n)`: first and last layer by name.",
            ),
        ],
    )


def table_ii_cells(answer: tuple | None) -> Verdict:
    """17, exercise 3: in how many of the nine cells of Table II IoU, Pd and Fa are better with RuCB.

    Parameters
    ----------
    answer : tuple of three int, or None
    """
    # Table I, then Table II, as printed, cell by cell: ResUNet, AMFU-net, DNANet on IRSTD-1k, NUAA-SIRST, DenseSIRST.
    iou = (
        "66.06 74.06 80.96 66.70 74.26 80.33 67.70 76.63 81.45",
        "67.81 75.13 83.12 66.19 74.30 81.48 69.29 75.84 80.80",
    )
    pd = (
        "90.48 96.96 98.06 92.86 97.34 97.89 91.58 95.44 97.28",
        "92.86 95.82 98.58 92.59 95.06 97.77 91.50 96.58 98.12",
    )
    fa = (
        "10.63 14.97 4.377 16.02 14.40 4.132 18.69 26.55 3.252",
        "9.489 8.842 1.096 5.436 5.419 1.796 5.162 5.134 2.394",
    )
    rises = [
        sum(float(b) > float(a) for a, b in zip(*map(str.split, column), strict=True))
        for column in (iou, pd, fa)
    ]
    right = (rises[0], rises[1], 9 - rises[2])
    return judge(
        answer,
        lambda given: tuple(map(int, given)) == right,
        f'IoU in {right[0]} of 9, Pd in {right[1]}, Fa in {right[2]}. "Consistently" is true of Fa alone; and each '
        "cell is one run, its epoch chosen on the test list.",
        [
            (
                lambda given: len(tuple(given)) != 3,
                "three numbers, please: of cells with a better IoU, Pd and Fa.",
            ),
            (
                lambda given: tuple(map(int, given)) == (right[0], right[1], 9 - right[2]),
                "a false-alarm rate is better when it *falls*.",
            ),
            (
                lambda given: tuple(map(int, given)) == (2, 1, 3),
                "that is NUAA-SIRST alone; the table has three data sets.",
            ),
            (
                lambda given: near(9, 0.5)(tuple(given)[1]),
                "look at the panel in the middle again: Pd often falls.",
            ),
            (otherwise, "count the bars by colour: blue and plain is better, orange and hatched is worse."),
        ],
    )
