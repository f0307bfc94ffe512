"""A run folder: config.json, log.jsonl, curve.png, the last two states, at the end weights.safetensors with card.json.

A state is everything a training needs to go on as if nothing had happened. It is plain data and tensors, read with
`weights_only=True`, so that opening one can run no code; it is written beside its place and moved there.
"""

import io
import json
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rrca import checkpoint, recipes
from rrca.errors import InputError, InputWarning
from rrca.recipes import Recipe
from rrca.training import curve

KEPT = 2  # states
FORMAT = 1  # of a state; another one is refused


class RunFolder:
    """Where a training writes; None writes nothing, and keeps the log in memory only.

    Parameters
    ----------
    path : path-like or None
        The folder; made if it is not there.
    recipe : Recipe
        Goes to config.json.
    resume : bool, default False
        Whether the folder may hold a run already, of the same recipe.

    Attributes
    ----------
    path : Path or None
    log : list of dict
        The records so far.

    Raises
    ------
    InputError
        If the folder holds a run and `resume` is not set, or one of another recipe.
    """

    def __init__(self, path: str | Path | None, recipe: Recipe, resume: bool = False):
        self.path, self.log = None if path is None else Path(path), []
        if self.path is None:
            if resume:
                raise InputError("resume = True needs the run folder to go on in; give it as `out`.")
            return
        begun = (
            any(self._file(name).exists() for name in ("log.jsonl", "weights.safetensors")) or self._states()
        )
        if begun and not resume:
            raise InputError(
                f"{self.path} already holds a run; go on with it (`rrca train --resume {self.path}`), give another "
                "folder, or move it away."
            )
        if resume and self._file("config.json").exists():
            check_same(self.path, plain(recipes.read(self._file("config.json"))), plain(recipe), "recipe")
        with self._room():
            checkpoint.write_whole(self._file("config.json"), recipes.as_text(recipe).encode())
        checkpoint.remove_halves(self.path)

    def append(self, entry: dict) -> None:
        """Add a record to the log, on disk as one line."""
        self.log.append(entry)
        if self.path is None:
            return
        file = self._file("log.jsonl")
        whole = file.stat().st_size if file.exists() else 0
        try:
            with self._room(), open(file, "a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")
        except InputError:
            os.truncate(file, whole)  # no half a line
            raise

    def save_state(self, step: int, state: dict[str, Any]) -> None:
        """Keep a state, and the one before it."""
        if self.path is None:
            return
        file = self._file("log.jsonl")
        whole = {**state, "format": FORMAT, "log_bytes": file.stat().st_size if file.exists() else 0}
        content = io.BytesIO()
        torch.save(whole, content)
        with self._room():
            checkpoint.write_whole(self._file(f"state-{step:08d}.pt"), content.getvalue())
        for old in self._states()[KEPT:]:
            old.unlink(missing_ok=True)

    def last_state(self) -> dict[str, Any] | None:
        """The newest state that can be read, with the log cut back to it; None, and an empty log, if there is none.

        Raises
        ------
        InputError
            If there are states and none can be read, if one has another format, or if a finished run has none.
        """
        state = next(filter(None, map(_read_state, self._states())), None)
        if state is None and (self._states() or self._file("weights.safetensors").exists()):
            raise InputError(f"no state in {self.path} can be read; start again in another folder.")
        file = self._file("log.jsonl")
        if file.exists():
            os.truncate(file, state["log_bytes"] if state else 0)
            self.log = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return state

    def draw_curve(self) -> None:
        """Write curve.png, the log so far as a picture."""
        if self.path is not None:
            with self._room():
                checkpoint.write_whole(self._file("curve.png"), curve.png(self.log))

    def save_weights(self, model: nn.Module, card: dict) -> None:
        """Write weights.safetensors and card.json."""
        if self.path is not None:
            with self._room():
                checkpoint.save(model, card, self._file("weights.safetensors"))

    def _file(self, name: str) -> Path:
        return self.path / name

    def _states(self) -> list[Path]:
        return _states(self.path)

    def _room(self):
        return room(self.path)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Write into a run folder; what fails, for want of room or of permission, becomes one sentence.

    Raises
    ------
    InputError
        In the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        states = _states(folder)
        kept = (
            f"the state of step {int(states[0].stem.partition('-')[2])} is kept"
            if states
            else "no state was saved before"
        )
        raise InputError(
            f"cannot write into {folder} ({error.strerror or error}); {kept}: make room, then go on with "
            f"`rrca train --resume {folder}`."
        ) from None


def _states(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted(folder.glob("state-*.pt"), reverse=True)


def _read_state(path: Path) -> dict[str, Any] | None:
    """A state, or None, with a warning, if the file is damaged."""
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError):
        warnings.warn(f"{path} cannot be read; the state before it is used.", InputWarning, stacklevel=2)
        return None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        found = state.get("format") if isinstance(state, dict) else None
        raise InputError(
            f"{path} has format {found}, this rrca writes {FORMAT}; go on with the version that began the run."
        )
    return state


def plain(record) -> dict:
    """A recipe, or any record, as JSON would give it back."""
    return json.loads(json.dumps(record if isinstance(record, dict) else vars(record)))


def check_same(run: Path, before: dict, now: dict, what: str) -> None:
    """Refuse to go on with a run that was begun otherwise, naming what differs.

    Raises
    ------
    InputError
    """
    differ = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    if differ:
        listed = "; ".join(
            f"{name}: {before.get(name)!r} then, {now.get(name)!r} now" for name in sorted(differ)
        )
        raise InputError(
            f"{run} was begun with another {what} ({listed}); go on as it was begun, or start a new run."
        )
