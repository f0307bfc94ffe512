"""Weights on disk: NAME.safetensors, never without its card NAME.json."""

import json
import os
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from rrca.errors import InputError
from rrca.registry import build

DEFAULT = "rrcanet-resnet18"
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
        NAME.safetensors; the card goes to NAME.json beside it.

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
    write_whole(path.with_suffix(".json"), (json.dumps(card, indent=1) + "\n").encode())
    return path


def load(name_or_file: str | Path = DEFAULT) -> tuple[nn.Module, dict]:
    """Load a network with its weights, ready to detect.

    Parameters
    ----------
    name_or_file : str or path-like
        One of `rrca.checkpoint.shipped()`, or a .safetensors file with its card (.json) beside it.

    Returns
    -------
    model : Module
        In evaluation mode, on the CPU; also carries the card as `model.card`.
    card : dict
        Network, normalisation, training recipe, scores with their protocol.

    Raises
    ------
    InputError
        For an unknown name, a missing file or card, a pickle, a damaged file, or weights of another
        architecture than the card says.
    """
    path = _find(name_or_file)
    card = read_card(path.with_suffix(".json"))
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
            f"{path} does not hold the weights of {card['network']} with the settings of {path.stem}.json: "
            f"{len(odd)} tensors differ, the first is {odd[0]}; keep weights and card of one training together."
        )
    model.load_state_dict(tensors)
    model.card = card
    return model.eval(), card


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
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
