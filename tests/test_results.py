"""Result files: lines stay whole, whoever writes and whoever dies."""

import json
import multiprocessing

from rrca.sweeps import results


def line(run="a", row="n = 0", error=None, **more):
    return {"run": run, "row": row, "error": error, **more}


def test_lines_come_back_in_order_and_nan_as_null(tmp_path):
    path = tmp_path / "deep" / "table_IV.jsonl"
    results.append(path, line(pd=float("nan"), curve=[[1, float("inf")]]))
    results.append(path, line("b", niou=0.5))
    first, second = results.read(path)
    assert first["pd"] is None and first["curve"] == [[1, None]] and second["niou"] == 0.5


def test_no_file_has_no_lines(tmp_path):
    assert results.read(tmp_path / "none.jsonl") == []
    assert results.frame("IV", tmp_path).empty


def test_what_a_killed_writer_left_is_not_read_and_is_cut_off(tmp_path):
    path = tmp_path / "table_IV.jsonl"
    results.append(path, line("a"))
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"run": "torn", "ro')
    assert [entry["run"] for entry in results.read(path)] == ["a"]
    results.append(path, line("b"))
    assert [json.loads(text)["run"] for text in path.read_text().splitlines()] == ["a", "b"]


def test_a_failed_run_is_not_finished_and_a_later_success_is(tmp_path):
    path = results.path_of("IV", tmp_path)
    results.append(path, line("a", error="OSError: no space"))
    assert results.finished(results.read(path)) == {}
    results.append(path, line("a", iou=0.7))
    assert results.frame("IV", tmp_path).iou.tolist() == [0.7]


def write_many(path, name):
    for index in range(40):
        results.append(path, line(name, row=str(index), text="x" * 3000))


def test_two_writers_tear_no_line(tmp_path):
    path = tmp_path / "table_IV.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = results.read(path)
    assert len(lines) == 80 and all(len(entry["text"]) == 3000 for entry in lines)
    for name in "ab":  # each writer's lines in its order
        assert [entry["row"] for entry in lines if entry["run"] == name] == [str(i) for i in range(40)]
