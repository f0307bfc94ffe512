"""Trained on one data set, tested on another: the shipped weights on every test list that they may be judged on.

Weights that are judged where they were trained show how well a set can be learnt; elsewhere, how much of that is
infrared and how much is the set. Measured once, kept in `data/results/matrix.jsonl`, printed by `rrca.report`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrca import checkpoint, data
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.evaluation import evaluate, protocols_for
from rrca.provenance import commit, hardware, versions
from rrca.studies.passes import digest
from rrca.sweeps.results import append, read, results_folder

SETS = ("NUAA-SIRST", "NUDT-SIRST", "DenseSIRST")
TABLE = "matrix"
SAME_FRAMES = (
    "all 427 frames of NUAA-SIRST are in DenseSIRST too, 161 of its test frames in the training list there"
)
FORBIDDEN = dict.fromkeys((("NUAA-SIRST", "DenseSIRST"), ("DenseSIRST", "NUAA-SIRST")), SAME_FRAMES)


def weights_by_set() -> dict[str, str]:
    """The shipped weights of the default network, one name a data set: the first in the alphabet."""
    default = checkpoint.card()
    cards = {name: checkpoint.card(name) for name in checkpoint.shipped()}
    alike = [
        (card["data"], name)
        for name, card in cards.items()
        if all(card[key] == default[key] for key in ("network", "settings"))
    ]
    return dict(sorted(alike, reverse=True))


def cross(name: str, tested: str, root: str | Path | None = None, progress: bool = False) -> dict[str, Any]:
    """Judge shipped weights on the test list of a data set.

    Parameters
    ----------
    name : str
        Of shipped weights.
    tested : str
        Data set. Where it is the one that they were trained on, the figures are those of the card.
    root : path-like, optional
        Data root; see `rrca.data.open`.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    dict
        A line of `matrix.jsonl`: "weights", "sha256" (of their file, its first digits), "trained" and "tested", "list",
        "from" ("card" or "run"), "metrics" by protocol (`exact`, and the one behind the paper's row of that set), and
        the machine, versions and commit of a run.

    Raises
    ------
    InputError
        If the two sets share frames, or the data set is missing.
    """
    card = checkpoint.card(name)
    if reason := FORBIDDEN.get((card["data"], tested)):
        raise InputError(f"{name}, trained on {card['data']}, cannot be judged on {tested}: {reason}.")
    line = {
        "weights": name,
        "sha256": digest(name),
        "trained": card["data"],
        "tested": tested,
        "list": "test",
    }
    if card["data"] == tested:
        made = {key: card.get(key) for key in ("hardware", "versions", "commit")}
        return line | {"from": "card", "metrics": card["metrics"], **made}
    detector = Detector(name)
    frames = data.open(tested, "test", detector.channels, root)
    judged = evaluate(detector, frames, protocols_for(tested), progress=progress)
    metrics = {protocol: result.as_dict() for protocol, result in judged.items()}
    made = {"hardware": hardware(), "versions": versions(), "commit": commit()}
    return line | {"from": "run", "metrics": metrics, **made}


def run(
    root: str | Path | None = None, folder: str | Path | None = None, progress: bool = False
) -> list[dict[str, Any]]:
    """Judge what is missing of the matrix, and append it to `matrix.jsonl`.

    Parameters
    ----------
    root : path-like, optional
        Data root. A pair whose test list is not there is left out.
    folder : path-like, optional
        Of the results; default `data/results` of the checkout.
    progress : bool, default False
        Show progress bars.

    Returns
    -------
    list of dict
        The lines that were added: of weights that are new or have changed since.
    """
    here, added = data.available(root), []
    for trained, name in weights_by_set().items():
        for tested in SETS:
            line = cells(known(folder)).get((trained, tested))
            wanted = (trained, tested) not in FORBIDDEN and (tested == trained or tested in here)
            if wanted and (line is None or line["sha256"] != digest(name)):
                added.append(cross(name, tested, root, progress))
                append(_path(folder), added[-1])
    return added


def known(folder: str | Path | None = None) -> list[dict[str, Any]]:
    """The lines of `matrix.jsonl`, the oldest first."""
    return read(_path(folder))


def _path(folder: str | Path | None) -> Path:
    return (results_folder() if folder is None else Path(folder)) / f"{TABLE}.jsonl"


def cells(lines: list[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The newest line of each pair (trained, tested)."""
    return {(line["trained"], line["tested"]): line for line in lines}
