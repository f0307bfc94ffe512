"""One run of a sweep: claimed, trained or gone on with, judged, and written down as a result line."""

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rrca import checkpoint, data, train
from rrca.detection import Detector
from rrca.evaluation import count_frames, protocols_for
from rrca.metrics import summarise
from rrca.recipes import Recipe
from rrca.sweeps.results import append, finished, path_of, read

Tell = Callable[[dict], None]


@dataclass(frozen=True)
class Job:
    """One run and the rows that it serves.

    Attributes
    ----------
    run : str
        Its name: a digest of its recipe, so that equal recipes are one run.
    recipe : Recipe
        The whole of it, seed included.
    places : tuple of (str, str)
        Table and row of each line that it writes.
    recipe_hash : str
        Digest of the recipe that all rows of a sweep start from.
    """

    run: str
    recipe: Recipe
    places: tuple[tuple[str, str], ...]
    recipe_hash: str


@dataclass(frozen=True)
class Site:
    """Where a sweep reads and writes.

    Attributes
    ----------
    results, runs : Path
        Folders of result lines, and of run folders.
    root : str or None
        Data root; see `rrca.data.open`.
    commit : str
        State of the code.
    """

    results: Path
    runs: Path
    root: str | None
    commit: str


def do(job: Job, site: Site, tell: Tell, wait: bool = False) -> bool:
    """Do one job, or what is missing of it; False, at once, if another process is at it and `wait` is not set."""
    with claim(site.runs / job.run, wait) as mine:
        if not mine:
            return False
        lines = {place: _finished(job, place, site) for place in job.places}
        missing = [place for place, line in lines.items() if line is None]
        if missing:
            known = next((line for line in lines.values() if line is not None), None)
            line = known or _measure(job, site, tell)
            for table, row in missing:
                append(path_of(table, site.results), line | {"table": table, "row": row})
        tell({"run": job.run, "done": True})
    return True


@contextmanager
def claim(folder: Path, wait: bool = False) -> Iterator[bool]:
    """Hold a run's folder against all other processes; gives False if one of them holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True  # the lock ends with the file, or with the process


def _measure(job: Job, site: Site, tell: Tell) -> dict[str, Any]:
    """Train and judge; the result line without its table and row. An error becomes part of the line."""
    line = _head(job, site)
    started = time.perf_counter()
    try:
        with one_thread():
            run = train.fit(
                job.recipe,
                out=site.runs / job.run,
                resume=True,
                device="cpu" if not torch.cuda.is_available() else None,
                root=site.root,
                on_step=lambda entry: tell({"run": job.run, "step": entry["step"]}),
            )
            line |= _judged(run, job, site)
    except Exception as error:  # one row must not stop the others
        line |= {"error": _words(error), "minutes": (time.perf_counter() - started) / 60}
    return line


def record_failure(job: Job, site: Site, error: Exception) -> None:
    """Write the lines of a job that nobody could do: all that began it died."""
    for table, row in job.places:
        line = _head(job, site) | {"table": table, "row": row, "error": _words(error)}
        append(path_of(table, site.results), line)


def _head(job: Job, site: Site) -> dict[str, Any]:
    """What a result line says before anything is run."""
    return {
        "run": job.run,
        "table": None,
        "row": None,
        "data": job.recipe.data,
        "seed": job.recipe.seed,
        "recipe": job.recipe.name,
        "recipe_hash": job.recipe_hash,
        "steps": job.recipe.steps,
        "threads": 1,
        "error": None,
        "commit": site.commit,
    }


def _words(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _judged(run: train.Run, job: Job, site: Site) -> dict[str, Any]:
    """The figures of a run, and those on what it was trained on; the frames' counts go to a file beside.

    A recipe that selects on `val` is judged there: what is being chosen must not see the test list.
    """
    card, detector = run.card, Detector(run.model)
    judged = "val" if job.recipe.select == "val" else "test"
    frames = data.open(card["data"], judged, card["channels"], site.root)
    fitted = data.open(card["data"], card["split"], card["channels"], site.root)
    counted = count_frames(detector, frames, protocols_for(card["data"]))
    metrics = {protocol: summarise(found.total, protocol).as_dict() for protocol, found in counted.items()}
    own = count_frames(detector, fitted, ("exact",))["exact"].total
    beside = {protocol: found.as_dict() for protocol, found in counted.items()}
    text = json.dumps({"run": job.run, "data": card["data"], "list": judged, "frames": beside})
    checkpoint.write_whole(site.results / "runs" / f"{job.run}.json", (text + "\n").encode())
    checkpoint.save_card(
        card | {"judged_on": judged, "metrics": metrics}, site.runs / job.run / "weights.safetensors"
    )
    exact = metrics["exact"]
    return {
        "list": judged,
        "protocol": "exact",
        **{name: exact[name] for name in ("iou", "niou", "pd", "fa")},
        "metrics": metrics,
        "train_iou": summarise(own, "exact").iou,
        "curve": [[entry["step"], entry["iou"]] for entry in run.log if "iou" in entry],
        "minutes": card["minutes"],
        "hardware": card["hardware"],
        "versions": card["versions"],
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread a run: as many runs as cores are faster than one run on all, and sums come in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _finished(job: Job, place: tuple[str, str], site: Site) -> dict | None:
    """The line of a job in one table, if it is there and without an error."""
    table, row = place
    return finished(read(path_of(table, site.results))).get((job.run, row))


def lines_of(job: Job, site: Site) -> list[dict]:
    """The last line of a job in each of its tables, failed or not."""
    found = []
    for table, row in job.places:
        lines = read(path_of(table, site.results))
        found += [line for line in lines if (line["run"], line["row"]) == (job.run, row)][-1:]
    return found
