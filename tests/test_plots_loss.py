"""Figures of the losses: what they show is what the losses give."""

import numpy as np
import pytest

from rrca import checks, plots
from rrca.errors import InputError
from rrca.studies import gradients


def lines(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_slopes_of_fig_4_are_those_of_the_formulas():
    figure = plots.loss_along_p(alpha=2.0)
    target, background = (figure.numbers[f"{part} pixel"] for part in ("target", "background"))
    for p, key in ((0.1, "slope at 0 1"), (0.9, "slope at 0 9")):
        assert target["top-k"][key] == pytest.approx(1 / p, rel=1e-4)
        assert background["top-k"][key] == pytest.approx(1 / (1 - p), rel=1e-4)
        assert target["poly"][key] == pytest.approx(1 / p + 2, rel=1e-4)
        assert target["dice"][key] == pytest.approx(3 / (p + 2) ** 2, rel=1e-4)
        assert target["dpt-k release"][key] == pytest.approx(1 / p + 2 + 3 / (p + 2) ** 2, rel=1e-4)
        assert target["dpt-k paper"][key] == pytest.approx(2 / p + 2 + 3 / (p + 2) ** 2, rel=1e-4)


def test_fig_4_draws_six_losses_that_differ_without_colour():
    figure = plots.loss_along_p()
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in figure.axes[0].lines}) == 6
    for axes, mirrored in zip(figure.axes[:4:2], figure.axes[1:4:2], strict=True):
        assert set(lines(axes)) == set(lines(mirrored))
        np.testing.assert_allclose(lines(axes)["top-k"], lines(mirrored)["top-k"][::-1], rtol=1e-3)
    assert all(axes.get_xlabel() for axes in figure.axes[2:])


def test_row_keeps_the_worst_pixels():
    p, mask = checks.toy_row()
    figure = plots.loss_row(p, mask, k=15)
    assert figure.numbers["kept"] == [8, 10, 15]
    assert figure.numbers["losses"][9] == pytest.approx(-np.log(0.9))
    heights = [bar.get_height() for bar in figure.axes[1].containers[0]]
    np.testing.assert_allclose(heights, figure.numbers["losses"])
    assert [t.get_text() for t in figure.axes[1].get_legend().get_texts()][-1] == "target: 3, 2 kept"


@pytest.mark.parametrize(
    ("p", "mask"), [(np.full(3, 0.5), np.zeros(4)), (np.full((2, 2), 0.5), np.zeros((2, 2)))]
)
def test_what_is_no_row_is_refused(p, mask):
    with pytest.raises(InputError, match="two rows of one length"):
        plots.loss_row(p, mask)


def test_alpha_moves_the_slope_and_k_the_pixels():
    plain, poly, wide = plots.loss_knobs(0, 10), plots.loss_knobs(10.68, 10), plots.loss_knobs(0, 30)
    assert plain.numbers["ratio at 0 1"] == 1
    assert poly.numbers["ratio at 0 1"] == pytest.approx(2, abs=1e-3)
    assert poly.numbers["kept"] == plain.numbers["kept"] == [10, 15]
    assert (plain.numbers["targets kept"], wide.numbers["targets kept"]) == (1, 3)
    assert len(wide.numbers["kept"]) == 6


def maps(shape=(20, 30)):
    even, pointed = np.ones(shape), np.zeros(shape)
    pointed[5, 5] = 1
    return {"before": {"a": even, "b": pointed}, "after": {"a": pointed, "b": even}}


def test_maps_are_shares_of_their_own_sum_on_one_scale():
    truth = np.zeros((20, 30), bool)
    truth[5, 5] = True
    figure = plots.gradient_maps(np.linspace(0, 1, 600).reshape(20, 30), truth, maps())
    assert figure.numbers["before"]["a"] == pytest.approx(100 * 599 / 600)
    assert figure.numbers["before"]["b"] == 0
    drawn = [axes.images[0] for axes in figure.axes[:6]]
    assert np.allclose(drawn[1].get_array(), np.log10(1 / 600))
    assert {image.get_clim() for image in (drawn[1], drawn[2], drawn[4], drawn[5])} == {(-7, -1)}


def test_maps_without_gradient_or_of_another_shape_are_refused():
    truth, frame = np.zeros((20, 30), bool), np.zeros((20, 30))
    with pytest.raises(InputError, match="'x, dice' has no gradient"):
        plots.gradient_maps(frame, truth, {"x": {"dice": frame}})
    with pytest.raises(InputError, match="must agree"):
        plots.gradient_maps(frame, truth, {"x": {"dice": np.ones((3, 3))}})


def shares(stage, background, target):
    names = ("dice", "dpt-k release")
    return gradients.Shares(
        stage=stage,
        frames=2,
        pixels=1000,
        targets=10,
        background=dict.fromkeys(names, background),
        target=dict.fromkeys(names, target),
        missed=dict.fromkeys(names, target / 2),
        kept=100,
        kept_targets=5,
        missed_pixels=4,
        cross_entropy_kept=0.5,
    )


def test_shares_of_one_stage_share_a_bar():
    figure = plots.gradient_shares([shares("before", 3, 1), shares("before", 1, 1), shares("after", 1, 4)])
    on_background = "gradient on background / %"
    before = figure.numbers["before"]
    assert [before[word][on_background]["dice"] for word in ("lowest", "mean", "highest")] == [50, 62.5, 75]
    assert figure.numbers["after"]["mean"][on_background]["dice"] == pytest.approx(20)
    assert before["mean"]["targets that are kept / %"] == 50
    widths = [bar.get_width() for container in figure.axes[0].containers for bar in container]
    assert widths == pytest.approx([62.5, 62.5, 20, 20])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "before, 2 seeds" in labels and "after, 1 seed" in labels
    assert figure.caption.endswith("62.5 % before, 20.0 % after.")
    assert plots.gradient_shares([shares("before", 3, 1)])._repr_png_()


def test_no_shares_are_refused():
    with pytest.raises(InputError, match="at least"):
        plots.gradient_shares([])
