"""A training's whole state: taken, kept, and put back so that it goes on as if nothing had happened."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rrca.data.store import PixelStore
from rrca.errors import InputWarning
from rrca.provenance import commit, hardware, versions
from rrca.recipes import Recipe, precision_on
from rrca.training.average import Average
from rrca.training.batches import Batches
from rrca.training.health import Health
from rrca.training.runs import check_same, plain


class Training:
    """Where a training stands: steps done, the best weights so far, the clock.

    Parameters
    ----------
    recipe, model, optimiser, average, health, batches
        The parts of the training.
    fitted, judged : PixelStore
        The frames of its two lists.

    Attributes
    ----------
    step : int
        Steps done.
    judged : int
        The last step that was judged.
    fingerprints : dict of str to str
        Of the frames; see `PixelStore.fingerprint`.
    sessions : list of dict
        What the steps so far were done with: "hardware", "threads", "precision", "commit", an entry more where a
        resumed run went on with another.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        average: Average,
        health: Health,
        batches: Batches,
        fitted: PixelStore,
        judged: PixelStore,
    ):
        self.recipe, self.model, self.optimiser = recipe, model, optimiser
        self.average, self.health, self.batches = average, health, batches
        self.fingerprints = {
            name: f"{len(store)} frames, {store.fingerprint()}"
            for name, store in (("fitted", fitted), ("judged", judged))
        }
        self.step = self.judged = 0
        self._best: dict[str, Any] | None = None  # "iou", "step", "weights"
        self._started, self._waited = time.perf_counter(), 0.0
        self._device = next(model.parameters()).device
        self.sessions = [self._session()]

    def state(self) -> dict[str, Any]:
        """Everything, as tensors and plain data."""
        cuda = self._device.type == "cuda"
        return {
            "origin": self._origin(),
            "sessions": self.sessions,
            "step": self.step,
            "judged": self.judged,
            "position": self.batches.sampler.position(
                self.step + 1
            ),  # for a reader: it follows from the step
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),  # with the rate, that is the schedule's position
            "average": self.average.model.state_dict(),
            "health": self.health.state(),
            "best": self._best,
            "random": {
                "cpu": torch.get_rng_state(),
                "cuda": torch.cuda.get_rng_state(self._device) if cuda else None,
            },
            "seconds": self.seconds(),
            "waited": self._waited,
        }

    def load(self, state: dict[str, Any] | None, run: str | Path | None) -> None:
        """Put a state back; None is the start.

        Raises
        ------
        InputError
            If the run was begun with another recipe, other frames or other versions.

        Warns
        -----
        InputWarning
            If it was begun on another machine or with another number of threads.
        """
        if state is None:
            return
        for what, now in self._origin().items():
            check_same(run, state["origin"][what], now, what)
        # States of before 2026-12 hold one machine and nothing else.
        before = state.get("sessions") or [self.sessions[0] | {"hardware": state["machine"]}]
        old, new = before[-1]["hardware"], self.sessions[0]["hardware"]
        unfinished = state["step"] < self.recipe.steps
        if old != new and unfinished:
            warnings.warn(
                f"{run} was begun on {old} and goes on on {new}: sums are rounded otherwise, "
                "so the weights will not be bit for bit those of an uninterrupted run.",
                InputWarning,
                stacklevel=3,
            )
        self.sessions = before + [now for now in self.sessions if unfinished and now != before[-1]]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.model.load_state_dict(state["average"])
        self.health.load(state["health"])
        self.step, self.judged, self._best = state["step"], state["judged"], state["best"]
        torch.set_rng_state(state["random"]["cpu"])
        if state["random"]["cuda"] is not None:
            torch.cuda.set_rng_state(state["random"]["cuda"], self._device)
        self._started, self._waited = time.perf_counter() - state["seconds"], state["waited"]

    def trained_with(self) -> dict[str, Any]:
        """`sessions` as one entry: what they share as it is, what they do not in their order, "1 then 2"."""
        together = {}
        for key in self.sessions[0]:
            values = list(dict.fromkeys(session[key] for session in self.sessions))
            together[key] = values[0] if len(values) == 1 else " then ".join(map(str, values))
        return together

    def keep_if_best(self, iou: float) -> None:
        """Keep the weights if the recipe selects and these are the best so far."""
        if self.recipe.select != "none" and (self._best is None or iou > self._best["iou"]):
            self._best = {"iou": float(iou), "step": self.step, "weights": self._weights()}

    def kept(self) -> tuple[int, dict[str, torch.Tensor]]:
        """Step and weights of what the training leaves: the best, or the last where nothing is selected."""
        return (self._best["step"], self._best["weights"]) if self._best else (self.step, self._weights())

    def seconds(self) -> float:
        """Since the start, without the time between a stop and its resumption."""
        return round(time.perf_counter() - self._started, 2)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time in this block as waiting for data."""
        begun = time.perf_counter()
        yield
        self._waited += time.perf_counter() - begun

    def waiting_share(self) -> float:
        """Share of the time so far that was spent waiting for data."""
        return round(self._waited / max(time.perf_counter() - self._started, 1e-9), 4)

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.average.model.state_dict().items()}

    def _origin(self) -> dict[str, dict]:
        """What must be the same to go on; the names are those of the messages."""
        return {"recipe": plain(asdict(self.recipe)), "data set": self.fingerprints, "version": versions()}

    def _session(self) -> dict[str, Any]:
        return {
            "hardware": hardware(self._device),
            "threads": torch.get_num_threads(),
            "precision": precision_on(self.recipe, self._device),
            "commit": commit(),
        }
