"""From one run to a table: which runs are shared, what seeds can tell, what choosing costs, how long it all takes."""

import heapq
import multiprocessing
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

import rrca
from rrca import compare, paper, sweeps
from rrca.checkpoint import DEFAULT
from rrca.compare.statistics import LEVEL
from rrca.errors import InputError
from rrca.recipes import Recipe
from rrca.studies import latency
from rrca.studies.alpha_k import expected_best
from rrca.studies.recipe_search import BASE

PAPERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
SEEDS = len(rrca.experiments.NOISE)  # of the default, with which every row is compared
TIMED = ("train", "step, 4 x 128²")  # bench and task of a step of the recipe `ablation`
WAYS = ("fast, bf16", "fast")  # what it does with and without a processor that multiplies bfloat16
ONE_THREAD = ", 1 threads"  # as `rrca.provenance.hardware` ends: what a run of a sweep has
OTHERWISE_TIMED = ("repisdnet",)  # whose kept count is that of the folded form, which is not trained


def shared(tables: Iterable[str] = PAPERS, data: str | None = paper.NUAA) -> pd.DataFrame:
    """How many lines the tables need, and how many runs: a run that earlier tables have is not done again.

    Parameters
    ----------
    tables : iterable of str
        As for `rrca.sweeps.plan`, in their order.
    data : str or None, default "NUAA-SIRST"
        One data set's rows; None for all.

    Returns
    -------
    DataFrame
        By table: "rows", "lines" (rows × seeds), "new runs", and "shared", lines whose run an earlier table has.

    Examples
    --------
    >>> shared(["IV", "V"]).loc["V"].to_dict()
    {'rows': 3, 'lines': 9, 'new runs': 6, 'shared': 3}
    """
    tables, known, found = tuple(tables), set(), {}
    places = [(*place, job.run) for job in sweeps.plan(tables, data=data) for place in job.places]
    for table in tables:
        own = [(row, run) for at, row, run in places if at == table]
        new = {run for _, run in own} - known
        rows = len({row for row, _ in own})
        found[table] = {"rows": rows, "lines": len(own), "new runs": len(new), "shared": len(own) - len(new)}
        known |= new
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("table")


def half_width(seeds: int, rows: int = 1, control: int = SEEDS) -> float:
    """Half the width of the 95 % interval of a difference, in standard deviations over seeds.

    Parameters
    ----------
    seeds : int
        Of each row; 2 or more.
    rows : int, default 1
        Rows of the table, whose intervals hold all at once (Dunnett).
    control : int, default 27
        Seeds of the default.

    Returns
    -------
    float
        What differs by more can be told from the default; of what differs by less nothing can be said.

    Raises
    ------
    InputError
        For a single seed, which has no spread.

    Notes
    -----
    For several rows `rrca.compare.differences` itself, on groups that are made to have a standard deviation of exactly
    1. With one row that is Student's t, taken here without the integration, whose third digit is uncertain.

    Examples
    --------
    >>> round(half_width(3), 2), round(half_width(3, control=3), 2)
    (1.25, 2.27)
    """
    if min(seeds, control) < 2:
        raise InputError(f"seeds = {seeds}, control = {control}: an interval needs two of each at least.")
    if rows == 1:
        return float(stats.t.ppf((1 + LEVEL) / 2, seeds + control - 2) * np.sqrt(1 / seeds + 1 / control))
    made = compare.differences({str(i): _of_spread_one(seeds) for i in range(rows)}, _of_spread_one(control))
    return float((made["high"] - made["low"]).iloc[0] / 2)


def half_widths(seeds: Sequence[int] = (2, 3, 4, 5, 7, 10, 15, 27), rows: int = 8) -> pd.DataFrame:
    """`half_width` for several numbers of seeds.

    Parameters
    ----------
    seeds : sequence of int
        Of a row.
    rows : int, default 8
        Of the larger table; Table VIII compares eight losses with the default.

    Returns
    -------
    DataFrame
        By "seeds": "as many" (one row against a default of as many seeds), "one row" and "ROWS rows", each against
        the default's 27. In standard deviations over seeds.
    """
    found = {
        n: {
            "as many": half_width(n, control=n),
            "one row": half_width(n),
            f"{rows} rows": half_width(n, rows),
        }
        for n in seeds
    }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("seeds")


def choosing(ms: Sequence[int] = tuple(range(1, 28)), apart: float = 0.0) -> pd.DataFrame:
    """What the best of m rows, run once each, shows beyond their mean, and what it gives when it is run again.

    Parameters
    ----------
    ms : sequence of int
        Rows to choose from.
    apart : float, default 0
        How far the rows truly lie apart: the standard deviation of their own means, in that of their seeds. 0: all
        rows are equal.

    Returns
    -------
    DataFrame
        By "m": "shown" and "again", expected, in standard deviations over seeds.

    Notes
    -----
    Normal rows and normal seeds. Of the variance 1 + apart² of what is shown, only the share apart² / (1 + apart²) is
    the rows' own, and a fresh run keeps that share of what the chosen one showed.

    References
    ----------
    F. Galton, "Regression towards mediocrity in hereditary stature", Journal of the Anthropological Institute 15, 1886.

    Examples
    --------
    >>> choosing([27], apart=1).round(1).values.tolist()
    [[2.8, 1.4]]
    """
    whole = np.sqrt(1 + apart**2)
    best = np.array([expected_best(m) for m in ms])
    return pd.DataFrame(
        {"shown": best * whole, "again": best * apart**2 / whole}, index=pd.Index(ms, name="m")
    )


def seconds_a_step(folder: str | Path | None = None) -> dict[str, Any]:
    """How long a step of the recipe `ablation` took where `rrca bench train` last timed it, and whole runs beside it.

    Parameters
    ----------
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout.

    Returns
    -------
    dict
        "bench" (s), on one thread of "machine", in bfloat16 or float32, whichever is the quicker there; and "runs" (s),
        minutes over steps of the search's finished runs with steps of that kind: start, judging
        and other work on the machine included; nan if there are none.

    Raises
    ------
    InputError
        If it was not measured.
    """
    path = sweeps.path_of("bench", folder)
    timed = [
        line
        for line in sweeps.read(path)
        if (line["bench"], line["task"]) == TIMED
        and line["way"] in WAYS
        and line["machine"].endswith(ONE_THREAD)
    ]
    if not timed:
        raise InputError(
            f"{path} does not hold the task {TIMED[1]!r} on one thread; run "
            "`OMP_NUM_THREADS=1 rrca bench train --save` first."
        )
    lines = sweeps.read(sweeps.path_of("recipes", folder))
    whole = [
        60 * line["minutes"] / line["steps"] for line in lines if line["row"] == BASE
    ]  # steps of the same kind
    machine = timed[-1]["machine"]
    latest = {line["way"]: line["seconds"] for line in timed if line["machine"] == machine}
    return {
        "bench": min(latest.values()),
        "machine": machine,
        "runs": float(np.mean(whole)) if whole else float("nan"),
    }


def core_hours(
    tables: Iterable[str] = (*PAPERS, "noise"),
    data: str | None = None,
    recipe: str | Recipe = "ablation",
    step: float | None = None,
) -> pd.DataFrame:
    """An estimate of how long each run of some tables takes one core, by executed work.

    Parameters
    ----------
    tables : iterable of str
        Default the paper's, and the default's 27 seeds.
    data : str or None
        One data set's rows; None for all.
    recipe : str or Recipe, default "ablation"
        What the rows change.
    step : float, optional
        Seconds of a step of the default network; default as `seconds_a_step` has it.

    Returns
    -------
    DataFrame
        By run: "table" and "row" (the first that it serves), "work" (executed multiply-accumulates of a crop over the
        default's) and "hours".

    Notes
    -----
    Steps × seconds a step × work. Judging is left out. Time is not proportional to work from network to network:
    notebook 18 found between 26 and 126 ms for each GMAC, where the default takes 65.
    """
    step = seconds_a_step()["bench"] if step is None else step
    rows, known = {}, {}
    for job in sweeps.plan(tables, recipe=recipe, data=data):
        what = (job.recipe.network, repr(sorted(job.recipe.settings.items())))
        if what not in known:
            known[what] = relative_work(job.recipe)
        table, row = job.places[0]
        hours = job.recipe.steps * step * known[what] / 3600
        rows[job.run] = {"table": table, "row": row, "work": known[what], "hours": hours}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def relative_work(recipe: Recipe) -> float:
    """Executed multiply-accumulates of a recipe's network over those of the default: as kept, or else counted.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    float

    Notes
    -----
    What notebook 18 keeps was counted on frames of 3×256×256, and the ratio of one channel differs by less than a
    hundredth. It saves most of the counting, which takes half a second a network.

    Examples
    --------
    >>> relative_work(rrca.train.recipe("ablation"))
    1.0
    """
    kept = latency.table(latency.read())["GMAC"]
    changed = {name: value for name, value in recipe.settings.items() if name != "in_channels"}
    plain = (
        recipe.network
        if not changed
        else f"{recipe.network}, n = 0"
        if changed == {"iterations": 0}
        else None
    )
    if plain in kept and plain not in OTHERWISE_TIMED:
        return float(kept[plain] / kept[DEFAULT])
    own = rrca.build(recipe.network, **recipe.settings).eval()
    return rrca.count(own, (own.config.in_channels, recipe.crop, recipe.crop)).macs / _default_macs(
        recipe.crop
    )


@cache
def _default_macs(crop: int) -> float:
    """Work of the default network on a crop of one channel."""
    return rrca.count(rrca.build(DEFAULT, in_channels=1).eval(), (1, crop, crop)).macs


def wall_hours(hours: Sequence[float], workers: int) -> float:
    """How long some runs take together: each worker takes the next run of the list when it has done its last.

    Parameters
    ----------
    hours : sequence of float
        Of each run, in the order of the plan.
    workers : int
        1 or more.

    Returns
    -------
    float
        Until the last is done. Never less than the longest run, nor than the sum over the workers.

    Examples
    --------
    >>> wall_hours([1, 1, 1, 3], workers=2), wall_hours([3, 1, 1, 1], workers=2)
    (4.0, 3.0)
    """
    if workers < 1:
        raise InputError(f"workers = {workers}: needs 1 at least.")
    free = [0.0] * min(workers, max(1, len(hours)))
    for own in hours:
        heapq.heapreplace(free, free[0] + own)
    return float(max(free))


def start_and_kill(tables: str | Sequence[str], patience: float = 180, **options) -> dict[str, Any]:
    """Start a sweep in a process of its own and kill it, without a warning, once a run has saved its first state.

    Parameters
    ----------
    tables : str or sequence of str
        As for `rrca.sweeps.sweep`.
    patience : float, default 180
        Seconds to wait for a state.
    **options
        Of `rrca.sweeps.sweep`; `runs` and `results` must be given.

    Returns
    -------
    dict
        "run" (its name), "state at step", and "lines": finished result lines that it left.

    Raises
    ------
    InputError
        If the sweep ended, or `patience` did, before a state was saved.
    """
    runs, results = Path(options["runs"]), Path(options["results"])
    process = multiprocessing.get_context("spawn").Process(target=_sweep, args=(tables, options))
    process.start()
    try:
        until = time.monotonic() + patience
        while not (states := sorted(runs.glob("*/state-*.pt"))):
            if not process.is_alive() or time.monotonic() > until:
                raise InputError(f"the sweep of {tables} saved no state in {runs}; nothing was killed.")
            time.sleep(0.02)
    finally:
        process.kill()
        process.join()
    lines = [line for path in results.glob("*.jsonl") for line in sweeps.read(path)]
    state = states[0]
    return {
        "run": state.parent.name,
        "state at step": int(state.stem.partition("-")[2]),
        "lines": len(lines),
    }


def same_weights(folder: str | Path, run: rrca.train.Run) -> bool:
    """Whether the weights that a run folder holds are those of a run in memory, bit by bit.

    Parameters
    ----------
    folder : path-like
        Of a finished run.
    run : rrca.train.Run
        From `rrca.train.fit`.

    Returns
    -------
    bool
    """
    kept, made = rrca.load(Path(folder))[0].state_dict(), run.model.state_dict()
    return kept.keys() == made.keys() and all(torch.equal(kept[name], made[name]) for name in kept)


def _sweep(tables, options) -> None:
    """What the process does that will be killed."""
    sweeps.sweep(tables, **options)


def _of_spread_one(n: int) -> np.ndarray:
    """n numbers with mean 0 and standard deviation 1."""
    even = np.arange(n) - (n - 1) / 2
    return even / even.std(ddof=1)
