"""The folded solutions of notebook 19, as printed, are correct; its text says what plans, intervals and hours say."""

import json
import re

import lesson
import pytest
import yaml
from scipy import stats

from rrca import checks, paper, sweeps
from rrca.__main__ import parser
from rrca.data import lists
from rrca.studies import scale_out


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return "\n".join(cell["source"] for cell in lesson.cells(19))


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(19)
    assert lesson.voices(
        checks.plan_runs(answers["runs"]),
        checks.left_to_run(answers["left"]),
        checks.interval_half_width(answers["half_width"]),
        checks.winner_again(answers["again"]),
    ) == {"correct"}


def test_the_plan_counted_by_hand():
    plan = sweeps.plan(["IV", "V"])
    assert (len(plan), sum(len(job.places) for job in plan)) == (18, 21)
    assert {job.places for job in plan if len(job.places) > 1} == {(("IV", "n = 2"), ("V", "FSM"))}


def test_the_figures_are_those_of_this_code():
    """Quotes hold the text to the files, this holds the files to the code."""
    table = scale_out.shared()
    found = numbers("19_shared")
    assert (found["lines"], found["runs"]) == (table["lines"].sum(), table["new runs"].sum())
    widths = numbers("19_width")
    assert widths["one row"]["3"] == pytest.approx(scale_out.half_width(3))
    assert widths["8 rows"]["3"] == pytest.approx(scale_out.half_width(3, rows=8), rel=2e-3)
    assert 0.6 == pytest.approx((1 / 3 + 1 / 27) ** 0.5, abs=0.05)  # "many guess 0.6"
    assert len(lists.ids(paper.NUAA, "val")) == 43
    assert 7 <= round(widths["one row"]["3"] * widths["deviation"], 1) < 7.5  # "nothing below 7 points"


def test_most_differences_of_the_ablations_are_as_small_as_said():
    """From the default's row, in Tables III to VI and VIII: "most are below 2.2"."""
    default = paper.row("IV", "n = 2")
    rows = [row for table in ("III", "IV", "V", "VI", "VIII") for row in paper.table(table)]
    apart = [abs(row.iou - default.iou) for row in rows if row.figures != default.figures]
    assert sum(difference < 2.2 for difference in apart) > 0.6 * len(apart)


def test_the_words_on_hours_are_the_figure_s():
    found = numbers("19_hours")
    assert found["row"] == "I, UIU-Net"
    assert round(60 * found["core hours"] / 256) == 11  # "eleven minutes"
    took = {int(workers): hours for workers, hours in found["workers"].items()}
    assert took[16] < 1.05 * took[256] and took[8] > 1.2 * took[256]  # "beyond about 16 you buy nothing"
    assert 44 < found["core hours"] < 52  # "two days"


def test_a_winner_keeps_the_share_that_the_text_says():
    found = numbers("19_choice")["apart = 1"]
    assert found["again"]["27"] == pytest.approx(found["shown"]["27"] / 2)
    assert stats.norm.ppf(0.5) == 0 == numbers("19_choice")["apart = 0"]["again"]["27"]


def test_commands_in_the_cluster_files_are_real():
    """They were run on no cluster; what can be held here is that they are well formed and call this program rightly."""
    script = re.search(r"```sh\n(#!/bin/bash\n.*?)```", text(), re.DOTALL).group(1)
    manifest = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text(), re.DOTALL).group(1))
    calls = [script.splitlines()[-1], manifest["spec"]["entrypoint"].split("RAY_ADDRESS=auto ")[1].strip('"')]
    for call in calls:
        assert parser().parse_args(call.split()[1:]).backend == "ray"
    cluster = manifest["spec"]["rayClusterSpec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert all(pod["template"]["spec"]["containers"][0]["volumeMounts"] for pod in pods)
    assert "Not run here" in text()
