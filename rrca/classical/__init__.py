"""The nine classical detectors of the paper's Table I, each a function from a grey frame to a response map.

Frames are grey levels 0 … 255 (H, W), responses float64 (H, W) in a unit of the method's own; a threshold rule
(`rrca.classical.thresholds`) makes a mask of one. `rrca.detect(image, model="ipi")` does all of it.
"""

from rrca.classical.ipi import ipi
from rrca.classical.iteration import Step
from rrca.classical.max_median import max_median
from rrca.classical.mslstipt import mslstipt
from rrca.classical.nram import nram
from rrca.classical.pstnn import pstnn
from rrca.classical.responses import METHODS, Responses
from rrca.classical.ript import ript
from rrca.classical.thresholds import RULES, rule, segment
from rrca.classical.tllcm import tllcm
from rrca.classical.top_hat import top_hat
from rrca.classical.wslcm import wslcm

__all__ = [
    "METHODS",
    "RULES",
    "Responses",
    "Step",
    "ipi",
    "max_median",
    "mslstipt",
    "nram",
    "pstnn",
    "ript",
    "rule",
    "segment",
    "tllcm",
    "top_hat",
    "wslcm",
]
