"""A loss that is no number and predictions that stay empty are seen, and named."""

import pytest
import torch

from rrca import data, train
from rrca.training.health import Health

EMPTY, TARGET = torch.full((1, 1, 4, 4), -3.0), torch.eye(4).reshape(1, 1, 4, 4)
RIGHT = torch.where(TARGET > 0, 3.0, -3.0)
EVERYWHERE = torch.full((1, 1, 4, 4), 3.0)  # initial weights: half of a frame, targets or not
FEW = torch.zeros(1, 1, 16, 16)
FEW[..., 0, 0] = 1
ONE = torch.tensor(1.0)


def health(steps: int = 1000) -> Health:
    return Health(steps, lambda step: [f"frame-{step}"])


def see(watch: Health, step: int, logits=EMPTY, mask=TARGET) -> dict | None:
    watch.count(step, ONE, logits, mask)
    return watch.verdict(step)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_the_first_step_without_a_number_is_named_with_its_frames(bad):
    watch = health()
    for step in range(1, 10):
        watch.count(step, torch.tensor(bad if step in (4, 7) else 0.5), EMPTY, TARGET)
    with pytest.raises(FloatingPointError, match="not finite at step 4, on the frames frame-4;"):
        watch.check_finite()


def test_finite_losses_pass():
    watch = health()
    watch.count(1, ONE, EMPTY, TARGET)
    watch.check_finite()


def test_empty_predictions_are_a_collapse_after_a_quarter_of_the_steps_and_not_before():
    watch = health()
    assert see(watch, 250) is None and watch.collapsed is None
    assert "still empty after a quarter" in see(watch, 251)["collapsed"]
    assert see(watch, 300) is None, "named once"
    assert watch.collapsed["step"] == 251


def test_empty_again_is_a_collapse_at_any_time():
    watch = health()
    assert see(watch, 50, RIGHT) is None
    assert "empty again" in see(watch, 100)["collapsed"]


def test_what_initial_weights_paint_everywhere_is_no_learning():
    watch = health()
    see(watch, 50, EVERYWHERE.repeat(1, 1, 4, 4), FEW)
    assert see(watch, 100) is None


def test_a_run_that_predicts_again_has_recovered():
    watch = health()
    see(watch, 300)
    assert "predicts again, after nothing at 300" in see(watch, 350, RIGHT)["recovered"]
    assert watch.collapsed is None


def test_crops_without_a_target_tell_nothing():
    watch = health()
    assert see(watch, 900, mask=torch.zeros_like(TARGET)) is None and watch.collapsed is None


def test_of_deep_supervision_the_last_pass_counts():
    watch = health()
    assert see(watch, 900, [EMPTY, RIGHT]) is None
    assert "collapsed" in see(watch, 950, [RIGHT, EMPTY])


def test_the_state_goes_on_in_the_middle_of_a_reading():
    first, second = health(), health()
    see(first, 50, RIGHT)
    first.count(51, ONE, RIGHT, TARGET)
    second.load(first.state())
    assert see(second, 100) is None  # step 51 predicted
    assert "empty again" in see(second, 150)["collapsed"]


# --- in a training -------------------------------------------------------------------------------------------


def tiny(**changes) -> train.Recipe:
    settings = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 0}
    given = dict(data="synthetic", settings=settings, crop=32, batch=2, steps=20, judge=20)
    return train.recipe("quick", **(given | changes))


@pytest.fixture(autouse=True)
def few_frames(monkeypatch):
    whole = data.open
    monkeypatch.setattr(data, "open", lambda *given: whole(*given)[:4])


def test_a_run_stops_at_a_loss_without_a_number_and_keeps_the_last_good_state(tmp_path, monkeypatch):
    make, seen = train.Batches.__call__, {}

    def poisoned(self, step):
        x, mask = make(self, step)
        seen[step] = self.ids(step)
        return (x * float("nan") if step == 12 else x), mask

    monkeypatch.setattr(train.Batches, "__call__", poisoned)
    with pytest.raises(FloatingPointError) as stop:
        train.fit(tiny(), tmp_path, device="cpu", save_every=5)
    assert "step 12" in str(stop.value) and ", ".join(seen[12]) in str(stop.value)
    assert max(seen) == 15, "found before anything was saved"
    assert sorted(path.name for path in tmp_path.glob("state-*")) == [
        "state-00000005.pt",
        "state-00000010.pt",
    ]


def test_a_collapse_is_in_the_log_and_on_the_card(monkeypatch):
    initial = train._initial

    def silent(recipe):
        model = initial(recipe)
        torch.nn.init.constant_(model.output.tail.classify.bias, -50.0)
        return model

    monkeypatch.setattr(train, "_initial", silent)
    run = train.fit(tiny(augment_settings={"target_share": 1.0}), device="cpu")
    assert run.card["collapsed"]["step"] == 20 and "still empty" in run.card["collapsed"]["why"]
    assert [entry["step"] for entry in run.log if "collapsed" in entry] == [20]
