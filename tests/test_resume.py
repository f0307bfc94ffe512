"""A training that is stopped at any moment goes on as if nothing had happened, or says in one sentence why not."""

import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import threading
from pathlib import Path

import pytest
import torch

import rrca
from rrca import checkpoint, data, train
from rrca.errors import InputError, InputWarning
from rrca.provenance import hardware
from rrca.training import runs

SMALL = dict(
    data="synthetic",
    settings={"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 1},
    crop=32,
    batch=2,
    steps=20,
    judge=8,
    select="test",
)
whole_open = data.open


def small(**changes) -> train.Recipe:
    return train.recipe("quick", **(SMALL | changes))


def fit(recipe, out, **how) -> train.Run:
    return train.fit(recipe, out, device="cpu", **({"log_every": 1, "save_every": 3} | how))


@pytest.fixture(autouse=True)
def few_frames(monkeypatch):
    monkeypatch.setattr(data, "open", lambda *given: whole_open(*given)[:4])


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The run of `small()` that nobody touched."""
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "open", lambda *given: whole_open(*given)[:4])
        fit(small(), out)
    return out


def told(log: list[dict]) -> list[dict]:
    """A log without what the clock says."""
    return [
        {name: value for name, value in entry.items() if name not in ("seconds", "waiting")} for entry in log
    ]


def states(folder: Path) -> list[int]:
    return sorted(int(path.stem[6:]) for path in folder.glob("state-*.pt"))


class Stop(Exception):
    """Raised by a callback: the crudest stop there is short of a kill."""


def stop_at(step: int):
    def on_step(entry: dict) -> None:
        if entry["step"] == step:
            raise Stop

    return on_step


def stopped(recipe, out, step: int) -> None:
    with pytest.raises(Stop):
        fit(recipe, out, on_step=stop_at(step))


def same_run(a: Path, b: Path) -> bool:
    read = [
        [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()] for folder in (a, b)
    ]
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (a, b)]
    return told(read[0]) == told(read[1]) and weights[0] == weights[1]


# --- going on ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"average": None, "optimiser": "adagrad", "select": "none"}])
def test_a_stopped_run_goes_on_to_the_same_weights_and_log(tmp_path, changes):
    fit(small(**changes), tmp_path / "whole")
    for step in (1, 10, 17):  # before the first state, after an evaluation, near the end
        with pytest.raises(Stop):
            fit(small(**changes), tmp_path / "parts", on_step=stop_at(step), resume=True)
    run = fit(small(**changes), tmp_path / "parts", resume=True)
    assert same_run(tmp_path / "whole", tmp_path / "parts")
    assert states(tmp_path / "parts") == [18, 20]
    assert run.card["minutes"] >= 0 and [entry["step"] for entry in run.log if "loss" in entry] == list(
        range(1, 21)
    )


def test_a_finished_run_goes_on_to_itself(tmp_path):
    first = fit(small(), tmp_path)
    before = (tmp_path / "weights.safetensors").read_bytes()
    again = fit(small(), tmp_path, resume=True)
    assert (tmp_path / "weights.safetensors").read_bytes() == before
    assert again.log == first.log and again.card["kept_step"] == first.card["kept_step"]


def test_on_resuming_the_callback_is_given_the_old_records_first(tmp_path):
    stopped(small(), tmp_path, 10)
    seen = []
    run = fit(small(), tmp_path, resume=True, on_step=seen.append)
    assert seen == run.log


def test_dropout_draws_the_same_after_resuming(tmp_path, monkeypatch):
    """Networks that draw while they train go on from the saved random state."""
    plain = train._initial

    def with_dropout(recipe):
        model = plain(recipe)
        model.stem.register_forward_hook(lambda module, given, out: torch.dropout(out, 0.2, module.training))
        return model

    monkeypatch.setattr(train, "_initial", with_dropout)
    fit(small(), tmp_path / "whole")
    stopped(small(), tmp_path / "parts", 10)
    torch.rand(7)
    fit(small(), tmp_path / "parts", resume=True)
    assert same_run(tmp_path / "whole", tmp_path / "parts")


def test_a_damaged_state_is_passed_over_for_the_one_before(whole, tmp_path):
    stopped(small(), tmp_path / "parts", 14)
    newest = tmp_path / "parts" / "state-00000012.pt"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(InputWarning, match=r"state-00000012\.pt cannot be read"):
        fit(small(), tmp_path / "parts", resume=True)
    assert same_run(whole, tmp_path / "parts")


def test_with_no_state_that_can_be_read_the_run_is_refused(tmp_path):
    stopped(small(), tmp_path, 5)
    for path in tmp_path.glob("state-*.pt"):
        path.write_bytes(b"")
    with pytest.warns(InputWarning), pytest.raises(InputError, match=r"no state in .* can be read"):
        fit(small(), tmp_path, resume=True)


def test_a_finished_run_without_states_is_not_begun_anew(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    for path in folder.glob("state-*.pt"):
        path.unlink()
    with pytest.raises(InputError, match=r"no state in .* can be read"):
        fit(small(), folder, resume=True)
    assert (folder / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()


def test_a_state_cannot_run_code(tmp_path):
    """A pickle that would make a file is not obeyed, whatever its name."""
    stopped(small(), tmp_path, 5)

    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "owned",)

    torch.save(Evil(), tmp_path / "state-00000019.pt")
    with pytest.warns(InputWarning, match=r"state-00000019\.pt cannot be read"):
        fit(small(), tmp_path, resume=True)
    assert not (tmp_path / "owned").exists()


# --- Ctrl-C ----------------------------------------------------------------------------------------------------


def interrupt(*_) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_the_step_saves_and_says_how_to_go_on(whole, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=r"stopped after step 10, .*rrca train --resume .*parts"):
        fit(small(), tmp_path / "parts", on_step=lambda entry: entry["step"] == 10 and interrupt())
    assert states(tmp_path / "parts") == [9, 10] and signal.getsignal(signal.SIGINT) is before
    fit(small(), tmp_path / "parts", resume=True)
    assert same_run(whole, tmp_path / "parts")


def test_ctrl_c_does_not_wait_for_an_evaluation(whole, tmp_path, monkeypatch):
    judge = train.evaluate

    def interrupted(*given):
        interrupt()
        return judge(*given)

    with monkeypatch.context() as patch:
        patch.setattr(train, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt, match="stopped after step 8"):
            fit(small(), tmp_path / "parts")
    run = fit(small(), tmp_path / "parts", resume=True)
    assert [entry["step"] for entry in run.log if "iou" in entry] == [8, 16, 20]
    assert same_run(whole, tmp_path / "parts")


def test_in_memory_ctrl_c_is_an_ordinary_one():
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(small(), None, on_step=interrupt)
    assert not str(stop.value)


# --- refusals --------------------------------------------------------------------------------------------------


def test_another_recipe_is_refused_and_the_difference_named(tmp_path):
    stopped(small(), tmp_path, 5)
    with pytest.raises(
        InputError, match=r"another recipe \(rate: 0\.003 then, 0\.001 now; seed: 0 then, 1 now\)"
    ):
        fit(small(rate=1e-3, seed=1), tmp_path, resume=True)


def test_another_data_set_is_refused(tmp_path, monkeypatch):
    stopped(small(), tmp_path, 5)
    monkeypatch.setattr(data, "open", lambda *given: whole_open(*given)[:3])
    with pytest.raises(
        InputError, match=r"another data set \(fitted: '4 frames, \w{12}' then, '3 frames, \w{12}' now"
    ):
        fit(small(), tmp_path, resume=True)


def test_another_version_is_refused(tmp_path, monkeypatch):
    stopped(small(), tmp_path, 5)
    monkeypatch.setattr(rrca, "__version__", "9.9")
    with pytest.raises(InputError, match=r"another version \(rrca: '.*' then, '9\.9' now\)"):
        fit(small(), tmp_path, resume=True)


def test_another_format_is_refused(tmp_path, monkeypatch):
    stopped(small(), tmp_path, 5)
    monkeypatch.setattr(runs, "FORMAT", 7)
    with pytest.raises(InputError, match="has format 1, this rrca writes 7"):
        fit(small(), tmp_path, resume=True)


def test_another_machine_is_warned_of(tmp_path, monkeypatch):
    stopped(small(), tmp_path, 5)
    monkeypatch.setattr("rrca.training.resume.hardware", lambda device: "an abacus")
    with pytest.warns(InputWarning, match="goes on on an abacus"):
        run = fit(small(), tmp_path, resume=True)
    assert run.card["hardware"] == f"{hardware()} then an abacus"
    assert run.card["threads"] == torch.get_num_threads()


def test_resuming_a_finished_run_leaves_its_origin_alone(tmp_path, monkeypatch):
    """The card says what the steps were done with, not who looked at them last."""
    first = fit(small(), tmp_path).card
    origin = {key: first[key] for key in ("hardware", "threads", "precision", "commit", "versions")}
    monkeypatch.setattr("rrca.training.resume.hardware", lambda device: "an abacus")
    monkeypatch.setattr("rrca.training.resume.commit", lambda: "another")
    assert origin.items() <= fit(small(), tmp_path, resume=True).card.items()


def test_resuming_needs_a_folder():
    with pytest.raises(InputError, match="resume = True needs the run folder"):
        fit(small(), None, resume=True)


# --- SIGKILL and a full disk, in processes of their own ----------------------------------------------------------


def child(out: str, steps: int, kill: tuple | None, room: int | None, said: str) -> None:
    """Train in this process until it is killed, as `kill` says; what an error says goes to a file."""
    torch.set_num_threads(1)
    data.open = lambda *given: whole_open(*given)[:4]
    how, when = kill or (None, None)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    if how == "write":
        checkpoint.write_to_disk = lambda file, content: half(file, content, when)

    def on_step(entry: dict) -> None:
        if how == "step" and entry["step"] == when[0] and "loss" in entry:
            threading.Timer(when[1], os.kill, (os.getpid(), signal.SIGKILL)).start()

    try:
        fit(small(steps=steps, judge=25), out, resume=True, save_every=7, on_step=on_step)
    except InputError as error:
        Path(said).write_text(str(error))


whole_write = checkpoint.write_to_disk


def half(file, content: bytes, name: str) -> None:
    """Write as always, but of the first file of this name only a half, and die."""
    if not Path(file.name).name.startswith(f".{name}"):
        return whole_write(file, content)
    whole_write(file, content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def run_child(out: Path, steps: int, kill=None, room=None) -> int:
    """Exit code of a child; -9 if it was killed."""
    process = PROCESSES.Process(target=child, args=(str(out), steps, kill, room, str(out) + ".said"))
    process.start()
    process.join()
    return process.exitcode


# Children of a clean server that has imported everything and computed nothing: a fork of this process, with its
# OpenMP threads, could hang.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "rrca.train"])


@pytest.mark.slow
def test_killed_at_20_moments_five_of_them_inside_a_write(tmp_path):
    """Four runs of five kills each; each ends bit for bit as the run that nobody touched."""
    steps, chance = 120, random.Random(0)

    def moments(count: int) -> list[tuple]:
        """Random steps in order, each with a random delay of up to some steps."""
        at = sorted(chance.sample(range(2, steps - 4), count))
        return [("step", (step, chance.uniform(0, 0.04))) for step in at]

    first, second, third, fourth = moments(4)
    plans = [
        [("write", "config.json"), *moments(4)],
        [("write", "state-"), *moments(4)],
        [first, second, ("write", "state-"), third, fourth],
        [*moments(3), ("write", "weights.safetensors"), ("write", "card.json")],
    ]
    assert run_child(tmp_path / "whole", steps) == 0
    for i, plan in enumerate(plans):
        out = tmp_path / f"run{i}"
        for kill in plan:
            assert run_child(out, steps, kill) == -signal.SIGKILL
        assert run_child(out, steps) == 0
        assert same_run(tmp_path / "whole", out)
        assert not list(out.glob(".*")), "halves of killed writes are swept up"


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_good_state_and_one_sentence(tmp_path):
    steps, out = 40, tmp_path / "run"
    assert run_child(tmp_path / "whole", steps) == 0
    assert run_child(out, steps, ("step", (16, 0.0))) == -signal.SIGKILL
    kept = states(out)
    assert run_child(out, steps, room=20_000) == 0
    said = Path(str(out) + ".said").read_text()
    assert f"cannot write into {out}" in said and f"the state of step {kept[-1]} is kept" in said
    assert "rrca train --resume" in said and "\n" not in said
    assert states(out) == kept and not list(out.glob(".*"))
    assert run_child(out, steps) == 0
    assert same_run(tmp_path / "whole", out)


def judge_without_room(out: str, said: str) -> None:
    """Train in this process, and judge when no file may be longer than 1500 bytes: the card is."""
    torch.set_num_threads(1)
    data.open = lambda *given: whole_open(*given)[:4]
    run = fit(small(steps=8), out)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
    try:
        train.judge(run)
    except InputError as error:
        Path(said).write_text(str(error))


@pytest.mark.slow
def test_a_full_disk_while_judging_gets_the_same_sentence(tmp_path):
    """The card stays what it was, without figures; the run can be gone on with, and judged, once there is room."""
    out, said = tmp_path / "run", tmp_path / "said"
    process = PROCESSES.Process(target=judge_without_room, args=(str(out), str(said)))
    process.start()
    process.join()
    assert process.exitcode == 0
    sentence = said.read_text()
    assert f"cannot write into {out} (File too large); the state of step 8 is kept" in sentence
    assert f"rrca train --resume {out}" in sentence and "\n" not in sentence
    assert "metrics" not in json.loads((out / "card.json").read_text()) and not list(out.glob(".*"))
    train.judge(fit(small(steps=8), out, resume=True))
    assert "metrics" in json.loads((out / "card.json").read_text())
