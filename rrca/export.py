"""A network as an ONNX file that takes frames of any size and gives their score maps, for programs without torch."""

import copy
import importlib.util
import json
import logging
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from rrca.data.normalisation import Normalisation
from rrca.detection import Detector
from rrca.errors import InputError

NEEDED = ("onnx", "onnxscript", "onnxruntime")  # the extra "export"; a file may be run by any other runtime
TOLERANCE = 1e-4  # of scores, between the file and the network

# What the file does around the network, in ONNX's own notation: `Detector` pads and crops like this.
AROUND = """
around (float[batch, {channels}, height, width] frame) => (float[batch, 1, height, width] scores) {{
    multiple = Constant <value_ints = [{multiple}]> ()
    nothing = Constant <value_ints = [0, 0, 0, 0, 0, 0]> ()
    size = Shape <start = 2> (frame)
    beyond = Mod (size, multiple)
    short = Sub (multiple, beyond)
    missing = Mod (short, multiple)
    borders = Concat <axis = 0> (nothing, missing)
    padded = Pad <mode = "edge"> (frame, borders)
    probability = Sigmoid (logits)
    first = Constant <value_ints = [0, 0]> ()
    sides = Constant <value_ints = [2, 3]> ()
    scores = Slice (probability, first, size, sides)
}}
"""


def onnx(model, path: str | Path, normalisation: Normalisation | None = None) -> Path:
    """Write a network as an ONNX file.

    Parameters
    ----------
    model : Module, str, path-like or None
        As for `rrca.Detector`: a network, shipped weights, a .safetensors file, or None for the default weights.
    path : path-like
        File to write, such as "rrcanet.onnx"; must not exist.
    normalisation : Normalisation, optional
        As for `rrca.Detector`: needed only for a network without a card.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the extra `export` is not installed, the file exists or its folder does not, or as for `Detector`; and if
        the file would not run or give other scores than the network, as torch's exporter makes of RepISD-Net.

    Notes
    -----
    Everything that has to be right is inside: the one input, `frame`, is float32 (batch, C_in, height, width) with
    values in [0, 1], of any size; the file normalises it, pads it by repeating its border, runs the network, takes
    the sigmoid and crops, so that the one output, `scores`, is float32 (batch, 1, height, width) with probabilities.
    Before a file is written, ONNX Runtime runs it on noise of three sizes: its scores are those of the plain network
    to 1e-4, or it is refused. Frames above 2048² are not tiled.

    The file's metadata: `card`, the weights' card as JSON (without a card: network and normalisation), and
    `multiple`, to which height and width are padded.

    Examples
    --------
    >>> import rrca.export
    >>> rrca.export.onnx("rrcanet-resnet18", "rrcanet.onnx")  # doctest: +SKIP
    PosixPath('rrcanet.onnx')
    """
    path = Path(path)
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise InputError(
                f"the ONNX export needs the package {package}, which is not installed; install rrca with its extra "
                "`export`, as in pip install 'rrca[export]'."
            )
    if path.exists():
        raise InputError(f"{path} exists already; give another file, or move it away.")
    if not path.parent.is_dir():
        raise InputError(f"folder {path.parent} does not exist; make it, or give a file in another one.")
    detector = Detector(model, normalisation)
    content = _with_borders(_exported(detector), detector).SerializeToString()
    fault = _fault(content, detector)
    if fault:
        raise InputError(
            f"{path} was not written: torch's ONNX export of {_name(detector)} {fault}, so this network cannot be "
            "exported; detect with rrca itself."
        )
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    return part.replace(path)


class Normalised(nn.Module):
    """A network behind its normalisation: (B, C, H, W) in [0, 1] -> logits."""

    def __init__(self, network: nn.Module, normalisation: Normalisation):
        super().__init__()
        self.network = copy.deepcopy(network).cpu().float().eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(normalisation.std).view(-1, 1, 1))

    def forward(self, padded: Tensor) -> Tensor:
        return self.network((padded - self.mean) / self.std)


def _exported(detector: Detector):
    """The normalised network alone, for sizes that it takes, as an ONNX model."""
    C, multiple = len(detector.normalisation.mean), detector.multiple
    rows, columns = (multiple * torch.export.Dim(name) for name in ("rows", "columns"))
    frames = torch.rand(
        2, C, 2 * multiple, 3 * multiple
    )  # three different sizes, so that none is taken for fixed
    with _quiet():
        program = torch.onnx.export(
            Normalised(detector.model, detector.normalisation).eval(),
            (frames,),
            dynamo=True,
            dynamic_shapes={"padded": {0: torch.export.Dim("batch"), 2: rows, 3: columns}},
            input_names=["padded"],
            output_names=["logits"],
            verbose=False,
        )
    return program.model_proto


def _with_borders(model, detector: Detector):
    """The same model with `AROUND` around it and the card in it."""
    from onnx import checker, helper, parser

    C = len(detector.normalisation.mean)
    around = parser.parse_graph(AROUND.format(channels=C, multiple=detector.multiple))
    before = 1 + [node.op_type for node in around.node].index("Pad")
    for node in model.graph.node:
        del node.metadata_props[:]  # where in the Python source each came from: half of the file
    nodes = [*around.node[:before], *model.graph.node, *around.node[before:]]
    for name, content in (
        ("node", nodes),
        ("input", around.input),
        ("output", around.output),
        ("value_info", []),
    ):
        model.graph.ClearField(name)
        getattr(model.graph, name).extend(content)
    model.doc_string = (
        "frame: float32 in [0, 1], any size; scores: probability of each pixel to belong to a target."
    )
    card = detector.card or {"network": _name(detector), "normalisation": detector.normalisation.as_dict()}
    helper.set_model_props(model, {"card": json.dumps(card), "multiple": str(detector.multiple)})
    checker.check_model(model)
    return model


def _fault(content: bytes, detector: Detector) -> str | None:
    """What is wrong with a file's content, tried on noise: a size that fits, one that does not, a batch."""
    from onnxruntime import InferenceSession
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    network = Normalised(detector.model, detector.normalisation).eval()
    C, k = len(detector.normalisation.mean), detector.multiple
    generator = torch.Generator().manual_seed(0)
    for B, H, W in ((1, 4 * k, 2 * k), (1, 2 * k + 1, 3 * k - 1), (2, 3 * k, 5 * k)):
        frames = torch.rand(B, C, H, W, generator=generator)
        try:
            session = InferenceSession(content, providers=["CPUExecutionProvider"])
            (scores,) = session.run(None, {"frame": frames.numpy()})
        except (Fail, InvalidArgument, RuntimeException):
            return f"does not run on frames of {H} × {W}"
        with torch.inference_mode():
            padded = nn.functional.pad(frames, (0, -W % k, 0, -H % k), mode="replicate")
            expected = torch.sigmoid(network(padded))[..., :H, :W]
        gap = (torch.from_numpy(scores) - expected).abs().max().item()
        if not gap <= TOLERANCE:
            return f"gives scores that differ from the network's by {gap:.2g} on frames of {H} × {W}"
    return None


def _name(detector: Detector) -> str:
    """What the network is called."""
    return getattr(detector.model, "name", type(detector.model).__name__)


@contextmanager
def _quiet():
    """Without what the exporter tells about packages that no network here needs."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)
