"""The landscapes of `plots.surface`, to be turned with the mouse."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rrca.errors import InputError
from rrca.plots.parts import check_shapes, stretched
from rrca.plots.style import FEATURE_MAP, SCORE_MAP
from rrca.plots.surfaces import AZIMUTH, ELEVATION, blocks

DISTANCE = 1.85  # of the camera from the middle, in lengths of the longer side
HEAD = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "showarrow": False}
# Both landscapes turn together: what one camera does, the other one copies.
TURN_TOGETHER = """
const plot = document.getElementById("{plot_id}");
let busy = false;
plot.on("plotly_relayout", change => {
  const from = ["scene", "scene2"].find(name => change[name + ".camera"]);
  if (!from || busy) return;
  busy = true;
  const other = from === "scene" ? "scene2" : "scene";
  Plotly.relayout(plot, {[other + ".camera"]: change[from + ".camera"]}).then(() => { busy = false; });
});
"""


@dataclass(frozen=True)
class Surface:
    """Two landscapes side by side that show themselves as HTML with everything in it: no network, no kernel.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        To be changed or saved with plotly's own means.
    """

    figure: Any

    def _repr_html_(self) -> str:
        from plotly.io import to_html

        return to_html(
            self.figure,
            full_html=False,
            include_plotlyjs=True,
            include_mathjax=False,
            post_script=TURN_TOGETHER,
            default_height=480,
            config={"displaylogo": False, "showSendToCloud": False},
        )


def surface(frame: np.ndarray, scores: np.ndarray) -> Surface:
    """The grey levels of a frame and its score map as landscapes that turn, with colours as in `plots.surface`.

    Parameters
    ----------
    frame : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1]; drawn from its own minimum to its own maximum.
    scores : ndarray of shape (H, W)
        Probabilities in [0, 1].

    Returns
    -------
    Surface
        Drag to turn, scroll to come nearer; both landscapes turn together, and the pointer reads row, column and
        height. Its `figure` is a plotly Figure. Frames of over 96 rows or columns are drawn from blocks, each as
        high as its highest pixel.

    Raises
    ------
    InputError
        If the shapes differ, or plotly is not installed.

    References
    ----------
    Paper, Fig. 7.
    """
    try:
        from plotly import graph_objects as go
    except ImportError as error:
        raise InputError('turning landscapes need plotly: pip install "rrca[notebooks]"') from error
    frame, scores = stretched(frame), np.asarray(scores, float)
    H, W = check_shapes(frame, scores=scores)
    grey = frame if frame.ndim == 2 else frame.mean(axis=2)
    scene = _scene(H, W)
    figure = go.Figure(
        layout={
            "scene": {**scene, "domain": {"x": [0, 0.5]}},
            "scene2": {**scene, "domain": {"x": [0.5, 1]}},
            "margin": {"l": 0, "r": 0, "t": 30, "b": 0},
            "annotations": [
                {"text": text, "x": x, "y": 1.0, **HEAD}
                for text, x in ((f"grey level, {W} × {H} px", 0.25), (f"score, {W} × {H} px", 0.75))
            ],
        }
    )
    for values, name, colours in ((grey, "scene", FEATURE_MAP), (scores, "scene2", SCORE_MAP)):
        heights, step = blocks(values)
        rows, columns = (step * np.arange(n) for n in heights.shape)
        look = {"colorscale": colours, "cmin": 0, "cmax": 1, "showscale": False, "scene": name}
        read = "row %{y}, column %{x}: %{z:.3f}<extra></extra>"
        figure.add_surface(z=heights.astype(np.float32), x=columns, y=rows, hovertemplate=read, **look)
    return Surface(figure)


def _scene(H: int, W: int) -> dict:
    """Axes and camera of both landscapes, seen from where `plots.surface` sees them."""
    elevation, azimuth = np.radians((ELEVATION, AZIMUTH))
    eye = DISTANCE * np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    return {
        "xaxis": {"title": {"text": "column / px"}},
        # Rows run to the front, as in the frame. A turned axis mirrors nothing but its direction.
        "yaxis": {"title": {"text": "row / px"}, "autorange": "reversed"},
        "zaxis": {"title": {"text": ""}, "range": [-0.02, 1]},
        "aspectmode": "manual",
        "aspectratio": {"x": W / max(H, W), "y": H / max(H, W), "z": 0.5},
        "camera": {
            "eye": dict(zip("xyz", eye.tolist(), strict=True)),
            "center": {"x": 0, "y": 0, "z": -0.12},
        },
    }
