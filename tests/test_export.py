"""The ONNX file gives the scores of the plain network, for frames of any size, in ONNX Runtime."""

import importlib.util
import json

import numpy as np
import onnxruntime
import pytest
import torch

import rrca
from rrca import export
from rrca.__main__ import main
from rrca.data.normalisation import Normalisation
from rrca.errors import InputError
from rrca.registry import CONFIGS

SHAPES = [(1, 64, 64), (2, 61, 90), (1, 3, 5), (3, 40, 128)]  # frames, height, width
NORMALISATION = Normalisation((0.4,), (0.2,))


def loaded(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def by_torch(detector, frames):
    """Scores of the network as it is taught, padded and cropped frame by frame."""
    H, W = frames.shape[2:]
    scores = []
    with torch.inference_mode():
        for frame in frames:
            x = detector.normalisation(frame[0] if len(frame) == 1 else frame.transpose(1, 2, 0))
            scores.append(torch.sigmoid(detector.model(detector._padded(x[None])))[0, :, :H, :W].numpy())
    return np.stack(scores)


def largest_difference(path, detector):
    """Between both, over frames of noise of several sizes and numbers."""
    session, gaps = loaded(path), []
    channels = len(detector.normalisation.mean)
    for batch, *size in SHAPES:
        frames = np.random.default_rng(0).random((batch, channels, *size), np.float32)
        (scores,) = session.run(None, {"frame": frames})
        assert scores.shape == (batch, 1, *size) and scores.dtype == np.float32
        gaps.append(np.abs(scores - by_torch(detector, frames)).max())
    return max(gaps)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small network of three channels with weights that differ everywhere, and its file."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = rrca.build("rrcanet-resnet10", channels=(4, 8), blocks=(1, 1), iterations=1)
        model(torch.randn(4, 3, 32, 32))  # moves the running statistics
    detector = rrca.Detector(model, Normalisation((0.5, 0.4, 0.3), (0.2, 0.1, 0.3)))
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    assert export.onnx(detector.model, path, detector.normalisation) == path
    return path, detector


def test_scores_are_those_of_the_network(small):
    assert largest_difference(*small) < 1e-4


def test_the_file_says_what_it_takes_and_holds_normalisation_and_multiple(small):
    session = loaded(small[0])
    (frame,), (scores,) = session.get_inputs(), session.get_outputs()
    assert (frame.name, frame.shape) == ("frame", ["batch", 3, "height", "width"])
    assert (scores.name, scores.shape) == ("scores", ["batch", 1, "height", "width"])
    found = session.get_modelmeta().custom_metadata_map
    assert found["multiple"] == "2"
    assert json.loads(found["card"]) == {
        "network": "rrcanet-resnet10",
        "normalisation": small[1].normalisation.as_dict(),
    }


def test_a_file_is_not_overwritten_and_a_missing_folder_is_named(small, tmp_path):
    with pytest.raises(InputError, match="exists already"):
        export.onnx(small[1].model, small[0], small[1].normalisation)
    with pytest.raises(InputError, match=r"folder .*none does not exist"):
        export.onnx(None, tmp_path / "none" / "a.onnx")


def test_a_network_without_card_needs_its_normalisation(tmp_path):
    with pytest.raises(InputError, match="normalisation="):
        export.onnx(rrca.build("rrcanet-resnet10"), tmp_path / "a.onnx")


def test_a_file_with_other_scores_is_refused_and_not_written(small, tmp_path, monkeypatch):
    """A translation can succeed and be wrong; here the sigmoid is lost."""
    monkeypatch.setattr(export, "AROUND", export.AROUND.replace("Sigmoid", "Identity"))
    with pytest.raises(InputError, match=r"was not written: .*rrcanet-resnet10 gives scores that differ"):
        export.onnx(small[1].model, tmp_path / "a.onnx", small[1].normalisation)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", export.NEEDED)
def test_without_the_extra_one_sentence_says_what_to_install(package, tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))
    assert main(["export", str(tmp_path / "a.onnx")]) == 2
    said = capsys.readouterr().err
    assert f"the package {package}, which is not installed" in said and "rrca[export]" in said
    assert said.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_command_writes_the_shipped_weights_with_their_card(tmp_path, capsys):
    path = tmp_path / "out.onnx"
    assert main(["export", str(path)]) == 0
    assert str(path) in capsys.readouterr().out and [file.name for file in tmp_path.iterdir()] == ["out.onnx"]
    detector = rrca.Detector()
    assert largest_difference(path, detector) < 1e-4
    assert json.loads(loaded(path).get_modelmeta().custom_metadata_map["card"]) == detector.card
    assert path.stat().st_size < 1.5e6


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_every_rrcanet_can_be_written(name, tmp_path):
    detector = rrca.Detector(rrca.build(name, in_channels=1), NORMALISATION)
    path = export.onnx(detector.model, tmp_path / "a.onnx", NORMALISATION)
    assert largest_difference(path, detector) < 1e-4
