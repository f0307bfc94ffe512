"""Several devices train as one: the same loss over the whole batch, the same steps."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import rrca
from rrca import data, train
from rrca.errors import InputError
from rrca.registry import build
from rrca.training import distributed
from rrca.training.distributed import Team

whole_open = data.open
SETTINGS = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 1}


def recipe(**changes) -> train.Recipe:
    given = dict(
        data="synthetic",
        settings=SETTINGS,
        crop=32,
        batch=4,
        steps=8,
        judge=8,
        precision="fp32",
        average=None,
    )
    return train.recipe("quick", **(given | changes))


class Frozen(nn.BatchNorm2d):
    """A norm that always uses its running statistics, so that a batch's parts do not see each other in it."""

    def train(self, mode: bool = True):
        return super().train(False)


def frozen_norms(model: nn.Module) -> nn.Module:
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = Frozen
    return model


def fit_frozen(out: str, changes: dict, resume: bool = False) -> None:
    """Train with frozen norms, in whatever process this is."""
    torch.set_num_threads(1)
    data.open = lambda *given: whole_open(*given)[:4]
    initial = train._initial
    train._initial = lambda recipe: frozen_norms(initial(recipe))
    try:
        run = train.fit(recipe(**changes), out, device="cpu", log_every=1, save_every=3, resume=resume)
        if Team("cpu").first:
            torch.save(
                {"weights": run.model.state_dict(), "log": run.log, "card": run.card}, Path(out) / "run.pt"
            )
    finally:
        data.open, train._initial = whole_open, initial


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": "adagrad", "rate": 0.01},
        {
            "loss": "dpt-k",
            "loss_settings": {"form": "paper"},
            "settings": SETTINGS | {"output": "deep-supervision"},
        },
    ],
)
def test_two_processes_equal_one_with_the_same_batch(tmp_path, changes):
    """With frozen norms, to 1e-5: Dice sums and the top k per cent are those of the whole batch."""
    threads = torch.get_num_threads()
    fit_frozen(str(tmp_path / "one"), changes)
    torch.set_num_threads(threads)
    distributed.launch(fit_frozen, (str(tmp_path / "two"), changes), 2, "cpu")
    one, two = (torch.load(tmp_path / name / "run.pt", weights_only=True) for name in ("one", "two"))
    assert (one["card"]["devices"], two["card"]["devices"]) == (1, 2)
    for name, value in one["weights"].items():
        assert torch.allclose(value, two["weights"][name], rtol=0, atol=1e-5), name
    for before, after in zip(one["log"], two["log"], strict=True):
        for term in before.keys() - {"seconds", "waiting"}:
            assert before[term] == pytest.approx(after[term], abs=2e-5), term


@pytest.mark.slow
def test_two_processes_go_on_from_a_state_as_one_does(tmp_path):
    distributed.launch(fit_frozen, (str(tmp_path), {}), 2, "cpu")
    whole = (tmp_path / "weights.safetensors").read_bytes()
    for name in ("state-00000008.pt", "weights.safetensors", "card.json"):
        (tmp_path / name).unlink()
    distributed.launch(fit_frozen, (str(tmp_path), {}, True), 2, "cpu")
    assert (tmp_path / "weights.safetensors").read_bytes() == whole
    log = torch.load(tmp_path / "run.pt", weights_only=True)["log"]
    assert [entry["step"] for entry in log if "loss" in entry] == list(range(1, 9))


@pytest.mark.slow
def test_torchruns_processes_are_taken_as_they_are(tmp_path):
    """Under `torchrun` no process is started: the two that call `launch` form the group."""
    out = str(tmp_path / "two")
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(Path(rrca.__file__).parents[1])]!r}\n"
        "import test_distributed as here\n"
        f"here.distributed.launch(here.fit_frozen, ({out!r}, {{}}), 1, 'cpu')\n"
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*torchrun, str(program)], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    card = torch.load(tmp_path / "two" / "run.pt", weights_only=True)["card"]
    assert card["devices"] == 2 and card["kept_step"] == 8


def refuse() -> None:
    if Team("cpu").rank == 1:
        raise InputError("rank 1 will not have it; ask rank 0.")
    torch.distributed.barrier()  # waits for ever, unless it is stopped


@pytest.mark.slow
def test_what_one_process_refuses_reaches_the_caller_as_one_sentence():
    with pytest.raises(InputError, match=r"^rank 1 will not have it; ask rank 0\.$"):
        distributed.launch(refuse, (), 2, "cpu")


def test_a_batch_is_shared_in_equal_parts_or_refused():
    team = Team("cpu")
    assert team.part(7) == slice(0, 7)
    team.size, team.rank = 3, 1
    assert team.part(6) == slice(2, 4)
    with pytest.raises(InputError, match="a batch of 8 crops cannot be shared by 3 devices"):
        team.part(8)


def test_sync_norms_are_refused_on_the_cpu_in_one_sentence():
    with pytest.raises(InputError, match=r"^sync_norms works on GPUs only: .* leave it off\.$"):
        Team("cpu").share(build("rrcanet-resnet18"), sync_norms=True)


def test_synchronised_norms_are_the_ones_that_run_in_every_pass():
    """A RuCB runs copies of its stage: a conversion that replaced modules would leave the old ones running there."""
    model = build("rrcanet-resnet18", **SETTINGS)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    ran = []
    distributed.synchronise_norms(model)
    for kind in (nn.BatchNorm2d, nn.SyncBatchNorm):
        for module in model.modules():
            if type(module) is kind:
                module.register_forward_hook(lambda module, *_: ran.append(type(module)))
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, 32, 32))
    norms = sum(isinstance(module, nn.SyncBatchNorm) for module in model.modules())
    assert len(ran) == norms > 10 and set(ran) == {nn.SyncBatchNorm}
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
