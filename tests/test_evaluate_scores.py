"""Anybody's score maps: read from any usual file, judged as a network's would be, refused in one sentence."""

import json
import warnings

import numpy as np
import pytest
from PIL import Image

import rrca
from rrca.__main__ import main
from rrca.data import Frame, scenes
from rrca.data.score_maps import read_score_map
from rrca.errors import InputError, InputWarning
from rrca.evaluation import evaluate_scores
from rrca.metrics import DetectionMetrics
from rrca.metrics.protocols import PROTOCOLS


def frame(id="made", H=128, W=64):
    """A 4×4 target at (40, 20)."""
    mask = np.zeros((H, W), np.uint8)
    mask[40:44, 20:24] = 255
    return Frame(id, np.zeros((H, W), np.float32), mask)


def scores(H=128, W=64):
    """The target found exactly; a false alarm of 3×3 at (100, 50)."""
    values = np.zeros((H, W))
    values[40:44, 20:24], values[100:103, 50:53] = 0.9, 0.7
    return values


def write(path, values):
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)


EIGHT, SIXTEEN = (
    np.round(scores() * 255).astype(np.uint8),
    np.round(scores() * 65535).astype(np.uint16),
)
FORMS = {
    "8-bit PNG": ("made.png", EIGHT),
    "16-bit PNG": ("made.png", SIXTEEN),
    "colour PNG of equal channels": ("made.png", np.stack([EIGHT] * 3, axis=2)),
    "1-bit PNG": ("made.png", scores() > 0.5),
    "float32": ("made.npy", scores().astype(np.float32)),
    "float64, big-endian": ("made.npy", scores().astype(">f8")),
    "float16, (1, 1, H, W)": ("made.npy", scores().astype(np.float16)[None, None]),
    "uint8 array, (H, W, 1)": ("made.npy", EIGHT[..., None]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_counts_by_hand(form, tmp_path):
    name, values = FORMS[form]
    write(tmp_path / name, values)
    result = evaluate_scores(tmp_path, [frame()])
    assert (result.protocol, result.detected, result.targets) == ("exact", 1, 1)
    assert (result.intersection, result.union, result.false_pixels) == (16, 25, 9)
    assert result.fa == 9 / (128 * 64)


def test_all_protocols_agree_with_the_metrics_and_with_a_network_that_wrote_the_maps(tmp_path):
    """Shipped weights judged directly, and through maps saved in double precision."""
    frames, detector = rrca.data.open("synthetic", "val")[:2], rrca.Detector()
    for one in frames:
        np.save(tmp_path / f"{one.id}.npy", detector.scores(one.image))
    native = [name for name in PROTOCOLS if name != "dnanet"]
    through_files, directly = (
        evaluate_scores(tmp_path, frames, native),
        rrca.evaluate(detector, frames, native),
    )
    assert repr(through_files) == repr(directly)  # as text, since NaN does not equal itself
    assert through_files["exact"].targets > 0


def test_several_protocols_by_name_and_one_alone(tmp_path):
    write(tmp_path / "made.npy", scores(256, 256))
    results = evaluate_scores(tmp_path, [frame(H=256, W=256)], list(PROTOCOLS))
    assert list(results) == list(PROTOCOLS)
    for name, result in results.items():
        assert (
            repr(result) == repr(evaluate_scores(tmp_path, [frame(H=256, W=256)], name))
            and result.protocol == name
        )


def test_the_threshold_is_strict_and_exact(tmp_path):
    """51 / 255 is 0.2: not above it. A float64 score a hair above counts."""
    made = frame(H=64)
    write(tmp_path / "made.png", np.where(made.mask, 51, 0).astype(np.uint8))
    assert evaluate_scores(tmp_path, [made], threshold=0.199).detected == 1
    with pytest.warns(InputWarning, match=r"no score in .* is above 0.2"):
        assert evaluate_scores(tmp_path, [made], threshold=0.2).detected == 0
    (tmp_path / "made.png").unlink()
    write(tmp_path / "made.npy", np.where(made.mask, 0.2 + 1e-12, 0))
    assert evaluate_scores(tmp_path, [made], threshold=0.2).detected == 1


def test_dnanet_takes_maps_of_the_squashed_frame_as_they_are(tmp_path):
    made = frame()
    squashed = np.zeros((256, 256))
    squashed[80:88, 80:96] = 0.9  # the target, 2 × 4 times as large
    write(tmp_path / "made.npy", squashed)
    result = evaluate_scores(tmp_path, [made], "dnanet")
    assert (result.iou, result.pd, result.fa, result.pixels) == (1, 1, 0, 256**2)
    metric = DetectionMetrics("dnanet")
    metric.update(squashed, np.kron(made.raw_mask, np.ones((2, 4), np.uint8)))
    assert result == metric.compute()


def test_dnanet_squashes_maps_of_the_frames_size(tmp_path):
    write(tmp_path / "made.npy", scores())
    with pytest.warns(InputWarning, match="dnanet: scores of full-size frames were squashed to 256×256"):
        result = evaluate_scores(tmp_path, [frame()], "dnanet")
    assert (result.detected, result.pixels) == (1, 256**2)
    assert result.intersection == pytest.approx(16 * 8, abs=16)
    assert result.false_pixels == pytest.approx(9 * 8, abs=16)


def test_files_of_other_frames_are_left_alone(tmp_path):
    write(tmp_path / "made.npy", scores())
    (tmp_path / "another.png").write_text("not read")
    (tmp_path / "made.txt").write_text("notes")
    assert evaluate_scores(tmp_path, [frame()]).detected == 1


def test_a_black_map_of_zeros_and_ones_is_remarked_on(tmp_path):
    write(tmp_path / "made.png", (scores() > 0.5).astype(np.uint8))
    with pytest.warns(InputWarning, match="without the factor 255"):
        assert evaluate_scores(tmp_path, [frame()]).pd == 0


def test_without_that_nothing_is_said(tmp_path):
    """Nor where the frame is of 256×256 itself, so that both ways are one."""
    write(tmp_path / "made.npy", scores(256, 256))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = evaluate_scores(tmp_path, [frame(H=256, W=256)], list(PROTOCOLS))
    assert results["dnanet"].detected == results["exact"].detected == 1


REFUSED = {
    "missing": ({}, "lacks the score maps of 2 of 2 frames, the first is a"),
    "one missing": ({"a.npy": scores()}, "lacks the score maps of 1 of 2 frames, the first is b"),
    "twice": (
        {"a.npy": scores(), "a.png": EIGHT, "b.npy": scores()},
        "holds both a.npy and a.png",
    ),
    "wrong size": (
        {"a.npy": scores(), "b.npy": scores()[:100]},
        "b.npy is 64×100 pixels; under 'exact' it must be 64×128 like its frame",
    ),
    "transposed": ({"a.npy": scores().T, "b.npy": scores()}, "a.npy is 128×64 pixels"),
    "256 under a native protocol": ({"a.npy": np.zeros((256, 256)), "b.npy": scores()}, "must be 64×128"),
    "logits": ({"a.npy": scores() * 9 - 4, "b.npy": scores()}, "apply a sigmoid to logits"),
    "NaN": ({"a.npy": np.full((128, 64), np.nan), "b.npy": scores()}, "NaN"),
    "integers": ({"a.npy": EIGHT.astype(np.int64), "b.npy": scores()}, "holds int64"),
    "two maps in one": ({"a.npy": np.stack([scores()] * 2), "b.npy": scores()}, "has shape (2, 128, 64)"),
    "coloured": (
        {"a.png": np.stack([EIGHT, EIGHT, 0 * EIGHT], axis=2), "b.npy": scores()},
        "is coloured",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_judged_is_refused(case, tmp_path):
    files, message = REFUSED[case]
    for name, values in files.items():
        write(tmp_path / name, values)
    with pytest.raises(InputError) as refusal:
        evaluate_scores(tmp_path, [frame("a"), frame("b")])
    assert message in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_damaged_file_and_a_missing_folder_are_refused(tmp_path):
    (tmp_path / "made.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"made\.png is empty"):
        evaluate_scores(tmp_path, [frame()])
    with pytest.raises(InputError, match="no folder"):
        evaluate_scores(tmp_path / "gone", [frame()])
    with pytest.raises(InputError, match="unknown protocol 'fair'"):
        evaluate_scores(tmp_path, [frame()], ["fair"])


def test_a_score_map_stays_in_double_precision(tmp_path):
    value = 0.1 + 1e-15
    write(tmp_path / "a.npy", np.full((2, 3), value))
    assert read_score_map(tmp_path / "a.npy").tolist() == [[value] * 3] * 2


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def perfect_maps(tmp_path, monkeypatch):
    """Maps equal to the masks of three synthetic frames, and a command line that sees only these."""
    whole = rrca.data.open
    monkeypatch.setattr(rrca.data, "open", lambda *given, **more: whole(*given, **more)[:3])
    folder = tmp_path / "maps"
    folder.mkdir()
    for one in rrca.data.open("synthetic", "test"):
        write(folder / f"{one.id}.png", one.raw_mask)
    return folder


def test_the_command_judges_a_folder(perfect_maps, capsys):
    arguments = ["evaluate", "--data", "synthetic", "--scores", str(perfect_maps)]
    assert main([*arguments, "--protocol", "exact", "opdc", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["frames"] == 3 and list(record["results"]) == ["exact", "opdc"]
    for result in record["results"].values():
        assert (result["iou"], result["pd"], result["fa"]) == (1, 1, 0)
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"{perfect_maps} on synthetic, test list, 3 frames")


def test_the_command_says_in_one_sentence_what_is_missing(perfect_maps, capsys):
    next(perfect_maps.iterdir()).unlink()
    assert main(["evaluate", "--data", "synthetic", "--scores", str(perfect_maps)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rrca: error: ") and "lacks the score maps of 1 of 3 frames" in line


def test_scores_and_a_model_exclude_each_other(perfect_maps, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["evaluate", "--scores", str(perfect_maps), "--model", "rrcanet-resnet18"])
    assert leaving.value.code == 2 and "not allowed with" in capsys.readouterr().err


def test_sixteen_bit_of_a_scene_survives_the_way_through_a_file(tmp_path):
    """A real map's counts do not change by 16 bits unless a score lies within 1/65535 of the threshold."""
    made = scenes.scene(seed=3, size=(64, 64), targets=2, scr=8)
    found = rrca.Detector().scores(made.image)
    one = Frame("made", made.image, made.mask.astype(np.uint8) * 255)
    threshold = 0.5
    assert np.abs(found - threshold).min() > 1 / 65535
    write(tmp_path / "made.png", np.round(found * 65535).astype(np.uint16))
    metric = DetectionMetrics()
    metric.update(found, made.mask)
    assert str(evaluate_scores(tmp_path, [one])) == str(metric.compute())
