"""Figures: each function takes arrays and returns a Figure; none touches pyplot or a global setting.

Frames are shown in grey from their own minimum to their own maximum. Score maps always run from 0 to
1. Targets are a few pixels wide, so every frame carries an enlarged window on one of them; the
orange outline says where it lies.
"""

from rrca.plots.counts import parameters, two_counts
from rrca.plots.data_sets import list_overlap, scene, shrunk, small_masks, target_statistics
from rrca.plots.detections import MATCH, detection
from rrca.plots.detections import judge as _judge  # noqa: F401 (for its test)
from rrca.plots.evaluation import confusion
from rrca.plots.frames import frames_grid
from rrca.plots.loss import gradient_maps, gradient_shares, loss_along_p, loss_knobs, loss_row
from rrca.plots.network import architecture, clusters, gate
from rrca.plots.parts import WINDOW
from rrca.plots.parts import draw_outline as _outline  # noqa: F401 (for its test)
from rrca.plots.pictures import overlay, write_mask, write_overlay
from rrca.plots.recurrence import pass_by_pass
from rrca.plots.saving import SAVED_DPI, save
from rrca.plots.sharing import gradient_by_pass, spread_by_pass
from rrca.plots.style import (
    CURVES,
    DETECTION,
    FALSE_ALARM,
    FEATURE_MAP,
    FRAME_MAP,
    HIT,
    IOU,
    LINES,
    MISS,
    SCORE_MAP,
    STYLE,
    TEXTURES,
    TRUTH,
    WIDTH,
    ZOOM,
    Figure,
)
from rrca.plots.training import _running_mean as _running_mean  # for its test
from rrca.plots.training import training_curves

__all__ = [
    "CURVES",
    "DETECTION",
    "FALSE_ALARM",
    "FEATURE_MAP",
    "FRAME_MAP",
    "HIT",
    "IOU",
    "LINES",
    "MATCH",
    "MISS",
    "SAVED_DPI",
    "SCORE_MAP",
    "STYLE",
    "TEXTURES",
    "TRUTH",
    "WIDTH",
    "WINDOW",
    "ZOOM",
    "Figure",
    "architecture",
    "clusters",
    "confusion",
    "detection",
    "frames_grid",
    "gate",
    "gradient_by_pass",
    "gradient_maps",
    "gradient_shares",
    "list_overlap",
    "loss_along_p",
    "loss_knobs",
    "loss_row",
    "overlay",
    "parameters",
    "pass_by_pass",
    "save",
    "scene",
    "shrunk",
    "small_masks",
    "spread_by_pass",
    "target_statistics",
    "training_curves",
    "two_counts",
    "write_mask",
    "write_overlay",
]
