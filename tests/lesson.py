"""Notebooks of the course as tests read them: their cells, and the folded solutions, run as printed."""

import re

import rrca
from rrca.course.series import discover, read_cells

REPOSITORY = rrca.checkpoint.weights_folder().parents[1]
LESSONS = {notebook.number: notebook for notebook in discover(REPOSITORY / "notebooks")}


def cells(number: int) -> list:
    """All cells of a notebook."""
    return read_cells(LESSONS[number].path)


def words(number: int) -> int:
    """Words of a lesson, without code, navigation, and the comments that name quoted numbers."""
    read = (cell for cell in cells(number) if not cell["id"].startswith("navigation"))
    prose = (cell["source"] for cell in read if cell["cell_type"] == "markdown")
    return sum(len(re.sub(r"<!--.*?-->|```.*?```", "", text, flags=re.DOTALL).split()) for text in prose)


def solutions(number: int) -> list[str]:
    """The folded solutions, in their order."""
    return [
        code
        for cell in cells(number)
        if "<summary>Solution</summary>" in cell["source"]
        for code in re.findall(r"```python\n(.*?)```", cell["source"], re.DOTALL)
    ]


def stubs(number: int) -> dict:
    """What the exercises' cells define before a reader has written anything."""
    names: dict = {}
    for cell in cells(number):
        if cell["cell_type"] == "code" and re.match(r"\w+ = None|def ", cell["source"]):
            exec(cell["source"], names)
    return {name: value for name, value in names.items() if name != "__builtins__"}


def solve(number: int, **given) -> dict:
    """Run the folded solutions one after another, with the names that the notebook has by then; returns all names."""
    for solution in solutions(number):
        exec(solution, given)
    return given


def voices(*verdicts) -> set[str]:
    """What some checks say."""
    return {verdict.voice for verdict in verdicts}
