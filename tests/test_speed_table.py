"""What the benchmarks keep, and what the README prints of it."""

from pathlib import Path

import pytest

from rrca import bench, speed, speed_table
from rrca.__main__ import main
from rrca.classical.bench import Timing

README = Path(__file__).resolve().parent.parent / "README.md"


def test_of_each_row_the_last_measurement_counts(tmp_path):
    file = tmp_path / "bench.jsonl"
    for seconds in (0.2, 0.1):
        rows = [speed.Speed("1 × 256²", "plain", seconds, 1.0, 1 / seconds)]
        speed_table.save("inference", rows, file)
    speed_table.save("train", [speed.Speed("a step", "plain", 2.0, 1.0, 0.5)], file)
    assert len(file.read_text().splitlines()) == 3
    found = speed_table.known(file)
    assert [line["seconds"] for line in found["inference"]] == [0.1]
    assert {"machine", "versions", "commit"} <= found["train"][0].keys()
    page = speed_table.page(found)
    assert page.index("A training step") < page.index("Frames by")
    assert (
        "| 1 × 256² | plain | 100 | 1.00 | 10.0 |" in page
        and "| a step | plain | 2000 | 1.00 | 0.500 |" in page
    )


def test_two_machines_are_two_tables(tmp_path, monkeypatch):
    file = tmp_path / "bench.jsonl"
    for machine, seconds in (("narrow", 0.2), ("wide", 0.1), ("narrow", 0.3)):
        monkeypatch.setattr(speed_table, "hardware", lambda machine=machine: machine)
        speed_table.save("inference", [speed.Speed("1 × 256²", "plain", seconds, 1.0, 1 / seconds)], file)
    found = speed_table.known(file)
    assert [(line["machine"], line["seconds"]) for line in found["inference"]] == [
        ("narrow", 0.3),
        ("wide", 0.1),
    ]
    page = speed_table.page(found)
    assert "(narrow)" in page and "| plain | 300 |" in page.partition("(wide)")[0]
    assert "| plain | 100 |" in page.partition("(wide)")[2]


def test_a_comparison_is_kept_as_two_ways_the_reference_first(tmp_path):
    file = tmp_path / "bench.jsonl"
    speed_table.save("metrics", [bench.Ratio("count", "regionprops", 0.5, 0.01, True)], file)
    speed_table.save("classical", [Timing("ipi", 2.0, float("nan"), float("nan"))], file)
    page = speed_table.page(speed_table.known(file))
    assert "| count | regionprops | 500 | 1.00 |\n| count | rrca | 10.0 | 0.0200 |" in page
    assert "| ipi | rrca | 2000 | — |" in page and "literal" not in page


def test_tiles_are_kept_by_tile_and_overlap(tmp_path):
    file = tmp_path / "bench.jsonl"
    rows = [speed.Tiling(0, 0, 0.0, 0.0, 0.7, 0.95), speed.Tiling(64, 16, 1e-3, 0.5, 0.6, 0.9)]
    speed_table.save("tiles", rows, file)
    assert speed.tiling_table(rows) in speed_table.page(speed_table.known(file))


def test_a_benchmark_is_kept_where_asked_for(tmp_path, monkeypatch, capsys):
    file = tmp_path / "bench.jsonl"
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    given = ["bench", "inference", "--repeats", "1", "--sides", "16", "--batches", "1"]
    assert main(given) == 0 and not file.exists()
    assert main([*given, "--save", str(file)]) == 0
    assert "| 1 × 16² | plain |" in capsys.readouterr().out
    assert [line["way"] for line in speed_table.known(file)["inference"]] == [
        "plain",
        "folded",
        "folded, bf16",
    ]


@pytest.mark.parametrize("name", ["train", "inference"])
def test_the_readme_prints_what_was_measured(name):
    found = speed_table.known()
    assert name in found
    between = README.read_text(encoding="utf-8").partition("<!-- bench: made by rrca.speed_table.page -->\n")[
        2
    ]
    assert between.partition("<!-- end -->")[0] == "\n" + speed_table.page(found) + "\n\n", (
        "write speed_table.page(speed_table.known()) there"
    )
