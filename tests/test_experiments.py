"""The tables as experiments: complete, built, and one run for what is one network."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

import rrca
from rrca import experiments, losses, paper, sweeps, train
from rrca.errors import InputError
from rrca.sweeps import later, results

BASE = train.recipe("cpu")
ABLATIONS = ("III", "IV", "V", "VI", "VII", "VIII")


def test_every_row_of_the_ablation_tables_is_an_experiment():
    for table in ABLATIONS:
        assert [row.name for row in experiments.rows(table)] == [row.name for row in paper.table(table)]
    assert len(experiments.rows("VII")) == 27


def test_every_row_of_the_papers_tables_finds_its_printed_figures():
    for row in experiments.ROWS:
        if row.table in (*ABLATIONS, "I", "II") and row.name != "ResUNet, n = 0":
            assert row.paper is not None and row.paper.name == row.name
        else:
            assert row.paper is None


def test_the_default_network_is_one_run_in_seven_tables():
    """Table VII's cell has a seed of its own, and is the same recipe otherwise."""
    default = [
        ("I", "RRCA-Net, ResNet-18"),
        ("III", "C = 8..64, l = 4"),
        ("IV", "n = 2"),
        ("V", "FSM"),
        ("VI", "DIAAM"),
        ("VII", "α = 3.1, k = 10"),
        ("VIII", "DpT-k"),
    ]
    recipes = [experiments.find(*place).recipe_for(BASE, seed=0) for place in default]
    assert all(recipe == recipes[0] for recipe in recipes)


@pytest.mark.parametrize("table", ("I", "II", *ABLATIONS))
def test_printed_parameters_are_those_of_the_network_that_is_run(table):
    """To the printed digits, with three channels. Two rows were counted by the paper with another r than ours,
    RepISD-Net's once folded, and the control not at all."""
    others = ("CA, r = 4", "C = 4..64, l = 5", "RepISD-Net", "ResUNet, n = 0")
    for row in experiments.rows(table):
        if row.name not in others and row.paper.params is not None:
            model = rrca.build(row.network, **row.settings).eval()
            params = rrca.count(model, (3, 2 * model.multiple, 2 * model.multiple)).params
            digit = 0.01 if row.name == "UIU-Net" else 0.001
            assert params / 1e6 == pytest.approx(row.paper.params, abs=0.51 * digit), row.name


def test_every_loss_of_table_viii_builds():
    names = [row.recipe_for(BASE, 0).loss for row in experiments.rows("VIII")]
    assert sorted(names) == sorted(losses.names())


def test_a_row_changes_what_it_says_and_nothing_else():
    row = experiments.find("VI", "without CA")
    changed = row.recipe_for(BASE, seed=5)
    assert changed.settings == {"in_channels": 1, "attention_ratio": None} and changed.seed == 5
    same = experiments.find("VI", "DIAAM").recipe_for(BASE, seed=5)
    assert {name for name in vars(same) if getattr(same, name) != getattr(changed, name)} == {"settings"}


def test_equal_compute_is_equal_compute():
    """Steps times executed work within 1 % of the default's."""
    work = {}
    for row in experiments.rows("compute"):
        recipe = row.recipe_for(BASE, 0)
        model = rrca.build(recipe.network, **recipe.settings)
        work[row.name] = recipe.steps * rrca.count(model, (1, 128, 128)).macs
    assert all(value == pytest.approx(work["n = 2"], rel=0.01) for value in work.values())


def test_the_search_for_the_recipe_sees_no_test_list():
    for row in experiments.rows("recipes"):
        recipe = row.recipe_for(BASE, 0)
        assert recipe.select == "val" and recipe.judge == round(recipe.steps / 8)
    assert len(experiments.rows("recipes")) >= 9  # the base and eight changes


def test_lengths_are_trainings_of_their_own_judged_once_on_validation():
    """Nothing is selected: the one logged point is the last, and the cosine ends there."""
    recipes = [row.recipe_for(train.recipe("ablation"), 0) for row in experiments.rows("length")]
    assert [recipe.steps for recipe in recipes] == [500, 1000, 1500, 2000, 2500]
    assert all(recipe.select == "val" and recipe.judge == recipe.steps for recipe in recipes)


def test_the_ablation_has_the_steps_that_the_runs_of_length_gave():
    """Until all of them were run it is the longest; ten logged points in any case."""
    lines = results.read(results.path_of("length"))
    done = {(line["row"], line["seed"]) for line in lines if line["error"] is None}
    planned = {(row.name, seed) for row in experiments.rows("length") for seed in row.seeds}
    base = train.recipe("ablation")
    assert base.steps == (later.steps(lines)[0] if done == planned else experiments.LENGTHS[-1])
    assert base.steps == 10 * base.judge


def test_the_grid_on_validation_is_table_vii_but_for_its_list():
    base = train.recipe("ablation")
    for cell, row in zip(experiments.rows("VII"), experiments.rows("grid"), strict=True):
        assert (cell.name, cell.seeds) == (row.name, row.seeds)
        one, other = (which.recipe_for(base, 0) for which in (cell, row))
        assert {name for name in vars(one) if getattr(one, name) != getattr(other, name)} == {
            "select",
            "judge",
        }
        assert other.select == "val" and other.judge >= other.steps


def test_tables_i_and_ii_hold_the_papers_networks_with_the_seeds_that_were_promised():
    """On NUAA-SIRST all of them; on DenseSIRST our backbones, and ResUNet without and with RuCB; on IRSTD-1k none."""
    three, one = (0, 1, 2), (0,)
    seeds = {row.name: row.seeds for row in experiments.rows("I")}
    assert seeds.keys() == {*paper.RIVALS, *paper.OURS}
    assert [name for name in paper.RIVALS if seeds[name] == three] == ["ResUNet", "AMFU-net", "LW-IRSTNet"]
    assert {seeds[name] for name in paper.OURS} == {three} and set(seeds.values()) == {three, one}
    assert list(seeds)[-1] == "UIU-Net"  # what takes longest comes last
    assert {row.name: row.seeds for row in experiments.rows("II")} == {
        "ResUNet": three,
        "ResUNet, n = 0": three,
        "AMFU-net": three,
        "DNANet": one,
    }
    dense = {row.name: row.seeds for row in experiments.rows("I", paper.DENSE)}
    assert dense == dict.fromkeys(paper.OURS, one) | {"ResUNet": three}
    assert [(row.name, row.seeds) for row in experiments.rows("II", paper.DENSE)] == [("ResUNet", three)]
    for table in ("I", "II"):
        with pytest.raises(InputError, match="I and II on NUAA-SIRST and DenseSIRST"):
            experiments.rows(table, paper.IRSTD)


def test_the_control_of_table_ii_has_rucbs_layers_and_one_pass():
    with_rucb, control = experiments.find("II", "ResUNet"), experiments.find("II", "ResUNet, n = 0")
    assert with_rucb.network == control.network == "resunet+rucb" and control.paper is None
    one, other = (row.recipe_for(BASE, 0) for row in (with_rucb, control))
    assert {name for name in vars(one) if getattr(one, name) != getattr(other, name)} == {"settings"}
    config = rrca.build(other.network, **other.settings).config
    assert config.iterations == 0 and rrca.build(one.network, **one.settings).config.iterations == 2


def test_a_row_of_table_i_changes_the_network_and_nothing_else():
    for row in (*experiments.rows("I"), *experiments.rows("I", paper.DENSE)):
        changed = replace(BASE, data=row.data, network=paper.REGISTERED[row.name], seed=5)
        assert row.recipe_for(BASE, 5) == changed


def test_the_runs_of_table_i_that_were_there_before_its_rivals_keep_their_names():
    """Run and recipe by their digests; a change here would leave finished runs without a row."""
    jobs = {job.run: job.recipe_hash for job in sweeps.plan("I", recipe=train.Recipe(name="golden"))}
    for run in (
        *("rrcanet-resnet10-NUAA-SIRST-s0-3a755a06dc", "rrcanet-resnet10-NUAA-SIRST-s1-60693fa566"),
        *("rrcanet-resnet10-NUAA-SIRST-s2-b2918720fb", "rrcanet-resnet18-NUAA-SIRST-s0-fb2a694c6f"),
        *("rrcanet-resnet18-NUAA-SIRST-s1-a7ed8cfd24", "rrcanet-resnet18-NUAA-SIRST-s2-c42cbb090b"),
        *("rrcanet-resnet34-NUAA-SIRST-s0-f22eb6e67e", "rrcanet-resnet34-NUAA-SIRST-s1-c73628ff36"),
        "rrcanet-resnet34-NUAA-SIRST-s2-bb435b3825",
    ):
        assert jobs[run] == "c019a82e21"


def test_rates_of_rivals_are_chosen_on_validation_with_one_evaluation():
    base = train.recipe("ablation")
    tried = experiments.rows("rival-rates")
    assert len(tried) == 3 * len(paper.RIVALS) and {row.seeds for row in tried} == {(0,)}
    recipes = [row.recipe_for(base, 0) for row in tried]
    assert {recipe.select for recipe in recipes} == {"val"}
    assert {(recipe.steps, recipe.judge) for recipe in recipes} == {(1000, 1000)}
    assert {round(recipe.rate, 6) for recipe in recipes} == {0.000333, 0.001, 0.003}


def test_no_rate_that_saw_nuaa_sirst_is_taken_to_densesirst():
    rated = {(row.table, row.name, row.data) for row in experiments.ROWS if row.rival}
    assert {data for _, _, data in rated} == {paper.NUAA}
    assert {name for table, name, _ in rated if table == "I"} == set(paper.RIVALS)
    assert (
        experiments.find("II", "ResUNet, n = 0").rival == experiments.find("II", "ResUNet").rival == "ResUNet"
    )


FITTED = {row.network: row for table in ("I", "II") for row in experiments.rows(table) if row.paper}


@pytest.mark.slow
@pytest.mark.parametrize("network", FITTED)
def test_every_network_of_tables_i_and_ii_trains_by_the_ablations_recipe(network, monkeypatch):
    """A step, with bfloat16, the drop-ins and the fused optimiser; DNANet and UIU-Net have several outputs."""
    opened = rrca.data.open
    monkeypatch.setattr(
        train.data, "open", lambda name, part, *more: opened(name, part, *more)[: 1 if part == "test" else 4]
    )
    whole = FITTED[network].recipe_for(train.recipe("ablation"), 0)
    run = train.fit(replace(whole, data="synthetic", crop=64, steps=1, judge=1), log_every=1)
    assert np.isfinite(run.log[0]["loss"]) and run.card["network"] == network
    assert all(torch.isfinite(tensor).all() for tensor in run.model.state_dict().values())


def test_dense_rows_are_on_dense_scenes_and_only_there():
    assert [row.name for row in experiments.rows("dense", None)] == ["n = 0", "n = 2"]
    assert all(row.data == "DenseSIRST" for row in experiments.rows("dense", None))


def test_seeds_are_as_many_as_were_promised():
    assert len(experiments.find("noise", "default").seeds) == 27
    cells = [row.seeds for row in experiments.rows("VII")]
    assert Counter(len(seeds) for seeds in cells) == {1: 27} and len(set(cells)) == 27
    assert experiments.find("III", "C = 16..256, l = 5").seeds == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("IX",), "tables are I"), (("IV", "n = 7"), "its rows are n = 0"), (("IV", "n = 0", "COCO"), "COCO")],
)
def test_what_is_not_there_is_named(arguments, message):
    look = experiments.find if len(arguments) > 1 else experiments.rows
    with pytest.raises(InputError, match=message):
        look(*arguments)


def test_the_rehearsal_needs_no_data_set_and_stops_once_on_its_way():
    rows = experiments.rows("rehearsal", "synthetic")
    recipes = [row.recipe_for(train.recipe("ablation"), 0) for row in rows]
    assert [row.name for row in rows] == ["n = 0", "n = 2"]
    assert all(recipe.data == "synthetic" and 250 < recipe.steps < 500 for recipe in recipes)
