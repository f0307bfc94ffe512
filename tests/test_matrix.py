"""Trained on × tested on: what may be judged on what, what is kept, and what the README prints of it."""

from pathlib import Path

import pytest

import rrca
from rrca import checkpoint, report
from rrca.__main__ import main
from rrca.data import lists
from rrca.errors import InputError
from rrca.studies import matrix

README = Path(__file__).resolve().parent.parent / "README.md"


def line(trained: str, tested: str, iou: float = 0.5, protocols=("exact", "dnanet", "rrcanet-dense")) -> dict:
    metrics = {name: {"iou": iou + 0.01 * i, "pd": 0.9, "fa": 2e-5} for i, name in enumerate(protocols)}
    return {"trained": trained, "tested": tested, "weights": f"on-{trained}", "metrics": metrics}


def test_sets_that_share_frames_are_never_judged_on_each_other():
    """The reason is counted anew from the lists: every ID of NUAA-SIRST is one of DenseSIRST."""
    parts = ("trainval", "test")
    nuaa, dense = (
        {part: set(lists.ids(name, part)) for part in parts} for name in ("NUAA-SIRST", "DenseSIRST")
    )
    everything = nuaa["trainval"] | nuaa["test"]
    assert len(everything) == 427 and everything <= dense["trainval"] | dense["test"]
    assert len(nuaa["test"] & dense["trainval"]) == 161
    assert set(matrix.FORBIDDEN) == {("NUAA-SIRST", "DenseSIRST"), ("DenseSIRST", "NUAA-SIRST")}
    with pytest.raises(InputError, match="cannot be judged on DenseSIRST: all 427 frames"):
        matrix.cross("rrcanet-resnet18", "DenseSIRST")


def test_at_home_the_figures_are_the_cards():
    found = matrix.cross("rrcanet-resnet18", "NUAA-SIRST")
    assert found["metrics"] == checkpoint.card()["metrics"] and found["from"] == "card"


def test_the_weights_of_a_set_are_those_of_the_default_network():
    names = matrix.weights_by_set()
    assert names["NUAA-SIRST"] == "rrcanet-resnet18"
    for data, name in names.items():
        card = checkpoint.card(name)
        assert (card["data"], card["network"], card["settings"]) == (
            data,
            "rrcanet-resnet18",
            {"in_channels": 1},
        )


@pytest.fixture
def few_frames(monkeypatch):
    """NUDT-SIRST as two synthetic scenes: this is about the lines, not about the figures."""
    whole = rrca.data.open
    monkeypatch.setattr(matrix.data, "open", lambda name, *given: whole("synthetic", "test")[:2])
    monkeypatch.setattr(matrix.data, "available", lambda root=None: ["NUDT-SIRST"])


def test_a_run_adds_what_is_missing_once(few_frames, tmp_path, capsys):
    assert main(["matrix", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    lines = matrix.known(tmp_path)
    assert ("NUAA-SIRST", "DenseSIRST") not in matrix.cells(lines)
    judged = matrix.cells(lines)["NUAA-SIRST", "NUDT-SIRST"]
    assert judged["from"] == "run" and judged["metrics"]["exact"]["frames"] == 2
    assert judged["metrics"].keys() == {"exact", "dnanet"} and "struck out" in printed
    assert matrix.run(folder=tmp_path) == [] and matrix.known(tmp_path) == lines


def test_weights_that_have_changed_are_judged_again(few_frames, tmp_path, monkeypatch):
    before = matrix.run(folder=tmp_path)
    monkeypatch.setattr(matrix, "digest", lambda name: "another")
    assert len(matrix.run(folder=tmp_path)) == len(before)
    assert {found["sha256"] for found in matrix.cells(matrix.known(tmp_path)).values()} == {"another"}


def test_the_table_strikes_out_tells_what_is_not_run_and_takes_the_newest():
    lines = [
        line("NUAA-SIRST", "NUDT-SIRST", 0.1),
        line("NUAA-SIRST", "NUDT-SIRST"),
        line("DenseSIRST", "DenseSIRST"),
    ]
    exact, papers = report.matrix(lines), report.matrix(lines, "paper")
    assert exact.loc["NUAA-SIRST", "NUDT-SIRST"] == "50.00 / 90.00 / 20.00"
    assert papers.loc["NUAA-SIRST", "NUDT-SIRST"].startswith("51.00")  # dnanet
    assert papers.loc["DenseSIRST", "DenseSIRST"].startswith("52.00")  # rrcanet-dense
    for table in (exact, papers):
        assert table.loc["NUAA-SIRST", "DenseSIRST"] == table.loc["DenseSIRST", "NUAA-SIRST"] == "struck out"
        assert (table == "not run").sum().sum() == 5


def test_the_readme_prints_the_matrix_that_was_measured():
    text = README.read_text(encoding="utf-8")
    between = text.partition("<!-- matrix: made by rrca.report.matrix_page -->\n")[2].partition(
        "<!-- end -->"
    )[0]
    assert between == "\n" + report.matrix_page(matrix.known()) + "\n", (
        "write report.matrix_page(matrix.known()) there"
    )


def test_what_was_measured_is_of_the_weights_that_are_shipped():
    for (trained, tested), found in matrix.cells(matrix.known()).items():
        assert found["sha256"] == matrix.digest(found["weights"]), (trained, tested)
        assert (trained, tested) not in matrix.FORBIDDEN
        assert "rrcanet-dense" in found["metrics"] or tested != "DenseSIRST"
