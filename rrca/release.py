"""The authors' checkpoints, read into our network.

Their program registers the shared kernels once per pass under different names; here each pass's copy is compared
and kept once. Names of their checkpoint (RRCA-Net/model/RRCANet.py of github yongxianLiu/RRCANet), and ours:

    conv0_0.0                                     stem
    iteration<t>_layer<i>_encoder_convs.operator  stage i of pass t: convolution, norm, ReLU, and again
    iteration<t>_layer<i>_encoder_convs.shortcut  the 1×1 shortcut of its first block
    iteration<t>_layer<j>_decoders_SBAM           DIAAM of pass t, counted from the deepest level: i = l - 2 - j
    post_transform_conv_block.0, final            tail
"""

import pickle
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from rrca.data.normalisation import IMAGENET, Normalisation
from rrca.errors import InputError
from rrca.registry import CONFIGS, build

STAGE = re.compile(r"iteration(\d+)_layer(\d+)_encoder_convs\.operator\.(\d+)\.weight")
RESIDUAL_BLOCK = {"conv1": "conv1", "bn1": "norm1", "conv2": "conv2", "bn2": "norm2", "shortcut": "shortcut"}
DIAAM = {
    "pwconv1": "project_low",
    "pwconv2": "project_high",
    "ca.fc1": "attention.mlp.0",
    "ca.fc2": "attention.mlp.2",
}


def import_release(file: str | Path, normalisation: Normalisation | None = None) -> tuple[nn.Module, dict]:
    """Turn a checkpoint of the authors' program into our network and a card.

    Parameters
    ----------
    file : path-like
        A .pth.tar of the release, of its NUAA-SIRST / IRSTD-1k or its DenseSIRST half; read with
        `weights_only`, so that it cannot run code.
    normalisation : Normalisation, optional
        How its frames were normalised. Default for three input channels: ImageNet's, as in the release. With one
        channel the release takes the data set's mean and standard deviation, which the file does not hold, so
        they must be given.

    Returns
    -------
    model : Module
        In evaluation mode, carrying its card.
    card : dict
        As `rrca.load` gives; save both with `rrca.checkpoint.save(model, card, path)`.

    Raises
    ------
    InputError
        If the file is missing, is no such checkpoint, holds kernels that differ between passes, or if
        `normalisation` is needed and missing.

    Notes
    -----
    The iterations, channels, blocks, r and the use of FSM are read off the tensors. A checkpoint with deep
    supervision cannot be told from one "w/o FSM": both keep one tail on C_0 channels, and evaluation is alike.
    """
    theirs = _read(Path(file))
    settings = _settings(theirs, file)
    model = build("rrcanet-resnet18", **settings)
    ours = _translate(theirs, settings, file)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    odd = sorted(
        name
        for name in expected.keys() | ours.keys()
        if name not in ours or expected.get(name) != tuple(ours[name].shape)
    )
    if odd:
        raise InputError(
            f"{file} is not a checkpoint of the release's RRCA-Net: {len(odd)} tensors do not fit, first {odd[0]}."
        )
    model.load_state_dict(ours)
    if normalisation is None:
        if settings["in_channels"] != 3:
            raise InputError(
                f"{file} takes {settings['in_channels']} input channel; pass normalisation=Normalisation(mean, std) of "
                "the training frames, which the file does not hold."
            )
        normalisation = IMAGENET
    named = [name for name, config in CONFIGS.items() if list(config.blocks) == settings["blocks"]]
    model.card = {
        "name": Path(file).name,
        "network": named[0] if named else "rrcanet-resnet18",
        "settings": settings,
        "channels": "rgb" if settings["in_channels"] == 3 else "grey",
        "normalisation": normalisation.as_dict(),
        "origin": "the authors' program",
    }
    return model.eval(), model.card


def _read(file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, without the prefixes that wrappers add."""
    if not file.is_file():
        raise InputError(f"no file {file}; give a checkpoint of the authors' program.")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{file} cannot be read as a checkpoint without running code ({reason}).") from None
    tensors = content.get("state_dict", content) if isinstance(content, dict) else {}
    found = {
        re.sub(r"^.*?(?=conv0_0\.|iteration\d|post_transform|final\.)", "", str(name)): tensor
        for name, tensor in tensors.items()
        if isinstance(tensor, Tensor)
    }
    if not any(STAGE.fullmatch(name) for name in found) or "conv0_0.0.conv1.weight" not in found:
        raise InputError(
            f"{file} is not a checkpoint of the release's RRCA-Net: it has no encoder of that program."
        )
    return found


def _settings(theirs: dict[str, Tensor], file) -> dict:
    """The overrides of `rrca.build` that the shapes tell."""
    stages = [tuple(map(int, STAGE.fullmatch(name).groups())) for name in theirs if STAGE.fullmatch(name)]
    iterations, levels = max(t for t, _, _ in stages), 1 + max(i for _, i, _ in stages)
    # convolutions are every third module of a stage, two to a block
    blocks = [max(k for t, i, k in stages if (t, i) == (0, level)) // 6 + 1 for level in range(levels)]
    first = [f"iteration0_layer{i}_encoder_convs.operator.0.weight" for i in range(levels)]
    tail, hidden = "post_transform_conv_block.0.conv1.weight", "iteration0_layer0_decoders_SBAM.ca.fc1.weight"
    if any(name not in theirs for name in (*first, tail, hidden)):
        raise InputError(
            f"{file} is not a checkpoint of the release's RRCA-Net: a stage, the tail or a DIAAM is missing."
        )
    channels = [theirs[name].shape[0] for name in first]
    width, deepest = theirs[hidden].shape[:2]
    return {
        "in_channels": theirs["conv0_0.0.conv1.weight"].shape[1],
        "channels": channels,
        "blocks": blocks,
        "iterations": iterations,
        "output": "fsm" if theirs[tail].shape[1] == channels[0] * (iterations + 1) else "last",
        "attention_ratio": deepest // width,
    }


def _translate(theirs: dict[str, Tensor], settings: dict, file) -> dict[str, Tensor]:
    """Their tensors under our names."""
    ours: dict[str, Tensor] = {}
    levels = len(settings["channels"])

    def take(source: str, target: str) -> None:
        for name, tensor in theirs.items():
            if name.startswith(source + "."):
                key = target + name.removeprefix(source)
                if key in ours and not torch.equal(ours[key], tensor):
                    raise InputError(f"{file}: kernel {name} differs from pass 0's; the release shares it.")
                ours[key] = tensor

    for part, mine in RESIDUAL_BLOCK.items():
        take(f"conv0_0.0.{part}", f"stem.{mine}")
        take(f"post_transform_conv_block.0.{part}", f"output.tail.block.{mine}")
    take("final", "output.tail.classify")
    for t in range(settings["iterations"] + 1):
        for i in range(levels):
            source, stage = f"iteration{t}_layer{i}_encoder_convs", f"encoder.{i}.stage"
            for block in range(settings["blocks"][i]):
                for half in (1, 2):
                    position = 6 * block + 3 * (half - 1)
                    take(f"{source}.operator.{position}", f"{stage}.{block}.conv{half}")
                    take(f"{source}.operator.{position + 1}", _owned(i, t, f"{block}.norm{half}"))
            for piece in ("0", "1"):
                take(f"{source}.shortcut.{piece}", _owned(i, t, f"0.shortcut.{piece}"))
        for j in range(levels - 1):
            for part, mine in DIAAM.items():
                take(
                    f"iteration{t}_layer{j}_decoders_SBAM.{part}", f"decoder.fuse.{t}.{levels - 2 - j}.{mine}"
                )
    return ours


def _owned(level: int, t: int, name: str) -> str:
    """Our name of what pass t owns of a stage."""
    return f"encoder.{level}.stage.{name}" if t == 0 else f"encoder.{level}.pass{t}.{name.replace('.', '/')}"
