"""Figures: each function takes arrays and returns a Figure; none touches pyplot or a global setting.

Frames are shown in grey from their own minimum to their own maximum. Score maps always run from 0 to
1. Targets are a few pixels wide, so every frame carries an enlarged window on one of them; the
orange outline says where it lies.
"""

from rrca.plots.alpha_k import alpha_k_grid, alpha_k_listening, alpha_k_surface, power_curves
from rrca.plots.augmentation import augmentation_effects, augmented_target
from rrca.plots.backbones import backbone_levels, printed_backbones
from rrca.plots.budget import exposure_by_level, maps_by_level, pass_costs, printed_counts, two_axes
from rrca.plots.channels import reach_profiles, table_iii_fronts, width_and_depth
from rrca.plots.classical import filter_knobs, filter_responses, filter_row
from rrca.plots.classical_low_rank import convergence, singular_values, sparsity, splits
from rrca.plots.classical_rules import (
    false_pixels,
    raw_and_stretched,
    response_tails,
    rules_beside_paper,
    rules_plane,
)
from rrca.plots.comparison import differences
from rrca.plots.contrast import contrast_by_pass, missed_targets, silenced
from rrca.plots.counts import parameters, two_counts
from rrca.plots.data_sets import list_overlap, scene, shrunk, small_masks, target_statistics
from rrca.plots.detections import MATCH, detection
from rrca.plots.detections import judge as _judge  # noqa: F401 (for its test)
from rrca.plots.efficiency import accuracy_cost, time_against, what_another_pass_costs
from rrca.plots.evaluation import confusion
from rrca.plots.evidence import claims, printed_and_verdict, verdict_rule
from rrca.plots.frames import frames_grid
from rrca.plots.fusion import (
    channel_weights,
    held_gates,
    joints,
    moved_weights,
    printed_rows,
    table_vi_counts,
)
from rrca.plots.loss import gradient_maps, gradient_shares, loss_along_p, loss_knobs, loss_row
from rrca.plots.network import architecture, clusters, gate
from rrca.plots.nine_losses import loss_arrivals, nine_losses_printed, nine_losses_pull, rate_sensitivity
from rrca.plots.parts import WINDOW
from rrca.plots.parts import draw_outline as _outline  # noqa: F401 (for its test)
from rrca.plots.pictures import overlay, write_mask, write_overlay
from rrca.plots.plugin import changes, extras_and_passes, live_runs
from rrca.plots.qualitative import panels
from rrca.plots.recipe_search import search_curves
from rrca.plots.recurrence import drawn_maps, maps_by_network, pass_by_pass, passes_at_level
from rrca.plots.rivals import landscapes, network_paths, printed_targets, race, roc_of_methods
from rrca.plots.saving import SAVED_DPI, save
from rrca.plots.scale_out import best_of_m, interval_widths, shared_runs, wall_time
from rrca.plots.shares import error_shares, protocols
from rrca.plots.sharing import gradient_by_pass, spread_by_pass
from rrca.plots.stacking import equal_figures, heads, hearing, table_v_counts, tail_reads
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
from rrca.plots.surfaces import surface
from rrca.plots.thresholds import roc_curves, threshold
from rrca.plots.toys import toy_protocols
from rrca.plots.training import _running_mean as _running_mean  # for its test
from rrca.plots.training import empty_or_not, learning_rates, series_curves, training_curves

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
    "accuracy_cost",
    "alpha_k_grid",
    "alpha_k_listening",
    "alpha_k_surface",
    "architecture",
    "augmentation_effects",
    "augmented_target",
    "backbone_levels",
    "best_of_m",
    "changes",
    "channel_weights",
    "claims",
    "clusters",
    "confusion",
    "contrast_by_pass",
    "convergence",
    "detection",
    "differences",
    "drawn_maps",
    "empty_or_not",
    "equal_figures",
    "error_shares",
    "exposure_by_level",
    "extras_and_passes",
    "false_pixels",
    "filter_knobs",
    "filter_responses",
    "filter_row",
    "frames_grid",
    "gate",
    "gradient_by_pass",
    "gradient_maps",
    "gradient_shares",
    "heads",
    "hearing",
    "held_gates",
    "interval_widths",
    "joints",
    "landscapes",
    "learning_rates",
    "list_overlap",
    "live_runs",
    "loss_along_p",
    "loss_arrivals",
    "loss_knobs",
    "loss_row",
    "maps_by_level",
    "maps_by_network",
    "missed_targets",
    "moved_weights",
    "network_paths",
    "nine_losses_printed",
    "nine_losses_pull",
    "overlay",
    "panels",
    "parameters",
    "pass_by_pass",
    "pass_costs",
    "passes_at_level",
    "power_curves",
    "printed_and_verdict",
    "printed_backbones",
    "printed_counts",
    "printed_rows",
    "printed_targets",
    "protocols",
    "race",
    "rate_sensitivity",
    "raw_and_stretched",
    "reach_profiles",
    "response_tails",
    "roc_curves",
    "roc_of_methods",
    "rules_beside_paper",
    "rules_plane",
    "save",
    "scene",
    "search_curves",
    "series_curves",
    "shared_runs",
    "shrunk",
    "silenced",
    "singular_values",
    "small_masks",
    "sparsity",
    "splits",
    "spread_by_pass",
    "surface",
    "table_iii_fronts",
    "table_v_counts",
    "table_vi_counts",
    "tail_reads",
    "target_statistics",
    "threshold",
    "time_against",
    "toy_protocols",
    "training_curves",
    "two_axes",
    "two_counts",
    "verdict_rule",
    "wall_time",
    "what_another_pass_costs",
    "width_and_depth",
    "write_mask",
    "write_overlay",
]
