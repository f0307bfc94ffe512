"""Maps taken out of FSM's stack."""

import numpy as np
import pytest
import torch

import rrca
from rrca import data
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.studies import silence

PLAIN = Normalisation([0.5], [0.25])


@pytest.fixture(scope="module")
def scenes():
    return data.open("synthetic", "test")[:2]


def test_the_variants_are_named_by_what_is_silent(scenes):
    results = silence.judge_silenced(rrca.Detector(), scenes[:1])
    assert list(results) == ["mean", "zero"]
    for rows in results.values():
        assert list(rows) == [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]


def test_nothing_silenced_is_the_network_itself(scenes):
    detector = rrca.Detector()
    whole = rrca.evaluate(detector, scenes)
    for rows in silence.judge_silenced(detector, scenes).values():
        assert rows[()] == whole


def test_a_map_that_the_tail_does_not_read_is_not_missed(scenes):
    """The tail's first kernels on d_2 are set to zero: silencing d_2 changes nothing, silencing d_1 does."""
    detector = rrca.Detector(rrca.load()[0])
    tail = detector.model.output.tail.block
    with torch.no_grad():
        for module in tail.modules():
            if isinstance(module, torch.nn.Conv2d) and module.in_channels == 24:
                module.weight[:, 16:] = 0
    for rows in silence.judge_silenced(detector, scenes).values():
        assert rows[(2,)] == rows[()]
        assert rows[(0, 2)] == rows[(0,)]
        assert rows[(1,)] != rows[()]


def test_fillers_keep_the_shape_and_zero_or_the_mean():
    d = torch.arange(24.0).reshape(1, 2, 3, 4)
    mean, zero = silence.FILLERS["mean"](d), silence.FILLERS["zero"](d)
    assert mean.shape == zero.shape == d.shape and not zero.any()
    np.testing.assert_allclose(mean.mean((2, 3)), d.mean((2, 3)))
    assert (mean.std((2, 3)) == 0).all()


def test_a_network_of_one_pass_has_nothing_to_silence(scenes):
    results = silence.judge_silenced(rrca.Detector("rrcanet-resnet18_n0"), scenes[:1])
    assert list(results["mean"]) == [()]


def test_only_fsm_stacks():
    model = rrca.build("rrcanet-resnet18", in_channels=1, output="last")
    with pytest.raises(InputError, match="only 'fsm'"):
        silence.judge_silenced(rrca.Detector(model, PLAIN), [])
