"""The speed benchmark times every way in turn and reports ratios; how fast anything is, is not tested."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rrca import speed
from rrca.__main__ import main
from rrca.data import Frame, scenes


def test_ways_take_turns_and_the_first_is_the_reference():
    calls = []
    rows = speed.in_turn(
        "task", {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, amount=2
    )
    assert "".join(calls) == "abababab"  # one round more, to warm up
    assert [row.way for row in rows] == ["a", "b"] and rows[0].ratio == 1
    assert rows[1].ratio == pytest.approx(rows[1].seconds / rows[0].seconds)
    assert all(row.rate == pytest.approx(2 / row.seconds) for row in rows)


def test_every_way_of_a_training_step_runs():
    rows = speed.train(repeats=1, batches=(1,), side=16)
    assert [row.way for row in rows] == [
        "plain",
        "channels-last",
        "channels-last, bf16",
        "fast",
        "fast, bf16",
    ]
    assert len(speed.table(rows, "steps/s").splitlines()) == 7


def test_frames_per_second_count_every_frame_of_a_batch(monkeypatch):
    monkeypatch.setattr(speed, "find_spec", lambda name: None)  # as without the extra `export`
    rows = speed.inference(repeats=1, sides=(16,), batches=(1, 2))
    ways = ["plain", "folded", "folded, bf16"]
    assert [(row.task, row.way) for row in rows] == [(f"{n} × 16²", way) for n in (1, 2) for way in ways]
    assert [row.rate * row.seconds for row in rows] == pytest.approx([1, 1, 1, 2, 2, 2])


@pytest.mark.slow
def test_onnx_runtime_is_timed_where_it_is_installed():
    rows = speed.inference(repeats=1, sides=(16,), batches=(1,))
    assert [row.way for row in rows][3:] == ["ONNX Runtime"]


def test_tiles_are_compared_with_the_whole_frame():
    scene = scenes.scene(seed=3, size=(96, 96), targets=1)
    frame = Frame("one", scene.image, scene.mask.astype(np.uint8) * 255)
    whole, one_tile, small = speed.tiles([frame], ((96, 8), (48, 16)))
    assert (whole.tile, whole.mean, whole.largest) == (0, 0, 0)
    assert one_tile.largest < 1e-6 and one_tile.iou == whole.iou
    assert 0 < small.mean < small.largest <= 1


def test_help_says_what_each_benchmark_measures(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    text = capsys.readouterr().out
    assert all(re.search(rf"^ +{name}\s", text, re.M) for name in ("train", "inference", "tiles", "metrics"))


def test_every_row_of_the_search_for_the_recipe_is_timed_beside_the_base(monkeypatch):
    rows = speed.experiments.rows("recipes")
    small = [row for row in rows if row.name in ("base", "n = 0", "float32")]
    whole = type(rows[0]).recipe_for
    monkeypatch.setattr(
        type(rows[0]), "recipe_for", lambda row, base, seed: replace(whole(row, base, seed), crop=32)
    )
    monkeypatch.setattr(speed.experiments, "rows", lambda table: small)
    timed = speed.recipes(repeats=1)
    assert [row.way for row in timed] == ["base", "float32", "n = 0"] and timed[0].ratio == 1
