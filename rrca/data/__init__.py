"""Data: reading frames, the data sets of the field, their lists and flaws, synthetic scenes."""

from rrca.data import lists, scenes
from rrca.data.archive import import_archive
from rrca.data.check import Finding, Report, check
from rrca.data.fetch import fetch
from rrca.data.frames import Frame, FrameSet, open, open_folders, open_or_synthetic
from rrca.data.layouts import NAMES, available, data_root
from rrca.data.normalisation import Normalisation
from rrca.data.reading import as_frame, read, read_mask
from rrca.data.writing import write

__all__ = [
    "NAMES",
    "Finding",
    "Frame",
    "FrameSet",
    "Normalisation",
    "Report",
    "as_frame",
    "available",
    "check",
    "data_root",
    "fetch",
    "import_archive",
    "lists",
    "open",
    "open_folders",
    "open_or_synthetic",
    "read",
    "read_mask",
    "scenes",
    "write",
]
