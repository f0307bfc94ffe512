"""Reading the log of a training: what was shipped, where its first plateau ends, whether it found anything."""

import json
from collections.abc import Mapping, Sequence

from rrca import checkpoint
from rrca.errors import InputError


def shipped(name: str = checkpoint.DEFAULT) -> list[dict]:
    """The log beside shipped weights.

    Parameters
    ----------
    name : str, default "rrcanet-resnet18"
        One of `rrca.checkpoint.shipped()`.

    Returns
    -------
    list of dict
        As `rrca.train.fit` wrote it, every tenth step.

    Raises
    ------
    InputError
        If no such weights, or no log of theirs, are shipped.

    Examples
    --------
    >>> shipped()[-1]["list"]
    'test'
    """
    path = checkpoint.weights_folder() / f"{name}.log.jsonl"
    if name not in checkpoint.shipped() or not path.is_file():
        raise InputError(f"no log of weights {name!r}; choose one of {', '.join(checkpoint.shipped())}.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def predicts_nothing(record: Mapping) -> bool:
    """Whether an evaluation found no component at all: nothing detected, and no false alarm either.

    Parameters
    ----------
    record : mapping
        Of a log of `rrca.train.fit`, with "iou", "pd" and "fa"; what it lacks counts as 0.

    Examples
    --------
    >>> predicts_nothing({"step": 50, "iou": 0.0, "pd": 0.0, "fa": 0.0})
    True
    >>> predicts_nothing({"step": 50, "iou": 0.0, "pd": 0.0, "fa": 0.002})
    False
    """
    return all(record.get(name, 0) == 0 for name in ("iou", "pd", "fa"))


def end_of_plateau(log: Sequence[Mapping], below: float = 0.9, of: int = 10) -> int | None:
    """First step from which Dice stays low: the median of `of` records, this one first, is under `below`.

    Parameters
    ----------
    log : sequence of mapping
        Of `rrca.train.fit`; records without a "dice" term are left out.
    below : float, default 0.9
        A prediction that says nothing has nearly 1.
    of : int, default 10
        Records that the median is taken of: a lucky batch is no end.

    Returns
    -------
    int or None
        None if it never ends.
    """
    dice = [(record["step"], record["dice"]) for record in log if "dice" in record]
    for i in range(len(dice) - of + 1):
        window = sorted(value for _, value in dice[i : i + of])
        if window[of // 2] < below:
            return dice[i][0]
    return None
