"""Who does the jobs of a sweep: this process, several, or a cluster. Each does whatever no other is at."""

import multiprocessing
import os
import queue
import threading

from rrca.cores import cores
from rrca.sweeps.cluster import ray_tasks
from rrca.sweeps.work import Job, Site, Tell, do


def work(jobs: list[Job], site: Site, tell: Tell) -> None:
    """Do all jobs; those that others hold come last, and are taken over if their holder ended."""
    held = [job for job in jobs if not do(job, site, tell)]
    for job in held:
        do(job, site, tell, wait=True)


def _serial(jobs: list[Job], site: Site, workers: int | None, tell: Tell) -> None:
    work(jobs, site, tell)


def _process(jobs: list[Job], site: Site, workers: int | None, tell: Tell) -> None:
    """Some processes, each of which does whatever no other is at."""
    context = multiprocessing.get_context("spawn")
    news = context.Queue()
    processes = [
        context.Process(target=_worker, args=(jobs, site, news), daemon=False)
        for _ in range(min(workers or cores(), len(jobs)))
    ]
    for process in processes:
        process.start()
    try:
        left = len(processes)
        while left and any(process.is_alive() for process in processes):
            left -= _heard(news, tell)
        for process in processes:
            process.join()
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    died = [process for process in processes if process.exitcode]
    if len(died) == len(processes):
        raise RuntimeError(
            f"all {len(died)} workers ended early, the first with exit code {died[0].exitcode}."
        )


def end_with_parent() -> None:
    """End this process when its parent does, however that ends: a sweep that was killed leaves nobody at work."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        parent.join()
        os._exit(1)  # as a kill would: the run goes on from its last state

    threading.Thread(target=wait, daemon=True).start()


def _heard(news, tell: Tell) -> int:
    """Pass on one message; 1 if it says that a worker is done."""
    try:
        entry = news.get(timeout=0.5)
    except queue.Empty:  # look whether the workers live
        return 0
    if entry is None:
        return 1
    tell(entry)
    return 0


def _worker(jobs: list[Job], site: Site, news) -> None:
    """What a worker process does."""
    end_with_parent()
    work(jobs, site, news.put)
    news.put(None)


BACKENDS = {"serial": _serial, "process": _process, "ray": ray_tasks}
