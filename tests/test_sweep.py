"""Sweeps: each run once, whoever runs it, whatever dies meanwhile, to the same digits.

The recipe is a few steps of a tiny network on synthetic scenes; the tables are the real ones.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from rrca import experiments, paper, recipes, sweeps, train
from rrca.__main__ import main
from rrca.data import scenes
from rrca.errors import InputError, InputWarning
from rrca.sweeps import later, results, tables, work
from rrca.sweeps.progress import bars

TINY = recipes.recipe(
    "quick",
    data="synthetic",
    settings={"in_channels": 1, "channels": (4, 8), "blocks": (1, 1)},
    crop=32,
    batch=2,
    steps=4,
    judge=4,
    precision="fp32",
)
ALL_SEEDS = scenes.split_seeds
ROWS = ("n = 0", "n = 1", "n = 2", "n = 3")


def few_seeds(split):
    return list(ALL_SEEDS(split))[:4]


@pytest.fixture(autouse=True)
def synthetic(monkeypatch):
    """The tables' rows on synthetic scenes; a few of them, in this process."""
    monkeypatch.setattr(scenes, "split_seeds", few_seeds)
    whole = experiments.Experiment.recipe_for

    def on_scenes(row, base, seed):
        return recipes.replace(whole(row, base, seed), data="synthetic")

    monkeypatch.setattr(experiments.Experiment, "recipe_for", on_scenes)


def run(tmp_path, name="one", which="IV", **more):
    options = {"seeds": [0], "recipe": TINY, "code": "test", "progress": False} | more
    return sweeps.sweep(which, results=tmp_path / name, runs=tmp_path / f"{name} runs", **options)


def lines(tmp_path, name="one", table="IV"):
    return results.read(results.path_of(table, tmp_path / name))


def plain(line):
    """What must not depend on who ran it."""
    return {key: value for key, value in line.items() if key not in ("minutes", "hardware")}


def test_every_row_becomes_a_line_with_its_figures(tmp_path):
    table = run(tmp_path)
    assert table.row.tolist() == list(ROWS) and table.error.isna().all()
    line = lines(tmp_path)[0]
    assert (
        line["commit"] == "test" and line["threads"] == 1 and line["steps"] == 4 and line["recipe"] == "quick"
    )
    assert set(line["metrics"]) == {"exact", "dnanet"} and line["iou"] == line["metrics"]["exact"]["iou"]
    assert line["curve"][-1][0] == 4 and 0 <= line["train_iou"] <= 1
    beside = json.loads((tmp_path / "one" / "runs" / f"{line['run']}.json").read_text())
    exact = beside["frames"]["exact"]
    assert sum(exact["detected"]) == line["metrics"]["exact"]["detected"]
    assert sum(map(int, "".join(exact["hits"]))) == line["metrics"]["exact"]["detected"]


def test_what_is_finished_is_skipped_and_a_shared_run_is_run_once(tmp_path, monkeypatch):
    run(tmp_path)
    fitted = []
    fit = train.fit
    monkeypatch.setattr(train, "fit", lambda recipe, **more: fitted.append(recipe) or fit(recipe, **more))
    run(tmp_path)
    assert fitted == [] and len(lines(tmp_path)) == 4
    run(tmp_path, which=["IV", "V"])  # FSM is n = 2
    assert [recipe.settings["output"] for recipe in fitted] == ["last", "deep-supervision"]
    shared = next(line for line in lines(tmp_path, table="V") if line["row"] == "FSM")
    assert plain(shared) == plain(lines(tmp_path)[2]) | {"table": "V", "row": "FSM"}


def test_a_failing_row_is_recorded_and_stops_no_other(tmp_path, monkeypatch):
    fit = train.fit

    def fails_at_n_1(recipe, **more):
        if recipe.settings.get("iterations") == 1:
            raise FloatingPointError("the loss is nan")
        return fit(recipe, **more)

    with monkeypatch.context() as patch:
        patch.setattr(train, "fit", fails_at_n_1)
        table = run(tmp_path)
    assert table.error.tolist()[1] == "FloatingPointError: the loss is nan"
    assert table.iou.notna().tolist() == [True, False, True, True]
    assert run(tmp_path).error.isna().all()  # the failed row is run again, and alone
    assert len(lines(tmp_path)) == 5


@pytest.mark.slow
def test_processes_give_the_serial_rows_to_the_last_digit(tmp_path, monkeypatch):
    """On all scenes, since the workers start afresh and know nothing of a few."""
    monkeypatch.setattr(scenes, "split_seeds", ALL_SEEDS)
    run(tmp_path, "serial", "norms")
    run(tmp_path, "process", "norms", backend="process", workers=2)
    serial, process = (
        sorted(map(plain, lines(tmp_path, name, "norms")), key=lambda line: line["row"])
        for name in ("serial", "process")
    )
    assert len(serial) == 2 and serial == process


def hold(job, site, started):
    """Begin a job as a sweep does, and be slow about it; in a process that starts afresh."""
    scenes.split_seeds = few_seeds
    torch.set_num_threads(1)
    with work.claim(site.runs / job.run):
        train.fit(
            job.recipe,
            out=site.runs / job.run,
            resume=True,
            save_every=2,
            on_step=lambda entry: started.set(),
        )
        time.sleep(60)


@pytest.mark.slow
def test_a_held_run_is_left_alone_and_taken_over_when_its_holder_is_killed(tmp_path):
    job = sweeps.plan("IV", [0], TINY)[0]
    site = work.Site(tmp_path / "one", tmp_path / "one runs", None, "test")
    context = multiprocessing.get_context("spawn")  # a fork of torch's threads can hang
    started = context.Event()
    holder = context.Process(target=hold, args=(job, site, started))
    holder.start()
    assert started.wait(120)
    assert not work.do(job, site, lambda entry: None)  # at once
    os.kill(holder.pid, signal.SIGKILL)
    steps = []
    assert work.do(job, site, steps.append, wait=True)
    assert lines(tmp_path)[0]["error"] is None
    run(tmp_path, "whole")
    assert plain(lines(tmp_path)[0]) == plain(lines(tmp_path, "whole")[0])


ORPHAN = """
import multiprocessing, os, time
from rrca.sweeps.backends import end_with_parent

def child():
    end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(120)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=child).start()
    time.sleep(120)
"""


@pytest.mark.slow
def test_workers_end_with_a_sweep_that_is_killed(tmp_path):
    (tmp_path / "orphan.py").write_text(ORPHAN)
    parent = subprocess.Popen([sys.executable, tmp_path / "orphan.py"], stdout=subprocess.PIPE, text=True)
    child = Path(f"/proc/{int(parent.stdout.readline())}")
    assert child.exists()
    parent.kill()
    parent.wait()
    for _ in range(300):
        if not child.exists() or "\nState:\tZ" in (child / "status").read_text():
            return
        time.sleep(0.1)
    pytest.fail("the worker lives on 30 s after its parent")


def test_equal_recipes_are_one_run_and_others_are_not():
    first, same, other = (sweeps.plan("IV", [seed], TINY)[2].run for seed in (0, 0, 1))
    assert first == same != other
    assert len({job.run for job in sweeps.plan("VII", recipe=TINY)}) == 27


def test_winners_are_planned_from_the_results_that_chose_them(tmp_path):
    """By the results of the same recipe: the best cell of each list, with seeds of their own."""
    cells = experiments.rows("VII")
    for table, best in (("VII", 3), ("grid", 22)):
        for index, cell in enumerate(cells):
            line = {"run": f"{table} {index}", "row": cell.name, "error": None, "recipe": "quick"}
            results.append(results.path_of(table, tmp_path), line | {"iou": 0.7 + 0.1 * (index == best)})
    jobs = sweeps.plan("winners", recipe=TINY, results=tmp_path)
    assert len(jobs) == 10 and {name for job in jobs for _, name in job.places} == {
        "validation winner",
        "test winner",
    }
    losses = [job.recipe.loss_settings for job in jobs]
    assert losses[0] == cells[22].recipe["loss_settings"] and losses[-1] == cells[3].recipe["loss_settings"]
    assert sorted({job.recipe.seed for job in jobs}) == [200, 201, 202, 203, 204]
    with pytest.raises(InputError, match="27 of 27 cells"):
        sweeps.plan("winners", recipe="ablation", results=tmp_path)


def rated(folder, rival, ious, error=None, recipe="quick"):
    """Result lines of a rival's three rates; an IoU of None failed."""
    for row, iou in zip(experiments.rates(rival), ious, strict=True):
        known = {"run": f"{row.name} {recipe}", "row": row.name, "recipe": recipe, "iou": iou}
        results.append(
            results.path_of("rival-rates", folder), known | {"error": error if iou is None else None}
        )


def rates(folder, table="I"):
    """Learning rate of each planned row over the recipe's."""
    jobs = sweeps.plan(table, recipe=TINY, results=folder)
    return {row: round(job.recipe.rate / TINY.rate, 3) for job in jobs for _, row in job.places}


def test_rivals_take_the_rate_that_won_on_validation(tmp_path):
    """As soon as all three are there, by results of the same recipe; with RuCB that of the network without."""
    before = rates(tmp_path)
    assert set(before.values()) == {1}
    rated(tmp_path, "ResUNet", (0.5, 0.6, 0.7))
    rated(tmp_path, "DNANet", (0.7, 0.6, 0.5))
    rated(tmp_path, "UIU-Net", (0.5, 0.6, None), "FloatingPointError: the loss is nan")  # lost, and at rest
    rated(tmp_path, "LW-IRSTNet", (0.5, 0.6, None), "OSError: full")  # not run
    rated(tmp_path, "ACM", (0.5, 0.6, 0.7), recipe="other")
    assert rates(tmp_path) == before | {"ResUNet": 3, "DNANet": 0.333}
    assert later.rival_factors(tmp_path, "quick") == {"ResUNet": 3, "DNANet": 1 / 3, "UIU-Net": 1}
    with_rucb = rates(tmp_path, "II")
    assert with_rucb == {"ResUNet": 3, "ResUNet, n = 0": 3, "AMFU-net": 1, "DNANet": 0.333}
    dense = sweeps.plan("II", recipe=TINY, data="DenseSIRST", results=tmp_path)
    assert {job.recipe.rate for job in dense} == {TINY.rate}


def test_a_rate_that_won_by_being_the_recipes_own_is_no_other_run(tmp_path):
    before = sweeps.plan("I", recipe=TINY, results=tmp_path)
    for rival in paper.RIVALS:
        rated(tmp_path, rival, (0.5, 0.6, 0.5))
    assert sweeps.plan("I", recipe=TINY, results=tmp_path) == before


def test_an_overview_runs_nothing_and_knows_what_is_done(tmp_path, capsys):
    job = sweeps.plan("II", recipe=TINY, results=tmp_path)[0]
    results.append(results.path_of("II", tmp_path), {"run": job.run, "row": "ResUNet", "error": None})
    with pytest.warns(InputWarning, match="no learning rate was chosen yet for ResUNet, AMFU-net, DNANet"):
        found = sweeps.overview("II", recipe=TINY, results=tmp_path)
    assert found.done.tolist() == [True] + 9 * [False] and found.run.nunique() == 10
    assert found.row.value_counts().to_dict() == {
        "ResUNet": 3,
        "ResUNet, n = 0": 3,
        "AMFU-net": 3,
        "DNANet": 1,
    }
    assert main(["sweep", "--table", "II", "--list", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "table II  DNANet  seed 0: dnanet+rucb, 2500 steps, rate 0.001, to do" in said.out
    assert said.out.endswith("10 runs, 10 to do\n") and "rrca: warning: no learning rate" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table_II.jsonl"]


@pytest.mark.slow
def test_the_work_of_every_network_can_be_counted_for_the_bar():
    """Some refuse a training batch of one."""
    jobs = sweeps.plan(
        ["I", "II"], seeds=[0], recipe=recipes.replace(TINY, settings={"in_channels": 1}, crop=64)
    )
    with bars(jobs, progress=False) as tell:
        for job in jobs:
            tell({"run": job.run, "done": True})
    assert len(jobs) == 14


def test_the_command_runs_a_table_and_says_what_failed(tmp_path, monkeypatch, capsys):
    def lines(*given, **more):
        return pd.DataFrame(
            [
                {"table": "IV", "row": "n = 0", "seed": 0, "error": None, "iou": 0.7, "pd": 0.9, "fa": 1e-5},
                {
                    "table": "IV",
                    "row": "n = 1",
                    "seed": 0,
                    "error": "OSError: full",
                    "iou": None,
                    "pd": None,
                    "fa": None,
                },
            ]
        )

    monkeypatch.setattr(sweeps, "sweep", lines)
    assert main(["sweep", "--table", "IV"]) == 1
    said = capsys.readouterr().out
    assert "n = 0  seed 0: IoU 0.7000" in said and "n = 1  seed 0: OSError: full" in said


def test_changed_code_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "commit", lambda: "abc+changes")
    with pytest.raises(InputError, match="worktree"):
        tables.code_state()
    monkeypatch.setattr(tables, "commit", lambda: None)
    assert tables.code_state().endswith("installed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "slurm"}, "choose one of serial"),
        ({"which": "IX"}, "tables are"),
        ({"recipe": "best"}, "recipe"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path, **arguments)
