"""Iterations of the low-rank methods: what each one reached, and when to stop."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from rrca.errors import InputError

Assemble = Callable[[np.ndarray], np.ndarray]


@dataclass
class Step:
    """What one iteration reached; `on_step=steps.append` keeps the figures of them all.

    Parameters
    ----------
    error : float
        What the method compares with its tolerance.
    rank : int
        Singular values of the background that are not 0; of a tensor, of the unfolding or the Fourier slice
        with most.
    nonzeros : int
        Entries of the target part, over all patches.
    low_rank, sparse : ndarray or None
        Background and target part, in the method's own arrangement and unit. The next iteration writes over
        them, so that only the last step keeps them after `on_step` has returned.
    stopped : str
        Why the iterations end here; empty if they go on.
    iteration : int
        From 1.
    assemble : callable
        Either part -> frame (H, W).
    """

    error: float
    rank: int
    nonzeros: int
    low_rank: np.ndarray | None = field(repr=False)
    sparse: np.ndarray | None = field(repr=False)
    stopped: str = ""
    iteration: int = 0
    assemble: Assemble | None = field(default=None, repr=False)

    @property
    def background(self) -> np.ndarray:
        """The low-rank part as a frame, (H, W)."""
        return self._frame(self.low_rank)

    @property
    def target(self) -> np.ndarray:
        """The sparse part as a frame, (H, W); the last step's is the method's response."""
        return self._frame(self.sparse)

    def _frame(self, part: np.ndarray | None) -> np.ndarray:
        if part is None:
            raise InputError(
                f"iteration {self.iteration} has been written over; read its background or target while on_step runs."
            )
        return self.assemble(part)


OnStep = Callable[[Step], object] | None


def iterate(steps: Iterable[Step], assemble: Assemble, limit: int, on_step: OnStep = None) -> Step:
    """Take a method's steps until one says why it is the last.

    Parameters
    ----------
    steps : iterable of Step
        Without end.
    assemble : callable
        Either part -> frame (H, W).
    limit : int
        Steps at most.
    on_step : callable, optional
        Called with each step.

    Returns
    -------
    Step
        The last one.

    Raises
    ------
    InputError
        If `limit` allows no step.
    """
    if limit < 1:
        raise InputError(f"max_iterations = {limit}: at least 1.")
    for iteration, step in enumerate(steps, 1):
        step.iteration, step.assemble = iteration, assemble
        step.error, step.rank, step.nonzeros = float(step.error), int(step.rank), int(step.nonzeros)
        if iteration == limit:
            step.stopped = step.stopped or f"{limit} iterations"
        if on_step is not None:
            on_step(step)
        if step.stopped:
            return step
        step.low_rank = step.sparse = None
