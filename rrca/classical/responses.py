"""A method over many frames: one process a core, every response kept in a file, so that a run can be taken up again."""

import ast
import hashlib
import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from rrca.classical.grey import from_unit
from rrca.classical.ipi import ipi
from rrca.classical.max_median import max_median
from rrca.classical.mslstipt import mslstipt
from rrca.classical.nram import nram
from rrca.classical.pstnn import pstnn
from rrca.classical.ript import ript
from rrca.classical.tllcm import tllcm
from rrca.classical.top_hat import top_hat
from rrca.classical.wslcm import wslcm
from rrca.cores import cores
from rrca.errors import InputError

METHODS = {  # in the order of the paper's Table I
    "top-hat": top_hat,
    "max-median": max_median,
    "wslcm": wslcm,
    "tllcm": tllcm,
    "ipi": ipi,
    "nram": nram,
    "ript": ript,
    "pstnn": pstnn,
    "mslstipt": mslstipt,
}
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)  # what BLAS libraries read when they start


class Responses:
    """A method with its settings, and the responses that it has given.

    Parameters
    ----------
    method : str
        A name of `METHODS`.
    folder : path-like, optional
        Where responses are kept, one .npy file a frame, under a name made of the frame, the method, its
        settings and its code, that of the modules it is built on included: whatever of them changes, the response
        is computed anew. Without it nothing is kept.
    **settings
        Keywords of the method's function.

    Raises
    ------
    InputError
        For an unknown method or setting.

    Examples
    --------
    >>> top_hat = Responses("top-hat", size=3)
    >>> top_hat(np.eye(5, dtype=np.float32) / 255).trace()
    np.float64(5.0)
    """

    def __init__(self, method: str, folder=None, **settings):
        if method not in METHODS:
            raise InputError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}.")
        known = [name for name in inspect.signature(METHODS[method]).parameters if name != "image"]
        for name in settings:
            if name not in known:
                raise InputError(f"{method} has no setting {name!r}; its settings are {', '.join(known)}.")
        self.method, self.settings = method, settings
        self.folder = None if folder is None else Path(folder) / method

    @property
    def code(self) -> str:
        """A digest of the source that the method's responses depend on."""
        return _code(METHODS[self.method].__module__)

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Response to a frame, from its file if there is one; float32 (H, W) in [0, 1] -> float64 (H, W)."""
        levels = from_unit(frame)
        if self.folder is None:
            return _respond(self.method, levels, self.settings)
        file = self._file(levels)
        if not file.exists():
            _write(file, self.method, levels, self.settings)
        return np.load(file)

    def prepare(
        self, frames: Iterable[np.ndarray], workers: int | None = None, progress: bool = False
    ) -> int:
        """Compute what is missing, frames side by side.

        Parameters
        ----------
        frames : iterable of float32 ndarray of shape (H, W)
            Values in [0, 1]; of any sizes. Read as they are needed.
        workers : int, optional
            Processes; default one a core. Each computes on one thread.
        progress : bool, default False
            Show a progress bar.

        Returns
        -------
        int
            How many responses were computed.

        Raises
        ------
        InputError
            If there is no folder to keep them in, or the method cannot take a frame; those done are kept.
        """
        if self.folder is None:
            raise InputError(f"{self.method}: give a folder for the responses, or call it frame by frame.")
        self.folder.mkdir(parents=True, exist_ok=True)
        workers = workers or cores()
        bar = tqdm(frames, desc=self.method, unit="frame", disable=not progress)
        with _one_thread(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            running: set[Future] = set()
            computed = 0
            try:
                for levels in map(from_unit, bar):
                    file = self._file(levels)
                    if file.exists():
                        continue
                    if len(running) >= 2 * workers:
                        running = _settle(running)
                    running.add(pool.submit(_write, file, self.method, levels, self.settings))
                    computed += 1
                while running:
                    running = _settle(running)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return computed

    def _file(self, levels: np.ndarray) -> Path:
        """Where the response to a frame is, or will be."""
        settings = sorted(
            (name, getattr(value, "__qualname__", value)) for name, value in self.settings.items()
        )
        what = f"{self.method} {settings} {levels.shape} {self.code}".encode()
        return self.folder / f"{hashlib.blake2b(what + levels.tobytes(), digest_size=16).hexdigest()}.npy"


def _respond(method: str, levels: np.ndarray, settings: dict) -> np.ndarray:
    return METHODS[method](levels, **settings)


def _write(file: Path, method: str, levels: np.ndarray, settings: dict) -> None:
    """Compute a response and write it, whole or not at all."""
    response = _respond(method, levels, settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}.tmp")
    with unfinished.open("wb") as stream:
        np.save(stream, response)
    os.replace(unfinished, file)


def _settle(running: set[Future]) -> set[Future]:
    """Wait for one or more to finish, pass on what went wrong, and give those that still run."""
    done, running = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return running


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started inside use one BLAS thread each: more would fight over the cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@cache
def _code(module: str) -> str:
    """A digest of a method's source and of all modules of this package that it imports."""
    sources = (Path(sys.modules[name].__file__).read_bytes() for name in _built_on(module))
    return hashlib.blake2b(b"".join(sources), digest_size=8).hexdigest()


def _built_on(module: str) -> list[str]:
    """A module of this package and those that it imports, in the order of their names."""
    found, ahead = set(), [module]
    while ahead:
        name = ahead.pop()
        found.add(name)
        tree = ast.parse(Path(sys.modules[name].__file__).read_bytes())
        imported = (node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        ahead += [other for other in imported if other.startswith(f"{__package__}.") and other not in found]
    return sorted(found)
