"""Progress of a sweep: a bar for all runs and one for each that is under way."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm

from rrca import cost
from rrca.recipes import Recipe
from rrca.registry import build
from rrca.sweeps.work import Job, Tell

_FORMAT = "{desc}: {percentage:5.1f} %|{bar}| {elapsed} gone, {remaining} left"


@contextmanager
def bars(jobs: list[Job], progress: bool) -> Iterator[Tell]:
    """A bar for all runs, in units of the work of each, and one for each run under way."""
    work_of = {job.run: job.recipe.steps * _macs(job.recipe) for job in jobs}
    whole = sum(work_of.values())
    steps, under_way = {job.run: job.recipe.steps for job in jobs}, {}
    shares = dict.fromkeys(work_of, 0.0)
    total = tqdm(total=100.0, unit="%", desc=f"{len(jobs)} runs", disable=not progress, bar_format=_FORMAT)

    def tell(entry: dict) -> None:
        run = entry["run"]
        share = 1.0 if "done" in entry else entry["step"] / steps[run]
        total.update(100 * (share - shares[run]) * work_of[run] / whole)
        shares[run] = share
        if "done" in entry:
            if run in under_way:
                under_way.pop(run).close()
            return
        if run not in under_way:
            under_way[run] = tqdm(total=steps[run], unit="step", desc=run, disable=not progress, leave=False)
        under_way[run].update(entry["step"] - under_way[run].n)

    try:
        yield tell
    finally:
        for bar in (*under_way.values(), total):
            bar.close()


def _macs(recipe: Recipe) -> float:
    """Work of one crop; counted on the network."""
    model = build(recipe.network, **recipe.settings).eval()  # some refuse a training batch of one
    return cost.count(model, (model.config.in_channels, recipe.crop, recipe.crop)).macs
