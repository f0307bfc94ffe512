"""Result files: one JSON line per finished run, appended whole and never edited.

`data/results/table_IV.jsonl` holds the runs of Table IV. Two processes may append to one file: a lock keeps their
lines apart, and what a killed writer left of a line is cut off by the next.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rrca.checkpoint import weights_folder


def results_folder() -> Path:
    """`data/results` of the checkout."""
    return weights_folder().parent / "results"


def path_of(table: str, folder: str | Path | None = None) -> Path:
    """The file of a table: table_IV.jsonl for the paper's, noise.jsonl for ours."""
    name = f"table_{table}" if table.isupper() else table
    return Path(results_folder() if folder is None else folder) / f"{name}.jsonl"


def append(path: str | Path, line: Mapping[str, Any]) -> None:
    """Append one record as one line.

    Parameters
    ----------
    path : path-like
        Made with its folder if need be.
    line : mapping
        What JSON can hold; NaN becomes null.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (json.dumps(_finite(line), ensure_ascii=False, allow_nan=False) + "\n").encode()
    with open(path, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, also by death
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read(path: str | Path) -> list[dict]:
    """The records of a file, oldest first; none if there is no file. An unfinished last line is left out."""
    path = Path(path)
    if not path.is_file():
        return []
    content = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in content[: content.rfind("\n") + 1].splitlines()]


def finished(lines: list[dict]) -> dict[tuple[str, str], dict]:
    """By (run, row) the last record without an error: what need not be run again."""
    return {(line["run"], line["row"]): line for line in lines if line["error"] is None}


def frame(table: str, folder: str | Path | None = None) -> pd.DataFrame:
    """The finished runs of a table, one row each, in the order of the file."""
    return pd.DataFrame(finished(read(path_of(table, folder))).values())


def _finite(value: Any) -> Any:
    """NaN and infinity as None: JSON has neither."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value
