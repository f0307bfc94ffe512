"""Shipping: what goes with the package loads by its name, is small, and replaces nothing unasked."""

import json

import pytest
import torch
from safetensors.torch import load_file
from test_training import few_frames, tiny  # noqa: F401

import rrca
from rrca import checkpoint, shipping, train
from rrca.__main__ import main
from rrca.errors import InputError


@pytest.fixture
def run(few_frames, tmp_path):  # noqa: F811
    """A judged run of three steps."""
    done = train.fit(tiny(steps=3), out=tmp_path / "run", log_every=1)
    train.judge(done)
    return done


def test_shipped_weights_are_the_run_s_with_card_and_log(run, tmp_path):
    path = shipping.ship(run.folder, "mine", tmp_path / "weights")
    model, card = rrca.load(path)
    assert card["name"] == "mine" and json.dumps(card["metrics"]) == json.dumps(run.card["metrics"])
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, run.model.state_dict()[name])
    log = (path.parent / "mine.log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == run.log


def test_half_is_half_the_size_and_loads_as_float32(run, tmp_path):
    whole = shipping.ship(run.folder, "whole", tmp_path)
    half = shipping.ship(run.folder, "half", tmp_path, half=True)
    stored = [tensor for tensor in load_file(half).values() if tensor.is_floating_point()]
    assert all(tensor.dtype == torch.float16 for tensor in stored)
    assert whole.stat().st_size - half.stat().st_size >= 2 * sum(tensor.numel() for tensor in stored) - 1000
    model, card = rrca.load(half)
    assert card["stored_as"] == "float16"
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == run.model.state_dict()[name].dtype
        assert torch.allclose(tensor.float(), run.model.state_dict()[name].float(), rtol=1e-3, atol=1e-6)


def test_nothing_is_replaced_unasked(run, tmp_path):
    path = shipping.ship(run.folder, "mine", tmp_path)
    before = path.read_bytes()
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="is there already"):
        shipping.ship(run.folder, "mine", tmp_path)
    assert path.read_bytes() == b"something else"
    shipping.ship(run.folder, "mine", tmp_path, replace=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "weights", "a/b", "../up"])
def test_a_name_that_is_none_is_refused(run, tmp_path, name):
    with pytest.raises(InputError, match="cannot name weights"):
        shipping.ship(run.folder, name, tmp_path)


def test_what_is_not_judged_collapsed_or_too_large_is_refused(run, tmp_path, monkeypatch):
    card = dict(run.card)
    file = run.folder / "weights.safetensors"
    checkpoint.save_card({key: value for key, value in card.items() if key != "metrics"}, file)
    with pytest.raises(InputError, match="is not judged"):
        shipping.ship(run.folder, "mine", tmp_path)
    checkpoint.save_card(card | {"collapsed": {"step": 2, "why": "empty"}}, file)
    with pytest.raises(InputError, match="collapsed"):
        shipping.ship(run.folder, "mine", tmp_path)
    checkpoint.save_card(card, file)
    monkeypatch.setattr(shipping, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="half = True"):
        shipping.ship(run.folder, "mine", tmp_path)
    assert not list(tmp_path.glob("mine*"))


def test_a_thinned_log_keeps_every_evaluation_and_both_ends():
    log = [{"step": step, "loss": 1.0} for step in range(1, 500)]
    log[100:100] = [{"step": 100, "iou": 0.5}, {"step": 100, "collapsed": "why"}]
    lines = [json.dumps(entry) for entry in log]
    kept = [json.loads(line) for line in shipping.thinned(lines, most=2000)]
    assert sum(len(json.dumps(entry)) + 1 for entry in kept) <= 2000
    assert kept[0] == log[0] and kept[-1] == log[-1]
    assert [entry for entry in kept if "loss" not in entry] == log[100:102]
    assert [entry["step"] for entry in kept] == sorted(entry["step"] for entry in kept)
    assert shipping.thinned(lines) == lines  # short enough as it is
    with pytest.raises(InputError, match="evaluations alone"):
        shipping.thinned(lines, most=20)


def test_the_command_says_where_they_went(run, tmp_path, capsys):
    assert main(["ship", str(run.folder), "mine", "--folder", str(tmp_path / "weights")]) == 0
    assert "mine.safetensors" in capsys.readouterr().out
    assert main(["ship", str(run.folder), "mine", "--folder", str(tmp_path / "weights")]) == 2
    assert "--replace" in capsys.readouterr().err
