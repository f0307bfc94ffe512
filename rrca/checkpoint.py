"""Weights on disk: NAME.safetensors, never without its card; in a run folder weights.safetensors and card.json."""

import json
import os
import re
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from rrca.errors import InputError
from rrca.registry import build, names

DEFAULT = "rrcanet-resnet18"
TEMPORARY = ".tmp"
CARD_KEYS = ("name", "network", "settings", "channels", "normalisation")


def weights_folder() -> Path:
    """Where the shipped weights lie: beside the installed package, or in the checkout's `data/weights`."""
    package = Path(__file__).resolve().parent
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "data" / "weights"


def shipped() -> list[str]:
    """Names of the weights that come with the package."""
    return sorted(path.stem for path in weights_folder().glob("*.safetensors"))


def save(model: nn.Module, card: dict, path: str | Path) -> Path:
    """Write weights and card, each whole or not at all.

    Parameters
    ----------
    model : Module
        Made by `rrca.build`.
    card : dict
        What `rrca.load` and `rrca.detect` read; needs "name", "network" (for `build`), "settings" (its
        overrides), "channels" ("grey" or "rgb") and "normalisation" ({"mean": […], "std": […]}).
    path : path-like
        NAME.safetensors; the card goes to NAME.json beside it, that of weights.safetensors to card.json.

    Returns
    -------
    Path
        Of the weights.

    Raises
    ------
    InputError
        If the card lacks a key.
    """
    path = Path(path).with_suffix(".safetensors")
    missing = [key for key in CARD_KEYS if key not in card]
    if missing:
        raise InputError(f"the card of {path.name} lacks {', '.join(missing)}.")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_whole(path, safetensors.torch.save(tensors))
    save_card(card, path)
    return path


def save_card(card: dict, weights: Path) -> None:
    """Write the card of a weights file anew; a list of numbers on one line, for the sake of the curves."""
    text = json.dumps(card, indent=1)
    text = re.sub(
        r"\[\n[-+.\d\seE,]+\]", lambda found: "".join(found.group().split()).replace(",", ", "), text
    )
    write_whole(card_path(weights), (text + "\n").encode())


def card_path(weights: Path) -> Path:
    """Where the card of a weights file lies: card.json in a run folder, else the weights' own name with .json."""
    path = weights.with_name("card.json") if weights.stem == "weights" else weights.with_suffix(".json")
    before = weights.with_suffix(".json")  # weights.json: what run folders had before card.json
    return before if before.is_file() and not path.is_file() else path


def card(name_or_file: str | Path = DEFAULT) -> dict:
    """The card of weights, without loading them.

    Parameters
    ----------
    name_or_file : str or path-like
        As for `load`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        For an unknown name, a missing file, or a card that is none.
    """
    return read_card(card_path(_find(name_or_file)))


def load(name_or_file: str | Path = DEFAULT) -> tuple[nn.Module, dict]:
    """Load a network with its weights, ready to detect.

    Parameters
    ----------
    name_or_file : str or path-like
        One of `rrca.checkpoint.shipped()`, a .safetensors file with its card (.json) beside it, or a run folder.

    Returns
    -------
    model : Module
        In evaluation mode, on the CPU; also carries the card as `model.card`.
    card : dict
        Network, normalisation, training recipe, scores with their protocol.

    Raises
    ------
    InputError
        For an unknown name, a network of which no weights are shipped, a missing file or card, a pickle, a damaged
        file, or weights of another architecture than the card says.

    Notes
    -----
    Weights that were stored as float16 become the network's float32.
    """
    path = _find(name_or_file)
    card_file = card_path(path)
    card = read_card(card_file)
    with torch.random.fork_rng(devices=[]):  # the weights drawn here are replaced below
        model = build(card["network"], **card["settings"])
    try:
        tensors = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({error}); train or fetch it again."
        ) from None
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != found:
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise InputError(
            f"{path} does not hold the weights of {card['network']} with the settings of {card_file.name}: "
            f"{len(odd)} tensors differ, the first is {odd[0]}; keep weights and card of one training together."
        )
    model.load_state_dict(tensors)
    model.card = card
    return model.eval(), card


def weights_of(network: str | None, name_or_file: str | Path) -> Path:
    """The weights file that a name or a path means, if it belongs to a network.

    Parameters
    ----------
    network : str or None
        As for `rrca.build`; None takes weights of any.
    name_or_file : str or path-like
        As for `load`.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there are no such weights, no such network, or the card of the weights names another.
    """
    path = _find(name_or_file)
    if network is None:
        return path
    if network not in names():
        raise InputError(
            f"{network!r} takes no weights from {name_or_file}: it is not one of the networks {', '.join(names())}."
        )
    found = read_card(card_path(path))["network"]
    if found != network:
        raise InputError(
            f"{path} holds weights of {found}, not of {network}; give a run that trained {network}, or leave the "
            "network out."
        )
    return path


def read_card(path: Path) -> dict:
    """Read a card and see that it says what loading needs."""
    if not path.is_file():
        raise InputError(
            f"no card {path} beside the weights; put the {path.name} that was saved with them there."
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in CARD_KEYS if key not in card]
    except (ValueError, TypeError):
        raise InputError(f"{path} is not a card: it is not valid JSON.") from None
    if missing or not isinstance(card, dict):
        raise InputError(f"{path} is not a card: it lacks {', '.join(missing) or 'its keys'}.")
    return card


def _find(name_or_file: str | Path) -> Path:
    """The weights file that a name or a path means."""
    path = Path(name_or_file)
    if str(name_or_file) in shipped():
        return weights_folder() / f"{name_or_file}.safetensors"
    if path.is_dir() and (path / "weights.safetensors").is_file():
        return path / "weights.safetensors"
    if path.is_dir():
        begun = (path / "config.json").is_file()
        remedy = f"`rrca train --resume {path}` goes on with its run" if begun else "give the folder of a run"
        raise InputError(f"no weights file in folder {path}; {remedy}.")
    if str(name_or_file) in names():
        raise InputError(
            f"no weights are shipped for {name_or_file}; `rrca train --network {name_or_file} "
            f"--out runs/{name_or_file}` makes some, and `rrca evaluate --weights runs/{name_or_file}` judges them."
        )
    if path.suffix.lower() in {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".tar", ".bin"}:
        raise InputError(f"{path} is a pickle, which can run code when it is read; give a .safetensors file.")
    if path.is_file() and path.suffix == ".safetensors":
        return path
    if path.is_file():
        raise InputError(
            f"{path} is not a weights file; give a .safetensors file, or one of {', '.join(shipped())}."
        )
    if path.suffix or len(path.parts) > 1:
        raise InputError(
            f"no weights file {path}; give an existing .safetensors file, or one of {', '.join(shipped())}."
        )
    raise InputError(
        f"unknown model {str(name_or_file)!r}; choose one of {', '.join(shipped())}, or give a .safetensors file."
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that a reader never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY, delete=False
    )
    try:
        with file:
            write_to_disk(file, content)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


def write_to_disk(file, content: bytes) -> None:
    """Write and wait until it is on the disk: a move that outlives a power cut must not outlive its content."""
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def remove_halves(folder: Path) -> None:
    """Remove what `write_whole` left in a folder where the process was killed inside a write."""
    for path in folder.glob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)
