"""How long each network takes for one frame, measured in turn in one run, and kept in data/results/latency.json.

`python -m rrca.studies.latency` measures all of `NETWORKS` and writes the file, in about a minute of a quiet machine.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from rrca import checkpoint
from rrca.cost import count
from rrca.errors import InputError
from rrca.provenance import commit, hardware, versions
from rrca.registry import build
from rrca.sweeps.results import results_folder
from rrca.sweeps.work import one_thread

SIZE = (3, 256, 256)  # C, H, W, as the paper counts
ROUNDS = 5
# All networks of the paper's Tables I and II as `rrca.build` makes them, each in the form that detects; then what
# remains of those with recurrence at n = 0.
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "rrcanet-resnet10": ("rrcanet-resnet10", {}),
    "rrcanet-resnet18": ("rrcanet-resnet18", {}),
    "rrcanet-resnet34": ("rrcanet-resnet34", {}),
    "acm": ("acm", {}),
    "resunet": ("resunet", {}),
    "amfunet": ("amfunet", {}),
    "dnanet": ("dnanet", {}),
    "uiunet": ("uiunet", {}),
    "lw-irstnet": ("lw-irstnet", {}),
    "repisdnet": ("repisdnet", {"form": "deployed"}),
    "resunet+rucb": ("resunet+rucb", {}),
    "amfunet+rucb": ("amfunet+rucb", {}),
    "dnanet+rucb": ("dnanet+rucb", {}),
    "rrcanet-resnet18, n = 0": ("rrcanet-resnet18", {"iterations": 0}),
    "resunet+rucb, n = 0": ("resunet+rucb", {"iterations": 0}),
    "amfunet+rucb, n = 0": ("amfunet+rucb", {"iterations": 0}),
    "dnanet+rucb, n = 0": ("dnanet+rucb", {"iterations": 0}),
}


def measure(
    networks: Mapping[str, tuple[str, dict[str, Any]]] = NETWORKS,
    rounds: int = ROUNDS,
    size: tuple[int, int, int] = SIZE,
) -> dict[str, Any]:
    """Time one frame through several networks, and count each.

    Parameters
    ----------
    networks : mapping of str to (str, dict)
        A label to a name and settings of `rrca.build`; weights are drawn from a seed.
    rounds : int, default 5
        In each round every network runs once, so that a slow moment hits all; one round more, first, warms up.
    size : tuple of int, default (3, 256, 256)
        (C, H, W) of the frame; the batch is one.

    Returns
    -------
    dict
        "networks": by label its settings, "params", "macs", "paper_flops" (see `rrca.count`), and one value a round of
        "wall" and "cpu", seconds; and how it was measured: hardware, threads, precision, versions, commit.

    Notes
    -----
    Float32 on one thread of the CPU, evaluation mode, the network as it is built: nothing folded, so that each
    module's work is timed. `rrca.detect` runs a folded copy, which is quicker.

    "cpu" is the time that the thread computed, "wall" what a clock on the wall shows. On an idle core they agree; on a
    busy one "wall" also counts the turns of other programs, and "cpu" is the better estimate of the latency.
    """
    with one_thread():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            built = {label: build(name, **settings).eval() for label, (name, settings) in networks.items()}
            frame = torch.rand(1, *size)
        wall, cpu = _in_rounds(built, frame, rounds)
        machine = hardware()
    return {
        "hardware": machine,
        "threads": 1,
        "precision": "float32",
        "size": list(size),
        "versions": versions(),
        "commit": commit(),
        "networks": {
            label: {
                "network": networks[label][0],
                "settings": networks[label][1],
                **vars(count(model, size)),
                "wall": wall[label],
                "cpu": cpu[label],
            }
            for label, model in built.items()
        },
    }


def _in_rounds(
    built: Mapping[str, nn.Module], frame: torch.Tensor, rounds: int
) -> list[dict[str, list[float]]]:
    """Seconds by the wall's clock, and by the thread's, of each network in each round but the first."""
    clocks = time.perf_counter, time.thread_time
    seconds: list[dict[str, list[float]]] = [{label: [] for label in built} for _ in clocks]
    with torch.inference_mode():
        for turn in range(rounds + 1):
            for label, model in built.items():
                start = [clock() for clock in clocks]
                model(frame)
                for clock, since, kept in zip(clocks, start, seconds, strict=True):
                    if turn:
                        kept[label].append(round(clock() - since, 5))
    return seconds


def path_of(folder: str | Path | None = None) -> Path:
    """Where the measurement is kept."""
    return Path(results_folder() if folder is None else folder) / "latency.json"


def save(measured: Mapping[str, Any], folder: str | Path | None = None) -> Path:
    """Write what `measure` gave; returns the file."""
    path = path_of(folder)
    checkpoint.write_whole(path, (json.dumps(measured, indent=1) + "\n").encode())
    return path


def read(folder: str | Path | None = None) -> dict[str, Any]:
    """The kept measurement, as `measure` gave it.

    Raises
    ------
    InputError
        If there is none.
    """
    path = path_of(folder)
    if not path.is_file():
        raise InputError(f"no {path}: run `python -m rrca.studies.latency`, which writes it.")
    return json.loads(path.read_text(encoding="utf-8"))


def table(measured: Mapping[str, Any]) -> pd.DataFrame:
    """One row a network: what it holds, what it executes, what the paper's rule counts, and how long it takes.

    Parameters
    ----------
    measured : mapping
        From `read` or `measure`.

    Returns
    -------
    DataFrame
        "params, M", "GMAC" (executed), "counted G" (by the paper's rule), and in ms of the thread's clock "ms" (median
        of the rounds), "least" and "most".
    """
    rows = {}
    for label, row in measured["networks"].items():
        tries = 1e3 * np.array(row["cpu"])
        rows[label] = {
            "params, M": row["params"] / 1e6,
            "GMAC": row["macs"] / 1e9,
            "counted G": row["paper_flops"] / 1e9,
            "ms": np.median(tries),
            "least": tries.min(),
            "most": tries.max(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


if __name__ == "__main__":
    print(save(measure()))
