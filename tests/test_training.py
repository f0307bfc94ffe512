"""Training: the same seed gives the same weights, the log tells what happened, a small network learns."""

import json

import numpy as np
import pytest
import torch

import rrca
from rrca import train
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError

TINY = dict(
    data="synthetic",
    settings={"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 1},
    crop=64,
    steps=6,
    judge=3,
)


def tiny(**changes) -> train.Recipe:
    return train.recipe("quick", **(TINY | changes))


@pytest.fixture
def few_frames(monkeypatch):
    """Eight frames a list, so that judging takes no time."""
    whole = rrca.data.open
    monkeypatch.setattr(train.data, "open", lambda *given: whole(*given)[:8])


def test_same_seed_same_weights_other_seed_other_weights(few_frames):
    a, b, other = (train.fit(tiny(seed=seed)) for seed in (0, 0, 1))
    same = [torch.equal(p, q) for p, q in zip(a.model.parameters(), b.model.parameters(), strict=True)]
    assert all(same)
    assert not all(
        torch.equal(p, q) for p, q in zip(a.model.parameters(), other.model.parameters(), strict=True)
    )


def test_training_leaves_the_random_state_of_the_caller_alone(few_frames):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train.fit(tiny())
    assert torch.equal(torch.rand(3), expected)


def test_a_seed_gives_the_same_crops_to_every_network(few_frames):
    """So that two rows of an ablation differ by the network alone."""
    frames = list(rrca.data.open("synthetic", "trainval"))[:12]
    normalise = Normalisation((0.5,), (0.2,))
    first = [next(train._batches(tiny(network=name), frames, normalise))[0] for name in rrca.names()]
    assert torch.equal(first[0], first[1]) and torch.equal(first[0], first[2])


def test_log_card_and_callback_tell_one_story(few_frames, tmp_path):
    seen = []
    run = train.fit(tiny(), out=tmp_path / "run", on_step=seen.append, log_every=2)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert seen == run.log == lines
    assert [entry["step"] for entry in lines if "loss" in entry] == [2, 4, 6]
    assert [entry["step"] for entry in lines if "iou" in entry] == [3, 6]
    for entry in lines:
        if "loss" in entry:
            assert entry["loss"] == pytest.approx(entry["dice"] + entry["poly+top-k"], abs=1e-4)
    model, card = rrca.load(tmp_path / "run" / "weights.safetensors")
    assert card == json.loads(json.dumps(run.card))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), run.model.parameters(), strict=True))
    assert json.loads((tmp_path / "run" / "config.json").read_text())["steps"] == 6


def test_a_run_folder_is_never_overwritten(few_frames, tmp_path):
    train.fit(tiny(), out=tmp_path)
    before = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(InputError, match="already holds a run"):
        train.fit(tiny(seed=1), out=tmp_path)
    assert (tmp_path / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("select", "fitted", "judged"),
    [("none", "trainval", "test"), ("val", "train", "val"), ("test", "trainval", "test")],
)
def test_select_decides_which_lists_are_fitted_and_judged(monkeypatch, select, fitted, judged):
    opened, whole = [], rrca.data.open
    monkeypatch.setattr(
        train.data, "open", lambda name, split, *more: opened.append(split) or whole(name, split, *more)[:8]
    )
    run = train.fit(tiny(select=select))
    assert opened == [fitted, judged]
    assert run.card["split"] == fitted
    watched = [entry for entry in run.log if "iou" in entry]
    assert {entry["list"] for entry in watched} == {judged}
    if select == "none":
        assert run.card["kept_step"] == 6
    else:
        best = max(watched, key=lambda entry: entry["iou"])
        assert run.card["kept_step"] == best["step"]


def test_cosine_falls_to_zero_and_constant_stays(few_frames):
    for schedule in ("cosine", "constant"):
        rates = [
            entry["rate"] for entry in train.fit(tiny(schedule=schedule), log_every=1).log if "rate" in entry
        ]
        assert rates[0] == pytest.approx(3e-3)
        expected = [
            3e-3 * 0.5 * (1 + np.cos(np.pi * t / 6)) if schedule == "cosine" else 3e-3 for t in range(6)
        ]
        assert rates == pytest.approx(expected)


def test_paper_recipe_is_the_release(few_frames):
    """spec, section 4: three channels, ImageNet statistics, AdaGrad 0.05, batch 8, 256², constant, 39 000 steps."""
    paper = train.recipe("paper")
    assert (paper.optimiser, paper.rate, paper.schedule, paper.batch, paper.crop) == (
        "adagrad",
        0.05,
        "constant",
        8,
        256,
    )
    assert paper.steps == 213 // 8 * 1500 and paper.loss == "dpt-k" and paper.select == "test"
    run = train.fit(train.recipe("paper", data="synthetic", steps=1, judge=1, crop=64))
    assert run.card["normalisation"]["mean"] == [0.485, 0.456, 0.406] and run.model.config.in_channels == 3


@pytest.mark.slow
def test_a_short_training_learns_to_detect_scenes(few_frames):
    """The loss falls and targets of synthetic scenes are found: a broken gradient, mask or loss would show.

    Without iterations, since the plateau of the first steps counts in steps and these are the cheapest.
    """
    plain = TINY["settings"] | {"channels": (8, 16), "iterations": 0}
    run = train.fit(tiny(steps=400, judge=400, batch=4, average=0.98, settings=plain))
    losses = [entry["loss"] for entry in run.log if "loss" in entry]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:3])
    assert [entry["pd"] for entry in run.log if "pd" in entry][-1] > 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser": "sgd"}, "optimiser = 'sgd'; choose one of adamw, adagrad"),
        ({"steps": 0}, "steps = 0"),
        ({"select": "best"}, "select = 'best'"),
        ({"epochs": 3}, "a recipe has no epochs"),
    ],
)
def test_recipes_refuse_what_they_do_not_know(changes, message):
    with pytest.raises(InputError, match=message):
        train.recipe("cpu", **changes)


def test_imagenet_statistics_need_three_channels(few_frames):
    with pytest.raises(InputError, match="3 input channels"):
        train.fit(tiny(normalise="imagenet"))


def test_a_loss_that_is_no_number_stops_the_run(few_frames, monkeypatch):
    monkeypatch.setitem(train.OPTIMISERS, "adamw", torch.optim.SGD)
    with pytest.raises(FloatingPointError, match="lower the rate"):
        train.fit(tiny(steps=20, judge=50, rate=1e30, precision="fp32"), log_every=1)
