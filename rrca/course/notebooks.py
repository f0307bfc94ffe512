"""Run the series of notebooks without a screen, or open it in JupyterLab.

Jupyter is imported by the functions that need it, so that importing this module does not need it.
"""

import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

import rrca
from rrca.cores import cores
from rrca.course import pages
from rrca.course.series import Notebook, discover, navigation, write_navigation
from rrca.errors import InputError

__all__ = [
    "Notebook",
    "Result",
    "choose_dataset",
    "discover",
    "lab",
    "navigation",
    "run",
    "summary",
    "write_navigation",
]

DATASET = "NUAA-SIRST"
MOST_WORKERS = 4  # side by side by default: a kernel takes up to 1 GB
_KERNEL = "python3"  # what the notebooks' own metadata say
_MISSING = 'running notebooks needs Jupyter: pip install "rrca[notebooks]"'


@dataclass(frozen=True)
class Result:
    """How one notebook ran.

    Attributes
    ----------
    name : str
        File name without suffix.
    seconds : float
        Wall time, the kernel's start included.
    ok : bool
        Whether every cell ran and the page was made.
    error : str
        Empty, or the failing cell and its error on one line.
    """

    name: str
    seconds: float
    ok: bool
    error: str = ""


def run(
    folder="notebooks", out="build", parameters=None, only=None, figures=None, progress=True, workers=None
):
    """Execute the notebooks; one that fails does not stop the others.

    Executed copies (``NAME.ipynb``, partial where a cell failed), a page of each (``NAME.html``),
    ``index.html`` and ``figures/`` are written under `out`; the notebooks themselves are not touched. They
    run in their own folder, with the Python that calls this and its rrca.

    Parameters
    ----------
    folder : path, default "notebooks"
        The series; see `rrca.course.series.discover`.
    out : path, default "build"
        Where everything is written.
    parameters : dict, optional
        Values for the cells tagged ``parameters``; each goes to the notebooks that have a parameter of this
        name. Without ``dataset``, `choose_dataset` gives it.
    only : iterable of int or str, optional
        Numbers or names of the notebooks to run; all by default, or if empty.
    figures : path, optional
        Folder for the figures; ``OUT/figures`` by default.
    progress : bool, default True
        Whether to show a bar on a terminal, and to print a line for each notebook and the `summary`.
    workers : int, optional
        Notebooks that run side by side, each with its share of the cores; by default as many as there are cores, four
        at most. A notebook that is alone gets all cores.

    Returns
    -------
    list of Result
        In the order of the series.

    Raises
    ------
    InputError
        Before anything runs: if Jupyter is missing, there is no such notebook, no notebook has such a
        parameter, a value is of another type than the default, the data set asked for is not there, or `workers` is
        not positive.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} notebooks side by side: at least 1.")
    if importlib.util.find_spec("papermill") is None or importlib.util.find_spec("nbconvert") is None:
        raise InputError(_MISSING)
    shown, folder, out = out, Path(folder).resolve(), Path(out).resolve()
    series = discover(folder)
    chosen = _select(series, only)
    figures = Path(figures).resolve() if figures else out / "figures"
    values = _complete(chosen, dict(parameters or {}), figures)
    out.mkdir(parents=True, exist_ok=True)

    workers = min(len(chosen), workers or min(cores(), MOST_WORKERS))
    names = [other.name for other in series]
    start = time.perf_counter()
    results = []
    with (
        _kernel(threads=max(1, cores() // workers) if workers > 1 else None),
        tqdm(total=len(chosen), unit="notebook", disable=None if progress else True) as bar,
    ):
        for result in _side_by_side(workers, chosen, out, values, names):
            results.append(result)
            bar.update()
            if progress:
                bar.write(f"{result.name:<32} {result.seconds:7.1f} s  {'ok' if result.ok else 'FAILED'}")
    results.sort(key=lambda result: names.index(result.name))
    seconds = time.perf_counter() - start
    pages.write_index(out / "index.html", series, results)
    if progress:
        print(summary(results, shown, seconds))
    return results


def summary(results, out="build", seconds=None):
    """What a run did, for people.

    Parameters
    ----------
    results : list of Result
        From `run`.
    out : path, default "build"
        Where it wrote.
    seconds : float, optional
        Wall time of the run; by default the sum over the notebooks.

    Returns
    -------
    str
        Several lines: what failed and why, then one line with the counts, the time and where to look.

    Examples
    --------
    >>> print(summary([Result("00_a", 3.2, True), Result("01_b", 1.0, False, "cell 4: ValueError: no")]))
    01_b failed in cell 4: ValueError: no
    1 of 2 notebooks ran, 1 failed; 4 s in all. Pages: build/index.html
    """
    failed = [result for result in results if not result.ok]
    if seconds is None:
        seconds = sum(result.seconds for result in results)
    lines = [f"{result.name} failed in {result.error}" for result in failed]
    count = f"{len(results) - len(failed)} of {len(results)} notebooks ran"
    if failed:
        count += f", {len(failed)} failed"
    lines.append(f"{count}; {seconds:.0f} s in all. Pages: {Path(out) / 'index.html'}")
    return "\n".join(lines)


def choose_dataset(name=DATASET, fetch=None):
    """The data set to run with: `name` if it is here or can be fetched, else the synthetic scenes.

    Parameters
    ----------
    name : str, default "NUAA-SIRST"
        A data set that `rrca.data.fetch` knows.
    fetch : bool, optional
        Whether to try to fetch what is missing; by default only where the environment does not say CI=true.

    Returns
    -------
    str
        `name`, or "synthetic" after a printed remark.
    """
    from rrca import data

    if name in data.available():
        return name
    if fetch if fetch is not None else os.environ.get("CI", "").lower() not in ("1", "true"):
        print(f"{name} is not here: fetching it once.")
        try:
            data.fetch(name)
            return name
        except InputError as error:
            print(error)
    print(
        f"*** No real frames: SYNTHETIC scenes are used, and the numbers are not those of {name}. ***\n"
        f"*** `rrca data fetch {name}` or RRCA_DATA=FOLDER brings real ones. ***"
    )
    return "synthetic"


def lab(folder="notebooks", arguments=()):
    """Open JupyterLab at the first notebook, and wait until it is closed.

    Parameters
    ----------
    folder : path, default "notebooks"
        The series; the file browser starts at the folder above, where README.md and figures/ are.
    arguments : iterable of str
        More arguments for JupyterLab, such as ``--no-browser`` or ``--port=8890``.

    Returns
    -------
    int
        JupyterLab's exit status.

    Raises
    ------
    InputError
        If JupyterLab is not installed, or there is no notebook.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise InputError(_MISSING.replace("running notebooks", "opening the notebooks"))
    first = discover(folder)[0].path.resolve()
    command = [sys.executable, "-m", "jupyterlab", str(first), f"--ServerApp.root_dir={first.parent.parent}"]
    # Neither news nor a look for updates: nothing here calls out.
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container one is root, and JupyterLab refuses without it
    with _kernel():
        try:
            return subprocess.run([*command, *arguments]).returncode
        except KeyboardInterrupt:  # Ctrl-C is how one closes it
            return 0


def _select(series, only):
    """The notebooks named in `only`."""
    if not only:
        return series
    wanted = [str(each) for each in only]
    chosen = []
    for each in wanted:
        found = [
            n for n in series if each in (n.name, n.path.name) or (each.isdigit() and int(each) == n.number)
        ]
        if not found:
            names = ", ".join(notebook.name for notebook in series)
            raise InputError(f"there is no notebook {each!r}: choose among {names}")
        chosen += found
    return [notebook for notebook in series if notebook in chosen]


def _complete(chosen, values, figures):
    """Check the values passed, and add the data set and the folder of the figures."""
    defaults = {}
    for notebook in chosen:
        for name, default in notebook.parameters.items():
            defaults.setdefault(name, []).append((notebook, default))
    for name, value in values.items():  # papermill only logs an unknown name and goes on with the default
        if name not in defaults:
            known = ", ".join(sorted(defaults)) or "none"
            raise InputError(f"no notebook has the parameter {name!r} (given {value!r}); there are: {known}")
        for notebook, default in defaults[name]:
            if not _fits(value, default):
                raise InputError(
                    f"parameter {name} of {notebook.name} is like {default!r}, so {value!r} does not fit: "
                    f"give a {type(default).__name__}"
                )
    if "figures" in defaults:
        values.setdefault("figures", str(figures))
    if "dataset" in defaults:
        if "dataset" not in values:
            values["dataset"] = choose_dataset()
        elif values["dataset"] != "synthetic":
            from rrca import data

            data.open(values["dataset"], split="test")  # says what to do if it is not there
    return values


def _fits(value, default):
    """Whether a value may stand where the default stands."""
    if default is None or value is None:
        return True
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


def _side_by_side(workers, chosen, out, values, names):
    """The results of the notebooks as they end; one worker needs no process of its own."""
    if workers == 1:
        for notebook in chosen:
            yield _execute(notebook, out, values, names)
        return
    # spawned, since a forked process would share the locks of this one's threads
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        waiting = [pool.submit(_execute, notebook, out, values, names) for notebook in chosen]
        for done in as_completed(waiting):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _execute(notebook, out, values, names):
    """Run one notebook and make its page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of Jupyter's packages on each other
        import papermill
        from nbclient.exceptions import CellControlSignal
        from papermill.exceptions import PapermillException

    executed = out / f"{notebook.name}.ipynb"
    error = ""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            papermill.execute_notebook(
                str(notebook.path),
                str(executed),
                parameters={name: value for name, value in values.items() if name in notebook.parameters},
                kernel_name=_KERNEL,
                cwd=str(notebook.path.parent),
                progress_bar=False,
            )
    except (PapermillException, CellControlSignal) as failure:
        error = _reason(failure)
    seconds = time.perf_counter() - start
    remote = pages.write_page(executed, out / f"{notebook.name}.html", notebook.path.parent, names)
    if remote and not error:
        error = f"its page, which would load {remote[0]} from the network"
    return Result(notebook.name, seconds, not error, error)


def _reason(failure):
    """Failing cell and error on one line."""
    if hasattr(failure, "ename"):
        value = " ".join(str(failure.evalue).split())
        return f"cell {failure.cell_index} (In [{failure.exec_count}]): {failure.ename}: {value}"
    return f"its kernel: {type(failure).__name__}: {' '.join(str(failure).split())}"


@contextmanager
def _kernel(threads=None):
    """Make ``python3`` mean this interpreter and this rrca, whatever kernels the machine has registered.

    Its kernels compute with so many threads, unless OMP_NUM_THREADS says otherwise already.
    """
    package = Path(rrca.__file__).resolve().parent.parent
    environment = {}
    if "site-packages" not in package.parts:  # a checkout that is run without being installed
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(package), os.environ.get("PYTHONPATH")])
        )
    if os.environ.get("RRCA_DATA"):  # notebooks run in their own folder, where a relative path means another
        environment["RRCA_DATA"] = str(Path(os.environ["RRCA_DATA"]).resolve())
    if threads and "OMP_NUM_THREADS" not in os.environ:
        environment["OMP_NUM_THREADS"] = str(threads)
    # at its usual level ipykernel prints a warning about encryption on every start, and at ERROR that it was stopped
    argv = [sys.executable, "-m", "ipykernel_launcher", "--log-level=CRITICAL", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3 (rrca)", "language": "python", "env": environment}
    before = os.environ.get("JUPYTER_PATH")
    with TemporaryDirectory() as folder:
        place = Path(folder) / "kernels" / _KERNEL
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        try:
            yield
        finally:
            if before is None:
                del os.environ["JUPYTER_PATH"]
            else:
                os.environ["JUPYTER_PATH"] = before
