"""Speed of the classical detectors: ours, a literal implementation's in the same run, and Octave's as it was noted."""

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from rrca.classical.grey import from_unit
from rrca.classical.responses import METHODS
from rrca.data import scenes
from rrca.errors import InputError

# Seconds of the authors' programs under GNU Octave 7.3, frames of the 256×256 class, one core of another machine.
OCTAVE = {
    "top-hat": "0.01",
    "max-median": "0.03–0.08",
    "tllcm": "4–8",
    "wslcm": "16–60",
    "ipi": "37–203",
    "nram": "11–48",
    "ript": "2–14",
    "pstnn": "0.1–0.3",
    "mslstipt": "6–23",
}
LITERAL = Path("tests/classical_reference.py")  # in a checkout; the package does not bring it
SAME = {"mslstipt": 1e-3}  # of the largest response; this one jumps at a threshold
SAME_ELSE = 1e-6


@dataclass(frozen=True)
class Timing:
    """One method on one frame.

    Attributes
    ----------
    method : str
        Its name.
    seconds : float
        Best processor time of ours.
    literal_seconds : float
        Processor time of the literal implementation; NaN where it is not at hand.
    difference : float
        Largest difference of both responses, as a share of the largest response.
    """

    method: str
    seconds: float
    literal_seconds: float
    difference: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.literal_seconds / self.seconds

    @property
    def equal(self) -> bool:
        """Whether both gave the same response."""
        return self.difference <= SAME.get(self.method, SAME_ELSE)


def classical(
    methods: Sequence[str] = tuple(METHODS),
    literal: Path | None = LITERAL,
    shape: tuple[int, int] = (256, 256),
    repeats: int = 3,
) -> list[Timing]:
    """Time the detectors on a synthetic frame, each beside the literal implementation.

    Parameters
    ----------
    methods : sequence of str
        Names of `METHODS`; default all.
    literal : path, optional
        File with the literal implementations, `tests/classical_reference.py` of a checkout; None, or a
        file that is not there, times ours alone.
    shape : (int, int), default (256, 256)
        Of the frame: one scene of seed 0 with three targets, rounded to 8 bit.
    repeats : int, default 3
        Tries of ours, the best one counts; the literal implementation, which takes minutes, has one.

    Returns
    -------
    list of Timing

    Raises
    ------
    InputError
        For an unknown method.

    Notes
    -----
    About five minutes at 256×256. Set OMP_NUM_THREADS=1 for figures of one thread: processor time adds up over
    threads.
    """
    unknown = [name for name in methods if name not in METHODS]
    if unknown:
        raise InputError(f"unknown method {unknown[0]!r}; choose one of {', '.join(METHODS)}.")
    reference = _load(literal) if literal is not None and Path(literal).exists() else None
    image = scenes.scene(seed=0, targets=3, size=shape).image
    frame = from_unit(np.round(image * 255) / np.float32(255))
    return [_time(name, frame, reference, repeats) for name in methods]


def table(timings: Sequence[Timing]) -> str:
    """Timings as text, one line each.

    Examples
    --------
    >>> print(table([Timing("ipi", 2.0, 30.0, 1e-13)]))
    method          ours    literal  ratio  same response  Octave, other machine
    ipi          2.000 s   30.000 s     15  yes            37–203 s
    """
    lines = ["method          ours    literal  ratio  same response  Octave, other machine"]
    for t in timings:
        timed = np.isfinite(t.literal_seconds)
        literal = f"{t.literal_seconds:9.3f} s  {t.ratio:5.0f}" if timed else f"{'—':>11}  {'—':>5}"
        same = ("yes" if t.equal else "NO") if timed else "—"
        lines.append(f"{t.method:10}  {t.seconds:6.3f} s {literal}  {same:13}  {OCTAVE[t.method]} s")
    if timings and not np.isfinite(timings[0].literal_seconds):
        lines.append(f"Ratios need the literal implementation: run it where {LITERAL} is.")
    return "\n".join(lines)


def _time(method: str, frame: np.ndarray, reference: ModuleType | None, repeats: int) -> Timing:
    """Ours and the literal one."""
    function = METHODS[method]
    tries = [_timed(function, frame) for _ in range(repeats)]
    seconds, response = min(tries, key=lambda one: one[0])
    if reference is None:
        return Timing(method, seconds, np.nan, np.nan)
    literal_seconds, expected = _timed(getattr(reference, function.__name__), frame)
    expected = expected[0] if isinstance(expected, tuple) else expected  # some tell their iterations, too
    largest = np.abs(expected).max() or 1.0
    return Timing(method, seconds, literal_seconds, float(np.abs(response - expected).max() / largest))


def _timed(function: Callable, frame: np.ndarray) -> tuple[float, object]:
    """Processor seconds of a call, and what it gave."""
    start = time.process_time()
    result = function(frame)
    return time.process_time() - start, result


def _load(file: Path) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location("classical_reference", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
