"""Verdicts by the rule that was fixed before the runs: from invented result files whose truth is known."""

import json

import numpy as np
import pytest
from scipy import stats

from rrca import compare, experiments, paper
from rrca.errors import InputError
from rrca.sweeps import later, results

RNG = np.random.default_rng(5)
NOISE = 73 + 0.8 * RNG.standard_normal(27)


def line(table, row, seed, iou, folder, frames=None, **more):
    """One result line as a sweep writes it, with IoU in per cent."""
    figures = {"iou": iou / 100, "pd": 0.96, "fa": 1e-5}
    whole = {
        "run": f"{table}-{row}-{seed}-{more.get('recipe')}",
        "table": table,
        "row": row,
        "data": paper.NUAA,
        "seed": seed,
        "recipe": "ablation",
        "recipe_hash": "abc",
        "steps": 2500,
        "error": None,
        "list": "test",
        "metrics": {"exact": figures, "dnanet": figures},
        **figures,
        "curve": [[1250, iou / 100 + 0.01], [2500, iou / 100]],
        "hardware": "two cores",
    } | more
    results.append(results.path_of(table, folder), whole)
    if frames is not None:
        results_file = folder / "runs" / f"{whole['run']}.json"
        results_file.parent.mkdir(exist_ok=True)
        results_file.write_text(json.dumps({"frames": {"exact": frames}}))


@pytest.fixture
def folder(tmp_path):
    for seed, iou in enumerate(NOISE):
        line("noise", "default", seed, iou, tmp_path)
    for seed in range(3):
        line("IV", "n = 0", seed, NOISE.mean() - 5 + 0.3 * seed, tmp_path)
        line("IV", "n = 1", seed, NOISE.mean() + 4 + 0.3 * seed, tmp_path)
        line("IV", "n = 2", seed, NOISE[seed], tmp_path)
    line("IV", "n = 3", 0, NOISE.mean() - 9, tmp_path)
    return tmp_path


# --- differences ---------------------------------------------------------------------------------------------


def test_one_row_has_the_pooled_t_interval():
    """With one comparison there is nothing to adjust for: Dunnett's interval is Student's."""
    row, control = [70.0, 71.5, 70.2], NOISE
    found = compare.differences({"a": row}, control).loc["a"]
    freedom = len(row) + len(control) - 2
    s = compare.pooled_sd({"a": row}, control)
    half = stats.t.ppf(0.975, freedom) * s * np.sqrt(1 / len(row) + 1 / len(control))
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.01)
    assert (found["high"] + found["low"]) / 2 == pytest.approx(found["difference"])


def test_more_rows_widen_every_interval_and_a_single_seed_is_not_judged():
    rows = {name: list(70 + RNG.standard_normal(3)) for name in "abcd"}
    whole = compare.differences(rows, NOISE)
    with_single = compare.differences(rows | {"single": [60.0]}, NOISE)
    alone = compare.differences({"a": rows["a"]}, NOISE)
    width = whole["high"] - whole["low"]
    assert width.nunique() == 1 or np.allclose(width, width.iloc[0])  # one standard deviation for all
    t = stats.t.ppf(0.975, 26 + 8)
    bonferroni = stats.t.ppf(1 - 0.025 / 4, 26 + 8)
    s = compare.pooled_sd(rows, NOISE)
    critical = width.iloc[0] / 2 / s / np.sqrt(1 / 3 + 1 / 27)
    assert t < critical <= bonferroni * 1.01 and len(alone) == 1
    assert np.allclose(with_single.loc[list("abcd")], whole, rtol=1e-9)
    assert np.isnan(with_single.loc["single", "low"]) and with_single.loc["single", "difference"] < -9


def test_intervals_hold_for_all_rows_at_once():
    """Four rows without any effect: in about 95 of 100 tables none of their intervals excludes 0."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(20):
        rows = {name: rng.standard_normal(3) for name in "abcd"}
        found = compare.differences(rows, rng.standard_normal(27))
        held += bool(((found["low"] < 0) & (found["high"] > 0)).all())
    assert held >= 16  # at 0.95 each, fewer are met once in 400 times


def test_without_spread_or_seeds_there_is_no_interval():
    assert compare.differences({}, NOISE).empty
    for rows, control in (({"a": [1.0, 1.0]}, [1.0, 1.0]), ({"a": [1.0, 2.0]}, []), ({"a": []}, NOISE)):
        assert compare.differences(rows, control)["low"].isna().all()


def test_unequal_spreads_are_seen():
    wide = {"a": list(73 + 9 * RNG.standard_normal(27))}
    assert compare.homogeneity(wide, NOISE)["p"] < 0.001
    assert compare.homogeneity({"a": NOISE + 5}, NOISE)["p"] == pytest.approx(1)
    assert np.isnan(compare.homogeneity({"a": [1.0]}, NOISE)["p"])


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (0.1, 2, 1.0, "agrees"),
        (-2, -0.1, -1.0, "agrees"),
        (0.1, 2, -1.0, "contradicts"),
        (-2, -0.1, 1.0, "contradicts"),
        (-1, 1, 1.0, "undecided"),
        (0, 1, 1.0, "undecided"),
        (float("nan"), float("nan"), 1.0, "undecided"),
        (0.1, 2, 0.0, None),
        (0.1, 2, float("nan"), None),
        (0.1, 2, None, None),
    ],
)
def test_the_rule(low, high, printed, expected):
    assert compare.verdict(low, high, printed) == expected
    if expected is None:
        return
    with pytest.raises(InputError, match="lower end"):
        compare.verdict(1, 0, printed)


# --- tables --------------------------------------------------------------------------------------------------


def test_a_table_says_what_agrees_and_what_is_undecided(folder):
    found = compare.table("IV", folder=folder)
    frame = found.frame
    assert frame.index.tolist() == ["n = 0", "n = 1", "n = 2", "n = 3"]
    assert frame["paper"].tolist() == [73.54, 74.41, 75.41, 72.62]
    assert frame["verdict"].tolist() == ["agrees", "contradicts", None, "undecided"]
    assert frame["n"].tolist() == [3, 3, 27, 1]  # the default's row shows the noise experiment
    assert frame["paper difference"].tolist()[0] == pytest.approx(-1.87)
    assert frame["inside"].tolist() == [False, False, None, None]
    assert frame["best of curve"].tolist() == pytest.approx([1.0] * 4)
    text = found.markdown()
    assert (
        "| n = 3 |" in text and "(27)" in text and "3 seeds against 27" in text and "Brown-Forsythe" in text
    )


def test_rows_that_were_not_run_are_missing(folder):
    found = compare.table("VIII", folder=folder)
    frame = found.frame
    assert frame.loc["Dice", "verdict"] == "not run" and np.isnan(frame.loc["Dice", "ours"])
    assert frame.loc["DpT-k", "n"] == 27  # the default stands in this table, too
    assert any(note.startswith("Not run: SoftIoU, Dice") for note in found.notes)
    assert "| Dice | 73.41 | – | – |" in found.markdown()


def test_nothing_run_is_a_table_of_missing_rows(tmp_path):
    found = compare.table("IV", "fa", folder=tmp_path)
    assert found.frame["ours"].isna().all() and set(found.frame["verdict"]) == {"not run", None}
    assert any("none are there" in note for note in found.notes)


def test_mixed_recipes_and_hardware_are_marked(folder):
    line("V", "without FSM", 0, 70.0, folder, recipe_hash="other")
    line("V", "without FSM", 1, 70.1, folder)
    line("V", "deep supervision", 0, 71.0, folder, hardware="a GPU")
    found = compare.table("V", folder=folder)
    assert found.frame["mark"].tolist() == ["†", "‡", ""]
    assert any(note.startswith("† without FSM: another recipe_hash") for note in found.notes)
    assert all(not note.startswith(("†", "‡")) for note in compare.table("IV", folder=folder).notes)


def test_a_row_that_was_trained_for_other_steps_is_named(folder):
    line("V", "without FSM", 0, 70, folder, steps=1000)
    line("V", "deep supervision", 0, 70, folder)
    (note,) = (note for note in compare.table("V", folder=folder).notes if "number of steps" in note)
    assert note == "Trained for another number of steps than the default's 2500: without FSM (1000)."
    assert not any("number of steps" in note for note in compare.table("IV", folder=folder).notes)


def test_another_recipe_is_another_table(folder):
    line("IV", "n = 0", 0, 10.0, folder, recipe="paper")
    assert compare.table("IV", folder=folder).frame.loc["n = 0", "n"] == 3
    assert compare.table("IV", recipe="paper", folder=folder).frame.loc["n = 0", "ours"] == pytest.approx(10)


def test_rows_judged_on_validation_are_not_compared_with_the_test_list(folder):
    line("rates", "Dice, rate × one", 0, 60.0, folder, list="val")
    rows = compare.collect("rates", folder=folder)
    assert rows.control == [] and np.isnan(compare.table("rates", folder=folder).frame["difference"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("IX",), "tables are"), (("IV", "f1"), "figure"), (("IV", "iou", "opdc"), "protocol")],
)
def test_what_is_not_there_is_named(folder, arguments, message):
    with pytest.raises(InputError, match=message):
        compare.table(*arguments, folder=folder)


# --- frames --------------------------------------------------------------------------------------------------


def counts(detected, false_pixels):
    n = len(detected)
    return {
        "ids": [f"f{i}" for i in range(n)],
        "intersection": [5 * int(found) for found in detected],
        "union": [10] * n,
        "targets": [2] * n,
        "detected": [int(found) for found in detected],
        "false_components": [int(pixels > 0) for pixels in false_pixels],
        "false_pixels": [int(pixels) for pixels in false_pixels],
        "pixels": [100] * n,
        "hits": ["11"] * n,
    }


def test_the_same_frames_for_all_rows_cancel_what_is_hard_for_everybody(tmp_path):
    """A row that finds one target less in every frame, however uneven the frames are, differs by one a frame."""
    hard = np.array([2, 2, 1, 2, 1, 2, 2, 1])
    alarms = np.array([0, 9, 0, 30, 0, 0, 2, 0])
    line("noise", "default", 0, 73, tmp_path, counts(hard, alarms))
    line("IV", "n = 0", 0, 70, tmp_path, counts(hard - 1, alarms))
    line("IV", "n = 1", 0, 70, tmp_path, counts(hard, alarms[::-1]))
    rows = compare.collect("IV", folder=tmp_path)
    found = compare.bootstrap(rows.others, rows.control, folder=tmp_path, draws=300)
    assert found.index.tolist() == ["n = 0", "n = 1"]
    worse = found.loc["n = 0"]
    assert worse["found", "ours"] == 5 and worse["found"].tolist()[1:] == pytest.approx([-8, -8, -8])
    assert worse["false pixels"].tolist() == pytest.approx([41, 0, 0, 0])
    moved = found.loc["n = 1", "false pixels"]
    assert moved["difference"] == pytest.approx(0) and moved["low"] < -20 and moved["high"] > 20
    again = compare.bootstrap(rows.others, rows.control, folder=tmp_path, draws=300)
    assert again.equals(found)


def test_runs_on_other_frames_are_refused(tmp_path):
    line("noise", "default", 0, 73, tmp_path, counts([2, 2], [0, 0]))
    line("IV", "n = 0", 0, 70, tmp_path, counts([2, 2, 1], [0, 0, 0]))
    line("IV", "n = 1", 0, 70, tmp_path)
    rows = compare.collect("IV", folder=tmp_path)
    with pytest.raises(InputError, match="other frames"):
        compare.bootstrap(rows.others, rows.control, folder=tmp_path)
    with pytest.raises(InputError, match="frame by frame"):
        compare.bootstrap({"n = 1": rows.lines["n = 1"]}, rows.control, folder=tmp_path)
    with pytest.raises(InputError, match="noise"):
        compare.bootstrap(rows.others, [], folder=tmp_path)


# --- the grid ------------------------------------------------------------------------------------------------


def grid(of_alpha=lambda alpha: 0.0, of_k=lambda k: 0.0, noise=0.0):
    rng = np.random.default_rng(1)
    return {
        paper.grid_name(alpha, k): 73 + of_alpha(alpha) + of_k(k) + noise * rng.standard_normal()
        for alpha in paper.ALPHAS
        for k in paper.KS
    }


def test_a_grid_of_seeds_spreads_like_seeds_and_one_of_effects_does_not():
    found = compare.spread(list(grid(noise=0.8).values()), NOISE)
    assert found["p"] > 0.05 and 0.5 < found["ratio"] < 1.7
    assert compare.spread(list(grid(lambda a: 4 * (a - 3), noise=0.8).values()), NOISE)["p"] < 0.01


def test_the_visible_ratio_is_found_in_four_of_five_cases():
    """By other draws than the simulation's, and by scipy's own test."""
    ratio, rng = compare.visible_ratio(), np.random.default_rng(9)
    found = 0
    for _ in range(200):
        wide, narrow = ratio * rng.standard_normal(27), rng.standard_normal(27)
        found += stats.levene(wide, narrow, center="median").pvalue < 0.05 and wide.std() > narrow.std()
    assert 0.7 < found / 200 < 0.9
    assert compare.visible_ratio(15, 15) > ratio  # fewer runs see less


def test_main_effects_find_what_was_put_in():
    found = compare.main_effects(grid(of_k=lambda k: 0.1 * k), NOISE)
    assert found.loc["k", "effect"] == pytest.approx(1.0) and found.loc["α", "effect"] == pytest.approx(0)
    assert found.loc["rest", "F"] == pytest.approx(0, abs=1e-12)
    hill = compare.main_effects(grid(lambda alpha: -3 * (alpha - 3) ** 2), NOISE).loc["α, curved"]
    assert hill["effect"] == pytest.approx(3.0) and 0 < hill["low"] < 3 < hill["high"] and hill["p"] < 0.01
    line_only = compare.main_effects(grid(lambda alpha: 2 * alpha), NOISE).loc["α, curved"]
    assert line_only["effect"] == pytest.approx(0, abs=1e-9) and line_only["low"] == pytest.approx(
        -line_only["high"]
    )
    cells = grid()
    del cells["α = 2.5, k = 10"]
    with pytest.raises(InputError, match="1 cells of Table VII are missing"):
        compare.main_effects(cells, NOISE)


def test_the_best_of_27_equal_cells_drops_when_it_is_run_again():
    """Chosen for nothing but luck, it loses about two standard deviations, and gains nothing over the default."""
    cells = grid(noise=0.8)
    fresh = 73 + 0.8 * np.random.default_rng(2).standard_normal(5)
    found = compare.price_of_choosing({"test winner": max(cells.values())}, {"test winner": fresh}, NOISE)
    row = found.loc["test winner"]
    assert row["low"] > 0 and 0.8 < row["drop"] < 3.5 and abs(row["gain"]) < 0.8


# --- rows and numbers that follow from results ---------------------------------------------------------------


def test_winners_are_rows_once_the_grid_is_complete(tmp_path):
    cells = experiments.rows("VII")
    for place, table in enumerate(("VII", "grid")):
        best = (5, 20)[place]
        for index, cell in enumerate(cells):
            if (table, index) != ("grid", 26):
                line(table, cell.name, 100 + index, 74 + (index == best), tmp_path)
    with pytest.raises(InputError, match=r"1 of 27 cells of table 'grid'.*α = 4\.0, k = 15"):
        later.rows("winners", folder=tmp_path)
    line("grid", cells[26].name, 126, 70, tmp_path)
    validation, test = later.rows("winners", folder=tmp_path)
    assert (validation.name, test.name) == ("validation winner", "test winner")
    assert dict(validation.recipe) == dict(cells[20].recipe) and dict(test.recipe) == dict(cells[5].recipe)
    every = {seed for row in experiments.ROWS for seed in row.seeds}
    assert len(test.seeds) == 5 and not every & set(test.seeds)
    assert later.rows("IV") == experiments.rows("IV")


def length(tmp_path, ious, seeds=(0, 1, 2)):
    for steps, iou in zip(experiments.LENGTHS, ious, strict=True):
        for seed in seeds:
            line("length", f"{steps} steps", seed, iou + 0.1 * (seed - 1), tmp_path, list="val")
    return results.read(results.path_of("length", tmp_path))


@pytest.mark.parametrize(
    ("ious", "expected"),
    [
        ((50, 60, 65, 67, 68.5), 2500),  # still gains 0.015 at the end
        ((50, 60, 65, 65.9, 70), 2000),  # the first gain below 0.01 decides
        ((50, 49, 70, 71, 72), 1000),
    ],
)
def test_s_is_the_first_length_that_gains_too_little(tmp_path, ious, expected):
    steps, table = later.steps(length(tmp_path, ious))
    assert steps == expected and table["n"].tolist() == [3] * 5
    assert table["gain"].tolist()[1:] == pytest.approx(list(np.diff(ious) / 100))


def test_s_needs_every_run(tmp_path):
    with pytest.raises(InputError, match=r"seeds \[0, 1\] of its row '500 steps'"):
        later.steps(length(tmp_path, (50, 60, 65, 67, 68), seeds=(0, 1)))
