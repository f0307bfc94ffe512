"""Norms of each device's own part: what the gap is made of, and what it is not."""

import pytest
import torch
from torch import nn

from rrca import build, losses
from rrca.errors import InputError
from rrca.studies.local_norms import gap

SMALL = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1)}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 1, 16, 16, generator=generator)
    return x, (torch.rand(4, 1, 16, 16, generator=generator) > 0.95).float()


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build("rrcanet-resnet18", **SMALL)


def test_one_device_has_no_gap_and_more_devices_have_more(model, batch):
    loss = losses.build("dpt-k")
    one, two, four = (gap(model, loss, *batch, devices) for devices in (1, 2, 4))
    assert one.logits == one.gradient == one.loss == 0 and one.cosine == pytest.approx(1)
    assert 0 < two.logits < four.logits and two.cosine > four.cosine
    assert (two.crops, four.crops) == (2, 1)


def test_equal_parts_have_equal_norms_so_nothing_is_left_of_the_gap(model, batch):
    x, mask = (torch.cat([half[:2]] * 2) for half in batch)
    same = gap(model, losses.build("dpt-k"), x, mask, 2)
    assert same.logits < 1e-5 and same.gradient < 1e-4


def test_a_network_without_norms_has_none(batch):
    plain = nn.Conv2d(1, 1, 3, padding=1)
    without = gap(plain, losses.build("dpt-k"), *batch, 4)
    assert without.logits < 1e-6 and without.gradient < 1e-5


def test_the_model_is_left_alone_and_an_unequal_share_is_refused(model, batch):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gap(model, losses.build("dpt-k"), *batch, 2)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    with pytest.raises(InputError, match="4 crops cannot be shared by 3"):
        gap(model, losses.build("dpt-k"), *batch, 3)
