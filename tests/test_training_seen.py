"""What notebook 05 measures of a training: the plateau, the end of it, one step, and recipes side by side."""

import math
from dataclasses import fields

import numpy as np
import pytest

import rrca
from rrca import recipes, train
from rrca.errors import InputError
from rrca.studies import logs, plateau, recipe_table, steps

# --- what an empty prediction pays ---------------------------------------------------------------------------


def test_a_constant_prediction_pays_what_the_formulas_say():
    G, N, p, alpha = 30, 10_000, 0.01, 3.1
    terms = plateau.constant(G, N, p)
    assert terms["dice"] == pytest.approx(1 - (2 * p * G + 1) / (p * N + G + 1), rel=1e-5)
    kept = N // 10
    on_target = -math.log(p) + alpha * (1 - p)
    elsewhere = -math.log(1 - p) + alpha * p
    assert terms["poly+top-k"] == pytest.approx((G * on_target + (kept - G) * elsewhere) / kept, rel=1e-4)


def test_the_cheapest_constant_is_low_but_not_zero():
    """Of Poly + Top-k alone p = r / (1 + α), with r the share of target pixels among those kept; Dice pulls lower."""
    found = plateau.best_constant(160, 65_536)
    share = 160 / 6553
    assert 1e-5 < found.score < 1.2 * share / 4.1
    assert all(found.loss <= sum(plateau.constant(160, 65_536, p).values()) for p in (1e-5, 0.003, 0.1, 0.5))


@pytest.mark.parametrize(("G", "N", "p"), [(5, 4, 0.5), (1, 0, 0.5), (1, 10, 0.0), (1, 10, 1.0)])
def test_what_is_no_batch_or_no_probability_is_refused(G, N, p):
    with pytest.raises(InputError, match=r"target_pixels|score"):
        plateau.constant(G, N, p)


def test_what_is_spoken_counts_all_pixels():
    class Half:
        def scores(self, image):
            return np.where(np.arange(image.size).reshape(image.shape) % 2, 0.9, 0.1)

    frames = list(rrca.data.open("synthetic", "test")[:2])
    said = plateau.spoken(Half(), frames)
    assert said == {"above / %": pytest.approx(50, abs=1), "lowest": 0.1, "highest": 0.9}
    assert plateau.spoken(Half(), frames, threshold=0.95)["above / %"] == 0


# --- logs ----------------------------------------------------------------------------------------------------


def test_every_shipped_weights_file_has_its_log():
    for name in rrca.checkpoint.shipped():
        log = logs.shipped(name)
        steps = recipes.of_card(rrca.checkpoint.card(name)).steps
        assert [record["step"] for record in log if "loss" in record][-1] == steps
        assert not any(logs.predicts_nothing(record) for record in log if "iou" in record)
    with pytest.raises(InputError, match="no log of weights 'rrcanet'"):
        logs.shipped("rrcanet")


def test_one_lucky_batch_does_not_end_the_plateau():
    dice = [0.99] * 10 + [0.2] + [0.99] * 10 + [0.3] * 20
    log = [{"step": 10 * (i + 1), "loss": 1.0, "dice": d} for i, d in enumerate(dice)]
    assert 170 <= logs.end_of_plateau(log) <= 220
    assert logs.end_of_plateau(log[:15]) is None


# --- one step ------------------------------------------------------------------------------------------------


def test_the_size_of_the_gradient_is_divided_out():
    for name in ("adagrad", "adamw"):
        large, small = steps.moves(name, 0.05, [2.0] * 5), steps.moves(name, 0.05, [0.002] * 5)
        assert large == pytest.approx(small, rel=1e-3)
        assert large[0] == pytest.approx(0.05, rel=1e-3)


def test_adagrad_slows_down_and_adamw_does_not():
    assert steps.moves("adagrad", 0.05, [2.0] * 4) == pytest.approx([0.05 / t**0.5 for t in (1, 2, 3, 4)])
    # AdamW's decay pulls with rate · 0.01 of the weight: a small part of a step.
    assert steps.moves("adamw", 0.05, [2.0] * 4) == pytest.approx([0.05] * 4, rel=1e-2)
    with pytest.raises(InputError, match="optimiser = 'sgd'"):
        steps.moves("sgd", 0.05, [1.0])


# --- recipes side by side ------------------------------------------------------------------------------------


def test_only_what_differs_is_listed_and_everything_that_does():
    paper, ours = train.recipe("paper"), train.recipe("cpu")
    table = recipe_table.differences(paper=paper, ours=ours)
    names = [field.name for field in fields(train.Recipe) if field.name not in ("name", "seed")]
    assert list(table.index) == [name for name in names if getattr(paper, name) != getattr(ours, name)]
    assert table.loc["rate", "paper"] == 0.05 and table.loc["rate", "ours"] == 1e-3


def test_every_field_says_what_it_decides_in_a_line_that_a_table_does_not_cut():
    names = {field.name for field in fields(train.Recipe)} - {"name", "seed"}
    assert names <= recipe_table.PURPOSE.keys()
    assert max(map(len, recipe_table.PURPOSE.values())) <= 50
