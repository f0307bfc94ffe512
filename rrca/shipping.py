"""From a run folder to weights that go with the package: weights, card and log under one name, small enough to ship."""

import json
from collections.abc import Sequence
from pathlib import Path

from rrca import checkpoint
from rrca.errors import InputError

MOST_BYTES = 1_500_000  # of a weights file
MOST_LOG_BYTES = 200_000


def ship(
    run: str | Path,
    name: str,
    folder: str | Path | None = None,
    half: bool = False,
    replace: bool = False,
) -> Path:
    """Put the weights of a finished run among the shipped ones, with card and thinned log.

    Parameters
    ----------
    run : path-like
        Run folder of `rrca train` or `rrca sweep`, judged.
    name : str
        Of the shipped weights; `rrca.load` knows them by it.
    folder : path-like, optional
        Where to; default the checkout's `data/weights`.
    half : bool, default False
        Store float16: half the size, for figures. `rrca.load` gives float32 again.
    replace : bool, default False
        Whether weights of that name may be replaced.

    Returns
    -------
    Path
        Of the weights.

    Raises
    ------
    InputError
        If the run is not finished, not judged or collapsed, if the name is taken or is no file name, or if the file
        would be larger than 1.5 MB.
    """
    run = Path(run)
    folder = checkpoint.weights_folder() if folder is None else Path(folder)
    model, card = checkpoint.load(run)
    if "metrics" not in card:
        raise InputError(
            f"{run} is not judged; its card has no metrics. Finish it with `rrca train --resume {run}`."
        )
    if card.get("collapsed"):
        raise InputError(f"{run} collapsed: its weights find nothing, and are not shipped.")
    path = folder / f"{name}.safetensors"
    if not name or Path(name).name != name or name == "weights":
        raise InputError(f"{name!r} cannot name weights; give a plain name, such as rrcanet-resnet18_nudt.")
    if path.exists() and not replace:
        raise InputError(f"{path} is there already; give another name, or replace = True (--replace).")
    if half:
        model = model.half()
        card = card | {"stored_as": "float16"}
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    if size > MOST_BYTES:
        raise InputError(
            f"the weights of {run} take {size / 1e6:.1f} MB, more than the {MOST_BYTES / 1e6:.1f} MB of a shipped file"
            + ("." if half else "; half = True (--half) stores half of that.")
        )
    checkpoint.save(model, card | {"name": name}, path)
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    log = "".join(f"{line}\n" for line in thinned(lines))
    checkpoint.write_whole(folder / f"{name}.log.jsonl", log.encode())
    return path


def thinned(lines: Sequence[str], most: int = MOST_LOG_BYTES) -> list[str]:
    """A log short enough to ship: every second, third … loss record, and every evaluation and change of state.

    Parameters
    ----------
    lines : sequence of str
        Of log.jsonl.
    most : int, default 200 000
        Bytes, line ends included.

    Returns
    -------
    list of str
        The first and the last loss record are among them.

    Raises
    ------
    InputError
        If the other records alone are longer.

    Examples
    --------
    >>> lines = [json.dumps({"step": step, "loss": 1.0}) for step in range(1, 101)]
    >>> kept = thinned(lines, most=1000)
    >>> len(kept), json.loads(kept[1])["step"], json.loads(kept[-1])["step"]
    (34, 4, 100)
    """
    losses = [place for place, line in enumerate(lines) if "loss" in json.loads(line)]
    others = set(range(len(lines))) - set(losses)
    for every in range(1, len(losses) + 1):
        kept = others | set(losses[::every]) | set(losses[-1:])
        found = [line for place, line in enumerate(lines) if place in kept]
        if sum(len(line.encode()) + 1 for line in found) <= most:
            return found
    raise InputError(f"the log's evaluations alone take more than {most} bytes.")
