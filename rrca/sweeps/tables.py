"""Runs of the tables' rows: in this process, in several, or on a Ray cluster, each run once and each able to go on.

What is done is what a result file says (`rrca.sweeps.results`). Who does it is settled by a lock in the run's folder,
which the operating system releases when its holder ends, however it ends: so any number of sweeps may work on one
table, and a run whose holder was killed is taken over from its last checkpoint.
"""

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

import rrca
from rrca import paper
from rrca.data.layouts import data_root
from rrca.errors import InputError, InputWarning
from rrca.provenance import commit
from rrca.recipes import Recipe
from rrca.recipes import recipe as named
from rrca.sweeps import later
from rrca.sweeps.backends import BACKENDS
from rrca.sweeps.progress import bars
from rrca.sweeps.results import finished, path_of, read, results_folder
from rrca.sweeps.work import Job, Site, lines_of


def plan(
    tables: str | Iterable[str],
    seeds: Sequence[int] | None = None,
    recipe: str | Recipe = "ablation",
    data: str | None = paper.NUAA,
    results: str | Path | None = None,
) -> list[Job]:
    """The runs that some tables need, each once.

    Parameters
    ----------
    tables : str or iterable of str
        Of `rrca.experiments.TABLES`, or "winners": the best cells of Table VII's grid, run again.
    seeds : sequence of int, optional
        For every row; default each row's own.
    recipe : str or Recipe, default "ablation"
        What the rows change.
    data : str or None, default "NUAA-SIRST"
        One data set's rows; None for all.
    results : path-like, optional
        Folder of the result files, which name the winners and the rivals' learning rates; default `data/results` of
        the checkout.

    Returns
    -------
    list of Job
        In the order of the tables.

    Examples
    --------
    Table V's third row is the default network, which Table IV has too:

    >>> jobs = plan(["IV", "V"], seeds=[0], recipe="cpu")
    >>> [job.places for job in jobs][2]
    (('IV', 'n = 2'), ('V', 'FSM'))
    >>> len(jobs)
    6
    """
    base = named(recipe) if isinstance(recipe, str) else recipe
    jobs: dict[str, Job] = {}
    for table in [tables] if isinstance(tables, str) else tables:
        for row in later.rows(table, data, results, base.name):
            for seed in row.seeds if seeds is None else seeds:
                whole = row.recipe_for(base, seed)
                run = f"{whole.network}-{whole.data}-s{seed}-{_digest(asdict(whole))}"
                known = jobs[run].places if run in jobs else ()
                jobs[run] = Job(run, whole, (*known, (table, row.name)), _digest(_common(base)))
    return list(jobs.values())


def overview(
    tables: str | Iterable[str],
    seeds: Sequence[int] | None = None,
    recipe: str | Recipe = "ablation",
    data: str | None = paper.NUAA,
    results: str | Path | None = None,
) -> pd.DataFrame:
    """What `sweep` would run, without running it.

    Parameters
    ----------
    tables, seeds, recipe, data, results
        As for `plan`.

    Returns
    -------
    DataFrame
        A line for each row and seed: "table", "row", "data", "seed", "network", "steps", "rate" (learning rate at the
        start), "run" (its name), and "done": whether its figures are there.
    """
    _warn_of_rates(tables, recipe, data, results)
    lines = []
    for job in plan(tables, seeds, recipe, data, results):
        made = job.recipe
        known = {"data": made.data, "seed": made.seed, "network": made.network, "steps": made.steps}
        known |= {"rate": made.rate, "run": job.run}
        for table, row in job.places:
            done = (job.run, row) in finished(read(path_of(table, results)))
            lines.append({"table": table, "row": row, **known, "done": done})
    return pd.DataFrame(lines)


def sweep(
    tables: str | Iterable[str],
    seeds: Sequence[int] | None = None,
    recipe: str | Recipe = "ablation",
    backend: str = "serial",
    workers: int | None = None,
    data: str | None = paper.NUAA,
    results: str | Path | None = None,
    runs: str | Path = "runs",
    root: str | Path | None = None,
    code: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run the rows of some tables; what is finished is skipped, what was killed goes on.

    Parameters
    ----------
    tables, seeds, recipe, data
        As for `plan`.
    backend : {"serial", "process", "ray"}
        In this process, the reference; in `workers` processes; or as tasks of a Ray cluster, the one at $RAY_ADDRESS
        or one on this machine (extra `ray`). Every run takes one thread, so that all backends give the same rows to
        the last digit, minutes apart.
    workers : int, optional
        Runs side by side; default one a core, or one a GPU of a cluster that has any.
    results : path-like, optional
        Folder of the result files; default `data/results` of the checkout.
    runs : path-like, default "runs"
        Folder of the run folders.
    root : path-like, optional
        Data root; see `rrca.data.open`.
    code : str, optional
        State of the code, for the result lines; default git's, which must have no changes: run a sweep from a
        worktree of its own while you edit.
    progress : bool, default True
        Show a bar for each run and one for all, with the time left.

    Returns
    -------
    DataFrame
        A row for each result line of these tables and seeds; "error" says what a failed one died of.

    Raises
    ------
    InputError
        For an unknown table, recipe or backend, a backend that is not installed, or changed code.
    """
    if backend not in BACKENDS:
        raise InputError(f"backend = {backend!r}: choose one of {', '.join(BACKENDS)}.")
    jobs = plan(tables, seeds, recipe, data, results)
    _warn_of_rates(tables, recipe, data, results)
    folder = results_folder() if results is None else Path(results)
    # absolute, since a worker elsewhere stands in a folder of its own and has its own environment
    site = Site(
        folder.absolute(), Path(runs).absolute(), str(data_root(root).absolute()), code or code_state()
    )
    with bars(jobs, progress) as tell:
        BACKENDS[backend](jobs, site, workers, tell)
    lines = [line for job in jobs for line in lines_of(job, site)]
    return pd.DataFrame(lines)


def _warn_of_rates(tables, recipe, data, results) -> None:
    """Say which rivals' rows will be other runs, once their learning rates are chosen."""
    which = [tables] if isinstance(tables, str) else tables
    name = recipe if isinstance(recipe, str) else recipe.name
    if rivals := later.without_rate(which, data, results, name):
        warnings.warn(
            f"no learning rate was chosen yet for {', '.join(rivals)}: their rows take the recipe's own, and become "
            "other runs once `rrca sweep --table rival-rates` is done.",
            InputWarning,
            stacklevel=3,
        )


def code_state() -> str:
    """The commit of the code that runs: a result line must name what made it.

    Raises
    ------
    InputError
        If the checkout differs from its commit.
    """
    found = commit()
    if found is None:
        return f"rrca {rrca.__version__}, installed"
    if found.endswith("+changes"):
        raise InputError(
            "the checkout has changes that no commit names; commit them, or run the sweep from a worktree of its own "
            "(git worktree add ../sweep)."
        )
    return found


def _digest(record: Mapping[str, Any]) -> str:
    """A short name of a record's content."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=list).encode()).hexdigest()[:10]


def _common(base: Recipe) -> dict[str, Any]:
    """What all rows of a sweep share: the recipe without what a row or a seed sets."""
    return {name: value for name, value in asdict(base).items() if name not in ("data", "network", "seed")}
