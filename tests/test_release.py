"""The authors' checkpoints: their names, written down here once more from their program, lead to the same network."""

import pickle

import pytest
import torch

import rrca
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.release import import_release


def as_released(model) -> dict:
    """A state dict as the authors' program would save it: every pass registers its stages' modules anew."""
    state, config = {}, model.config

    def put(prefix, module):
        state.update({f"{prefix}.{name}": tensor.clone() for name, tensor in module.state_dict().items()})

    def put_block(prefix, block):
        for name, part in [
            ("conv1", block.conv1),
            ("bn1", block.norm1),
            ("conv2", block.conv2),
            ("bn2", block.norm2),
        ]:
            put(f"{prefix}.{name}", part)
        put(f"{prefix}.shortcut", block.shortcut)

    put_block("conv0_0.0", model.stem)
    put_block("post_transform_conv_block.0", model.output.tail.block)
    put("final", model.output.tail.classify)
    for t in range(config.passes):
        for i, rucb in enumerate(model.encoder):
            prefix = f"iteration{t}_layer{i}_encoder_convs"
            parts = [
                part
                for block in rucb._runs[t]
                for part in (block.conv1, block.norm1, None, block.conv2, block.norm2, None)
            ]
            for position, part in enumerate(parts):
                if part is not None:
                    put(f"{prefix}.operator.{position}", part)
            put(f"{prefix}.shortcut", rucb._runs[t][0].shortcut)
        for j, fuse in enumerate(reversed(model.decoder.fuse[t])):
            prefix = f"iteration{t}_layer{j}_decoders_SBAM"
            put(f"{prefix}.pwconv1", fuse.project_low)
            put(f"{prefix}.pwconv2", fuse.project_high)
            put(f"{prefix}.ca.fc1", fuse.attention.mlp[0])
            put(f"{prefix}.ca.fc2", fuse.attention.mlp[2])
    return state


def random_model(name="rrcanet-resnet18", **settings):
    """Weights and statistics that differ everywhere, so that a swapped tensor shows."""
    model = rrca.build(name, **settings)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.ndim == 1:  # norms and biases; kernels are random as they are built
                scale = name.endswith("running_var") or ("norm" in name and name.endswith("weight"))
                tensor.copy_(torch.rand_like(tensor) + 0.5 if scale else 0.3 * torch.randn_like(tensor))
    return model.eval()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("rrcanet-resnet18", {}),
        ("rrcanet-resnet10", {"iterations": 1}),
        ("rrcanet-resnet34", {"iterations": 0, "output": "last"}),
        ("rrcanet-resnet18", {"output": "last"}),
        ("rrcanet-resnet18", {"channels": (16, 32, 64), "blocks": (3, 3, 3)}),
    ],
)
def test_a_checkpoint_becomes_the_same_network(tmp_path, name, settings):
    model = random_model(name, **settings)
    torch.save({"epoch": 3, "state_dict": as_released(model), "mean_IOU": 0.7}, tmp_path / "best.pth.tar")
    imported, card = import_release(tmp_path / "best.pth.tar")
    x = torch.randn(1, 3, 32, 32)
    assert torch.isfinite(model(x)).all() and torch.equal(imported(x), model(x))
    assert (
        imported.config.iterations == model.config.iterations
        and imported.config.blocks == model.config.blocks
    )
    path = rrca.checkpoint.save(imported, card, tmp_path / "ours.safetensors")
    assert torch.equal(rrca.load(path)[0](x), model(x))
    assert rrca.Detector(path).channels == "rgb"


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.model."])
def test_prefixes_of_wrappers_do_not_matter(tmp_path, prefix):
    model = random_model()
    torch.save({prefix + key: value for key, value in as_released(model).items()}, tmp_path / "w.pth")
    x = torch.randn(1, 3, 16, 16)
    assert torch.equal(import_release(tmp_path / "w.pth")[0](x), model(x))


def test_one_channel_needs_its_normalisation(tmp_path):
    model = random_model(in_channels=1)
    torch.save(as_released(model), tmp_path / "dense.pth")
    with pytest.raises(InputError, match="normalisation"):
        import_release(tmp_path / "dense.pth")
    _, card = import_release(tmp_path / "dense.pth", Normalisation((0.4,), (0.1,)))
    assert card["normalisation"] == {"mean": [0.4], "std": [0.1]} and card["channels"] == "grey"


def test_kernels_that_passes_do_not_share_are_refused(tmp_path):
    state = as_released(random_model())
    state["iteration1_layer0_encoder_convs.operator.0.weight"] += 1
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(InputError, match="differs from pass 0"):
        import_release(tmp_path / "odd.pth")


def test_what_is_no_such_checkpoint_is_refused_in_a_sentence(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "it ran"), "w"))

    (tmp_path / "bomb.pth").write_bytes(pickle.dumps({"state_dict": Bomb()}))
    torch.save({"state_dict": {"conv.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("not a checkpoint")
    state = as_released(random_model())
    del state["final.weight"]
    torch.save(state, tmp_path / "cut.pth")
    for name, message in [
        ("gone.pth", "no file"),
        ("bomb.pth", "without running code"),
        ("text.pth", "without running code"),
        ("other.pth", "no encoder"),
        ("cut.pth", r"1 tensors do not fit, first output\.tail\.classify\.weight"),
    ]:
        with pytest.raises(InputError, match=message):
            import_release(tmp_path / name)
    assert not (tmp_path / "it ran").exists()
