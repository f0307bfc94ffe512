"""Training: the same seed gives the same weights, the log tells what happened, a small network learns."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

import rrca
from rrca import recipes, train
from rrca.__main__ import main
from rrca.data.normalisation import Normalisation
from rrca.data.store import PixelStore
from rrca.errors import InputError
from rrca.training.batches import Batches

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


def test_fast_trains_the_same_network_in_less_time(few_frames):
    """One step away from each other by rounding; the kept weights are a plain network's."""
    plain, quick = (train.fit(tiny(fast=fast, steps=1, precision="fp32")) for fast in (False, True))
    assert quick.log[0]["loss"] == pytest.approx(plain.log[0]["loss"], abs=1e-4)
    assert type(quick.model.stem) is type(plain.model.stem) is rrca.blocks.ResidualBlock
    for ours, theirs in zip(
        quick.model.state_dict().values(), plain.model.state_dict().values(), strict=True
    ):
        # AdamW's first step is the rate times the gradient's sign, which rounding may turn where there is no gradient.
        assert torch.allclose(ours.float(), theirs.float(), atol=2.1 * quick.card["recipe"]["rate"])


@pytest.mark.parametrize("able, used", [({"avx2": True}, "fp32"), ({"avx512_bf16": True}, "bf16")])
def test_bfloat16_is_used_where_the_processor_has_it_and_the_card_says_which(
    few_frames, monkeypatch, able, used
):
    """Elsewhere it is put together from other instructions, and a step takes several times that of float32."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    asked, given = (train.fit(tiny(steps=1, precision=precision)) for precision in ("bf16", used))
    assert asked.card["precision"] == used
    assert asked.card["recipe"]["precision"] == "bf16"
    assert asked.log[0]["loss"] == given.log[0]["loss"]
    assert f"rate 0.003, {used}" in " ".join(rrca.cards.page(asked.card | {"name": "x"}).split())


def test_training_leaves_the_random_state_of_the_caller_alone(few_frames):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train.fit(tiny())
    assert torch.equal(torch.rand(3), expected)


def test_a_seed_gives_the_same_crops_to_every_network(few_frames):
    """So that two rows of an ablation differ by the network alone."""
    store = PixelStore(rrca.data.open("synthetic", "trainval"))
    normalise = Normalisation((0.5,), (0.2,))
    first, second, other = (
        Batches(tiny(network=name, seed=seed), store, normalise)(3)[0]
        for name, seed in (("rrcanet-resnet18", 0), ("rrcanet-resnet10", 0), ("rrcanet-resnet18", 1))
    )
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_any_batch_can_be_made_again_and_its_frames_named(few_frames):
    store = PixelStore(rrca.data.open("synthetic", "trainval"))
    batches = Batches(tiny(batch=3), store, Normalisation((0.5,), (0.2,)))
    in_order = [batches(step) for step in range(1, 6)]
    for step in (4, 1, 5):
        assert all(torch.equal(a, b) for a, b in zip(batches(step), in_order[step - 1], strict=True))
    passes = [batches.ids(step) for step in range(1, 5)]  # 8 frames: two batches a pass, two frames left out
    assert len({*passes[0], *passes[1]}) == len({*passes[2], *passes[3]}) == 6
    assert passes[:2] != passes[2:]


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
    assert card["selected_on"] == "val" and card["split"] == "train"
    assert card["threads"] == torch.get_num_threads() and 0 <= card["waiting_for_data"] < 1
    assert card["fingerprints"].keys() == {"fitted", "judged"}
    assert json.loads((tmp_path / "run" / "config.json").read_text())["steps"] == 6


def test_a_run_folder_is_never_overwritten(few_frames, tmp_path):
    train.fit(tiny(), out=tmp_path)
    before = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(InputError, match="already holds a run"):
        train.fit(tiny(seed=1), out=tmp_path)
    assert (tmp_path / "weights.safetensors").read_bytes() == before


def test_our_recipes_select_on_validation_and_the_papers_on_the_test_list():
    """Issue 5: validation by default; the paper's habit is the paper's; an ablation's rows fit all of `trainval`."""
    chosen = {name: recipe.select for name, recipe in train.RECIPES.items()}
    assert {name for name, select in chosen.items() if select == "val"} == {
        "cpu",
        "cpu-dense",
        "quick",
        "gpu",
    }
    assert {name for name, select in chosen.items() if select == "test"} == {"paper", "paper-dense"}
    assert train.Recipe().select == "val"


def test_a_training_that_kept_val_apart_can_be_asked_for_a_rate(few_frames, tmp_path):
    """`judge` reads the curve off the frames of `val`, and what it says there holds there."""
    run = train.fit(tiny(steps=3), out=tmp_path)
    train.judge(run)
    card = rrca.checkpoint.card(tmp_path)
    frames = rrca.data.open("synthetic", "val")
    assert card["validation"]["pixels"] == sum(frame.mask.size for frame in frames)
    threshold = rrca.threshold_for(tmp_path, fa=0.05)
    assert rrca.evaluate(tmp_path, frames, threshold=threshold).fa <= 0.05
    assert (tmp_path / "card.json").stat().st_size < 100_000
    whole = train.fit(tiny(steps=3, select="none"))
    train.judge(whole)
    assert "validation" not in whole.card and whole.card["metrics"].keys() == {"exact", "dnanet"}


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


def test_paper_dense_recipe_is_the_releases_other_half(few_frames):
    """spec, section 4: one channel, statistics of the set, native 256² crops of which half must hold a target."""
    dense = train.recipe("paper-dense")
    assert dense.data == "DenseSIRST" and dense.settings == {"in_channels": 1, "init": "framework"}
    assert dense.augment_settings == {"scale": (1.0, 1.0), "target_share": 0.5} and dense.crop == 256
    assert (dense.optimiser, dense.rate, dense.batch, dense.schedule) == ("adagrad", 0.05, 8, "constant")
    assert dense.steps == len(rrca.data.lists.ids("DenseSIRST", "trainval")) // 8 * 1500
    store = PixelStore(rrca.data.open("synthetic", "trainval"))
    x, _ = Batches(train.recipe("paper-dense", crop=64, batch=2), store, Normalisation((0.0,), (1.0,)))(1)
    assert torch.isin(x, store.pixels).all(), "no pixel is resampled"


def test_ablation_recipe_is_cpu_cut_short():
    """Issue 6: C_in = 1, batch 4, 128² crops, DpT-k in the release's form, nothing selected, ten points judged."""
    cpu, ablation = train.recipe("cpu"), train.recipe("ablation")
    assert replace(ablation, name="cpu", steps=cpu.steps, judge=cpu.judge, select=cpu.select) == cpu
    assert (ablation.steps, ablation.judge) == (2500, 250)
    assert (ablation.batch, ablation.crop, ablation.select) == (4, 128, "none")
    assert ablation.settings == {"in_channels": 1} and (ablation.loss, ablation.loss_settings) == (
        "dpt-k",
        {},
    )


def test_a_recipe_is_read_back_from_its_run_folder(tmp_path):
    for name in train.RECIPES:
        (tmp_path / "config.json").write_text(recipes.as_text(train.recipe(name)))
        assert recipes.as_text(recipes.read(tmp_path / "config.json")) == recipes.as_text(train.recipe(name))
    (tmp_path / "config.json").write_text('{"epochs": 3}')
    with pytest.raises(InputError, match=r"config\.json is not a recipe of this version"):
        recipes.read(tmp_path / "config.json")


def test_a_run_folder_of_before_card_json_can_be_loaded(few_frames, tmp_path):
    run = train.fit(tiny(), out=tmp_path)
    (tmp_path / "card.json").rename(tmp_path / "weights.json")
    for given in (tmp_path, tmp_path / "weights.safetensors"):
        assert rrca.load(given)[1] == json.loads(json.dumps(run.card))


@pytest.mark.slow
def test_a_short_training_learns_to_detect_scenes(few_frames):
    """The loss falls and targets of synthetic scenes are found: a broken gradient, mask or loss would show.

    The best of six judgements, since one of the nine targets comes and goes. Without iterations, since the plateau of
    the first steps counts in steps and these are the cheapest.
    """
    plain = TINY["settings"] | {"channels": (8, 16), "iterations": 0}
    run = train.fit(tiny(steps=600, judge=100, batch=4, average=0.98, settings=plain))
    losses = [entry["loss"] for entry in run.log if "loss" in entry]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:3])
    assert max(entry["pd"] for entry in run.log if "pd" in entry) > 0.5


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


# --- rrca train ------------------------------------------------------------------------------------------------


@pytest.fixture
def command(few_frames, monkeypatch, tmp_path, capsys):
    """Run `rrca train` in an empty folder with a recipe of seconds: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(train.RECIPES, "quick", tiny())

    def call(*arguments):
        code = main(["train", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_several_seeds_are_trained_side_by_side_and_their_spread_told(command, tmp_path):
    code, out, _ = command("--recipe", "quick", "--seed", 3, "--seeds", 2)
    assert code == 0 and "2 seeds, mean ± standard deviation" in out and "dnanet: iou" in out
    cards = [
        json.loads((tmp_path / f"runs/quick-synthetic-seed{seed}/card.json").read_text()) for seed in (3, 4)
    ]
    assert [card["seed"] for card in cards] == [3, 4]
    ious = [card["metrics"]["exact"]["iou"] for card in cards]
    assert f"exact: iou {np.mean(ious):.4g} ± {np.std(ious, ddof=1):.2g}" in out


def test_ctrl_c_says_how_to_go_on_and_resume_does(command, tmp_path, monkeypatch):
    update = train.Average.update

    def pressed(self, step):
        update(self, step)
        if step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(train.Average, "update", pressed)
        code, _, err = command("--recipe", "quick", "--out", "mine")
    assert (
        code == 130 and "stopped after step 4, which is saved; go on with `rrca train --resume mine`" in err
    )
    assert command("--resume", "mine", "--seed", 1)[0] == 2
    code, out, _ = command("--resume", "mine")
    assert code == 0 and "weights: mine/weights.safetensors" in out
    model, card = rrca.load("mine")
    whole = train.fit(tiny())
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), whole.model.parameters(), strict=True))
    assert card["metrics"].keys() == {"exact", "dnanet"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume", "nowhere"), "no nowhere/config.json"),
        (("--resume", "mine", "--steps", "9"), "--resume goes on with a run as it was begun"),
        (("--seeds", "0"), "--seeds 0: give a whole number of at least 1"),
        (("--devices", "-1"), "--devices -1: give a whole number of at least 1"),
    ],
)
def test_what_train_cannot_do_gets_one_sentence(command, arguments, message):
    code, _, err = command(*arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_a_loss_that_is_no_number_gets_one_sentence_and_exit_1(command, monkeypatch):
    make = train.Batches.__call__

    def poisoned(self, step):
        x, mask = make(self, step)
        return x * np.nan, mask

    monkeypatch.setattr(train.Batches, "__call__", poisoned)
    code, _, err = command("--recipe", "quick")
    assert code == 1 and "not finite at step 1, on the frames scene-" in err and "Traceback" not in err


def test_a_collapsed_run_is_named_on_the_terminal(command, monkeypatch):
    initial = train._initial

    def silent(recipe):
        model = initial(recipe)
        torch.nn.init.constant_(model.output.tail.classify.bias, -50.0)
        return model

    monkeypatch.setattr(train, "_initial", silent)
    code, _, err = command("--recipe", "quick", "--seed", 5)
    assert (
        code == 0
        and "step 6: the run has collapsed, predictions are still empty after a quarter of the steps" in err
    )


def test_sync_norms_and_more_gpus_than_there_are_are_refused(command):
    code, _, err = command("--recipe", "quick", "--device", "cpu", "--sync-norms")
    assert code == 2 and "sync_norms works on GPUs only" in err
    if torch.cuda.device_count() < 99:
        code, _, err = command("--recipe", "quick", "--device", "cuda", "--devices", 99)
        assert code == 2 and f"there are {torch.cuda.device_count()} GPUs" in err


@pytest.mark.slow
def test_two_devices_from_the_command_line(no_data, tmp_path, monkeypatch, capsys):
    """Processes of their own: the whole path from options to a judged run, on the synthetic lists."""
    monkeypatch.chdir(tmp_path)
    given = ["--recipe", "quick", "--data", "synthetic", "--network", "rrcanet-resnet10", "--steps", "2"]
    assert main(["train", *given, "--device", "cpu", "--devices", "2"]) == 0
    card = json.loads((tmp_path / "runs/quick-rrcanet-resnet10-synthetic-seed0/card.json").read_text())
    assert card["devices"] == 2 and card["metrics"]["exact"]["frames"] == 64
