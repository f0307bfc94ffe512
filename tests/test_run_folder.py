"""What every run folder holds, whoever asked for the run."""

import io
import json

import matplotlib
import numpy as np
from PIL import Image

import rrca
from rrca import train
from rrca.training import curve

LOG = [{"step": step, "loss": 1 / step, "dice": 0.5 / step} for step in range(1, 61)]
LOG += [{"step": step, "list": "val", "iou": iou} for step, iou in ((20, 0.2), (40, 0.7), (60, 0.6))]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), int)


def blue(png: bytes) -> int:
    """Pixels of the loss's strong line."""
    return int((np.abs(pixels(png) - (0x00, 0x72, 0xB2)).sum(axis=2) < 30).sum())


def test_fit_leaves_the_five_files_and_the_curve_is_that_of_the_whole_log(monkeypatch, tmp_path):
    whole = rrca.data.open
    monkeypatch.setattr(train.data, "open", lambda *given: whole(*given)[:4])
    settings = {"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 1}
    tiny = train.recipe("quick", data="synthetic", settings=settings, crop=32, steps=6, judge=3)
    drawn = []
    run = train.fit(
        tiny, tmp_path, on_step=lambda _: drawn.append((tmp_path / "curve.png").is_file()), log_every=2
    )
    names = {path.name for path in tmp_path.iterdir() if not path.name.startswith("state-")}
    assert names == {"config.json", "log.jsonl", "curve.png", "weights.safetensors", "card.json"}
    assert [entry["step"] for entry in run.log] == [2, 3, 4, 6, 6] and drawn == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert (tmp_path / "curve.png").read_bytes() == curve.png(run.log)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert curve.png([json.loads(line) for line in lines]) == curve.png(run.log)


def test_a_curve_is_drawn_of_any_log():
    plain = [curve.png(log) for log in ([], LOG[:1], LOG[60:], LOG[:60], LOG)]
    assert len(set(plain)) == 5
    verdict = [{"step": 30, "collapsed": "predictions are empty"}, {"step": 45, "recovered": "recovered"}]
    assert curve.png(LOG + verdict) != plain[-1] and blue(plain[3]) > 4 * blue(plain[2])


def test_the_readers_settings_neither_change_the_curve_nor_are_changed():
    plain = curve.png(LOG)
    with matplotlib.rc_context({"axes.facecolor": "black", "lines.linewidth": 7, "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        assert curve.png(LOG) == plain
        assert dict(matplotlib.rcParams) == before
