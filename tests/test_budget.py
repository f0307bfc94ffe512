"""Table IV as counts, four counts of a pass, the race on two axes, and Fig. 8 on the scale of its target."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import rrca
from rrca import data, experiments, paper, plots
from rrca.errors import InputError
from rrca.metrics.components import components
from rrca.studies import budget, contrast, levels

# --- Table IV ------------------------------------------------------------------------------------------------


def test_table_iv_is_whole_targets_and_whole_pixels():
    printed = budget.printed()
    for row in printed.itertuples():
        assert round(100 * row.found / paper.TEST_TARGETS, 2) == row.pd
        assert 1e6 * row.pixels / paper.TEST_PIXELS == pytest.approx(row.fa, abs=0.005)
    assert printed.missed.tolist() == [8, 8, 5, 11] and printed.pixels.tolist() == [235, 175, 106, 430]


def test_a_hill_of_four_is_luck_in_one_case_of_three():
    """2^(4 − 1) orders have one peak: each point but the peak lies left or right of it."""
    assert budget.share_of_orders(budget.one_peak) == 8 / 24
    assert budget.one_peak((2, 1, 0, 3))  # Table IV
    assert budget.one_peak((0, 1, 2, 3)) and budget.one_peak((3, 2, 1, 0))  # a peak at an end
    assert not budget.one_peak((0, 3, 1, 2))  # high, low, low, high
    assert budget.share_of_orders(lambda order: order == (2, 1, 0, 3)) == 1 / 24


def test_the_figure_of_counts_shows_what_the_table_says():
    figure = plots.printed_counts(budget.printed())
    assert [bar.get_height() for bar in figure.axes[1].patches] == [8, 8, 5, 11]
    assert figure.numbers["n2"]["pixels"] == 106 and "8, 8, 5, 11" in figure.caption


# --- Costs ---------------------------------------------------------------------------------------------------


def test_what_is_kept_is_counted_by_hand():
    """A convolution keeps its input, 4 bytes a value; its weights are there anyway. A second keeps its own input."""
    one = nn.Conv2d(1, 2, 3, padding=1)
    frames, between = 3 * 1 * 8 * 8 * 4, 3 * 2 * 8 * 8 * 4
    assert budget.kept_for_the_way_back(one, (3, 1, 8, 8)) == frames
    two = nn.Sequential(one, nn.Conv2d(2, 1, 3, padding=1))
    assert budget.kept_for_the_way_back(two, (3, 1, 8, 8)) == frames + between


def test_a_shared_kernel_keeps_maps_in_every_pass():
    small = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1)}
    kept = [
        budget.kept_for_the_way_back(rrca.build("rrcanet-resnet18", iterations=n, **small), (1, 1, 16, 16))
        for n in range(4)
    ]
    added = np.diff(kept)
    assert (added > 0.5 * kept[0]).all()
    assert added[1] == added[2]  # from n = 0 to 1 the tail gets a shortcut, too


def test_the_factors_of_table_compute_are_those_of_the_counted_work():
    work = pd.Series({n: rrca.count(rrca.build("rrcanet-resnet18", iterations=n)).macs for n in budget.NS})
    factors = budget.equal_compute(work).round(2)
    for row in experiments.rows("compute"):
        assert row.scale.get("steps", 1.0) == factors[int(row.name[-1])]


def test_the_figure_of_costs_has_ratios_to_n_0():
    table = pd.DataFrame(
        {"params": [2, 3, 4], "printed G": [1, 1, 1], "GMAC": [1.0, 2, 4], "kept MB": [1, 3, 5]}, [0, 1, 2]
    )
    numbers = plots.pass_costs(table).numbers
    assert numbers["over n = 0"]["params"] == {"n0": 1, "n1": 1.5, "n2": 2}
    assert numbers["steps"] == {"n0": 4, "n1": 2, "n2": 1}


# --- The race ------------------------------------------------------------------------------------------------


def toy():
    return [
        budget.Racer(0, 0, 1, np.array([10, 20, 30]), np.array([30.0, 50.0, 60.0])),
        budget.Racer(2, 0, 3, np.array([10]), np.array([40.0])),
    ]


def test_the_race_counted_by_hand():
    stands = budget.standings(toy())
    assert {n: float(v[0]) for n, v in stands["equal steps"].items()} == {0: 30, 2: 40}
    assert {n: float(v[0]) for n, v in stands["equal work"].items()} == {0: 60, 2: 40}
    figure = plots.two_axes(toy())
    assert figure.numbers["equal steps"]["ahead"] == 10 and figure.numbers["equal work"]["ahead"] == -20
    assert "n = 2 is 10.0" in figure.caption and "n = 0 by 20.0" in figure.caption


@pytest.fixture(scope="module")
def racers():
    return budget.race(4, seeds=(0,), points=2)


def test_both_racers_do_the_same_work_and_are_judged_at_the_same_steps(racers):
    zero, two = racers
    assert (zero.n, two.n) == (0, 2) and zero.macs < two.macs
    assert zero.work[-1] == pytest.approx(two.work[-1], rel=0.06)  # whole steps, and few
    assert set(two.steps) <= set(zero.steps)
    assert all(0 <= iou <= 100 for one in racers for iou in one.iou)


def test_the_race_is_the_same_again_and_leaves_the_random_state_alone(racers):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    (again,) = budget.race(4, ns=(2,), seeds=(0,), points=2)
    assert np.array_equal(again.iou, racers[1].iou)
    assert torch.equal(torch.rand(2), expected)


def test_too_small_a_budget_is_refused():
    with pytest.raises(InputError, match="budget = 1"):
        budget.race(1)


def test_every_scene_of_the_race_holds_its_target():
    frames, masks = budget._scenes(0, 8, (3.0, 8.0))
    assert frames.shape == masks.shape == (8, 1, budget.SIDE, budget.SIDE)
    assert masks.sum((1, 2, 3)).min() > 0
    assert torch.allclose(frames.mean((1, 2, 3)), torch.zeros(8), atol=1e-5)


# --- Fig. 8 --------------------------------------------------------------------------------------------------


def test_exposure_is_what_lies_above_half_on_the_targets_scale():
    rng = np.random.default_rng(1)
    values, mask = rng.normal(size=(20, 20)), np.zeros((20, 20), bool)
    mask[4:6, 7:9] = True
    values[mask] = -1.5  # a dark target
    scaled = levels.on_the_targets_scale(values, mask)
    assert scaled[mask].mean() == pytest.approx(1) and np.median(scaled[~mask]) == pytest.approx(0)
    assert np.mean(scaled[~mask] > 0.5) == contrast.exposure(values, mask)[0]
    assert np.isnan(levels.on_the_targets_scale(np.ones((20, 20)), mask)).all()


def test_a_coarse_map_covers_its_frame():
    assert levels.enlarged(np.arange(6.0).reshape(2, 3), 3, (13, 20)).shape == (13, 20)


@pytest.fixture(scope="module")
def detector():
    torch.manual_seed(0)
    model = rrca.build("rrcanet-resnet18", in_channels=1, iterations=1, channels=(4, 8), blocks=(1, 1))
    return rrca.Detector(model, data.Normalisation((0.4,), (0.2,)))


@pytest.fixture(scope="module")
def frames():
    return data.open_or_synthetic("synthetic", "test")[:2]


def test_levels_are_measured_in_every_pass_over_all_targets(detector, frames):
    table = levels.measure({1: detector}, frames)
    assert list(table.index) == [(1, t, level) for t in (0, 1) for level in (0, 1)]
    targets = sum(len(components(frame.mask)) for frame in frames)
    assert set(table.targets) == {targets}
    figure = plots.exposure_by_level(table)
    assert figure.numbers["exposed"]["n1"]["level 0"]["pass 1"] == table.exposed[1, 1, 0]
    assert len(figure.axes[0].lines) == 2


def test_fig_8_needs_a_target():
    with pytest.raises(InputError, match="no target"):
        plots.maps_by_level(np.zeros((4, 4)), {0: [[np.zeros((4, 4))]]}, np.zeros((4, 4), bool))


def test_fig_8_has_a_map_for_every_level_and_pass(detector, frames):
    frame = frames[0]
    climbs = {1: contrast.levels(detector, frame.image)[0]}
    figure = plots.maps_by_level(frame.image, climbs, frame.mask)
    assert {level: set(passes) for level, passes in figure.numbers["n1"].items()} == {
        "level 0": {"pass 0", "pass 1"},
        "level 1": {"pass 0", "pass 1"},
    }
    drawn = [axes for axes in figure.axes if axes.images]
    assert len(drawn) == 2 + 2 * 2 + 2  # the frame and its target; maps; the target in each pass
    scales = {image.get_clim() for axes in drawn for image in axes.images}
    assert scales == {(0, 1), (-0.5, 1.5)}
