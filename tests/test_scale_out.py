"""Shared runs, intervals by seeds, the price of choosing, hours; and a sweep that is killed, then called again."""

import json

import numpy as np
import pytest
from scipy import stats

import rrca
from rrca import compare, plots, sweeps, train
from rrca.errors import InputError
from rrca.studies import scale_out


def test_shared_lines_are_those_of_the_default():
    table = scale_out.shared()
    assert (table["lines"] == table["new runs"] + table["shared"]).all()
    plan = sweeps.plan(scale_out.PAPERS)
    assert table["new runs"].sum() == len(plan) and table["lines"].sum() == sum(
        len(job.places) for job in plan
    )
    several = [job for job in plan if len(job.places) > 1]
    assert all(job.recipe.settings == {"in_channels": 1} and job.recipe.loss == "dpt-k" for job in several)
    assert table["shared"].sum() == sum(len(job.places) - 1 for job in several)


def test_order_does_not_change_how_many_runs_there_are():
    assert scale_out.shared(["V", "IV"])["new runs"].sum() == scale_out.shared(["IV", "V"])["new runs"].sum()


@pytest.mark.parametrize(("n", "m"), [(2, 27), (3, 27), (3, 3), (27, 27)])
def test_one_row_s_interval_is_that_of_the_tables(n, m):
    """Of groups with a standard deviation of 3, up to the third digit of Dunnett's integration."""
    row, control = (3 * stats.zscore(np.arange(k), ddof=1) for k in (n, m))
    found = compare.differences({"row": row}, control).loc["row"]
    assert 3 * scale_out.half_width(n, control=m) == pytest.approx(
        (found["high"] - found["low"]) / 2, rel=2e-3
    )


def test_more_rows_and_fewer_seeds_widen_the_interval():
    table = scale_out.half_widths(seeds=(2, 5, 27), rows=4)
    assert (table.diff().dropna() < 0).all(axis=None)
    assert (table["4 rows"] > table["one row"]).all() and (table["as many"] >= table["one row"] - 1e-9).all()


def test_a_single_seed_has_no_interval():
    with pytest.raises(InputError, match="needs two of each"):
        scale_out.half_width(1)


@pytest.mark.parametrize("apart", [0, 0.5, 2])
def test_the_chosen_row_keeps_its_own_share(apart):
    """By drawing rows, and seeds on top of them."""
    draws = np.random.default_rng(1)
    true = apart * draws.standard_normal((20_000, 9))
    shown = true + draws.standard_normal(true.shape)
    best = shown.argmax(axis=1)
    table = scale_out.choosing([9], apart)
    assert shown.max(axis=1).mean() == pytest.approx(table.shown.item(), abs=0.05)
    assert true[np.arange(len(true)), best].mean() == pytest.approx(table.again.item(), abs=0.05)


def test_seconds_a_step_are_those_of_the_bench_file(tmp_path):
    one, two = "one, 1 threads", "two, 1 threads"
    line = {"bench": "train", "task": "step, 4 x 128²", "way": "fast, bf16", "seconds": 0.5, "machine": one}
    sweeps.append(tmp_path / "bench.jsonl", line)
    sweeps.append(tmp_path / "bench.jsonl", line | {"way": "plain", "seconds": 9})
    found = scale_out.seconds_a_step(tmp_path)
    assert (found["bench"], found["machine"]) == (0.5, one) and np.isnan(found["runs"])
    for seconds, way in ((4.0, "fast, bf16"), (0.7, "fast"), (0.6, "fast")):  # where bfloat16 is put together
        sweeps.append(tmp_path / "bench.jsonl", line | {"way": way, "seconds": seconds, "machine": two})
    sweeps.append(
        tmp_path / "bench.jsonl", line | {"seconds": 0.1, "machine": "two, 2 threads"}
    )  # a run has one
    found = scale_out.seconds_a_step(tmp_path)
    assert (found["bench"], found["machine"]) == (0.6, two)
    sweeps.append(tmp_path / "recipes.jsonl", {"row": "base", "minutes": 2, "steps": 200})
    assert scale_out.seconds_a_step(tmp_path)["runs"] == 0.6
    with pytest.raises(InputError, match="rrca bench train"):
        scale_out.seconds_a_step(tmp_path / "none")


@pytest.mark.parametrize("network", ["resunet", "rrcanet-resnet10", "acm"])
def test_kept_work_is_what_is_counted(network):
    """Of one channel, on a crop: the stem of three channels and the frame of another size hardly matter."""
    recipe = train.recipe("ablation", network=network)
    one, default = (
        rrca.count(rrca.build(name, in_channels=1).eval(), (1, 128, 128)).macs
        for name in (network, scale_out.DEFAULT)
    )
    assert scale_out.relative_work(recipe) == pytest.approx(one / default, rel=0.02)


def test_hours_are_steps_times_seconds_times_work():
    hours = scale_out.core_hours(["IV"], step=3.6)
    assert len(hours) == 12 and set(hours["table"]) == {"IV"}
    default = hours[hours["row"] == "n = 2"]
    assert default["work"].tolist() == pytest.approx([1, 1, 1]) and default[
        "hours"
    ].tolist() == pytest.approx([2.5] * 3)
    assert hours[hours["row"] == "n = 0"]["work"].max() < 0.4


def test_workers_take_the_next_run_when_they_are_free():
    assert scale_out.wall_hours([2, 1, 1, 1], workers=2) == 3
    assert scale_out.wall_hours([1, 1, 2], workers=100) == 2
    hours = np.random.default_rng(0).uniform(0.1, 2, 50)
    for workers in (1, 3, 8):
        took = scale_out.wall_hours(hours, workers)
        assert (
            max(hours.max(), hours.sum() / workers)
            <= took + 1e-9
            <= hours.sum() / workers + hours.max() + 1e-8
        )
    with pytest.raises(InputError, match="needs 1"):
        scale_out.wall_hours([1], 0)


def test_figures_hold_their_numbers():
    table = scale_out.shared(["IV", "V"])
    shared = plots.shared_runs(table)
    assert (shared.numbers["lines"], shared.numbers["runs"], shared.numbers["shared"]) == (21, 18, 3)
    assert shared.numbers["by table"]["V"]["shared"] == 3 and "21 lines need 18 runs" in shared.caption

    widths = scale_out.half_widths(seeds=(2, 3), rows=2)
    figure = plots.interval_widths(widths, deviation=2.0)
    assert figure.numbers["one row"]["3"] == widths.loc[3, "one row"] and figure.numbers["deviation"] == 2
    assert "2 rows" in figure.numbers and "deviation" not in plots.interval_widths(widths).numbers

    cases = {apart: scale_out.choosing(range(1, 6), apart) for apart in (0, 1)}
    best = plots.best_of_m(cases)
    assert best.numbers["apart = 0"]["again"]["5"] == 0 and len(best.axes) == 2
    assert best.axes[0].get_ylim() == best.axes[1].get_ylim()

    hours = scale_out.core_hours(["IV"], step=3.6)
    took = plots.wall_time(hours, slower=1.5, workers=(1, 100))
    assert took.numbers["core hours"] == pytest.approx(hours["hours"].sum())
    assert took.numbers["workers"]["100"] == took.numbers["longest"] == hours["hours"].max()
    assert took.numbers["row"] == "IV, n = 3"


def test_a_sweep_that_ends_before_its_first_state_is_said(tmp_path):
    with pytest.raises(InputError, match="nothing was killed"):
        scale_out.start_and_kill("IX", runs=tmp_path, results=tmp_path, progress=False)


@pytest.mark.slow
def test_a_killed_sweep_goes_on_when_it_is_called_again(tmp_path):
    """The state that it left is gone on from, to the weights of a run that nobody disturbed."""
    where = {"results": tmp_path / "lines", "runs": tmp_path / "runs"}
    options = {"data": "synthetic", "code": "test", "progress": False, "seeds": [0]} | where
    killed = scale_out.start_and_kill("rehearsal", **options)
    assert killed["state at step"] == 250 and killed["lines"] == 0
    log = tmp_path / "runs" / killed["run"] / "log.jsonl"
    before = [line for line in log.read_text().splitlines() if json.loads(line)["step"] <= 250]
    table = sweeps.sweep("rehearsal", **options)
    assert table["error"].isna().all() and len(table) == 2
    assert log.read_text().startswith("\n".join(before))
    with sweeps.one_thread():
        whole = train.fit(sweeps.plan("rehearsal", [0], data="synthetic")[0].recipe)
    assert scale_out.same_weights(tmp_path / "runs" / killed["run"], whole)
