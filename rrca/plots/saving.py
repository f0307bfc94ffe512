"""A figure and its numbers as files, whole or not at all."""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MatplotlibFigure

from rrca.errors import InputError

SAVED_DPI = 150


def write_file(path: Path, content: bytes) -> Path:
    """A file, whole or not at all; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
    return path


def _plain(value: Any) -> Any:
    """Numbers of NumPy as JSON has them; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def save(
    figure: MatplotlibFigure,
    name: str,
    folder: str | Path,
    numbers: Mapping[str, Any] | None = None,
    caption: str | None = None,
) -> Path:
    """Write FOLDER/NAME.png and, beside it, FOLDER/NAME.json with the numbers behind it and its caption.

    Parameters
    ----------
    figure : Figure
    name : str
        Without suffix, as "01_passes".
    folder : path-like
        Made if need be.
    numbers : mapping, optional
        Added to the figure's own `numbers`. NumPy values are welcome; what is not finite becomes null.
    caption : str, optional
        Replaces the figure's own.

    Returns
    -------
    Path
        Of the PNG: 150 dots per inch, no time and no version in it, so that the same figure gives the same
        bytes on the same machine.

    Raises
    ------
    InputError
        If `name` holds a folder.
    """
    if not name or Path(name).name != name:
        raise InputError(
            f"name={name!r} must be a plain file name without a folder; the folder is an argument."
        )
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=SAVED_DPI, metadata={"Software": None})
    record = {
        "caption": getattr(figure, "caption", "") if caption is None else caption,
        "numbers": _plain({**getattr(figure, "numbers", {}), **(numbers or {})}),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_file(Path(folder) / f"{name}.json", text.encode())
    return write_file(Path(folder) / f"{name}.png", picture.getvalue())
