"""Figures of notebook 02: what they draw is what the network has."""

import numpy as np
import pandas as pd
import pytest

import rrca
from rrca import plots
from rrca.errors import InputError
from rrca.studies import sharing

DEFAULT = "rrcanet-resnet18"
NETWORKS = {n: rrca.build(DEFAULT, iterations=n) for n in range(4)}


def bars(axes):
    """Height of each stack, in order."""
    tops = {}
    for patch in axes.patches:
        centre = round(patch.get_x() + patch.get_width() / 2, 3)
        tops[centre] = max(tops.get(centre, 0), patch.get_y() + patch.get_height())
    return [tops[x] for x in sorted(tops)]


# ------------------------------------------------------------------------------------------- the diagram
@pytest.mark.parametrize("n", range(4))
def test_the_diagram_follows_the_number_of_passes(n):
    numbers = plots.architecture(NETWORKS[n]).numbers
    assert numbers["passes"] == numbers["maps stacked"] == n + 1
    assert (numbers["kernels"], numbers["kernel calls"]) == (18, 18 * (n + 1))
    assert numbers["shared parameters"] == 173_296
    boxes = numbers["boxes"]
    assert sum(box.startswith("DIAAM") for box in boxes) == 3 * (n + 1)
    assert sum("kernels" in box for box in boxes) == 4 * (n + 1)
    assert f"FSM: all $d_t$ stacked, {8 * (n + 1)}·256·256" in boxes


def test_the_diagram_runs_from_the_frame_to_clustered_centroids():
    boxes = plots.architecture(NETWORKS[2]).numbers["boxes"]
    assert boxes[0] == "stem 8·256·256"
    assert boxes[-5:] == [
        "tail 1·256·256",
        "sigmoid: scores",
        "> threshold: mask",
        "8-connected: clusters",
        "centroids: targets",
    ]


def test_the_diagram_shows_the_shapes_of_the_frame_given():
    boxes = plots.architecture(rrca.build(DEFAULT, in_channels=1), 64, 96).numbers["boxes"]
    assert "4 kernels 64·8·12" in boxes and "DIAAM 16·32·48" in boxes


@pytest.mark.parametrize(
    ("overrides", "text", "times"),
    [
        (dict(decoder="concat"), "concat 8·256·256", 3),
        (dict(decoder="sum"), "sum 8·256·256", 3),
        (dict(guide="high"), "re-weight 8·256·256", 3),
        (dict(output="last"), "$d_2$ alone, 8·256·256", 1),
        (dict(output="deep-supervision"), "every $d_t$ judged in training, $d_2$ used", 1),
        (dict(channels=(8, 16, 32), blocks=(1, 2, 3)), "6 kernels 32·64·64", 3),
    ],
)
def test_variants_are_drawn_as_what_they_are(overrides, text, times):
    figure = plots.architecture(rrca.build(DEFAULT, **overrides))
    assert figure.numbers["boxes"].count(text) == times
    assert figure._repr_png_()[:4] == b"\x89PNG"


# -------------------------------------------------------------------------------------------- the counts
def test_parameters_are_stacked_to_their_sums():
    figure = plots.parameters(NETWORKS, detail=2)
    left, right = figure.axes
    assert bars(left) == pytest.approx([183.889, 193.113, 202.249, 211.385])
    assert bars(right) == pytest.approx([4.464, 11.632, 45.152, 137.536, 0.888, 2.577])
    assert sum(figure.numbers["by level"].values()) == 202_249
    assert figure.numbers["added"]["1 to 2"] == {
        "3×3 kernels": 0,
        "norms": 992,
        "shortcuts": 3024,
        "DIAAM": 4480,
        "stem": 0,
        "tail": 640,
    }
    assert plots.parameters(NETWORKS).numbers["by level"]["tail"] == 3217  # of n = 3


def test_executed_work_grows_and_the_printed_count_of_the_kernels_does_not():
    figure = plots.two_counts(NETWORKS)
    left, right = figure.axes
    assert bars(left) == pytest.approx([0.796, 1.509, 2.218, 2.927], abs=6e-4)
    assert bars(right) == pytest.approx([0.8287, 0.9386, 1.0427, 1.1469], abs=6e-5)
    assert len(set(figure.numbers["kernels printed G"].values())) == 1
    ratio = np.divide(*(figure.numbers["kernels executed GMAC"][n] for n in (3, 0)))
    assert ratio == pytest.approx(4)
    crosses = [line.get_ydata()[0] for line in right.lines]
    assert crosses == [0.83, 0.94, 1.04, 1.15]


# ----------------------------------------------------------------------------------- attention and clusters
def test_the_gate_is_averaged_inside_and_outside_the_mask():
    truth = np.zeros((30, 40), bool)
    truth[10:12, 20:23] = True
    gate = np.where(truth, 0.9, 0.25)[None].repeat(2, 0)
    value = np.where(truth, -3.0, 1.0)[None].repeat(2, 0)
    low = np.zeros((2, 30, 40))
    figure = plots.gate(np.zeros((30, 40)), low, gate, value, low + gate * value, truth)
    assert figure.numbers == pytest.approx(
        {"gate on targets": 0.9, "gate elsewhere": 0.25, "value on targets": 3, "value elsewhere": 1}
    )
    wholes = [axes.images[0] for axes in figure.axes[:5]]
    assert (
        wholes[1].get_clim() == wholes[4].get_clim() == pytest.approx((-2.7, 0.25))
    )  # low and sum on one scale
    assert wholes[2].get_clim() == (0, 1)
    with pytest.raises(InputError, match="truth has shape"):
        plots.gate(np.zeros((30, 40)), low, gate, value, low, truth[1:])


def test_touching_corners_are_one_cluster_and_get_one_centroid():
    scores = np.zeros((30, 30))
    scores[3, 3] = scores[4, 4] = 0.8
    scores[20, 10:13] = 0.6
    scores[25, 25] = 0.5  # not above the threshold
    figure = plots.clusters(scores, 0.5, scores > 0.7)
    assert figure.numbers == {
        "marked pixels": 5,
        "clusters": 2,
        "areas": [2, 3],
        "centroids": [(3.5, 3.5), (20.0, 11.0)],
    }
    marks = [tuple(line.get_xydata()[0]) for line in figure.axes[3].lines]
    assert marks == [(3.5, 3.5), (11.0, 20.0)]  # x is the column


def test_nothing_above_the_threshold_is_a_picture_too():
    figure = plots.clusters(np.zeros((20, 20)), 0.5)
    assert figure.numbers["clusters"] == 0 and figure._repr_png_()[:4] == b"\x89PNG"


# -------------------------------------------------------------------------------------------- the sharing
def test_spread_is_compared_with_pass_0():
    seen = {"pass 0": [1.0, 1.0, 2.0], "pass 1": [1.0, 1.0, 2.0], "pass 2": [2.0, 4.0, 2.2]}
    table = pd.DataFrame({"level": [0, 0, 1], **seen})
    figure = plots.spread_by_pass(table)
    assert figure.numbers["median ratio at level"] == pytest.approx({0: 8**0.5, 1: 1.1})
    assert figure.numbers["channels"] == pytest.approx(200 / 3)
    assert len(figure.axes) == 2
    with pytest.raises(InputError, match="one pass only"):
        plots.spread_by_pass(sharing.norm_statistics(NETWORKS[0]))


def test_gradients_are_shares_of_their_panel():
    table = pd.DataFrame({"pass 0": [3.0, 4.0], "pass 1": [0.0, 5.0], "together": [1.0, 1.0]})
    figure = plots.gradient_by_pass({"fresh": table, "trained": 2 * table})
    assert figure.numbers["fresh"] == figure.numbers["trained"] == {"pass 0": 50.0, "pass 1": 50.0}
    assert figure.numbers["leading"]["fresh"] == ["pass 0", "pass 1"]
    assert max(patch.get_height() for patch in figure.axes[1].patches) == 1


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="models is empty"):
        plots.parameters({})
    with pytest.raises(InputError, match="models is empty"):
        plots.two_counts({})
    with pytest.raises(InputError, match="detail = 7"):
        plots.parameters(NETWORKS, detail=7)
    with pytest.raises(InputError, match="tables is empty"):
        plots.gradient_by_pass({})
