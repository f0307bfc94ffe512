"""Interactive figures for notebooks: the `plots` functions, alive."""

from rrca.explore.loss import loss
from rrca.explore.scene import scene
from rrca.explore.source import source
from rrca.explore.training import LiveTraining

__all__ = ["LiveTraining", "loss", "scene", "source"]
