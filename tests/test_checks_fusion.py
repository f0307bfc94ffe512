"""The exercises of notebook 11 speak in three voices, and their expectations agree with the network's own modules."""

import numpy as np
import pytest
import torch
from three_voices import assert_three_voices

from rrca import blocks, checks
from rrca.studies import fusion


def stub(*given):
    raise NotImplementedError


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mlp(pooled, squeeze, expand):
    return expand @ np.maximum(squeeze @ pooled, 0)


def weights(values, squeeze, expand):
    return sigmoid(sum(mlp(pool, squeeze, expand) for pool in (values.max((1, 2)), values.mean((1, 2)))))


EXERCISES = {
    "weights_of_channels": (
        checks.weights_of_channels,
        stub,
        weights,
        [
            (
                lambda v, s, e: mlp(v.max((1, 2)), s, e) + mlp(v.mean((1, 2)), s, e),
                "the sigmoid is missing",
            ),
            (lambda v, s, e: sigmoid(mlp(v.mean((1, 2)), s, e)), "the mean alone"),
            (lambda v, s, e: sigmoid(mlp(v.max((1, 2)), s, e)), "the largest response alone"),
            (lambda v, s, e: sigmoid(mlp(v.max((1, 2)) + v.mean((1, 2)), s, e)), "then add"),
            (lambda v, s, e: sigmoid(e @ s @ (v.max((1, 2)) + v.mean((1, 2)))), "stands a ReLU"),
            (
                lambda v, s, e: sigmoid(mlp(v.max((1, 2)), s, e)) + sigmoid(mlp(v.mean((1, 2)), s, e)),
                "one sigmoid of the sum",
            ),
            (lambda v, s, e: v, "over all its pixels"),
        ],
    ),
    "attention_parameters": (
        checks.attention_parameters,
        stub,
        lambda C, r: 2 * C * max(1, C // r),
        [
            (lambda C, r: C * max(1, C // r), "one of the two"),
            (lambda C, r: 2 * C * (C // r), "one hidden unit is left"),
            (lambda C, r: 2 * C * max(1, C // r) + max(1, C // r) + C, "no bias"),
            (lambda C, r: 4 * C * max(1, C // r), "share one MLP"),
            (lambda C, r: 2 * C * r, "r divides"),
            (lambda C, r: C, "and back"),
        ],
    ),
    "counted_apart": (
        checks.counted_apart,
        None,
        (5, 160),
        [
            ((5,), "two numbers"),
            ((5, 1), "214 frames"),
            ((1.9, 160), "in points"),
            ((4, 160), "do not cut off"),
            ((3, 232), "of 263 targets"),
        ],
    ),
    "folded_gate": (
        checks.folded_gate,
        stub,
        lambda W, b, a: (a[:, None] * W, a * b),
        [
            (lambda W, b, a: (W, b), "where is a"),
            (lambda W, b, a: (a[:, None] * W, b), "the bias is multiplied"),
            (lambda W, b, a: (a * W, a * b), "not its columns"),
            (lambda W, b, a: (a * W, b), "to the bias"),
            (lambda W, b, a: W, "must return two things"),
            (lambda W, b, a: (0 * W, b), "row by row"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


def test_expectations_agree_with_the_modules():
    def by_module(values, squeeze, expand):
        attention = blocks.ChannelAttention(3, ratio=1)
        for layer, matrix in ((0, squeeze), (2, expand)):
            attention.mlp[layer].weight = torch.nn.Parameter(torch.tensor(matrix)[..., None, None])
        with torch.no_grad():
            return attention.weights(torch.tensor(values)[None])[0, :, 0, 0].numpy()

    assert checks.weights_of_channels(by_module).voice == "correct"

    def counted(C, r):
        return sum(p.numel() for p in blocks.ChannelAttention(C, r).parameters())

    assert checks.attention_parameters(counted).voice == "correct"
    row = fusion.printed().loc["CA, r = 4"]
    assert checks.counted_apart((-row["Δ targets"], row["Δ false pixels"])).voice == "correct"
