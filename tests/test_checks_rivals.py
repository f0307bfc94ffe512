"""The exercises of notebook 16 speak in three voices, and their expectations agree with the package."""

import pytest
import torch
from three_voices import assert_three_voices

from rrca import checks
from rrca.networks import repisdnet
from rrca.studies import printed


def stub(*given):
    raise NotImplementedError


def folds(scale_of, shift_of):
    """A reader's function, from how it scales and shifts."""

    def fold(kernel, bias, gamma, beta, mean, variance):
        scale = scale_of(gamma, variance)
        return kernel * scale, shift_of(scale, bias, beta, mean)

    return fold


def rooted(gamma, variance):
    return gamma / variance**0.5


EXERCISES = {
    "branched_block": (
        checks.branched_block,
        None,
        (94, 38),
        [
            ((38, 94), "other way round"),
            ((90, 38), "fourth branch"),
            ((92, 38), "1×1 convolution has a bias"),
            ((78, 38), "ends in a norm"),
            ((94, 36), "needs a bias"),
            ((94, 42), "into the middle"),
            ((94,), "two numbers"),
            ((10, 38), "36 numbers"),
        ],
    ),
    "folded_norm": (
        checks.folded_norm,
        stub,
        folds(rooted, lambda scale, bias, beta, mean: beta + scale * (bias - mean)),
        [
            (folds(rooted, lambda scale, bias, beta, mean: beta - scale * mean), "own bias"),
            (
                folds(
                    lambda gamma, variance: gamma / variance,
                    lambda s, bias, beta, mean: beta + s * (bias - mean),
                ),
                "root of the variance",
            ),
            (folds(rooted, lambda scale, bias, beta, mean: beta + scale * bias), "takes its mean off"),
            (folds(rooted, lambda scale, bias, beta, mean: beta + bias - mean), "scaled as well"),
            (folds(rooted, lambda scale, bias, beta, mean: scale * (bias - mean)), "beta is missing"),
            (folds(rooted, lambda scale, bias, beta, mean: 17.0), "collect"),
        ],
    ),
    "sign_test": (
        checks.sign_test,
        stub,
        lambda d: 2 * 0.5**d,
        [
            (lambda d: 0.5**d, "both sides"),
            (lambda d: 1 / d, "throws of a coin"),
            (lambda d: 2 * 0.5 ** (d - 1), "d − 1"),
            (lambda d: 0.05, "2 of 2^d"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_package():
    block = repisdnet.EdgeCompensation(2, 2).eval()
    sizes = tuple(sum(p.numel() for p in part.parameters()) for part in (block, repisdnet.deployed(block)))
    assert checks.branched_block(sizes).voice == "correct"
    assert checks.sign_test(printed.least_p).voice == "correct"

    def fold(kernel, bias, gamma, beta, mean, variance):
        conv, norm = torch.nn.Conv2d(1, 1, 3), torch.nn.BatchNorm2d(1)
        with torch.no_grad():
            conv.weight[:], conv.bias[:] = torch.as_tensor(kernel), bias
            norm.weight[:], norm.bias[:], norm.running_mean[:], norm.running_var[:] = (
                gamma,
                beta,
                mean,
                variance,
            )
        weight, shift = repisdnet._folded(conv, norm)
        return weight[0, 0].detach().numpy(), float(shift.detach())

    assert checks.folded_norm(fold).voice == "correct"
