"""Classical methods on a list: rules, curves, intervals, the result file, and the comparison with the paper."""

import json

import lesson
import numpy as np
import pytest

from rrca import data, paper
from rrca.__main__ import main
from rrca.classical import METHODS, Responses, segment
from rrca.errors import InputError
from rrca.evaluation import Counted, evaluate
from rrca.metrics import Counts
from rrca.studies import classical, classical_paper, classical_results, printed
from rrca.sweeps import read


@pytest.fixture(scope="module")
def scenes():
    return data.open("synthetic")[:4]


@pytest.fixture(scope="module")
def judged(scenes):
    return classical.judge(Responses("top-hat"), scenes, "exact")


# --- judging ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["T-C", "T-A:k=5", "T-E:weight=0.9"])
def test_every_rule_is_judged_as_evaluate_judges_it(rule, judged, scenes):
    ours, alone = judged.rules[rule].total, evaluate("top-hat", scenes, "exact", rule)
    assert (ours.detected, ours.intersection, ours.false_pixels) == (
        alone.detected,
        alone.intersection,
        alone.false_pixels,
    )
    assert judged.rules[rule].ids == [scene.id for scene in scenes]


def test_under_dnanet_the_method_sees_the_squashed_frame(scenes):
    judged = classical.judge(Responses("top-hat"), scenes[:1], "dnanet", ["T-C"])
    assert judged.rules["T-C"].total.pixels == 256**2
    alone = evaluate("top-hat", scenes[:1], "dnanet")
    assert judged.rules["T-C"].total.detected == alone.detected


def test_the_raw_curve_has_one_threshold_in_the_unit_of_the_response():
    """Two frames whose targets stand out by 10 and by 100; clutter of 20 in the second."""
    mask = np.zeros((2, 40, 40), bool)
    mask[:, 10:12, 10:12] = True
    maps = np.where(mask, np.array([10.0, 100.0])[:, None, None], 0.0)
    maps[1, 30, 30] = 20
    raw, stretched = classical.curves(maps, mask)
    assert set(raw.thresholds) <= {0.0, 10.0, 20.0, 100.0}
    at = {round(t, 6): i for i, t in enumerate(raw.thresholds)}
    assert raw.pd[at[10.0]] == 0.5 and raw.counts[at[10.0]].false_pixels == 1
    assert raw.pd[at[20.0]] == 0.5 and raw.fa[at[20.0]] == 0
    # Stretched, the dim target is as bright as the bright one: both are found without the clutter.
    assert any(stretched.pd[i] == 1 and stretched.fa[i] == 0 for i in range(len(stretched.thresholds)))


def test_a_list_without_any_response_has_curves_too():
    raw, stretched = classical.curves(np.zeros((2, 9, 9)), np.eye(9, dtype=bool)[None].repeat(2, 0))
    assert raw.pd.max() == stretched.pd.max() == 0


def test_tails_count_what_the_rule_marks(scenes):
    maps = [Responses("top-hat")(scene.image) for scene in scenes]
    marked = sum(segment(one, "T-A:k=3")[0].sum() for one in maps)
    assert classical.tails(maps, [3])[0] == marked / sum(one.size for one in maps)


# --- a part of a list ------------------------------------------------------------------------------------------


def test_frames_are_drawn_from_every_size():
    frames = data.FrameSet(
        "made",
        "test",
        "grey",
        [str(i) for i in range(30)],
        lambda id: data.Frame(
            id, np.zeros((8, 8 + int(id)), np.float32), np.zeros((8, 8 + int(id)), np.uint8)
        ),
    )
    drawn = classical.by_size(frames, 10)
    assert [int(frame.id) // 3 for frame in drawn] == list(range(10))
    assert [frame.id for frame in classical.by_size(frames, 10)] == [frame.id for frame in drawn]
    assert [frame.id for frame in classical.by_size(frames, 10, seed=1)] != [frame.id for frame in drawn]
    with pytest.raises(InputError, match="31 frames asked for"):
        classical.by_size(frames, 31)


def test_the_interval_holds_the_value_and_shrinks_with_more_frames():
    def frames(count):
        hits = [
            Counts(frames=1, targets=1, detected=i % 2, pixels=100, labelled=4, predicted=2)
            for i in range(count)
        ]
        return Counted([""] * count, hits, [])

    few, many = (classical.interval(frames(count))["pd"] for count in (10, 1000))
    assert few[0] < many[0] < 0.5 < many[1] < few[1]
    assert many[1] - many[0] == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(1000), rel=0.1)
    assert classical.interval(frames(10)) == classical.interval(frames(10))


# --- beside the paper ------------------------------------------------------------------------------------------


def line_of(**rules):
    row = paper.row("I", "IPI")
    figures = {
        rule.replace("_", "-"): dict(zip(classical.FIGURES, values, strict=True))
        for rule, values in rules.items()
    }
    return {"rule": "T-C"} | classical_paper.beside_paper(figures, row, 214 * 256**2)


def test_a_row_within_ten_per_cent_needs_no_explanation():
    line = line_of(T_C=(0.25, 0.87, 11e-6), T_D=(0.1, 0.5, 1e-3))
    assert line["wide"] == [] and line["nearest"]["rule"] == "T-C"
    assert "within 10 %" in classical_paper.suggestion(line)


def test_the_rule_that_fits_all_three_is_named():
    line = line_of(T_C=(0.1, 0.87, 1e-3), T_D=(0.26, 0.84, 11.2e-6))
    assert line["wide"] == ["iou", "fa"] and line["nearest"]["rule"] == "T-D"
    assert "fits T-D" in classical_paper.suggestion(line)


def test_where_no_rule_fits_the_nearest_and_what_it_fits_are_said():
    line = line_of(T_C=(0.02, 0.87, 1e-3), T_D=(0.10, 0.84, 11e-5))
    line["metrics"] = {"intersection": 200, "union": 10_000, "pixels": 10**7, "frames": 214, "fa": 1e-3}
    text = classical_paper.suggestion(line)
    assert "T-D comes nearest" in text and "Pd alone" in text and "none of these rules" in text
    assert line["within"]["pd"] == ["T-C", "T-D"]
    assert "With the paper's Fa" not in text  # 200 / (10 000 - 9885.3) is far off
    line["metrics"] |= {"intersection": 30}
    assert f"T-C has its IoU, too: {100 * 30 / (10_000 - 9885.3):.2f} %" in classical_paper.suggestion(line)


def test_added_false_pixels_lessen_iou_and_are_counted_in_frames():
    counts = {"intersection": 10, "union": 100, "pixels": 1000, "frames": 10, "fa": 0.01}
    line = {"metrics": counts, "paper": {"fa": 0.11}}
    assert classical_paper.with_the_papers_fa(line) == pytest.approx({"iou": 0.05, "frames": 1})
    same = {"metrics": counts, "paper": {"fa": 0.01}}
    assert classical_paper.with_the_papers_fa(same) == pytest.approx({"iou": 0.1, "frames": 0})


def test_false_pixels_alone_divide_most_of_our_rows_from_the_papers():
    """What notebook 15 ends with: T-C at native size, and the paper's Fa."""
    table = classical_paper.false_pixels(classical_results.lines("NUAA-SIRST", "exact"))
    assert list(table.index) == list(paper.CLASSICAL)
    missed = (table["targets"] - table["targets, paper"]).abs()
    assert list(missed.index[missed > 4]) == ["RIPT"]
    off = (table["IoU with the paper's Fa"] / table["IoU, paper"] - 1).abs()
    assert list(off.index[off > 0.05]) == ["RIPT", "MSLSTIPT"]
    assert (table["more false pixels / frames"] > 1).sum() == 2


def test_no_false_alarm_at_all_is_a_distance_too():
    line = line_of(T_C=(0.25, 0.85, 0.0))
    assert np.isfinite(line["nearest"]["factor"]) and line["wide"] == ["fa"]


def test_the_papers_pd_on_nuaa_sirst_are_whole_numbers_of_its_263_targets():
    """All nine; of random values with two decimals about every second would be."""
    found = [printed.whole_targets(paper.row("I", name).pd) for name in paper.CLASSICAL]
    assert found == [210, 182, 205, 208, 225, 196, 208, 205, 216]
    assert printed.whole_targets(50.1) is None


# --- the result file -------------------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path):
    return {"responses": tmp_path / "responses", "results": tmp_path / "results"}


def test_a_line_is_written_once_with_its_frames_beside(places):
    def run():
        return list(classical_results.run("synthetic", ["top-hat"], ["exact"], frames=3, workers=1, **places))

    (line,) = run()
    assert (line["method"], line["frames"], line["protocol"], line["rule"]) == ("top-hat", 3, "exact", "T-C")
    assert set(line["rules"]) == set(classical.RULES)
    assert line["iou"] == line["rules"]["T-C"]["iou"] == line["metrics"]["iou"]
    best = line["best on the test set"]
    assert line["rules"][best]["iou"] == max(one["iou"] for one in line["rules"].values())
    for curve in line["roc"].values():
        assert len(curve["pd"]) == len(curve["threshold"]) <= classical.THRESHOLDS
    run()
    assert len(read(places["results"] / "classical.jsonl")) == 1
    beside = json.loads((places["results"] / "classical" / "synthetic_exact_3_top-hat.json").read_text())
    assert len(beside["frames"]["ids"]) == 3
    assert sum(beside["frames"]["detected"]) == line["metrics"]["detected"]


def test_another_code_of_the_method_is_another_line(places, monkeypatch):
    def run():
        return list(classical_results.run("synthetic", ["top-hat"], ["exact"], frames=2, workers=1, **places))

    run()
    monkeypatch.setattr(Responses, "code", "another")
    run()
    assert [line["code"] == "another" for line in read(places["results"] / "classical.jsonl")] == [
        False,
        True,
    ]


def test_the_table_says_what_was_not_run(places):
    path = places["results"] / "classical.jsonl"
    path.parent.mkdir(parents=True)
    rules = {rule: {"iou": 0.5, "pd": 0.9, "fa": 2e-5} for rule in classical.RULES}
    rules["T-D"] = {"iou": 0.6, "pd": 0.8, "fa": 1e-5}
    line = {
        "method": "ipi",
        "data": "NUAA-SIRST",
        "protocol": "dnanet",
        "frames": 214,
        "of": 214,
        "error": None,
    }
    line |= {"rules": rules, "best on the test set": "T-D"}
    path.write_text(json.dumps(line | {"frames": 6, "rules": {}}) + "\n" + json.dumps(line) + "\n")
    table = classical_results.paper_and_ours("NUAA-SIRST", "dnanet", ["ipi", "nram"], places["results"])
    assert table["paper", "Fa"].tolist() == [11.47, 13.85]
    assert table["ours, T-C", "IoU"].tolist() == [50.0, "not run"]
    chosen = table["ours, best rule (chosen on the test set)"]
    assert chosen.loc["IPI"].tolist() == ["T-D", 60.0, 80.0, 10.0]


def test_the_command_judges_and_resumes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "classical top-hat max-median --data synthetic --protocol exact --frames 2".split()
    words += "--workers 1 --results here".split()
    assert main(words) == main(words) == 0
    told = capsys.readouterr().out
    assert told.count("Max-Median on synthetic, 2 of") == 2
    assert len(read(tmp_path / "here" / "classical.jsonl")) == 2
    assert main(["classical", "top-hut"]) == 2
    assert "unknown method 'top-hut'" in capsys.readouterr().err


def test_every_method_is_run_and_has_its_row_in_the_paper():
    assert sorted(classical_results.QUICKEST_FIRST) == sorted(METHODS)
    assert [classical_paper.NAMES[name] for name in ("top-hat", "wslcm", "mslstipt")] == [
        "Top-Hat",
        "WSLCM",
        "MSLSTIPT",
    ]


def test_the_readme_prints_the_lines_that_were_measured():
    text = lesson.REPOSITORY.joinpath("README.md").read_text(encoding="utf-8")
    between = text.partition("<!-- classical: made by rrca.studies.classical_results.page -->\n")[2]
    assert between.partition("<!-- end -->")[0] == "\n" + classical_results.page() + "\n", (
        "write classical_results.page() there"
    )


def test_a_page_of_nothing_is_empty(tmp_path):
    assert classical_results.page(tmp_path) == ""
