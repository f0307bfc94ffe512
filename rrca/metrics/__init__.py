"""Metrics of infrared small target detection: IoU, Pd, Fa, hybrid level, ROC, SCR, under named protocols."""

from rrca.metrics.components import Components, components
from rrca.metrics.counts import Counts
from rrca.metrics.curve import Roc, roc
from rrca.metrics.detection_metrics import DetectionMetrics, count, count_frame
from rrca.metrics.protocols import PROTOCOLS, Protocol, get_protocol
from rrca.metrics.results import ERRORS, Metrics, summarise
from rrca.metrics.scr import target_scr

__all__ = [
    "ERRORS",
    "PROTOCOLS",
    "Components",
    "Counts",
    "DetectionMetrics",
    "Metrics",
    "Protocol",
    "Roc",
    "components",
    "count",
    "count_frame",
    "get_protocol",
    "roc",
    "summarise",
    "target_scr",
]
