"""Ours against the paper, from result files alone: tables with intervals and verdicts, fixed before the runs."""

from rrca.claims import RULE
from rrca.compare.frames import bootstrap
from rrca.compare.grid import main_effects, power_of, price_of_choosing, spread, visible_ratio
from rrca.compare.lines import Rows, collect, values
from rrca.compare.statistics import differences, homogeneity, pooled_sd, verdict
from rrca.compare.table import Comparison, table

__all__ = [
    "RULE",
    "Comparison",
    "Rows",
    "bootstrap",
    "collect",
    "differences",
    "homogeneity",
    "main_effects",
    "pooled_sd",
    "power_of",
    "price_of_choosing",
    "spread",
    "table",
    "values",
    "verdict",
    "visible_ratio",
]
