"""The exercises of notebook 07 speak in three voices, and their expectations agree with the networks."""

import pytest
from three_voices import assert_three_voices

import rrca
from rrca import checks
from rrca.studies import backbones


def stub(*given):
    raise NotImplementedError


def blocks_with(kernels, norms, biases=1):
    """A reader's count of a block, from how often it counts kernels and norms."""
    return lambda C, passes: 2 * kernels(passes) * (9 * C * C + biases * C) + norms(passes) * 4 * C


def once(passes):
    return 1


def each(passes):
    return passes


def work_with(passes=3, shrink=4, convolutions=2):
    return lambda i: passes * convolutions * 9 * (8 * 2**i) ** 2 * 256**2 / shrink**i


def loop(add, grow):
    def field(layers):
        side, step = 1, 1
        for kernel, stride in layers:
            side += add(kernel, step)
            step = grow(step, stride)
        return side

    return field


def times(step, stride):
    return step * stride


EXERCISES = {
    "one_more_block": (
        checks.one_more_block,
        stub,
        blocks_with(once, each),
        [
            (blocks_with(once, once), "owns its norms"),
            (blocks_with(each, each), "shared by all passes"),
            (blocks_with(once, each, biases=0), "have a bias"),
            (lambda C, passes: blocks_with(once, each)(C, passes) / 2, "two convolutions"),
            (lambda C, passes: C, "9·C·C"),
        ],
    ),
    "work_of_a_block": (
        checks.work_of_a_block,
        stub,
        work_with(),
        [
            (work_with(passes=1), "every pass"),
            (work_with(passes=2), "*extra*"),
            (work_with(convolutions=1), "two convolutions"),
            (work_with(shrink=1), "256 / 2^i rows"),
            (work_with(shrink=2), "a quarter of the pixels"),
            (lambda i: i, "C_i = 8"),
        ],
    ),
    "receptive_field": (
        checks.receptive_field,
        stub,
        backbones.seen,
        [
            (loop(lambda kernel, step: kernel - 1, times), "two pixels of the frame"),
            (loop(lambda kernel, step: kernel * step, times), "shares the middle"),
            (
                loop(lambda kernel, step: (kernel - 1) * step, lambda step, stride: step + stride - 1),
                "strides multiply",
            ),
            (lambda layers: 3, "begin with side 1"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_what_is_built():
    """A network with one block more, less one without."""

    def cost(level, passes, more):
        blocks = [1 + more * (i == level) for i in range(4)]
        return rrca.count(rrca.build("rrcanet-resnet18", blocks=tuple(blocks), iterations=passes - 1))

    def added(C, passes):
        level = (8, 16, 32, 64).index(C)
        return cost(level, passes, 1).params - cost(level, passes, 0).params

    assert checks.one_more_block(added).voice == "correct"
    assert checks.work_of_a_block(lambda i: cost(i, 3, 1).macs - cost(i, 3, 0).macs).voice == "correct"
