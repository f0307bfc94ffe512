"""What the numbered notebooks say about themselves: order, question, needs, parameters, navigation.

A notebook is read as the JSON file it is, so nothing here needs Jupyter. Its header, the Markdown before
its first code cell, is the only source of what the index and the navigation lines say:

    # What does another pass buy?

    *You will learn* to count passes · *You need* 00 · *Time* reading 10 min, CPU 2 min · *Exercises* 3
"""

import ast
import json
import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rrca.errors import InputError

LABELS = {"You will learn": "learn", "You need": "need", "Time": "time", "Exercises": "exercises"}
_LABEL = re.compile(rf"\*{{1,2}}({'|'.join(LABELS)}):?\*{{1,2}}:?")
_NAVIGATION_ID = "navigation"


@dataclass(frozen=True)
class Notebook:
    """One notebook of the series, as its file describes it.

    Attributes
    ----------
    number : int
        The digits its name begins with; the series is in this order.
    path : Path
        The file.
    title : str
        The question it answers: its first heading.
    learn, need, time : str
        What follows *You will learn*, *You need* and *Time* in the header; empty if not there.
    exercises : int
        The number after *Exercises*; 0 if not there.
    parameters : dict
        Name and default value of what its cell tagged ``parameters`` sets.
    """

    number: int
    path: Path
    title: str
    learn: str
    need: str
    time: str
    exercises: int
    parameters: dict

    @property
    def name(self):
        """File name without its suffix, e.g. ``00_first_detection``."""
        return self.path.stem


def discover(folder="notebooks"):
    """The numbered notebooks of a folder, in order.

    Parameters
    ----------
    folder : path, default "notebooks"
        Where files named ``NN_topic.ipynb`` lie; others are left alone.

    Returns
    -------
    list of Notebook

    Raises
    ------
    InputError
        If there is none, two share a number, or one is not a notebook or lacks a title.
    """
    folder = Path(folder)
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise InputError(
            f"{folder} holds no notebook named NN_topic.ipynb: run this from the root of a clone, "
            "or name the folder"
        )
    notebooks = [_describe(path) for path in paths]
    for before, after in pairwise(notebooks):
        if before.number == after.number:
            raise InputError(f"{before.path} and {after.path} share the number {after.number}: rename one")
    return notebooks


def read_cells(path):
    """Cells of a notebook file, each with its ``source`` as one string.

    Parameters
    ----------
    path : path
        A notebook of format 4.

    Returns
    -------
    list of dict
        As in the file, except that ``source`` is joined.

    Raises
    ------
    InputError
        If the file is no such notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a notebook of format 4: save it again with JupyterLab") from error
    return [{**cell, "source": "".join(cell["source"])} for cell in cells]


def tags(cell):
    """Tags of a cell; an empty list if it has none."""
    return cell.get("metadata", {}).get("tags", [])


def literals(source):
    """Names and values that a cell of plain assignments sets.

    Parameters
    ----------
    source : str
        Python: one ``name = literal`` a line, comments allowed.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If anything else stands there: papermill replaces the values after the cell has run, so that what
        is derived from them there would keep the old ones.

    Examples
    --------
    >>> literals("passes = 4    # extra iterations + 1")
    {'passes': 4}
    """
    values = {}
    for node in ast.parse(source).body:
        try:
            (target,) = node.targets
            values[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError) as error:
            raise InputError(
                f"a parameters cell holds only lines like `name = 3`, not `{ast.unparse(node)}`: "
                "move that to the next cell"
            ) from error
    return values


def navigation(folder="notebooks"):
    """The first line that each notebook should have: previous | contents | next.

    Parameters
    ----------
    folder : path, default "notebooks"
        The series; see `discover`.

    Returns
    -------
    dict of str to str
        File name to Markdown line.
    """
    notebooks = discover(folder)
    lines = {}
    for i, notebook in enumerate(notebooks):
        parts = ["[contents](../README.md)"]
        if i > 0:
            parts.insert(0, _link(notebooks[i - 1], "← {}"))
        if i + 1 < len(notebooks):
            parts.append(_link(notebooks[i + 1], "{} →"))
        lines[notebook.path.name] = " | ".join(parts)
    return lines


def write_navigation(folder="notebooks"):
    """Put the line of `navigation` on top of every notebook, in place of the one that is there.

    Parameters
    ----------
    folder : path, default "notebooks"
        The series; see `discover`.

    Returns
    -------
    list of Path
        The files that changed.
    """
    changed = []
    for name, line in navigation(folder).items():
        path = Path(folder) / name
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = content["cells"]
        if has_navigation(cells):
            if "".join(cells[0]["source"]) == line:
                continue
            cells[0]["source"] = [line]
        else:
            cell = {"cell_type": "markdown", "id": _NAVIGATION_ID, "metadata": {}, "source": [line]}
            cells.insert(0, cell)
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
        changed.append(path)
    return changed


def contents(folder="notebooks"):
    """The course table as Markdown, made from the notebooks' own headers.

    Parameters
    ----------
    folder : path, default "notebooks"
        The series; see `discover`.

    Returns
    -------
    str
        One row per notebook: number, question, what it needs, time, exercises.
    """
    rows = ["| | question | you need | time | exercises |", "|---|---|---|---|---|"]
    for notebook in discover(folder):
        link = f"[{notebook.number:02d}](notebooks/{notebook.path.name})"
        rows.append(
            f"| {link} | {notebook.title} | {notebook.need} | {notebook.time} | {notebook.exercises} |"
        )
    return "\n".join(rows)


def write_contents(readme="README.md", folder="notebooks"):
    """Put the table of `contents` into the README, in place of the one that is there.

    Parameters
    ----------
    readme, folder : path
        The file, and the series.

    Raises
    ------
    InputError
        If the README has no such table; it begins with the header row of `contents`.
    """
    table = contents(folder)
    lines = Path(readme).read_text(encoding="utf-8").splitlines()
    head = table.splitlines()[0]
    if head not in lines:
        raise InputError(f"{readme} has no course table; it begins with the line {head}")
    first = last = lines.index(head)
    while last < len(lines) and lines[last].startswith("|"):
        last += 1
    lines[first:last] = table.splitlines()
    Path(readme).write_text("\n".join(lines) + "\n", encoding="utf-8")


def has_navigation(cells):
    """Whether the first cell is a navigation line, true or outdated."""
    return bool(cells) and "[contents](" in "".join(cells[0]["source"]).partition("\n")[0]


def _describe(path):
    """Read one notebook's header and parameters."""
    cells = read_cells(path)
    header = _header(cells)
    title = re.search(r"^# (.+)$", header, re.MULTILINE)
    if title is None:
        raise InputError(f"{path} has no title: its header needs a line `# Question?`")
    facts = _facts(header)
    count = re.match(r"\d+", facts["exercises"])
    tagged = [cell["source"] for cell in cells if "parameters" in tags(cell)]
    if len(tagged) > 1:
        raise InputError(f"{path} has {len(tagged)} cells tagged `parameters`: keep one")
    try:
        parameters = literals(tagged[0]) if tagged else {}
    except (InputError, SyntaxError) as error:
        raise InputError(f"{path}: {error}") from error
    return Notebook(
        number=int(path.name[:2]),
        path=path,
        title=title.group(1).strip(),
        learn=facts["learn"],
        need=facts["need"],
        time=facts["time"],
        exercises=int(count.group()) if count else 0,
        parameters=parameters,
    )


def _header(cells):
    """Markdown before the first code cell, as one text."""
    texts = []
    for cell in cells:
        if cell["cell_type"] != "markdown":
            break
        texts.append(cell["source"])
    return "\n\n".join(texts)


def _facts(header):
    """Text after each label of the header, up to the next label, heading or empty line, on one line."""
    facts = dict.fromkeys(LABELS.values(), "")
    found = list(_LABEL.finditer(header))
    ends = [match.start() for match in found[1:]] + [len(header)]
    for match, end in zip(found, ends, strict=False):
        text = header[match.end() : end]
        text = re.split(r"\n\s*\n(?![-*+] )|\n#", text.lstrip())[0]
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # a link's words are enough
        facts[LABELS[match.group(1)]] = " ".join(text.split()).strip(" ·:–—-|.")
    return facts


def _link(notebook, form):
    """Markdown link to a notebook with its number and question."""
    words = form.format(f"{notebook.number:02d} {notebook.title}")
    return f"[{words.replace('[', '(').replace(']', ')').replace('|', '/')}]({notebook.path.name})"
