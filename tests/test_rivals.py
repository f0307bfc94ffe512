"""Networks read from their run, what printed counts can tell apart, and methods side by side, whatever there is."""

import json

import numpy as np
import pytest
import torch
from scipy import stats
from test_compare import line
from torch import nn

import rrca
from rrca import compare, data, paper, plots
from rrca.studies import anatomy, printed, rivals


class Valley(nn.Module):
    """Two convolutions at full size, one at half, one again at full; the first map is added at the end."""

    multiple = 2

    def __init__(self):
        super().__init__()
        self.config = type("Config", (), {"in_channels": 1})
        self.first, self.second, self.deep, self.last = (
            nn.Conv2d(a, b, 3, padding=1) for a, b in ((1, 4), (4, 4), (4, 8), (4, 4))
        )
        self.shrink = nn.Conv2d(8, 4, 1)
        self.gate = nn.Conv2d(4, 4, 1)
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        x = fine = self.second(torch.relu(self.first(x)))
        x = self.shrink(self.deep(nn.functional.max_pool2d(x, 2)))
        x = x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))
        x = nn.functional.interpolate(x, scale_factor=2.0)
        x = self.head(fine + x)
        return [x, x] if self.training else x


def test_a_valley_has_its_levels_its_skip_its_gate_and_its_outputs():
    found = anatomy.anatomy(Valley(), (32, 32))
    assert found.calls["level"].tolist() == [0, 0, 1, 1, 0]
    assert found.skips == ((1, 4),)  # from the second convolution to the head, over the half-sized stay
    assert found.pooled == 1 and found.outputs == 2
    assert found.levels["channels"].tolist() == [4, 8]


def test_a_kernel_that_runs_again_is_one_kernel():
    """RRCA-Net's passes call the same kernels: more calls than kernels at n = 2, as many at n = 0."""
    small = {"channels": (4, 8), "blocks": (1, 1)}
    once, thrice = (
        anatomy.anatomy(rrca.build("rrcanet-resnet18", iterations=n, **small), (32, 32)).calls for n in (0, 2)
    )
    assert once["first"].all() and not thrice["first"].all()
    assert thrice["first"].sum() < len(thrice)


@pytest.mark.parametrize("name", ["ACM", "ResUNet", "LW-IRSTNet", "RepISD-Net", rivals.OURS])
def test_its_work_is_the_counted_work(name):
    """Found by operations here and by torch's own counter there, transposed convolutions included."""
    (model,) = rivals.build_all([name]).values()
    assert anatomy.anatomy(model).macs == rrca.count(model).macs


def test_a_u_net_has_one_skip_a_level():
    found = anatomy.anatomy(rivals.build_all(["ResUNet"])["ResUNet"])
    assert len(found.skips) == 4 and found.outputs == 1
    assert found.calls["level"].max() == 4


def test_reading_a_network_changes_neither_it_nor_the_random_state():
    model = rivals.build_all(["ACM"])["ACM"]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    anatomy.anatomy(model)
    rivals.build_all(["ACM"])
    assert torch.equal(torch.rand(2), expected) and not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# --- the printed table ---------------------------------------------------------------------------------------


def test_the_counts_are_the_specifications():
    """Claims 29, 42, 45: 7 targets above DNANet, one below RepISD-Net; three rows that are no whole pixels."""
    table = rivals.printed()
    apart = rivals.apart(table)
    assert apart.loc["DNANet", "difference"] == -7 and apart.loc["RepISD-Net", "difference"] == 1
    assert table.index[~table["whole"]].tolist() == ["ACM", "DNANet", "UIU-Net"]
    assert table.loc[rivals.OURS, "pixels"] == 106
    assert not apart.loc[["ResUNet", "AMFU-net", "RepISD-Net"], "possible"].any()
    assert apart.loc[["ACM", "DNANet", "UIU-Net", "LW-IRSTNet"], "possible"].all()


@pytest.mark.parametrize("d", [1, 3, 5, 6, 17])
def test_the_least_p_is_the_binomial_tests(d):
    assert printed.least_p(d) == printed.least_p(-d) == pytest.approx(stats.binomtest(d, d).pvalue)


def test_the_largest_margin_is_five():
    figure = plots.printed_targets(rivals.printed(), rivals.OURS)
    assert figure.numbers["margin"] == 5 and printed.least_p(5) > 0.05 > printed.least_p(6)
    assert set(figure.numbers["inside"]) == {
        "ResUNet",
        "AMFU-net",
        "RepISD-Net",
        "RRCA-Net, ResNet-10",
        "RRCA-Net, ResNet-34",
    }


def test_zero_false_pixels_are_a_whole_number():
    assert printed.whole_pixels(0.0, 2) == 0
    assert printed.whole_pixels(1e6, 2, pixels=100) == 100


# --- the race ------------------------------------------------------------------------------------------------


def test_a_race_is_the_same_twice_and_counts_its_work():
    torch.set_num_threads(1)
    run, again = (rivals.race(["ACM", "LW-IRSTNet"], steps=6, batch=2) for once in range(2))
    assert run.log["loss"].tolist() == again.log["loss"].tolist()
    model = rivals.build_all(["ACM"], in_channels=1)["ACM"]
    work = 2 * rrca.count(model, (1, 64, 64)).macs / 1e9
    assert run.ends.loc["ACM", "GMAC a step"] == pytest.approx(work)
    assert run.log.groupby("network")["step"].max().tolist() == [6, 6]
    figure = plots.race(run, window=2)
    assert figure.numbers["equal work"] == pytest.approx(6 * run.ends["GMAC a step"].min())
    assert figure.numbers["plateau"] == run.plateau > 1
    assert "seconds" in run.table() and json.dumps(figure.numbers)


def test_crops_have_one_target_and_no_scale():
    x, mask = rivals.crops(range(4))
    assert x.shape == mask.shape == (4, 1, 64, 64)
    assert x.mean((1, 2, 3)).abs().max() < 1e-4 and (mask.sum((1, 2, 3)) > 0).all()


# --- side by side --------------------------------------------------------------------------------------------


def test_only_networks_with_weights_look_at_frames():
    assert rivals.OURS in rivals.networks_with_weights()
    frames = list(data.open("synthetic")[:2])
    maps = rivals.marked(frames)
    assert next(iter(maps)) == rivals.OURS and "Top-Hat" in maps and len(maps) <= 4
    assert all(one.shape == frame.mask.shape for one, frame in zip(maps["Top-Hat"], frames, strict=True))
    assert plots.panels(frames, maps).numbers.keys() == maps.keys()


def test_an_untrained_network_takes_frames_as_the_trained_one_does():
    trained = rivals.networks_with_weights()[rivals.OURS]
    fresh = rivals.untrained(rivals.OURS, trained)
    assert fresh.normalisation == trained.normalisation
    image = data.open("synthetic")[0].image
    assert np.array_equal(fresh.scores(image), rivals.untrained(rivals.OURS, trained).scores(image))
    assert not np.array_equal(fresh.scores(image), trained.scores(image))


def test_curves_of_methods_that_were_not_run_are_missing(tmp_path):
    assert rivals.filed_curves(folder=tmp_path) == {}
    points = rivals.printed_points()
    figure = plots.roc_of_methods({}, rivals.working_points(), points, {})
    assert figure.numbers == {"frames": 0} and len(points) == 19


def test_a_live_curve_has_the_counts_of_its_frames():
    frames = list(data.open("synthetic")[:2])
    live = rivals.live_curves(frames, ["top-hat"])
    assert list(live)[-1] == "Top-Hat" and rivals.OURS in live
    figure = plots.roc_of_methods({}, rivals.working_points(), rivals.printed_points(), live)
    assert figure.numbers["frames"] == 2
    found = figure.numbers[rivals.OURS]
    assert found["highest Pd / % at 10"] <= found["highest Pd / % at 100"] <= found["highest Pd / % at 1000"]


def test_a_landscape_stretches_what_is_no_score():
    frame = data.open("synthetic")[0]
    response = 3.0 * frame.image
    figure = plots.landscapes(frame.image, {"a": np.zeros(frame.mask.shape), "b": response}, frame.mask)
    assert list(figure.numbers) == ["grey level", "a", "b, stretched"]
    assert figure.numbers["a"]["highest elsewhere"] == 0


# --- our runs ------------------------------------------------------------------------------------------------


def test_rows_of_table_i_appear_once_their_lines_are_there(tmp_path):
    measured = [compare.table("I", figure, folder=tmp_path) for figure in ("iou", "pd", "fa")]
    assert plots.differences(measured).numbers == {"iou": {}, "pd": {}, "fa": {}}
    for seed in range(27):
        line("noise", "default", seed, 73 + 0.1 * (seed % 5), tmp_path)
    for seed in range(3):
        line("I", "ResUNet", seed, 70 + 0.1 * seed, tmp_path)
    table = compare.table("I", folder=tmp_path)
    assert table.frame.loc["ResUNet", "n"] == 3 and table.frame.loc["DNANet", "verdict"] == "not run"
    assert plots.differences([table]).numbers["iou"]["ResUNet"]["difference"] < 0
    assert table.frame.loc["ResUNet", "paper"] == paper.row("I", "ResUNet").iou
