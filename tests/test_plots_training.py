"""Figures of trainings: their numbers are the log's, and their lines what an empty prediction pays."""

import numpy as np
import pytest

from rrca import explore, plots
from rrca.errors import InputError
from rrca.studies import logs

PLATEAU = {"dice": 0.99, "poly+top-k": 0.2}


def made(dice, ious=(), fa=0.0, every=10):
    log = [
        {"step": every * (i + 1), "loss": d + 0.2, "dice": d, "poly+top-k": 0.2, "rate": 1e-3 / (i + 1)}
        for i, d in enumerate(dice)
    ]
    judged = [{"step": 100 * (i + 1), "iou": iou, "pd": iou, "fa": fa} for i, iou in enumerate(ious)]
    return [*log, *judged]


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_series_tells_where_the_plateau_ends_and_what_the_second_half_gains():
    slow = made([0.99] * 30 + [0.3] * 30, (0.1, 0.5, 0.6, 0.58))
    quick = made([0.99] * 5 + [0.3] * 55, (0.4, 0.5, 0.6, 0.7))
    figure = plots.series_curves({"slow": slow, "quick": quick}, PLATEAU)
    numbers = figure.numbers
    assert 250 < numbers["slow"]["end of plateau"] <= 310 and numbers["quick"]["end of plateau"] < 60
    assert numbers["slow"]["best IoU / %"] == 60 and numbers["slow"]["step of best"] == 300
    assert numbers["slow"]["gain of second half"] == pytest.approx(8)
    assert numbers["quick"]["gain of second half"] == pytest.approx(20)
    assert "slow pays" in figure.caption and "8.0 to 20.0 points" in figure.caption
    assert set(lines(figure.axes[0])) >= {"slow", "quick"}
    heights = [line.get_ydata()[0] for line in figure.axes[0].lines + figure.axes[1].lines]
    assert 0.99 in heights and 0.2 in heights  # the thin lines


def test_series_draws_every_evaluation_of_the_shipped_log():
    log = logs.shipped()
    figure = plots.series_curves({"n = 2": log}, PLATEAU)
    judged = [100 * record["iou"] for record in log if "iou" in record]
    np.testing.assert_allclose(figure.axes[3].lines[0].get_ydata(), judged)


def test_empty_evaluations_are_hollow_squares_and_named():
    runs = {
        "dead": made([0.99] * 10, (0.0, 0.0)),
        "alive": made([0.5] * 10, (0.0, 0.4)),
        "blind": made([0.9] * 10, (0.0, 0.0), fa=0.01),
        "short": made([0.99] * 10),  # the beginning of a log, not judged yet
    }
    figure = plots.empty_or_not(runs, PLATEAU)
    assert {name: figure.numbers[name]["empty"] for name in runs} == {
        "dead": 2,
        "alive": 1,
        "blind": 0,
        "short": 0,
    }
    assert figure.caption == "Nothing is found at the end of: dead."
    squares = [line for line in figure.axes[1].lines if line.get_marker() == "s"]
    assert [len(line.get_xdata()) for line in squares] == [2, 1, 0, 0]
    assert figure.numbers["dead"]["median dice"] == 0.99


def test_adagrad_shrinks_with_the_root_of_the_step_and_adamw_as_logged():
    log = made([0.5] * 4)
    figure = plots.learning_rates(log, rate=0.05, shown=400)
    theirs = lines(figure.axes[0])["paper: AdaGrad, rate 0.05"].get_ydata()
    np.testing.assert_allclose(theirs, 0.05 / np.sqrt(np.arange(1, 401)), rtol=1e-6)
    assert figure.numbers["adamw"]["first"] == 1e-3 and figure.numbers["adamw"]["last"] == 1e-3 / 4


def test_a_log_without_rates_is_refused():
    with pytest.raises(InputError, match="no record with a rate"):
        plots.learning_rates([{"step": 1, "iou": 0.5}])


def test_the_line_of_an_empty_prediction_is_drawn_where_it_is_asked_for():
    log = made([0.9] * 4, (0.1,))
    assert "empty prediction" not in lines(plots.training_curves(log).axes[0])
    assert set(lines(plots.training_curves(log, plateau=1.2).axes[0])["empty prediction"].get_ydata()) == {
        1.2
    }


def test_a_live_plot_shows_it_too(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda figure, **given: shown.append(figure))
    explore.LiveTraining(plateau=1.2)(made([0.9])[0])
    assert "empty prediction" in lines(shown[0].axes[0])
