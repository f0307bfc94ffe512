"""The text of the notebooks: what it quotes was measured, its solutions solve, its pictures are there.

A number quoted in a Markdown cell is named in a comment of that cell, which a reader does not see:

    <!-- 00_detection: brighter pixels = 1234 -->          from figures/00_detection.json
    <!-- 00_passes: peak over median.2 = 12.3 -->           the same, third of a list
    <!-- rrcanet-resnet18: exact.pd = 0.973 -->            from the card of shipped weights
    <!-- 06_shares: 0 5.found/% = 71 -->                    a fraction that the text gives in per cent
"""

import json
import re

import lesson
import pytest
from lesson import REPOSITORY

import rrca

NOTEBOOKS = {notebook.name: lesson.cells(number) for number, notebook in lesson.LESSONS.items()}
QUOTE = re.compile(r"<!-- ([\w-]+): (.+?) = (\S+) -->")


def text(cell) -> str:
    return "".join(cell["source"])


def quotes():
    for name, cells in NOTEBOOKS.items():
        for cell in cells:
            if cell["cell_type"] == "markdown":
                for source, key, quoted in QUOTE.findall(text(cell)):
                    yield pytest.param(text(cell), source, key, quoted, id=f"{name}: {key}")


def measured(source: str, key: str) -> float:
    """The number behind a quote."""
    if source in rrca.checkpoint.shipped():
        value = rrca.load(source)[1]["metrics"]
    else:
        value = json.loads((REPOSITORY / "figures" / f"{source}.json").read_text())["numbers"]
    return _at(value, key.removesuffix("/%").split("."))


def _at(value, parts: list[str]):
    """What stands at a dotted place; a name may hold a dot itself, as "rate 0.001" does."""
    if not parts:
        return value
    if isinstance(value, list):
        return _at(value[int(parts[0])], parts[1:])
    ends = (end for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in value)
    end = next(ends, 1)
    return _at(value[".".join(parts[:end])], parts[end:])


@pytest.mark.parametrize(("cell", "source", "key", "quoted"), list(quotes()))
def test_a_quoted_number_is_the_measured_one(cell, source, key, quoted):
    """To the printed digit, and it does stand in the text."""
    scale = 1e6 if quoted.endswith("e-6") else 100 if key.endswith("/%") else 1
    digits = quoted.removesuffix("e-6")
    decimals = len(digits.partition(".")[2])
    assert f"{measured(source, key) * scale:.{decimals}f}" == digits
    said = QUOTE.sub("", cell).replace(" ", "").replace("\u202f", "")
    assert digits in said


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_quotes_numbers_for_its_predictions(name):
    quoted = [match for cell in NOTEBOOKS[name] for match in QUOTE.findall(text(cell))]
    prompts = sum("**Predict" in text(cell) for cell in NOTEBOOKS[name])
    assert prompts >= 3 and len(quoted) >= 3


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_pictures_and_files_that_the_text_links_are_there(name):
    for cell in NOTEBOOKS[name]:
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\((?!http)([^)#]+)\)", text(cell)):
                assert (REPOSITORY / "notebooks" / target).exists(), target


@pytest.mark.parametrize("number", lesson.LESSONS)
def test_every_exercise_has_a_stub_and_a_folded_solution(number):
    notebook = lesson.LESSONS[number]
    assert len(lesson.solutions(number)) == len(lesson.stubs(number)) == notebook.exercises >= 3


@pytest.mark.parametrize("number", lesson.LESSONS)
def test_it_is_as_long_as_a_lesson(number):
    assert 25 <= len(lesson.cells(number)) <= 60 and lesson.words(number) < 2000


@pytest.mark.parametrize("number", lesson.LESSONS)
def test_a_picture_comes_before_its_slider(number):
    """Everyone gets the picture; the slider is alive only with a kernel."""
    sources = [cell["source"] for cell in lesson.cells(number) if cell["cell_type"] == "code"]
    alive = [i for i, source in enumerate(sources) if re.search(r"explore\.(?!source|LiveTraining)", source)]
    still = [i for i, source in enumerate(sources) if "plots." in source]
    assert all(still[0] < i for i in alive)


def test_the_result_table_of_the_readme_is_the_cards():
    readme = (REPOSITORY / "README.md").read_text()
    table = rrca.report.paper_and_ours(rrca.load()[1])
    for row in table.index:
        name = row.replace("1e-6", "10⁻⁶")
        paper, exact, dnanet = (f"{table.loc[row, column]:.2f}" for column in table.columns)
        assert f"| {name} | {paper} | {dnanet} | {exact} |" in readme


@pytest.mark.parametrize("n", range(4))
def test_the_series_table_of_the_readme_is_the_cards(n):
    metrics = rrca.load(f"rrcanet-resnet18_n{n}")[1]["metrics"]
    cells = [
        " / ".join(f"{scale * metrics[protocol][name]:.2f}" for protocol in ("dnanet", "exact"))
        for name, scale in (("iou", 100), ("pd", 100), ("fa", 1e6))
    ]
    printed = rrca.paper.table("IV")[n]
    row = f"| {n} | {' | '.join(cells)} | {printed.iou:.2f} / {printed.pd:.2f} / {printed.fa:.2f} |"
    assert row in (REPOSITORY / "README.md").read_text()
