"""The live training plot: errors in a callback are swallowed by notebooks, so the effect is what is tested."""

import IPython.display
import pytest

from rrca.explore import LiveTraining


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would show, drawing by drawing."""
    pictures = []

    class Handle:
        def update(self, figure):
            pictures.append(figure)

    def display(figure, display_id):
        pictures.append(figure)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    return pictures


def record(step):
    return {"step": step, "loss": 1 / step, "dice": 0.5 / step, "rate": 1e-3, "seconds": 0.1 * step}


def test_it_draws_one_figure_and_then_updates_it(shown):
    live = LiveTraining(every=0)
    for step in (1, 2, 3):
        live(record(step))
    assert [picture.numbers["steps"] for picture in shown] == [1, 2, 3]
    assert live.log == [record(step) for step in (1, 2, 3)]


def test_it_waits_between_drawings_but_shows_every_evaluation(shown):
    live = LiveTraining(every=1000)
    live(record(1))
    live(record(2))
    assert len(shown) == 1
    live({"step": 2, "list": "val", "iou": 0.4, "pd": 0.9, "fa": 1e-5})
    assert shown[-1].numbers["best IoU"] == 0.4
