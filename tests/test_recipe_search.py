"""The search for the recipe: what its table says of made runs."""

import numpy as np
import pytest

from rrca import plots
from rrca.errors import InputError
from rrca.experiments import rows
from rrca.studies import recipe_search
from rrca.sweeps import results

GAINS = {"batch 8": 0.10, "rate 0.001": -0.10}


@pytest.fixture
def folder(tmp_path):
    """All rows finished: the noise of a seed is half a point, two changes matter."""
    noise = np.random.default_rng(0)
    for row in rows("recipes"):
        for seed in row.seeds:
            end = 0.6 + GAINS.get(row.name, 0) + noise.normal(0, 0.005)
            write(tmp_path, row.name, seed, [[step, end * step / 800] for step in (200, 400, 600, 800)])
    return tmp_path


def write(folder, row, seed, curve, recipe_hash="one", error=None):
    line = {"run": f"{row} {seed}", "row": row, "seed": seed, "steps": 800, "curve": curve, "error": error}
    results.append(results.path_of("recipes", folder), line | {"recipe_hash": recipe_hash})


def test_only_what_leaves_chance_behind_is_said_to_pay(folder):
    table = recipe_search.table(recipe_search.load(folder))
    assert table.index[0] == "batch 8" and table.index[-1] == "rate 0.001"
    assert table.paid["batch 8"] == "yes" and table.paid["rate 0.001"] == "it cost"
    assert set(table.paid.drop(["batch 8", "rate 0.001", "base"])) == {"undecided"}
    assert table.loc["batch 8", "low":"high"].between(0, 20).all()
    assert table.difference["batch 8"] == pytest.approx(10, abs=2)


def test_the_spread_is_that_of_the_seeds_not_of_the_changes(folder):
    assert 0.2 < recipe_search.spread(recipe_search.load(folder)) < 1


def test_half_a_row_is_left_out_and_a_missing_base_is_named(tmp_path):
    with pytest.raises(InputError, match="'base' is not finished"):
        recipe_search.load(tmp_path)
    for row, seeds in {"base": (0, 1), "batch 2": (0,)}.items():
        for seed in seeds:
            write(tmp_path, row, seed, [[400, 0.5], [800, 0.6]])
    assert list(recipe_search.load(tmp_path)) == ["base"]
    assert list(recipe_search.table(recipe_search.load(tmp_path)).index) == ["base"]


def test_runs_that_started_from_two_recipes_are_no_comparison(folder):
    write(folder, "base", 0, [[400, 0.5], [800, 0.6]], recipe_hash="another")
    with pytest.raises(InputError, match="2 recipes"):
        recipe_search.load(folder)


def test_the_figure_says_what_the_table_says(folder):
    figure = plots.search_curves(recipe_search.load(folder))
    assert len(figure.axes) == len(rows("recipes")) - 1
    assert figure.axes[0].get_title("left").startswith("batch 8")
    assert "better than the base batch 8; worse rate 0.001." in figure.caption
    assert figure.numbers["batch 8"]["difference"] == pytest.approx(10, abs=2)
