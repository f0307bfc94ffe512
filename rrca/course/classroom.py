"""The series for a class: a copy for students without the solutions, and the key for their teacher.

Both are made from the notebooks, the only source. An exercise is a stub cell (`name = None`, or a function that
raises NotImplementedError), below it a check, and below that the solution, folded:

    <details><summary>Solution</summary> … </details>
"""

import json
import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from rrca.course.series import discover, read_cells
from rrca.errors import InputError

_SOLUTION = re.compile(
    r"<details[^>]*>\s*<summary>\s*Solution\b[^<]*</summary>(?P<text>.*?)</details>[ \t]*\n?",
    re.DOTALL | re.IGNORECASE,
)
_FOLD = re.compile(r"<summary>\s*Solution\b", re.IGNORECASE)
_STUB = re.compile(r"^\w+ = None\b|NotImplementedError", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```[^\n]*$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".gif")
KEY = "key.md"  # what the key is called where a folder is given


def export(folder, notebooks="notebooks"):
    """Write a student copy of the series: stubs empty, solutions gone, nothing else changed.

    Parameters
    ----------
    folder : path
        Where it goes; must not exist yet, or be empty. Inside come ``notebooks/``, the pictures that their
        text shows, at the same place beside it, and ``README.md`` with the contents.
    notebooks : path, default "notebooks"
        The series; see `rrca.course.series.discover`.

    Returns
    -------
    list of Path
        The notebooks written, in order.

    Raises
    ------
    InputError
        Before anything is written: if `folder` holds something, there is no series, a solution's fold is not
        closed, or a notebook has more or fewer stubs or solutions than the exercises its header promises.

    Notes
    -----
    Results of cells are left out. A link to a file that the copy does not hold keeps its words alone.
    """
    folder, source = Path(folder), Path(notebooks)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} exists already and is not an empty folder; give another, or move it away."
        )
    series = discover(source)
    kept = {notebook.path.name for notebook in series}
    pictures: dict[Path, Path] = {}  # place in the copy: file
    copies = {notebook.path.name: _student_copy(notebook, kept, pictures) for notebook in series}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} cannot be made: {error.filename} is a file; give another folder."
        ) from None
    with TemporaryDirectory(
        dir=folder, prefix=".export-"
    ) as temporary:  # made aside, then moved: whole or not
        stage = Path(temporary)
        (stage / "notebooks").mkdir()
        for name, text in copies.items():
            (stage / "notebooks" / name).write_text(text, encoding="utf-8")
        for place, file in pictures.items():
            (stage / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, stage / place)
        (stage / "README.md").write_text(_contents(series), encoding="utf-8")
        for part in sorted(stage.iterdir()):
            os.replace(part, folder / part.name)
    return [folder / "notebooks" / name for name in copies]


def key(path, notebooks="notebooks"):
    """Write the teacher's key: every exercise with its task, its stub and its solution, as one Markdown page.

    Parameters
    ----------
    path : path
        The file to write, or an existing folder, in which it is called ``key.md``.
    notebooks : path, default "notebooks"
        The series; see `rrca.course.series.discover`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Before anything is written: if the file exists, or as for `export`.
    """
    path = Path(path)
    path = path / KEY if path.is_dir() else path
    if path.exists():
        raise InputError(f"{path} exists already; give another name, or move it away.")
    parts = [
        "# Key to the exercises",
        "Made from the notebooks by `rrca notebooks key`; edit those, not this.",
    ]
    for notebook in discover(notebooks):
        exercises = _exercises(notebook)
        if exercises:
            parts.append(f"## {notebook.number:02d} {notebook.title}")
        for task, stub, solution in exercises:
            parts += [task, f"```python\n{stub}\n```", "**Solution**", solution]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write("\n\n".join(parts) + "\n")
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{path} cannot be made: {error.filename} is there; give another name.") from None
    return path


def _exercises(notebook) -> list[tuple[str, str, str]]:
    """Task, stub and solution of every exercise, in order; refused unless each is there once."""
    found, task, stub, stubs = [], "", None, 0
    for cell in read_cells(notebook.path):
        source = cell["source"]
        if cell["cell_type"] == "code":
            if _STUB.search(source):
                stub, stubs = (task, source.strip()), stubs + 1
            continue
        solutions = list(_SOLUTION.finditer(source))
        if len(solutions) != len(_FOLD.findall(source)):
            raise InputError(f"{notebook.path}: a folded solution is not closed; end it with </details>.")
        for solution in solutions:
            if stub is None:
                raise InputError(
                    f"{notebook.path}: a solution has no empty stub above it; was the stub filled in?"
                )
            found.append((*stub, solution["text"].strip()))
            stub = None
        task = _last_section(_SOLUTION.sub("", source))
    if not stubs == len(found) == notebook.exercises:
        raise InputError(
            f"{notebook.path}: its header promises {notebook.exercises} exercises, but it has {stubs} empty stubs and "
            f"{len(found)} solutions to them; mend the notebook."
        )
    return found


def _last_section(markdown: str) -> str:
    """A text from its last heading on; that is where an exercise's task begins. Headings fit under the key's."""
    prose = _FENCE.sub(lambda match: " " * len(match[0]), markdown)  # a # in code is no heading
    starts = [match.start() for match in _HEADING.finditer(prose)]
    text = markdown[starts[-1] :] if starts else markdown
    return re.sub(r"\A#+ ", "### ", text.strip())


def _student_copy(notebook, kept: set[str], pictures: dict[Path, Path]) -> str:
    """One notebook's copy as text; what its pictures need is added to `pictures`."""
    _exercises(notebook)  # refuses a notebook whose copy would give a solution away
    content = json.loads(notebook.path.read_text(encoding="utf-8"))
    content["metadata"].pop("widgets", None)
    cells = []
    for cell in content["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            stripped = _SOLUTION.sub("", source).strip("\n")
            if not stripped.strip() and source.strip():
                continue
            source = _relink(stripped, notebook.path.parent, kept, pictures)
        elif cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        cells.append({**cell, "source": source.splitlines(keepends=True)})
    content["cells"] = cells
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _relink(markdown: str, folder: Path, kept: set[str], pictures: dict[Path, Path]) -> str:
    """A text whose links lead to what the copy holds; code is left alone."""

    def mend(match):
        target = match["target"].partition("#")[0]
        if not target or re.match(r"[\w+.-]+:|//", target) or target in kept or target == "../README.md":
            return match[0]
        file, place = folder / target, Path(os.path.normpath(Path("notebooks") / target))
        if file.suffix.lower() in _PICTURES and file.is_file() and place.parts[0] != "..":
            pictures[place] = file
            return match[0]
        return match["words"]

    parts = _FENCE.split(markdown)
    return "".join(part if i % 2 else _LINK.sub(mend, part) for i, part in enumerate(parts))


def _contents(series) -> str:
    """README of the copy: what is in it and in which order, from the notebooks' headers."""
    lines = [
        "# RRCA-Net, notebook by notebook",
        "",
        "Fill in the stub cells and run the check below each; it says *not yet*, gives a *hint*, or says *correct*.",
        "`rrca` must be installed. Start with the first one.",
        "",
        "| | question | you need | time | exercises |",
        "|---|---|---|---|---|",
    ]
    for notebook in series:
        cells = [
            f"[{notebook.number:02d}](notebooks/{notebook.path.name})",
            notebook.title,
            notebook.need,
            notebook.time,
            str(notebook.exercises),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
