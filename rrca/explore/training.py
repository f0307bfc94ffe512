"""A training, watched while it runs."""

import time

from rrca import plots


class LiveTraining:
    """A plot of loss and IoU that follows a training: pass it as `on_step`.

    Parameters
    ----------
    every : float, default 2.0
        Seconds between two drawings; a drawing takes about 0.2 s that the training waits for.
    plateau : float, optional
        Loss of an empty prediction, drawn as a line: see `rrca.studies.plateau.best_constant`.

    Examples
    --------
    In a notebook:

    >>> from rrca import explore, train
    >>> run = train.fit(train.recipe("quick"), on_step=explore.LiveTraining())  # doctest: +SKIP
    """

    def __init__(self, every: float = 2.0, plateau: float | None = None):
        self.every, self.plateau = every, plateau
        self.log: list[dict] = []
        self._drawn = float("-inf")
        self._handle = None

    def __call__(self, record: dict) -> None:
        """Take one log record; redraw if it is time, or if it brings a new evaluation."""
        self.log.append(record)
        if time.monotonic() - self._drawn < self.every and "iou" not in record:
            return
        from IPython.display import display

        figure = plots.training_curves(self.log, self.plateau)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
        self._drawn = time.monotonic()
