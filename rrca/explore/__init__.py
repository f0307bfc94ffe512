"""Interactive figures for notebooks: the `plots` functions, alive."""

from rrca.explore.training import LiveTraining

__all__ = ["LiveTraining"]
