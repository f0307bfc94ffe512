"""Whether a training still makes sense: is the loss a number, and does the network predict anything?

Both are counted on the training device at every step and read only now and then, so that no step waits for the host.
"""

from collections.abc import Callable

import torch
from torch import Tensor

EVERY = 50  # steps between two readings
LEARNT = (
    0.1  # precision over a reading's crops from which predictions are more than the initial weights' noise
)


class Health:
    """Watch the loss and the predictions on the training crops.

    Parameters
    ----------
    steps : int
        Of the whole training.
    ids : callable
        Step -> IDs of the frames it saw.
    device : torch.device or str
        Of the training.

    Attributes
    ----------
    collapsed : dict or None
        {"step": when it was seen, "why": a sentence} while the run predicts nothing; None if it does.

    Notes
    -----
    Collapsed means: no pixel of the last 50 steps' crops scored above 0.5, although they held targets, and either a
    quarter of the steps is over or the network had learnt to predict before (precision above 0.1).
    """

    def __init__(self, steps: int, ids: Callable[[int], list[str]], device: torch.device | str = "cpu"):
        self.steps, self.ids = steps, ids
        self.collapsed: dict | None = None
        self._learnt = False
        self._first_bad = torch.full((), steps + 1, device=device)
        self._counts = torch.zeros(3, dtype=torch.int64, device=device)  # predicted, hit, target pixels

    @torch.no_grad()
    def count(self, step: int, loss: Tensor, logits: Tensor | list[Tensor], mask: Tensor) -> None:
        """Count one step, without waiting for the device."""
        seen = logits[-1] if isinstance(logits, list | tuple) else logits
        predicted, target = seen > 0, mask > 0.5
        self._counts += torch.stack([predicted.sum(), (predicted & target).sum(), target.sum()])
        this = torch.where(torch.isfinite(loss), self.steps + 1, step)
        self._first_bad = torch.minimum(self._first_bad, this)

    def check_finite(self) -> None:
        """Raise if the loss of a step since the start was no number.

        Raises
        ------
        FloatingPointError
            Names the step and the frames it saw.
        """
        step = int(self._first_bad)
        if step <= self.steps:
            raise FloatingPointError(
                f"the loss was not finite at step {step}, on the frames {', '.join(self.ids(step))}; "
                "lower the rate, or look at these frames."
            )

    def verdict(self, step: int) -> dict | None:
        """Judge the steps since the last reading; a log record if the run collapsed or recovered, else None."""
        predicted, hit, target = self._counts.tolist()
        self._counts.zero_()
        if not target:
            return None
        if predicted:
            self._learnt |= hit > LEARNT * predicted
            recovered, self.collapsed = self.collapsed, None
            return recovered and {
                "step": step,
                "recovered": f"predicts again, after nothing at {recovered['step']}",
            }
        if self.collapsed or not (self._learnt or step > self.steps / 4):
            return None
        why = (
            "predictions are empty again after they were not"
            if self._learnt
            else "predictions are still empty after a quarter of the steps"
        )
        self.collapsed = {"step": step, "why": why}
        return {"step": step, "collapsed": why}

    def state(self) -> dict:
        """For a checkpoint."""
        return {"collapsed": self.collapsed, "learnt": self._learnt, "counts": self._counts.cpu()}

    def load(self, state: dict) -> None:
        """From a checkpoint."""
        self.collapsed, self._learnt = state["collapsed"], state["learnt"]
        self._counts.copy_(state["counts"])
