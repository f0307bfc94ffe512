"""RRCA-Net for infrared small target detection: the network, its loss, its metrics, real data.

Importing this package prints nothing, reads no file, seeds nothing and does not need Jupyter.
"""

import importlib

__version__ = "0.1.0"

from rrca import checkpoint, data, errors, losses, metrics
from rrca.checkpoint import load
from rrca.cost import Cost, count
from rrca.detection import ClassicalDetector, Detections, Detector, Target, detect, open_detector
from rrca.evaluation import evaluate
from rrca.false_alarms import threshold_for
from rrca.registry import build, names
from rrca.release import import_release

# Loaded on first use: they bring matplotlib, or Jupyter, or a long import.
_LATER = (
    "bench",
    "checks",
    "claims",
    "classroom",
    "explore",
    "notebooks",
    "paper",
    "plots",
    "report",
    "train",
)

__all__ = [
    "ClassicalDetector",
    "Cost",
    "Detections",
    "Detector",
    "Target",
    "build",
    "checkpoint",
    "count",
    "data",
    "detect",
    "errors",
    "evaluate",
    "import_release",
    "load",
    "losses",
    "metrics",
    "names",
    "open_detector",
    "threshold_for",
    *_LATER,
]


def __getattr__(name: str):
    if name in _LATER:
        return importlib.import_module(f"rrca.{name}")
    raise AttributeError(f"module 'rrca' has no attribute {name!r}")
