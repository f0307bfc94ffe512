"""Many runs: the rows of the paper's tables, each run once, on a laptop or more, written as result lines."""

from rrca.sweeps.backends import BACKENDS
from rrca.sweeps.results import append, finished, frame, path_of, read, results_folder
from rrca.sweeps.tables import code_state, overview, plan, sweep
from rrca.sweeps.work import Job, Site, claim, do, one_thread

__all__ = [
    "BACKENDS",
    "Job",
    "Site",
    "append",
    "claim",
    "code_state",
    "do",
    "finished",
    "frame",
    "one_thread",
    "overview",
    "path_of",
    "plan",
    "read",
    "results_folder",
    "sweep",
]
