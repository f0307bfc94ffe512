"""A sweep on Ray: every run is a task of a cluster, and one whose worker was killed is begun again and goes on.

Ray only places the tasks, one to a GPU or to a core, and hands a dead worker's task to another. What makes that worth
having is older than it: `work.do` claims the run's folder and goes on from the checkpoint in it. So all nodes must see
the same checkout and the same folders of runs, results and data, as on a cluster's shared file system.

References
----------
P. Moritz et al., "Ray: A Distributed Framework for Emerging AI Applications", OSDI 2018. Tasks, not Ray Tune: a grid
that is known beforehand needs no search, and Tune's own checkpoints would be second copies of ours.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rrca.cores import cores
from rrca.errors import InputError
from rrca.sweeps.results import read
from rrca.sweeps.work import Job, Site, Tell, do, record_failure

RETRIES = 10  # times that a run is begun again after its worker died; a run that kills each of them must end some time
POLL = 0.5  # seconds between two looks at the runs' logs
LOCAL = {
    "include_dashboard": False,
    "object_store_memory": 10**8,
}  # bytes; what is passed is a recipe and a bool
NO_ANSWER = (
    "no cluster answers at RAY_ADDRESS = {address!r} ({why}); start one with `ray start --head`, give its "
    "RAY_AUTH_TOKEN if it asks for one, or unset RAY_ADDRESS to use this machine."
)
NO_START = (
    "Ray did not start on this machine ({why}); try again when it is less busy, or use backend = 'process'."
)


def ray_tasks(jobs: list[Job], site: Site, workers: int | None, tell: Tell) -> None:
    """Do all jobs on the cluster at RAY_ADDRESS, or on one that is started on this machine for the while.

    Parameters
    ----------
    jobs, site, tell
        As for any backend.
    workers : int, optional
        Runs side by side; default as many as the cluster has GPUs, or cores if it has none.

    Raises
    ------
    InputError
        Without the extra `ray`, or if no cluster answers at RAY_ADDRESS.
    """
    ray = _ray()
    with _cluster(ray, workers):
        gpus = min(1, ray.cluster_resources().get("GPU", 0))
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(_trial)

        def finish(jobs: list[Job], wait: bool) -> list[Job]:
            """Do these jobs; the ones that another sweep holds come back."""
            waiting, running, held = list(jobs), {}, []
            while waiting or running:
                while waiting and len(running) < (workers or len(jobs)):
                    job = waiting.pop(0)
                    running[task.remote(job, site, wait)] = job
                done, _ = ray.wait(list(running), timeout=POLL)
                for job in running.values():
                    tell({"run": job.run, "step": _step(job, site)})
                for finished in done:
                    job = running.pop(finished)
                    if _outcome(ray, finished, job, site):
                        tell({"run": job.run, "done": True})
                    else:
                        held.append(job)
            return held

        finish(finish(jobs, wait=False), wait=True)


def _trial(job: Job, site: Site, wait: bool) -> bool:
    """What a worker does; its log tells the driver how far it is."""
    return do(job, site, lambda entry: None, wait)


def _outcome(ray, finished, job: Job, site: Site) -> bool:
    """Whether a task did its job; if its workers died too often, that is the row's error."""
    try:
        return ray.get(finished)
    except ray.exceptions.RayError as error:
        record_failure(job, site, error)
        return True


def _step(job: Job, site: Site) -> int:
    """Steps done, by the log in the run's folder."""
    lines = read(site.runs / job.run / "log.jsonl")
    return lines[-1]["step"] if lines else 0


@contextmanager
def _cluster(ray, workers: int | None) -> Iterator[None]:
    """Be connected; to what the caller has connected to already, which then stays so."""
    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    how = {"address": address} if address else {"address": "local", "num_cpus": workers or cores(), **LOCAL}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray reports each cluster to its makers
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **how)
    except Exception as error:  # Ray raises bare ones, as of a node that did not come up in its 30 seconds
        ray.shutdown()
        why = str(error).partition("\n")[0].rstrip(".")
        raise InputError((NO_ANSWER if address else NO_START).format(address=address, why=why)) from error
    try:
        yield
    finally:
        ray.shutdown()


def _ray():
    """The engine, if it is there."""
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError(
            "backend = 'ray' needs the extra `ray`, which is not installed: pip install 'rrca[ray]'."
        ) from None
    return ray
