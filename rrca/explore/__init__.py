"""Interactive figures for notebooks: the `plots` functions, alive."""

from rrca.explore.claims import claims
from rrca.explore.classical import filters, sparsity
from rrca.explore.loss import loss
from rrca.explore.luck import luck
from rrca.explore.recurrence import recurrence
from rrca.explore.scene import scene
from rrca.explore.source import source
from rrca.explore.surface import surface
from rrca.explore.threshold import threshold
from rrca.explore.training import LiveTraining

__all__ = [
    "LiveTraining",
    "claims",
    "filters",
    "loss",
    "luck",
    "recurrence",
    "scene",
    "source",
    "sparsity",
    "surface",
    "threshold",
]
