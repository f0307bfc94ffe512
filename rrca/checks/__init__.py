"""Exercise checks, one module per notebook; each answers in one of three voices (`rrca.checks.verdict`)."""

from rrca.checks.alpha_k import best_of, kept_pixels, targets_found
from rrca.checks.backbones import one_more_block, receptive_field, work_of_a_block
from rrca.checks.budget import false_pixels, luck_of_a_claim, steps_of_equal_work
from rrca.checks.channels import fewest_seeds, front_by_work, kernel_cost
from rrca.checks.classical import filter_row, max_median_function, normal_tail, toy_top_hat
from rrca.checks.classical_low_rank import clean_weight, patch_count, shrinking
from rrca.checks.course import one_more_pass, shared_and_owned, target_share
from rrca.checks.data import signal_to_clutter, toy_mask, toy_targets, unseen
from rrca.checks.efficiency import rank_correlation, unbeaten, work_per_value
from rrca.checks.evaluation import (
    collision_frame,
    iou_and_niou,
    pd_and_fa,
    quiet_threshold,
    two_false_alarm_rates,
    two_frames,
)
from rrca.checks.evidence import possible_count, rule_of_verdicts, single_runs
from rrca.checks.first_detection import false_alarm_rate, highest_threshold, toy_frame, toy_iou
from rrca.checks.fusion import attention_parameters, counted_apart, folded_gate, weights_of_channels
from rrca.checks.loss import all_targets_kept, doubling_alpha, top_k_function, toy_row, toy_top_k
from rrca.checks.network import block_parameters, executed_work, join_levels, total_parameters
from rrca.checks.nine_losses import fair_winner, poly_in_the_square, scaled_step, smallest_p
from rrca.checks.plugin import made_recurrent, pass_costs, table_ii_cells
from rrca.checks.recurrence import coin, exposure_function, missed_by_both, toy_contrast, toy_maps
from rrca.checks.rivals import branched_block, folded_norm, sign_test
from rrca.checks.scale_out import interval_half_width, left_to_run, plan_runs, winner_again
from rrca.checks.stacking import expected_pairs, stacked_share, tail_parameters
from rrca.checks.training import cosine_rate, is_collapsed, made_logs, paper_steps, weight_average
from rrca.checks.verdict import Verdict

__all__ = [
    "Verdict",
    "all_targets_kept",
    "attention_parameters",
    "best_of",
    "block_parameters",
    "branched_block",
    "clean_weight",
    "coin",
    "collision_frame",
    "cosine_rate",
    "counted_apart",
    "doubling_alpha",
    "executed_work",
    "expected_pairs",
    "exposure_function",
    "fair_winner",
    "false_alarm_rate",
    "false_pixels",
    "fewest_seeds",
    "filter_row",
    "folded_gate",
    "folded_norm",
    "front_by_work",
    "highest_threshold",
    "interval_half_width",
    "iou_and_niou",
    "is_collapsed",
    "join_levels",
    "kept_pixels",
    "kernel_cost",
    "left_to_run",
    "luck_of_a_claim",
    "made_logs",
    "made_recurrent",
    "max_median_function",
    "missed_by_both",
    "normal_tail",
    "one_more_block",
    "one_more_pass",
    "paper_steps",
    "pass_costs",
    "patch_count",
    "pd_and_fa",
    "plan_runs",
    "poly_in_the_square",
    "possible_count",
    "quiet_threshold",
    "rank_correlation",
    "receptive_field",
    "rule_of_verdicts",
    "scaled_step",
    "shared_and_owned",
    "shrinking",
    "sign_test",
    "signal_to_clutter",
    "single_runs",
    "smallest_p",
    "stacked_share",
    "steps_of_equal_work",
    "table_ii_cells",
    "tail_parameters",
    "target_share",
    "targets_found",
    "top_k_function",
    "total_parameters",
    "toy_contrast",
    "toy_frame",
    "toy_iou",
    "toy_maps",
    "toy_mask",
    "toy_row",
    "toy_targets",
    "toy_top_hat",
    "toy_top_k",
    "two_false_alarm_rates",
    "two_frames",
    "unbeaten",
    "unseen",
    "weight_average",
    "weights_of_channels",
    "winner_again",
    "work_of_a_block",
    "work_per_value",
]
