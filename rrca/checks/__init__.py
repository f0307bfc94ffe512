"""Exercise checks, one module per notebook; each answers in one of three voices (`rrca.checks.verdict`)."""

from rrca.checks.first_detection import false_alarm_rate, highest_threshold, toy_frame, toy_iou
from rrca.checks.verdict import Verdict

__all__ = ["Verdict", "false_alarm_rate", "highest_threshold", "toy_frame", "toy_iou"]
