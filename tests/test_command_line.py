"""The command line as a new user meets it: one sentence and exit code 2, or the answer and exit code 0."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import rrca
from rrca import __main__ as command_line
from rrca.__main__ import main, parser


@pytest.fixture(scope="module")
def scene():
    return rrca.data.scenes.scene(seed=1, size=(96, 120), targets=1, scr=10)


@pytest.fixture
def frame_file(scene, tmp_path):
    path = tmp_path / "frame.png"
    Image.fromarray(np.round(scene.image * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def run(capsys):
    """Run a command; its exit code, what it printed, and what it said on standard error."""

    def call(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as leaving:  # argparse's own
            code = leaving.code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def few_frames(monkeypatch):
    """Three frames a list: these tests are about the command line, not about accuracy."""
    whole = rrca.data.open
    monkeypatch.setattr(rrca.data, "open", lambda *given: whole(*given)[:3])


def sentence(err: str) -> str:
    """The one line that a user reads; there must be exactly one."""
    (line,) = err.strip().splitlines()
    assert line.startswith("rrca: error: ")
    return line


# --- detect --------------------------------------------------------------------------------------------------


def test_detect_prints_one_line_a_target(run, frame_file):
    code, out, _ = run("detect", frame_file)
    found = rrca.detect(frame_file)
    assert code == 0 and len(out.splitlines()) == len(found) >= 1
    target = found.targets[0]
    assert out.splitlines()[0] == (
        f"{frame_file}: row {target.row:.1f}  column {target.column:.1f}  area {target.area} px  peak {target.peak:.3f}"
    )


def test_detect_finds_the_target_of_a_scene(run, frame_file, scene):
    _, out, _ = run("detect", frame_file, "--json")
    rows, columns = np.nonzero(scene.mask)
    (record,) = json.loads(out)
    best = record["targets"][0]
    assert np.hypot(best["row"] - rows.mean(), best["column"] - columns.mean()) < 3


def test_json_and_csv_say_the_same(run, frame_file):
    (record,) = json.loads(run("detect", frame_file, "--json")[1])
    rows = list(csv.DictReader(io.StringIO(run("detect", frame_file, "--csv")[1])))
    assert record["file"] == str(frame_file) and (record["height"], record["width"]) == (96, 120)
    assert len(rows) == len(record["targets"])
    for row, target in zip(rows, record["targets"], strict=True):
        assert (
            float(row["row"]) == pytest.approx(target["row"], abs=0.01) and int(row["area"]) == target["area"]
        )


def test_no_target_is_an_answer(run, tmp_path):
    np.save(tmp_path / "empty.npy", np.full((40, 40), 0.5, np.float32))
    code, out, err = run("detect", tmp_path / "empty.npy")
    assert code == 0 and out == "" and "no target" in err
    assert json.loads(run("detect", tmp_path / "empty.npy", "--json")[1])[0]["targets"] == []
    assert run("detect", tmp_path / "empty.npy", "--csv")[1].strip() == "file,row,column,area,peak"


def test_a_one_pixel_image_has_a_result(run, tmp_path):
    Image.fromarray(np.array([[200]], np.uint8)).save(tmp_path / "one.png")
    code, out, _ = run("detect", tmp_path / "one.png", "--json")
    assert code == 0 and json.loads(out)[0]["height"] == 1


def test_folders_sixteen_bit_and_npy(run, frame_file, scene):
    folder = frame_file.parent
    Image.fromarray(np.round(scene.image * 65535).astype(np.uint16)).save(folder / "deep.tiff")
    np.save(folder / "floats.npy", scene.image)
    (folder / "notes.txt").write_text("not a frame, and not asked about")
    code, out, _ = run("detect", folder, "--json")
    assert code == 0 and [record["file"].rsplit("/", 1)[1] for record in json.loads(out)] == [
        "deep.tiff",
        "floats.npy",
        "frame.png",
    ]
    counts = {len(record["targets"]) for record in json.loads(out)}
    assert len(counts) == 1


def test_out_writes_a_mask_and_a_picture_and_overwrites_nothing(run, frame_file, tmp_path):
    out_folder = tmp_path / "made" / "here"
    assert run("detect", frame_file, "--out", out_folder)[0] == 0
    mask = np.asarray(Image.open(out_folder / "frame_mask.png"))
    assert np.array_equal(mask > 0, rrca.detect(frame_file).mask)
    assert Image.open(out_folder / "frame_overlay.png").mode == "RGB"
    before = (out_folder / "frame_mask.png").stat().st_mtime_ns
    code, out, err = run("detect", frame_file, "--out", out_folder)
    assert code == 2 and out == "" and "exists already" in sentence(err)
    assert (out_folder / "frame_mask.png").stat().st_mtime_ns == before


def test_frames_of_one_name_in_two_folders_keep_both_results(run, frame_file, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0001.png").write_bytes(frame_file.read_bytes())
    assert run("detect", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{folder}_0001-png_{kind}.png" for folder in "ab" for kind in ("mask", "overlay")
    ]


def test_a_colour_photo_gets_one_warning_line(run, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(
        tmp_path / "c.png"
    )
    code, _, err = run("detect", tmp_path / "c.png", "--json")
    assert code == 0 and err.count("\n") == 1 and err.startswith("rrca: warning: ") and "luminance" in err


def damaged(tmp_path, kind):
    """A file that is no frame, and what the sentence must say."""
    path = tmp_path / {"text": "note.png", "nan": "nan.npy", "suffix": "frame.gif"}.get(kind, "frame.png")
    if kind == "missing":
        return path, "no file"
    if kind == "text":
        path.write_text("I am a text file.")
        return path, "is not an image"
    if kind == "empty file":
        path.write_bytes(b"")
        return path, "is empty"
    if kind == "truncated":
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:1500])
        return path, "damaged or cut short"
    if kind == "empty folder":
        (tmp_path / "empty").mkdir()
        return tmp_path / "empty", "holds no frame"
    if kind == "nan":
        np.save(path, np.full((8, 8), np.nan))
        return path, "NaN"
    path.write_bytes(b"GIF89a")
    return path, "unknown type"


@pytest.mark.parametrize(
    "kind", ["missing", "text", "empty file", "truncated", "empty folder", "nan", "suffix"]
)
def test_what_is_no_frame_gets_one_sentence_and_exit_2(run, tmp_path, kind):
    path, message = damaged(tmp_path, kind)
    code, out, err = run("detect", path)
    assert code == 2 and out == "" and message in sentence(err) and str(path) in err


def test_one_bad_file_among_good_ones_is_named_and_the_rest_is_done(run, frame_file, tmp_path):
    (tmp_path / "bad.png").write_text("text")
    code, out, err = run("detect", tmp_path / "bad.png", frame_file, "--json")
    assert code == 2 and "bad.png" in sentence(err) and len(json.loads(out)) == 1


def other_architecture(folder):
    """Weights of ResNet-10 beside the card of ResNet-18."""
    shipped = rrca.checkpoint.weights_folder() / "rrcanet-resnet18.json"
    (folder / "w.json").write_text(shipped.read_text())
    torch.manual_seed(0)
    safetensors.torch.save_file(
        rrca.build("rrcanet-resnet10", in_channels=1).state_dict(), folder / "w.safetensors"
    )
    return folder / "w.safetensors"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_architecture, "does not hold the weights of rrcanet-resnet18"),
        (lambda folder: "no-such-model", "unknown model 'no-such-model'"),
        (lambda folder: folder / "gone.safetensors", "no weights file"),
        (lambda folder: torch.save({}, folder / "w.pth") or folder / "w.pth", "pickle"),
    ],
)
def test_a_model_that_is_none_gets_one_sentence_and_exit_2(run, frame_file, tmp_path, make, message):
    code, out, err = run("detect", frame_file, "--model", make(tmp_path))
    assert code == 2 and out == "" and message in sentence(err)


def test_flips_are_the_mean_over_flips(run, frame_file):
    (record,) = json.loads(run("detect", frame_file, "--flips", "--json")[1])
    found = rrca.detect(frame_file, flips=True)
    assert [target["peak"] for target in record["targets"]] == [target.peak for target in found]
    assert found.targets[0].peak != rrca.detect(frame_file).targets[0].peak
    code, _, err = run("detect", frame_file, "--flips", "--model", "top-hat")
    assert code == 2 and "top-hat is not trained" in sentence(err)


def knowing(folder):
    """Shipped weights with a card that holds a curve of a validation part."""
    model, card = rrca.load()
    curve = {"thresholds": [0.1, 0.8, 0.95], "detected": [4, 4, 3], "false_components": [5, 1, 0]}
    curve |= {"data": "made", "list": "val", "frames": 3, "pixels": 10**6, "targets": 4}
    validation = curve | {"false_pixels": [80, 9, 0]}
    return rrca.checkpoint.save(model, card | {"validation": validation}, folder / "knowing.safetensors")


def test_a_rate_in_the_place_of_a_threshold(run, frame_file, tmp_path):
    weights = knowing(tmp_path)
    code, out, err = run("detect", frame_file, "--model", weights, "--fa", "1e-5", "--json")
    assert code == 0 and json.loads(out)[0]["threshold"] == 0.8
    assert err == (
        "rrca: threshold 0.8: Fa 9e-6 (9 px in 1 component) and 4 of 4 targets on the val list of made\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fa", "1e-7"), "less than one pixel of the val list of made"),
        (("--fa", "1e-5", "--flips"), "without flips"),
        (("--fa", "-1"), "give a rate between 0 and 1"),
        (("--fa", "1e-5", "--model", "rrcanet-resnet18"), "holds no scores on a validation part"),
        (("--fa", "1e-5", "--model", "top-hat"), "has no card"),
    ],
)
def test_a_rate_that_cannot_be_told_gets_one_sentence(run, frame_file, tmp_path, options, message):
    code, out, err = run("detect", frame_file, "--model", knowing(tmp_path), *options)
    assert code == 2 and out == "" and message in sentence(err)


@pytest.mark.parametrize("option", [("--threshold", "2"), ("--scale", "1", "0"), ("--scale", "dark")])
def test_values_out_of_range_get_one_sentence(run, frame_file, option):
    code, _, err = run("detect", frame_file, *option)
    assert code == 2 and sentence(err)


# --- the other commands --------------------------------------------------------------------------------------


def test_every_command_has_help(run):
    commands = [
        "",
        "detect",
        "train",
        "evaluate",
        "card",
        "matrix",
        "data",
        "data fetch",
        "data import",
        "data check",
        "notebooks",
    ]
    for command in [*commands, "notebooks run", "notebooks lab", "bench", "bench metrics"]:
        code, out, _ = run(*command.split(), "--help")
        assert code == 0 and "usage: rrca" in out


def test_without_a_command_usage_is_shown_and_exit_is_2(run):
    code, _, err = run()
    assert code == 2 and "usage: rrca" in err


def test_evaluate_on_synthetic_scenes(run, no_data, few_frames):
    code, out, _ = run("evaluate", "--data", "synthetic", "--split", "val", "--protocol", "exact", "--json")
    record = json.loads(out)
    assert code == 0 and record["frames"] == record["results"]["exact"]["frames"] == 3


def test_evaluate_with_flips_and_the_default_protocols(run, no_data, few_frames, tmp_path):
    code, out, _ = run("evaluate", "--data", "synthetic", "--split", "val", "--flips", "--json")
    results = json.loads(out)["results"]
    judged = rrca.evaluate(rrca.Detector(flips=True), rrca.data.open("synthetic", "val"), "exact")
    assert code == 0 and results.keys() == {"exact", "dnanet"} and results["exact"]["iou"] == judged.iou
    code, _, err = run("evaluate", "--data", "synthetic", "--flips", "--scores", tmp_path)
    assert code == 2 and "score maps are judged as they are" in sentence(err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "--data", "NUAA-SIRST"), "rrca data fetch NUAA-SIRST"),
        (("evaluate", "--data", "SIRST-9"), "no data set SIRST-9"),
        (("evaluate", "--data", "synthetic", "--split", "half"), "split = 'half'"),
        (("evaluate", "--data", "synthetic", "--protocol", "fair"), "fair"),
        (("train", "--recipe", "magic"), "unknown recipe 'magic'"),
        (("train", "--recipe", "quick"), "no data set NUAA-SIRST"),
        (("data", "check"), "no data set found"),
        (("data", "fetch", "IRSTD-1k"), "rrca data import"),
        (("data", "import", "IRSTD-1k", "gone.zip"), "gone.zip"),
    ],
)
def test_what_cannot_be_done_gets_one_sentence_and_exit_2(
    run, no_data, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments)
    assert code == 2 and message in sentence(err)


@pytest.fixture(scope="module")
def resunet(tmp_path_factory):
    """What a run folder holds of a network that no weights are shipped for; untrained."""
    folder = tmp_path_factory.mktemp("runs") / "mine"
    torch.manual_seed(0)
    card = {"name": "resunet", "network": "resunet", "settings": {"in_channels": 1}, "channels": "grey"}
    card |= {"normalisation": {"mean": [0.4], "std": [0.2]}}
    rrca.checkpoint.save(rrca.build("resunet", in_channels=1), card, folder / "weights.safetensors")
    return folder


@pytest.mark.parametrize("model", [(), ("--model", "resunet")])
@pytest.mark.parametrize("file", ["", "weights.safetensors"])
def test_weights_of_ones_own_are_judged_and_detect(
    run, no_data, few_frames, frame_file, resunet, file, model
):
    """A run's folder or its file; the card says which network."""
    given = ("--weights", resunet / file, *model)
    code, out, _ = run("evaluate", "--data", "synthetic", "--split", "val", "--protocol", "exact", *given)
    judged = rrca.evaluate(resunet, rrca.data.open("synthetic", "val"), "exact")
    assert code == 0 and out.startswith(f"{resunet / file} on synthetic") and str(judged) in out
    code, out, _ = run("detect", frame_file, "--json", "--threshold", "0", *given)
    (everything,) = json.loads(out)[0]["targets"]
    assert code == 0 and everything["peak"] == rrca.detect(frame_file, model=resunet).scores.max()


@pytest.mark.parametrize("command", [("evaluate", "--data", "synthetic"), ("detect", "frame.png")])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "dnanet"), "no weights are shipped for dnanet; `rrca train --network dnanet"),
        (("--model", "dnanet", "--weights", "mine"), "holds weights of resunet, not of dnanet"),
        (("--model", "top-hat", "--weights", "mine"), "'top-hat' takes no weights from mine"),
        (("--weights", "gone"), "'gone'"),
        (("--weights", "."), "no weights file in folder ."),
    ],
)
def test_weights_that_are_not_there_get_one_sentence(run, resunet, monkeypatch, command, options, message):
    monkeypatch.chdir(resunet.parent)
    code, out, err = run(*command, *options)
    assert code == 2 and out == "" and message in sentence(err)


def test_score_maps_take_no_weights(run, resunet):
    code, _, err = run("evaluate", "--scores", "maps", "--weights", resunet)
    assert code == 2 and "leave --weights out" in sentence(err)


def test_the_sentence_on_missing_weights_names_a_training_that_exists(capsys):
    for network in rrca.names():
        words = ["train", "--network", network, "--out", f"runs/{network}"]
        assert parser().parse_args(words).network == network


def test_a_mask_of_another_size_is_refused(run, tmp_path):
    for folder, size in (("images", (32, 40)), ("masks", (32, 32))):
        (tmp_path / "NUDT-SIRST" / folder).mkdir(parents=True)
        for id in rrca.data.lists.ids("NUDT-SIRST", "test"):
            Image.fromarray(np.zeros(size, np.uint8)).save(tmp_path / "NUDT-SIRST" / folder / f"{id}.png")
    code, _, err = run("evaluate", "--data", "NUDT-SIRST", "--root", tmp_path)
    assert code == 2 and "32×32" in sentence(err) and "40×32" in err


def test_train_writes_a_run_folder_once(run, no_data, few_frames, tmp_path):
    out_folder = tmp_path / "run"
    arguments = ("train", "--recipe", "quick", "--data", "synthetic", "--steps", "3", "--out", out_folder)
    code, out, _ = run(*arguments)
    assert code == 0 and "weights.safetensors" in out
    assert {path.name for path in out_folder.iterdir()} >= {
        "config.json",
        "log.jsonl",
        "weights.safetensors",
        "card.json",
        "curve.png",
    }
    _, card = rrca.load(out_folder / "weights.safetensors")
    assert card["metrics"].keys() == {"exact", "dnanet"}
    code, _, err = run(*arguments)
    assert code == 2 and "already holds a run" in err.strip().splitlines()[-1]


@pytest.mark.slow
def test_the_shipped_cards_agree_with_evaluate(run, real_data):
    """To the printed digit, under every protocol that the card names."""
    for name in rrca.checkpoint.shipped():
        _, card = rrca.load(name)
        code, out, _ = run(
            "evaluate", "--model", name, "--data", card["data"], "--protocol", *card["metrics"], "--json"
        )
        assert code == 0
        for protocol, result in json.loads(out)["results"].items():
            for figure in ("iou", "niou", "pd", "fa", "hiou"):
                assert f"{result[figure]:.4e}" == f"{card['metrics'][protocol][figure]:.4e}", (
                    name,
                    protocol,
                    figure,
                )


def test_two_networks_have_two_run_folders():
    options = SimpleNamespace(out=None, seeds=1)
    folders = [
        command_line._run_folder(options, rrca.train.recipe("cpu", **changes))
        for changes in ({}, {"network": "acm"}, {"network": "resunet"}, {"data": "DenseSIRST"}, {"seed": 1})
    ]
    assert folders[:2] == ["runs/cpu-NUAA-SIRST-seed0", "runs/cpu-acm-NUAA-SIRST-seed0"]
    assert len(set(folders)) == len(folders)
