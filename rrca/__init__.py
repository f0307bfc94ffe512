"""RRCA-Net for infrared small target detection: the network, its loss, its metrics, real data.

Importing this package prints nothing, reads no file, seeds nothing and does not need Jupyter.
"""

__version__ = "0.1.0"

from rrca.cost import Cost, count
from rrca.registry import build, names

__all__ = ["Cost", "build", "count", "names"]
