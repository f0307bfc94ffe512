"""Exercise checks, one module per notebook; each answers in one of three voices (`rrca.checks.verdict`)."""

from rrca.checks.data import signal_to_clutter, toy_mask, toy_targets, unseen
from rrca.checks.first_detection import false_alarm_rate, highest_threshold, toy_frame, toy_iou
from rrca.checks.loss import all_targets_kept, doubling_alpha, top_k_function, toy_row, toy_top_k
from rrca.checks.network import block_parameters, executed_work, join_levels, total_parameters
from rrca.checks.verdict import Verdict

__all__ = [
    "Verdict",
    "all_targets_kept",
    "block_parameters",
    "doubling_alpha",
    "executed_work",
    "false_alarm_rate",
    "highest_threshold",
    "join_levels",
    "signal_to_clutter",
    "top_k_function",
    "total_parameters",
    "toy_frame",
    "toy_iou",
    "toy_mask",
    "toy_row",
    "toy_targets",
    "toy_top_k",
    "unseen",
]
