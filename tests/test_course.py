"""The text of the notebooks: what it quotes was measured, its solutions solve, its pictures are there.

A number quoted in a Markdown cell is named in a comment of that cell, which a reader does not see:

    <!-- 00_detection: brighter pixels = 1234 -->          from figures/00_detection.json
    <!-- 00_passes: peak over median.2 = 12.3 -->           the same, third of a list
    <!-- rrcanet-resnet18: exact.pd = 0.973 -->            from the card of shipped weights
"""

import json
import re

import pytest

import rrca
from rrca import checks
from rrca.series import discover, read_cells

REPOSITORY = rrca.checkpoint.weights_folder().parents[1]
NOTEBOOKS = {notebook.name: read_cells(notebook.path) for notebook in discover(REPOSITORY / "notebooks")}
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
    for part in key.split("."):
        value = value[int(part) if isinstance(value, list) else part]
    return value


@pytest.mark.parametrize(("cell", "source", "key", "quoted"), list(quotes()))
def test_a_quoted_number_is_the_measured_one(cell, source, key, quoted):
    """To the printed digit, and it does stand in the text."""
    scale = 1e6 if quoted.endswith("e-6") else 1
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


def test_solutions_of_notebook_00_are_correct_as_printed():
    """The folded text itself is run, on the frame that the notebook takes where there is no data set."""
    frame = rrca.data.open("synthetic", "test")[0]
    found = rrca.Detector()(frame.image)
    solutions = [
        code
        for cell in NOTEBOOKS["00_first_detection"]
        if "<summary>Solution</summary>" in text(cell)
        for code in re.findall(r"```python\n(.*?)```", text(cell), re.DOTALL)
    ]
    assert len(solutions) == 3
    answers = {"components": rrca.metrics.components, "frame": frame, "found": found}
    for solution in solutions:
        exec(solution, answers)
    verdicts = [
        checks.toy_iou(answers["iou"]),
        checks.highest_threshold(answers["my_threshold"], found.scores, frame.mask),
        checks.false_alarm_rate(answers["fa"], found.scores, frame.mask),
    ]
    assert [verdict.voice for verdict in verdicts] == ["correct"] * 3


def test_the_result_table_of_the_readme_is_the_cards():
    readme = (REPOSITORY / "README.md").read_text()
    table = rrca.report.paper_and_ours(rrca.load()[1])
    for row in table.index:
        name = row.replace("1e-6", "10⁻⁶")
        paper, exact, dnanet = (f"{table.loc[row, column]:.2f}" for column in table.columns)
        assert f"| {name} | {paper} | {dnanet} | {exact} |" in readme
