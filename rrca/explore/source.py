"""The real source of a function or class in a notebook, with the line that computes its equation marked.

Read from the code that runs, so that what a notebook shows cannot differ from it.
"""

import ast
import html
import inspect
import io
import keyword
import re
import textwrap
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import rrca
from rrca.errors import InputError

EQUATION = re.compile(r"\bEq\. \(\d+")
_MARKED = "background: rgba(230, 159, 0, 0.25); border-left: 3px solid #E69F00"
_BLOCK = (
    "margin: 0; padding: 0 0 0 0.5em; background: none; white-space: pre-wrap; line-height: 1.4; "
    "font-family: monospace; font-size: 0.9em"
)


@dataclass(frozen=True)
class Source:
    """The source of one object; shows itself as HTML in a notebook and as Markdown elsewhere.

    Parameters
    ----------
    name : str
        As in the code: "DIAAM.forward".
    place : str
        File in the package and lines: "rrca/blocks.py, lines 137 to 139".
    lines : tuple of str
        The source, without the indentation that all lines share.
    marked : frozenset of int
        Positions in `lines` of the lines that name an equation, or that were asked for.
    docstrings : tuple of (int, int)
        First and last position of each docstring of more than one line, which are folded.
    """

    name: str
    place: str
    lines: tuple[str, ...]
    marked: frozenset[int]
    docstrings: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.place})\n\n" + "\n".join(self.lines)

    def _repr_html_(self) -> str:
        coloured = _coloured(self.lines)
        parts, position = [f"<div><code>{html.escape(self.name)}</code> · {html.escape(self.place)}"], 0
        for first, last in self.docstrings:
            parts += [self._block(coloured, position, first), self._folded(first, last)]
            position = last + 1
        return "\n".join([*parts, self._block(coloured, position, len(self.lines)), "</div>"])

    def _repr_markdown_(self) -> str:
        hidden = {i for first, last in self.docstrings for i in range(first, last + 1)}
        code = [
            f"{line}  # ◀" if i in self.marked else line
            for i, line in enumerate(self.lines)
            if i not in hidden
        ]
        return "\n".join([f"`{self.name}` · {self.place}", "", "```python", *code, "```"])

    def _block(self, coloured: list[str], first: int, last: int) -> str:
        """Some lines as HTML, the marked ones in colour."""
        rows = [
            f'<span style="{_MARKED}">{coloured[i]}</span>' if i in self.marked else coloured[i]
            for i in range(first, last)
        ]
        return f'<pre style="{_BLOCK}">' + "\n".join(rows) + "</pre>" if rows else ""

    def _folded(self, first: int, last: int) -> str:
        """A docstring behind its first line."""
        head, *rest = (html.escape(line) for line in self.lines[first : last + 1])
        return (
            f'<details><summary style="padding-left: 0.5em; opacity: 0.7"><code>{head.strip()} …</code></summary>'
            f'<pre style="{_BLOCK}">' + "\n".join(rest) + "</pre></details>"
        )


def source(what: Callable | type, mark: str | Sequence[str] = ()) -> Source:
    """Show the source of a function, method or class where a notebook teaches it.

    Parameters
    ----------
    what : function, method or class
        Of this package, or any other that is written in Python.
    mark : str or sequence of str, optional
        Lines that contain one of these are marked too, beside those that name an equation as "Eq. (3)".

    Returns
    -------
    Source
        Docstrings of more than one line are folded.

    Raises
    ------
    InputError
        If there is no Python source, or no line of code contains a `mark`.

    Examples
    --------
    >>> from rrca.blocks import DIAAM
    >>> shown = source(DIAAM.forward)
    >>> [shown.lines[i].strip() for i in shown.marked]
    ['return low + gate * value  # Eq. (3)']
    """
    try:
        lines, start = inspect.getsourcelines(what)
        file = Path(inspect.getsourcefile(what)).resolve()
    except (TypeError, OSError) as error:
        raise InputError(f"{what!r} has no Python source; give a function, a method or a class.") from error
    code = textwrap.dedent("".join(lines)).rstrip("\n").split("\n")
    docstrings = _docstrings(code)
    hidden = {i for first, last in docstrings for i in range(first, last + 1)}
    marks = (mark,) if isinstance(mark, str) else tuple(mark)
    marked = {i for i, line in enumerate(code) if i not in hidden and EQUATION.search(line)}
    for text in marks:
        found = {i for i, line in enumerate(code) if i not in hidden and text in line}
        if not found:
            raise InputError(f"mark = {text!r} stands in no line of {what.__qualname__}; copy a part of one.")
        marked |= found
    root = Path(rrca.__file__).resolve().parent.parent
    where = file.relative_to(root).as_posix() if file.is_relative_to(root) else what.__module__
    place = f"{where}, lines {start} to {start + len(code) - 1}"
    folded = tuple((first, last) for first, last in docstrings if last > first)
    return Source(what.__qualname__, place, tuple(code), frozenset(marked), folded)


def _docstrings(code: list[str]) -> list[tuple[int, int]]:
    """First and last position of every docstring, in order."""
    places = []
    for node in ast.walk(ast.parse("\n".join(code))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if ast.get_docstring(node, clean=False) is not None:
                places.append((node.body[0].lineno - 1, node.body[0].end_lineno - 1))
    return sorted(places)


def _coloured(lines: Sequence[str]) -> list[str]:
    """Every line as HTML: keywords bold, comments grey."""
    spans: dict[int, list[tuple[int, int, str]]] = {}
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
        if token.type == tokenize.COMMENT:
            look = "color: #808080; font-style: italic"
        elif token.type == tokenize.NAME and keyword.iskeyword(token.string):
            look = "font-weight: bold"
        else:
            continue
        spans.setdefault(token.start[0] - 1, []).append((token.start[1], token.end[1], look))
    coloured = []
    for i, line in enumerate(lines):
        text, position = "", 0
        for first, last, look in spans.get(i, []):
            text += f'{html.escape(line[position:first])}<span style="{look}">{html.escape(line[first:last])}</span>'
            position = last
        coloured.append(text + html.escape(line[position:]))
    return coloured
