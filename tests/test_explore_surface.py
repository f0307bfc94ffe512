"""The landscapes that turn: what is drawn, and that they need neither a network nor a kernel."""

import subprocess
import sys

import numpy as np
import pytest

from rrca import explore
from rrca.course.pages import remote_sources
from rrca.errors import InputError
from rrca.plots.surfaces import FINEST

pytest.importorskip("plotly", reason="landscapes that turn need plotly, of the notebooks extra")
SCORES = np.zeros((40, 60))
SCORES[10, 20] = 0.75
FRAME = np.linspace(0.2, 0.6, SCORES.size).reshape(SCORES.shape)


def test_heights_stand_at_their_rows_and_columns():
    grey, score = explore.surface(FRAME, SCORES).figure.data
    assert score.z[10][20] == 0.75 and np.sum(score.z) == 0.75
    assert (score.y[10], score.x[20]) == (10, 20)
    assert np.min(grey.z) == 0 and np.max(grey.z) == 1
    assert (score.cmin, score.cmax) == (grey.cmin, grey.cmax) == (0, 1)


def test_large_frames_keep_their_peaks_and_their_pixels():
    scores = np.zeros((300, 200))
    scores[299, 150] = 1
    _, score = explore.surface(scores, scores).figure.data
    heights = np.array(score.z)
    assert max(heights.shape) <= FINEST
    ((row, column),) = np.argwhere(heights)
    assert 0 <= 299 - score.y[row] < 4 and 0 <= 150 - score.x[column] < 4


def test_both_are_seen_from_the_same_side():
    layout = explore.surface(FRAME, SCORES).figure.layout
    for part in ("camera", "aspectratio", "yaxis", "zaxis"):
        assert getattr(layout.scene, part) == getattr(layout.scene2, part)
    assert layout.scene.yaxis.autorange == "reversed"


def test_it_brings_everything_along():
    page = explore.surface(FRAME, SCORES)._repr_html_()
    assert remote_sources(page) == []
    assert "Plotly.newPlot" in page and len(page) > 2_000_000  # plotly.js itself
    assert "plotly_relayout" in page  # the two cameras


def test_shapes_must_agree():
    with pytest.raises(InputError, match="scores has shape"):
        explore.surface(FRAME, SCORES[1:])


def test_importing_does_not_need_plotly_and_its_absence_is_said():
    program = (
        "import sys; sys.modules['plotly'] = None\n"
        "import numpy as np\nfrom rrca import explore, errors\n"
        "try: explore.surface(np.eye(4), np.eye(4))\n"
        "except errors.InputError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "need plotly" in ran.stdout, ran.stderr
