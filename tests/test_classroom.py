"""The student copy gives nothing away and still works; the key holds every solution; nothing is overwritten."""

import json
import re
import shutil
from pathlib import Path

import pytest
from notebook_maker import code, markdown, write_notebook

import rrca
from rrca.__main__ import main
from rrca.course import classroom, series
from rrca.errors import InputError

REPOSITORY = rrca.checkpoint.weights_folder().parents[1]
NOTEBOOKS = REPOSITORY / "notebooks"

HEADER = "# Why?\n\n*You will learn* a · *You need* nothing · *Time* 1 min · *Exercises* {}"
TASK = "What happened.\n\n### Exercise 1: a sum\n\nAdd 40 and 2."
STUB = "answer = None  # your number"
SOLUTION = "<details><summary>Solution</summary>\n\n```python\nanswer = 40 + 2  # SECRET\n```\n\nBecause.\n</details>"
EXERCISE = (markdown(TASK), code(STUB), code("checks.total(answer)"), markdown(SOLUTION))


def made(folder, *cells, exercises=1, name="00_made.ipynb"):
    """A series of one notebook."""
    return write_notebook(folder / name, markdown(HEADER.format(exercises)), *cells).parent


def texts(path):
    return [cell["source"] for cell in series.read_cells(path)]


# --- made notebooks ------------------------------------------------------------------------------------------


def test_a_copy_is_the_notebook_without_solution_and_results(tmp_path):
    ran = {**code("1 + 1"), "execution_count": 3, "outputs": [{"output_type": "stream", "text": "2"}]}
    source = made(tmp_path / "notebooks", *EXERCISE, ran, markdown("Take away."))
    before = (source / "00_made.ipynb").read_bytes()
    (copy,) = classroom.export(tmp_path / "class", source)
    assert copy == tmp_path / "class" / "notebooks" / "00_made.ipynb"
    kept = [HEADER.format(1), TASK, STUB, "checks.total(answer)", "1 + 1", "Take away."]
    assert texts(copy) == kept  # the solution's cell, empty without it, is gone
    for cell in series.read_cells(copy):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
    assert (source / "00_made.ipynb").read_bytes() == before


def test_text_around_a_solution_stays(tmp_path):
    around = (
        "Before.\n\n" + SOLUTION + "\n\nAfter.\n\n<details><summary>The figure</summary>\n\nfold\n</details>"
    )
    source = made(tmp_path / "notebooks", *EXERCISE[:3], markdown(around))
    (copy,) = classroom.export(tmp_path / "class", source)
    text = texts(copy)[-1]
    assert "Before." in text and "After." in text and "<summary>The figure</summary>" in text
    assert "SECRET" not in text and "Solution" not in text


def test_the_key_holds_task_stub_and_solution(tmp_path):
    source = made(tmp_path / "notebooks", *EXERCISE)
    path = classroom.key(tmp_path / "new" / "answers.md", source)
    text = path.read_text(encoding="utf-8")
    assert re.search(
        r"## 00 Why\?\n\n### Exercise 1: a sum\n\nAdd 40 and 2\.\n\n```python\nanswer = None.*?```\n\n"
        r"\*\*Solution\*\*\n\n```python\nanswer = 40 \+ 2  # SECRET\n```\n\nBecause\.\n",
        text,
        re.DOTALL,
    )
    assert "What happened." not in text and "<details>" not in text
    assert classroom.key(tmp_path, source) == tmp_path / "key.md"  # a folder
    assert (tmp_path / "key.md").read_text(encoding="utf-8") == text


def test_a_number_sign_in_code_is_no_heading(tmp_path):
    task = "### Exercise 1\n\nLike this:\n\n```python\n# a comment\nx = 1\n```\n\nDo."
    source = made(tmp_path / "notebooks", markdown(task), *EXERCISE[1:])
    assert task in classroom.key(tmp_path / "k.md", source).read_text(encoding="utf-8")


def test_pictures_come_along_and_other_links_keep_their_words(tmp_path):
    source = made(
        tmp_path / "notebooks",
        markdown("![loss](../figures/a.png) and [the loss](../rrca/losses.py), see [next](01_b.ipynb#x),"),
        markdown("[web](https://example.org), [here](#top), `[code](../gone.py)`, [up](../../a.png)"),
        exercises=0,
    )
    made(source, exercises=0, name="01_b.ipynb")
    for place in ("figures/a.png", "rrca/losses.py", "../a.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"x")
    first, _ = classroom.export(tmp_path / "class", source)
    assert texts(first)[1:] == [
        "![loss](../figures/a.png) and the loss, see [next](01_b.ipynb#x),",
        "[web](https://example.org), [here](#top), `[code](../gone.py)`, up",
    ]
    inside = {str(p.relative_to(tmp_path / "class")) for p in (tmp_path / "class").rglob("*") if p.is_file()}
    assert inside == {"README.md", "figures/a.png", "notebooks/00_made.ipynb", "notebooks/01_b.ipynb"}
    (tmp_path.parent / "a.png").unlink()


def test_contents_list_the_series(tmp_path):
    classroom.export(tmp_path / "class", made(tmp_path / "notebooks", *EXERCISE))
    readme = (tmp_path / "class" / "README.md").read_text(encoding="utf-8")
    assert "| [00](notebooks/00_made.ipynb) | Why? | nothing | 1 min | 1 |" in readme


def test_nothing_is_overwritten(tmp_path):
    source = made(tmp_path / "notebooks", *EXERCISE)
    folder, file = tmp_path / "class", tmp_path / "key.md"
    folder.mkdir()  # an empty one is fine
    classroom.export(folder, source)
    classroom.key(file, source)
    before = {p: p.read_bytes() for p in [*folder.rglob("*"), file] if p.is_file()}
    with pytest.raises(InputError, match="exists already and is not an empty folder"):
        classroom.export(folder, source)
    for path in (file, tmp_path):  # by name, and by its folder
        with pytest.raises(InputError, match=r"key\.md exists already"):
            classroom.key(path, source)
    with pytest.raises(InputError, match="exists already and is not an empty folder"):
        classroom.export(file, source)
    with pytest.raises(InputError, match="cannot be made"):
        classroom.export(file / "below", source)
    with pytest.raises(InputError, match="cannot be made"):
        classroom.key(file / "below", source)
    assert {p: p.read_bytes() for p in [*folder.rglob("*"), file] if p.is_file()} == before


SPOILT = {
    "stub filled in": (
        [markdown(TASK), code("answer = 42"), markdown(SOLUTION)],
        "no empty stub above it",
    ),
    "two solutions to one stub": ([*EXERCISE, markdown(SOLUTION)], "no empty stub above it"),
    "fold not closed": ([*EXERCISE[:3], markdown(SOLUTION.removesuffix("</details>"))], "is not closed"),
    "solution missing": (list(EXERCISE[:3]), "1 empty stubs and 0 solutions"),
    "promise not kept": ([], "promises 1 exercises, but it has 0 empty stubs"),
    "more than promised": ([*EXERCISE, *EXERCISE], "promises 1 exercises, but it has 2 empty stubs"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_notebook_whose_copy_would_be_wrong_is_refused_before_anything_is_written(case, tmp_path):
    cells, message = SPOILT[case]
    source = made(tmp_path / "notebooks", *cells)
    for make in (classroom.export, classroom.key):
        with pytest.raises(InputError, match=message):
            make(tmp_path / "out", source)
        assert not (tmp_path / "out").exists()


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    source = made(tmp_path / "notebooks", *EXERCISE)

    def full(series):
        raise OSError("no space left")

    monkeypatch.setattr(classroom, "_contents", full)
    with pytest.raises(OSError, match="no space"):
        classroom.export(tmp_path / "class", source)
    assert list((tmp_path / "class").iterdir()) == []


def test_no_series_is_said_in_one_sentence(tmp_path):
    for make in (classroom.export, classroom.key):
        with pytest.raises(InputError, match="holds no notebook"):
            make(tmp_path / "out", tmp_path)


# --- the series of the repository ----------------------------------------------------------------------------


@pytest.fixture
def first(tmp_path):
    """Notebook 00 alone beside its figures: other notebooks have tests of their own."""
    folder = tmp_path / "repository" / "notebooks"
    folder.mkdir(parents=True)
    shutil.copy(next(NOTEBOOKS.glob("00_*.ipynb")), folder)
    shutil.copytree(REPOSITORY / "figures", folder.parent / "figures")
    return folder


def solutions(path):
    return [
        found
        for text in texts(path)
        if "<summary>Solution</summary>" in text
        for found in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ]


def test_notebook_00_without_its_solutions(first, tmp_path):
    (original,) = first.iterdir()
    (copy,) = classroom.export(tmp_path / "class", first)
    everything = "\n".join(texts(copy))
    assert len(solutions(original)) == 3
    for solution in solutions(original):
        for line in solution.splitlines():
            if not line.startswith("def "):
                assert line.strip() not in everything
    assert "Solution" not in everything and "iou = None" in everything and "NotImplementedError" in everything
    (described,), (before,) = series.discover(copy.parent), series.discover(first)
    assert (described.exercises, described.parameters) == (3, before.parameters)
    codes = [
        [cell["source"] for cell in series.read_cells(path) if cell["cell_type"] == "code"]
        for path in (copy, original)
    ]
    assert codes[0] == codes[1]
    for text in texts(copy):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (copy.parent / target).is_file(), target
    assert json.loads(copy.read_text(encoding="utf-8"))["nbformat"] == 4


def test_the_key_of_notebook_00(first, tmp_path):
    text = classroom.key(tmp_path / "key.md", first).read_text(encoding="utf-8")
    (original,) = first.iterdir()
    for solution in solutions(original):
        assert f"```python\n{solution}```" in text
    assert re.findall(r"^### (Exercise \d)", text, re.MULTILINE) == ["Exercise 1", "Exercise 2", "Exercise 3"]


def test_the_whole_series_can_be_exported_and_has_a_key(tmp_path):
    written = classroom.export(tmp_path / "class", NOTEBOOKS)
    assert [path.name for path in written] == [n.path.name for n in series.discover(NOTEBOOKS)]
    promised = sum(notebook.exercises for notebook in series.discover(NOTEBOOKS))
    text = classroom.key(tmp_path / "key.md", NOTEBOOKS).read_text(encoding="utf-8")
    assert text.count("**Solution**\n") == promised
    for path in written:
        assert not any(re.search(r"<summary>\s*Solution", text) for text in texts(path))


# --- the commands --------------------------------------------------------------------------------------------


def test_the_commands(first, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(first.parent)
    assert main(["notebooks", "export", "class"]) == 0
    assert capsys.readouterr().out == f"1 notebooks without solutions in {Path('class/notebooks')}\n"
    assert main(["notebooks", "key", "answers.md"]) == 0
    assert capsys.readouterr().out == "answers.md\n" and Path("answers.md").is_file()
    for arguments in (["export", "class"], ["key", "answers.md"], ["key", "k.md", "--folder", "nowhere"]):
        assert main(["notebooks", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("rrca: error: ")
    for action in ("export", "key"):
        with pytest.raises(SystemExit) as leaving:
            main(["notebooks", action, "--help"])
        assert leaving.value.code == 0 and "usage: rrca" in capsys.readouterr().out
