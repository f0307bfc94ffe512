"""Weights and cards: what is saved comes back, and what does not belong together is refused."""

import json
import pickle

import pytest
import safetensors.torch
import torch

import rrca
from rrca import checkpoint
from rrca.errors import InputError
from rrca.evaluation import protocols_for

CARD = {
    "name": "test",
    "network": "rrcanet-resnet10",
    "settings": {"in_channels": 1, "iterations": 1},
    "channels": "grey",
    "normalisation": {"mean": [0.4], "std": [0.2]},
}


@pytest.fixture
def saved(tmp_path):
    model = rrca.build(CARD["network"], **CARD["settings"])
    return model, checkpoint.save(model, CARD, tmp_path / "mine.safetensors")


def test_weights_and_card_come_back(saved):
    model, path = saved
    loaded, card = rrca.load(path)
    assert card == CARD and loaded.card == CARD and not loaded.training
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True)
    )


def test_shipped_weights_load_by_name_and_carry_what_readers_ask_for():
    assert checkpoint.DEFAULT in checkpoint.shipped()
    for name in checkpoint.shipped():
        model, card = rrca.load(name)
        assert len(model.card["normalisation"]["mean"]) == model.config.in_channels
        assert {
            "data",
            "split",
            "selected_on",
            "recipe",
            "seed",
            "hardware",
            "minutes",
            "metrics",
        } <= card.keys()
        assert set(protocols_for(card["data"])) <= card["metrics"].keys()
        assert (checkpoint.weights_folder() / f"{name}.safetensors").stat().st_size < 1.5e6


def test_loading_leaves_the_random_state_of_the_caller_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    rrca.load()
    assert torch.equal(torch.rand(3), expected)


def test_weights_of_another_architecture_are_refused(saved, tmp_path):
    _, path = saved
    other = rrca.build("rrcanet-resnet18")
    safetensors.torch.save_file(other.state_dict(), path)
    with pytest.raises(InputError, match=r"mine\.safetensors does not hold the weights of rrcanet-resnet10"):
        rrca.load(path)


@pytest.mark.parametrize("content", [b"", b"not a tensor in sight", b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_damaged_file_is_refused(saved, content):
    _, path = saved
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.safetensors is not a readable safetensors file"):
        rrca.load(path)


def test_a_pickle_is_refused_unread(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "it ran"), "w"))

    for name in ("weights.pth", "weights.pt", "weights.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(InputError, match="pickle"):
            rrca.load(tmp_path / name)
    (tmp_path / "weights.safetensors").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "weights.json").write_text(json.dumps(CARD))
    with pytest.raises(InputError, match="not a readable safetensors"):
        rrca.load(tmp_path / "weights.safetensors")
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rrcanet-resnet99", "unknown model 'rrcanet-resnet99'; choose one of .*rrcanet-resnet18"),
        ("nowhere/weights.safetensors", "no weights file"),
        ("README.md", "is not a weights file|no weights file"),
        ("dnanet", r"no weights are shipped for dnanet; `rrca train --network dnanet --out runs/dnanet`"),
        ("resunet+rucb", r"`rrca evaluate --weights runs/resunet\+rucb`"),
    ],
)
def test_a_model_that_is_not_there_names_those_that_are(name, message):
    with pytest.raises(InputError, match=message):
        rrca.load(name)


def test_a_folder_without_weights_says_whether_its_run_can_go_on(tmp_path):
    with pytest.raises(InputError, match=r"no weights file in folder .*; give the folder of a run\."):
        rrca.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"no weights file in folder .*; `rrca train --resume"):
        rrca.load(tmp_path)


def test_weights_belong_to_the_network_that_their_card_names(saved):
    _, path = saved
    assert checkpoint.weights_of("rrcanet-resnet10", path) == checkpoint.weights_of(None, path) == path
    with pytest.raises(
        InputError, match=r"mine\.safetensors holds weights of rrcanet-resnet10, not of dnanet"
    ):
        checkpoint.weights_of("dnanet", path)
    with pytest.raises(InputError, match=r"'top-hat' takes no weights from .*mine"):
        checkpoint.weights_of("top-hat", path)


@pytest.mark.parametrize("name", ["rrcanet-resnet10", "resunet", "lw-irstnet"])
def test_weights_stored_as_float16_become_the_networks_float32(name, tmp_path):
    settings = {"in_channels": 1}
    path = checkpoint.save(
        rrca.build(name, **settings), CARD | {"network": name, "settings": settings}, tmp_path / "whole"
    )
    halves = {
        key: tensor.half() if tensor.is_floating_point() else tensor
        for key, tensor in safetensors.torch.load_file(path).items()
    }
    safetensors.torch.save_file(halves, path)
    loaded = rrca.load(path)[0].state_dict()
    assert {key for key in loaded if loaded[key].dtype == torch.float16} == set()
    assert all(torch.equal(loaded[key], halves[key].to(loaded[key].dtype)) for key in halves)
    assert rrca.detect(torch.rand(64, 64).numpy(), model=path).scores.dtype == "float32"


@pytest.mark.parametrize("card", ["", "{}", "[]", "{not json", '{"network": "rrcanet-resnet10"}'])
def test_a_card_that_is_none_is_refused(saved, card):
    _, path = saved
    path.with_suffix(".json").write_text(card)
    with pytest.raises(InputError, match=r"mine\.json is not a card"):
        rrca.load(path)


def test_weights_without_their_card_are_refused(saved):
    _, path = saved
    path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match="no card"):
        rrca.load(path)


def test_saving_leaves_nothing_half_written(saved, tmp_path, monkeypatch):
    """A write that fails keeps the old file and leaves no temporary one."""
    model, path = saved
    before = path.read_bytes()
    monkeypatch.setattr(checkpoint.os, "replace", lambda *where: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(model, CARD, path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.json", "mine.safetensors"]


def test_a_card_must_say_what_loading_needs(tmp_path):
    with pytest.raises(InputError, match="lacks normalisation"):
        card = {key: value for key, value in CARD.items() if key != "normalisation"}
        checkpoint.save(rrca.build("rrcanet-resnet10"), card, tmp_path / "x.safetensors")
