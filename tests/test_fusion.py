"""Table VI: its counts and cells, gates that are watched, erased targets, gates held fixed."""

import json

import numpy as np
import pytest
import torch
from test_compare import line

import rrca
from rrca import compare, data, paper, plots
from rrca.errors import InputError
from rrca.studies import fusion

ROWS = [row.name for row in paper.table("VI")]


@pytest.fixture(scope="module")
def detector():
    return rrca.Detector()


@pytest.fixture(scope="module")
def scenes():
    return data.open("synthetic", "test")[:2]


@pytest.fixture(scope="module")
def gates(detector, scenes):
    return fusion.observe(detector, scenes)


@pytest.fixture(scope="module")
def counts():
    return fusion.counts()


# --- the table -----------------------------------------------------------------------------------------------


def test_printed_percentages_are_whole_targets_and_pixels():
    table = fusion.printed()
    assert table["targets"].tolist() == [254, 254, 253, 253, 255, 258]
    assert table["false pixels"].tolist() == [360, 369, 293, 266, 338, 106]
    assert table.loc["DIAAM", ["Δ targets", "Δ false pixels"]].tolist() == [0, 0]
    for row in paper.table("VI"):
        assert table.loc[row.name, "targets"] / 263 * 100 == pytest.approx(row.pd, abs=0.005)
        assert table.loc[row.name, "false pixels"] / paper.TEST_PIXELS * 1e6 == pytest.approx(
            row.fa, abs=0.0005
        )


def test_counts_come_out_as_printed_but_for_r_4(counts):
    """The specification: CA with r = 4 has 0.2033 M, which no reading brings to the printed 0.202."""
    off = [name for name in ROWS if abs(counts.params[name] / 1e6 - counts["printed M"][name]) > 0.0005]
    assert off == ["CA, r = 4"] and counts.params["CA, r = 4"] == 203_257
    assert (counts["counted G"] - counts["printed G"]).abs().max() < 0.005


def test_the_sum_executes_more_than_diaam_though_less_is_printed(counts):
    assert (
        counts.GMAC["sum"] > counts.GMAC["DIAAM"]
        and counts["printed G"]["sum"] < counts["printed G"]["DIAAM"]
    )
    figure = plots.table_vi_counts(counts)
    assert figure.numbers["concatenate"]["over DIAAM"] == pytest.approx(1.85, abs=0.005)


def test_only_the_reading_that_adds_the_finest_level_as_it_is_prints_0_98(counts):
    own_projection = (8 * 8 + 8) * 256**2 / 1e9
    assert f"{counts['counted G']['sum']:.2f}" == "0.98"
    assert f"{counts['counted G']['sum'] + own_projection:.2f}" == "0.99"


def test_projecting_and_upsampling_change_places_and_the_first_is_a_sixteenth():
    assert fusion.commute() < 1e-12
    after = sum(c * 8 * 256**2 for c in (16, 32, 64))
    before = sum(c * 8 * (256 >> i) ** 2 for i, c in enumerate((16, 32, 64), start=1))
    assert after == 16 * before
    assert (3 * after / 1e9, 3 * before / 1e9) == pytest.approx((0.176, 0.011), abs=0.0005)


def test_the_table_fills_itself(tmp_path):
    """Missing rows are shown as such; made lines take their place."""
    assert plots.differences([compare.table("VI", folder=tmp_path)]).numbers == {"iou": {}}
    for seed in range(3):
        line("VI", "sum", seed, 70 + seed, tmp_path)
        line("noise", "default", seed, 73 + 0.1 * seed, tmp_path)
    table = compare.table("VI", folder=tmp_path)
    assert table.frame.loc["sum", "ours"] == pytest.approx(71)
    assert table.frame.loc["re-weight", "verdict"] == "not run"
    assert plots.differences([table]).numbers["iou"]["sum"]["difference"] == pytest.approx(-2.1)


# --- gates that are watched ----------------------------------------------------------------------------------


def test_watched_weights_are_those_of_the_attention_as_it_runs(detector, scenes, gates):
    """Another route: hooks on the modules, not the trace."""
    seen = {}
    hooks = [
        block.attention.register_forward_hook(
            lambda module, given, out, place=place: seen.__setitem__(place, module.weights(given[0]))
        )
        for place, block in fusion._joints(detector.model)
    ]
    with torch.no_grad():
        detector.model(detector._padded(detector.normalisation(scenes[1].image)[None]))
    for hook in hooks:
        hook.remove()
    assert list(gates.channel) == sorted(seen)
    for place, weights in seen.items():
        np.testing.assert_allclose(gates.channel[place][1], weights[0, :, 0, 0], atol=1e-6)


def test_the_table_of_gates_knows_what_stands_still():
    still = np.tile([0.0, 1.0, 0.5, 1.0], (3, 1))
    asleep = np.full((3, 4), 0.5)
    places = {(0, 0): still, (0, 1): asleep}
    gates = fusion.Gates(places, places, places)
    table = gates.table()
    assert table["between frames"].tolist() == [0, 0] and gates.explained() == pytest.approx(100)
    assert table["asleep"].tolist() == [0, 100]
    assert table.loc[(0, 0), ["shut", "open"]].tolist() == [25, 50]


def test_what_changes_from_frame_to_frame_alone_is_not_explained():
    moving = np.array([[0.0, 1.0], [1.0, 0.0]])
    gates = fusion.Gates({(0, 0): moving}, {(0, 0): moving}, {(0, 0): moving})
    assert gates.explained() == pytest.approx(0)


def test_gates_need_a_network_that_has_both(scenes):
    for settings in ({"decoder": "sum"}, {"guide": "high"}, {"attention_ratio": None}):
        model = rrca.build("rrcanet-resnet18", in_channels=1, **settings).eval()
        with pytest.raises(InputError, match="two gates need"):
            fusion.fold_channels(model, lambda t, i: 1.0)


# --- erased targets ------------------------------------------------------------------------------------------


def test_erasing_leaves_the_rest_and_fills_with_the_surroundings():
    image = np.full((30, 40), 0.25, np.float32)
    image[:, 20:] = 0.75
    mask = np.zeros((30, 40), bool)
    mask[8:10, 8:10] = True
    image[mask] = 1
    filled = fusion.erased(image, mask)
    assert filled.max() == 0.75 and filled[9, 9] == 0.25 and image.max() == 1
    image[mask] = 0.25
    np.testing.assert_array_equal(filled, image)


def test_the_control_has_the_same_area_and_keeps_clear_of_targets():
    mask = np.zeros((40, 40), bool)
    mask[3:6, 3:7] = mask[23:25, 23:25] = True  # half the frame apart: the first place is taken
    moved = fusion.elsewhere(mask)
    assert moved.sum() == mask.sum()
    assert not (fusion._widened(moved) & fusion._widened(mask)).any()
    with pytest.raises(InputError, match="no place"):
        fusion.elsewhere(np.ones((8, 8), bool))


def test_erasing_nothing_moves_nothing(detector):
    frame = data.Frame("empty", np.full((32, 32), 0.5, np.float32), np.zeros((32, 32), np.uint8))
    table = fusion.moved_by_erasing(detector, [frame])
    assert (table == 0).all(axis=None) and len(table) == 9


def test_an_emptied_frame_has_no_target(scenes):
    for frame in fusion.empty(scenes):
        assert not frame.mask.any() and frame.image.shape == frame.mask.shape


# --- gates held fixed ----------------------------------------------------------------------------------------


def test_folding_the_weights_of_a_frame_gives_the_scores_of_that_frame(detector, scenes):
    """The fold is exact: with the frame's own weights nothing changes."""
    own = fusion.observe(detector, scenes[:1])
    folded = fusion.fold_channels(detector.model, lambda t, i: own.channel[t, i][0])
    x = detector._padded(detector.normalisation(scenes[0].image)[None])
    with torch.no_grad():
        assert (folded(x) - detector.model(x)).abs().max() < 1e-3  # logits
    assert folded.config.attention_ratio is None
    assert rrca.count(folded, (1, 64, 64)).params == rrca.count(detector.model, (1, 64, 64)).params - 1008


def test_a_held_pixel_gate_is_the_same_everywhere(detector):
    held = fusion.hold_pixels(detector.model, lambda t, i: 0.25)
    block = held.decoder.fuse[1][2]
    gate, _ = block.gate_and_value(torch.randn(1, 32, 4, 4), torch.randn(1, 64, 4, 4))
    assert torch.allclose(gate, torch.full_like(gate, 0.25), atol=1e-5)


def test_without_a_high_level_the_low_one_stays(detector):
    block = fusion.cut_high(detector.model).decoder.fuse[0][1]
    low = torch.randn(1, 16, 4, 4)
    assert torch.equal(block(low, torch.randn(1, 32, 4, 4)), low)


def test_the_given_network_is_left_as_it_was(detector, gates):
    before = {name: value.clone() for name, value in detector.model.state_dict().items()}
    forms = fusion.held(detector, gates)
    assert forms["as trained"].model is detector.model and detector.model.config.attention_ratio == 8
    assert all(torch.equal(value, before[name]) for name, value in detector.model.state_dict().items())


# --- figures -------------------------------------------------------------------------------------------------


def test_diagrams_are_drawn_from_the_modules():
    texts = plots.joints(fusion.networks()).numbers
    assert "CA: 8 → 2 → 8" in texts["CA, r = 4"] and "CA: 8 → 1 → 8" in texts["DIAAM"]
    assert not any("CA" in text for text in texts["without CA"])
    assert "stack: 120" in texts["concatenate"] and sum("1×1" in text for text in texts["sum"]) == 3


def test_figures_give_their_numbers(gates, detector, scenes):
    figure = plots.channel_weights(gates, {"n0": 90.0})
    shares = [figure.numbers[name] for name in ("shut", "open", "between")]
    assert sum(shares) == pytest.approx(100) and figure.numbers["explained"]["n0"] == 90
    assert plots.printed_rows(fusion.printed()).numbers["others"]["targets"] == {
        "least": 253,
        "most": 255,
    }
    moved = fusion.moved_by_erasing(detector, scenes[:1])
    assert len(plots.moved_weights(moved, gates).numbers) == 9
    whole = rrca.evaluate(detector, scenes)
    numbers = plots.held_gates({"as trained": whole, "again": whole}).numbers
    assert numbers["again"]["lost"] == 0 and numbers["targets"] == whole.targets
    json.dumps(numbers)
