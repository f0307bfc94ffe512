"""What every part of a rival gives for a frame of 256×256, as the spec's tables have it."""

import pytest
import torch

import rrca


def shapes(network, parts, channels=3, side=256):
    """Shape (C, H, W) that each named part gives; the network has no storage, so this costs no arithmetic."""
    seen = {}
    for name, part in parts.items():
        part.register_forward_hook(
            lambda module, inputs, output, name=name: seen.setdefault(name, []).append(output)
        )
    with torch.no_grad():
        seen["output"] = network(torch.empty((2, channels, side, side), device="meta"))
    return {name: as_shape(outputs) for name, outputs in seen.items()}


def as_shape(given):
    """(C, H, W) of a tensor; a list stays a list, and one that is the same throughout becomes one."""
    if isinstance(given, torch.Tensor):
        return tuple(given.shape[1:])
    found = [as_shape(one) for one in given]
    return found[0] if all(one == found[0] for one in found) else found


def without_storage(name, **overrides):
    with torch.device("meta"):
        return rrca.build(name, **overrides).eval()


def named(network, names):
    return {name: network.get_submodule(name) for name in names}


def level(channels, halvings, side=256):
    return (channels, side >> halvings, side >> halvings)


ONE = (1, 256, 256)
TABLES = {
    "acm": {
        "stem": level(16, 2),
        "layer1": level(16, 2),
        "layer2": level(32, 3),
        "layer3": level(64, 4),
        **{part: level(32, 3) for part in ("deconv2", "fuse2", "uplayer2")},
        **{part: level(16, 2) for part in ("deconv1", "fuse1", "uplayer1")},
        "head": level(1, 2),
    },
    "resunet": {
        **{f"body.encoder.{i}": level(8 << i, i) for i in range(5)},
        **{f"body.decoder.{i}": level(8 << i, i) for i in range(4)},
        "head": ONE,
    },
    "amfunet": {
        **{f"encoder.{i}": level(8 << i, i) for i in range(5)},
        **{f"decoder.fusions.{i}": level(40, i) for i in range(4)},
        **{f"decoder.fusions.{i}.branches.{j}": level(8, i) for i in range(4) for j in range(5)},
        "heads": ONE,
    },
    "dnanet": {
        **{f"column.{i}": level(16 << i, i) for i in range(5)},
        **{f"lattice.nodes.x{i}{j}": level(16 << i, i) for i in range(4) for j in range(1, 5 - i)},
        "fusion": level(16, 0),
        "heads": ONE,
    },
    "uiunet": {
        **{f"down.{i}": level(c, i) for i, c in enumerate((64, 128, 256, 512, 512, 512))},
        # the spec's two outputs of a fusion arrive here concatenated
        **{f"join.{i}": level(c, i) for i, c in enumerate((128, 256, 512, 1024, 1024))},
        **{f"up.{i}": level(c, i) for i, c in enumerate((64, 64, 128, 256, 512))},
        **{f"heads.{i}": level(1, i) for i in range(6)},
        "fuse": ONE,
    },
    "lw-irstnet": {
        "level1": level(8, 1),
        "level2": level(32, 2),
        "level2.0": level(32, 2),
        "level3": level(64, 3),
        "level3.0": level(64, 3),
        "up2": level(32, 2),
        "decode2": level(32, 2),
        "up1": level(8, 1),
        "decode1": level(8, 1),
        "head": ONE,
    },
    "repisdnet": {
        "stem": level(32, 0),
        "down1": level(64, 1),
        "down2": level(64, 2),
        "up1": level(32, 1),
        "up0": level(32, 0),
        **{f"pyramid.levels.{i}": (8, side, side) for i, side in enumerate((1, 2, 3, 6))},
        "pyramid": level(64, 0),
        "head": level(2, 0),
    },
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("channels", [3, 1])
def test_every_part_gives_the_shape_of_the_spec(name, channels):
    network = without_storage(name, in_channels=channels)
    found = shapes(network, named(network, TABLES[name]), channels)
    assert found == {**TABLES[name], "output": ONE}


def test_resunet_with_rucb_has_the_shapes_of_the_spec_in_every_pass():
    network = without_storage("resunet+rucb")
    expected = {"stem": level(8, 0), "body": level(8, 0), "output.tail.block": level(8, 0), "output": ONE}
    parts = named(network, [part for part in expected if part != "output"])
    for t, run in enumerate(network.body._runs):
        for i in range(5):
            parts[f"pass {t}, e{i}"] = run.encoder[i]
            expected[f"pass {t}, e{i}"] = level(8 << i, i)
        for i in range(4):
            parts[f"pass {t}, d{i}"] = run.decoder[i]
            expected[f"pass {t}, d{i}"] = level(8 << i, i)
    assert shapes(network, parts) == expected
    assert network.output.tail.block.conv1.in_channels == 24


def test_amfunet_with_rucb_has_the_shapes_of_the_spec_in_every_pass():
    network = without_storage("amfunet+rucb")
    expected = {
        "stem": level(8, 0),
        "reenter": level(8, 0),
        "body.deepest": level(128, 4),
        **{f"body.encoder.{i}": level(8 << i, i) for i in range(4)},
        "output.fuse": level(40, 0),
    }
    parts = named(network, expected)
    for t, run in enumerate(network.body.decoder._runs):
        for i in range(4):
            parts[f"pass {t}, d{i + 1}"] = run.fusions[i]
            expected[f"pass {t}, d{i + 1}"] = level(40, i)
    assert shapes(network, parts) == {**expected, "output": ONE}
    assert network.output.fuse.in_channels == 120


def test_dnanet_with_rucb_has_the_shapes_of_the_lattice_in_every_pass():
    network = without_storage("dnanet+rucb")
    expected = {
        "stem": level(16, 0),
        **{f"body.column.{i}": level(16 << i, i) for i in range(5)},
        **{f"body.lattice.nodes.x{i}{j}": level(16 << i, i) for i in range(4) for j in range(1, 5 - i)},
        "body.fusion": level(16, 0),
        "reenter": level(16, 0),
        "output.fuse": level(16, 0),
    }
    assert shapes(network, named(network, expected)) == {**expected, "output": ONE}
    assert network.output.fuse.conv1.in_channels == 48
