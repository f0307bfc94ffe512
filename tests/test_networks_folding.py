"""RepISD-Net: what its blocks become after training computes what they did."""

import pytest
import torch
from torch import nn

import rrca
from rrca.errors import InputError
from rrca.networks.repisdnet import CentralDifference, EdgeCompensation, deployed


def lived_in(module):
    """Statistics, weights and biases that differ everywhere, so that nothing folded away is missed."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.5), part.running_var.uniform_(0.5, 2)
                part.weight.uniform_(0.5, 1.5), part.bias.normal_(0, 0.3)
            if isinstance(part, nn.Conv2d) and part.bias is not None:
                part.bias.normal_(0, 0.5)
    return module.eval()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return lived_in(rrca.build("repisdnet", in_channels=1))


def test_a_central_difference_sees_no_constant():
    """Away from the border, where zeros lie outside, a constant has no differences."""
    conv = CentralDifference(2, 3)
    assert conv(torch.full((1, 2, 6, 6), 0.7))[..., 1:-1, 1:-1].abs().max() < 1e-5
    x = torch.randn(1, 2, 6, 6)
    kernel, middle = conv.conv.weight, x[..., 1:-1, 1:-1]
    expected = sum(
        torch.einsum("oi,bihw->bohw", kernel[:, :, a, b], x[..., a : a + 4, b : b + 4] - middle)
        for a in range(3)
        for b in range(3)
    )
    torch.testing.assert_close(conv(x)[..., 1:-1, 1:-1], expected, atol=1e-5, rtol=1e-5)


def test_a_central_difference_folds_into_an_ordinary_kernel():
    conv, x = CentralDifference(8, 16), torch.randn(2, 8, 9, 9)
    torch.testing.assert_close(conv.folded()(x), conv(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("channels", [(8, 8), (8, 4)], ids=["with identity", "without"])
def test_a_block_folds_into_one_convolution(channels):
    block, x = lived_in(EdgeCompensation(*channels)), torch.randn(2, channels[0], 9, 9)
    assert len(block.branches) == 3 + (channels[0] == channels[1])
    torch.testing.assert_close(deployed(block)(x), block(x), atol=1e-5, rtol=1e-4)


def test_the_bias_of_the_1x1_convolution_is_folded_too():
    """The authors' program forgets it; its forms then differ."""
    block, x = lived_in(EdgeCompensation(8, 8)), torch.randn(2, 8, 9, 9)
    before = block(x)
    nn.init.zeros_(block.branches[2][0].bias)
    assert (block(x) - before).abs().max() > 0.1
    torch.testing.assert_close(deployed(block)(x), block(x), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("form", ["converted", "deployed"])
def test_the_network_computes_the_same_in_every_form(network, form):
    x = torch.randn(2, 1, 32, 48)
    with torch.no_grad():
        before, after = network(x), network.convert(form)(x)
    assert (after - before).norm() / before.norm() < 1e-4


def test_converted_goes_on_to_deployed_and_deployed_nowhere(network):
    x = torch.randn(1, 1, 16, 16)
    small = network.convert("converted").convert("deployed")
    torch.testing.assert_close(small(x), network.convert("deployed")(x))
    with pytest.raises(InputError, match="deployed: its blocks have no branches left"):
        small.convert("converted")
    with pytest.raises(InputError, match="form = 'training': choose one of converted, deployed"):
        network.convert("training")


def test_conversion_leaves_the_network_and_its_mode_alone():
    network = rrca.build("repisdnet", in_channels=1).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    small = network.convert("deployed")
    assert network.training and not small.training and network.config.form == "training"
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_deployed_network_is_saved_with_the_card_that_loads_it(network, tmp_path):
    network.card = {
        "name": "folded",
        "network": "repisdnet",
        "settings": {"in_channels": 1},
        "channels": "grey",
        "normalisation": {"mean": [0.5], "std": [0.2]},
    }
    small = network.convert()
    path = rrca.checkpoint.save(small, small.card, tmp_path / "folded.safetensors")
    loaded, card = rrca.load(path)
    x = torch.randn(1, 1, 16, 16)
    assert torch.equal(loaded(x), small(x))
    assert card["settings"] == {"in_channels": 1, "form": "deployed"}
    assert network.card["settings"] == {"in_channels": 1}
