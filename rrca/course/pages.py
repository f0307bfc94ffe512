"""Executed notebooks as HTML pages that need nothing but themselves: no script, style or font from a URL.

nbconvert's own pages load RequireJS, MathJax, Mermaid and the widget manager from the network. Here formulas
are drawn by matplotlib, interactive controls (which need a kernel anyway) become a remark, and the rest is
left out.
"""

import base64
import html
import io
import mimetypes
import os
import re
from pathlib import Path

from rrca.errors import InputError

# Code comes first, so that a $ in it is never taken for a formula.
_MATH = re.compile(
    r"(?P<code>```.*?```|~~~.*?~~~|`[^`\n]+`)"
    r"|\$\$(?P<display>.+?)\$\$"
    r"|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\w)",
    re.DOTALL,
)
# What mathtext does not know, in words that it does.
_SYNONYMS = {r"\tfrac": r"\frac", r"\lVert": r"\Vert", r"\rVert": r"\Vert"}
_REMOTE = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?\s(?:src|href)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')\s]+)",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?P<before><img\b[^>]*?\ssrc=\")(?P<source>(?!data:|https?:|//)[^\"]+)")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_WIDGET_REMARK = "<p><em>An interactive control: open the notebook in JupyterLab to use it.</em></p>"
_TEMPLATE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""
_STYLE = """body { font: 16px/1.5 sans-serif; color: #222; max-width: 70em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4em .8em .4em 0; border-bottom: 1px solid #ccc; }
.failed { color: #a00000; }"""


def write_page(notebook, page, folder, names=()):
    """Turn an executed notebook into one HTML file.

    Parameters
    ----------
    notebook : path
        The executed notebook.
    page : path
        The file to write.
    folder : path
        Where the notebook belongs: pictures named in its text are looked up from there and put into the page.
    names : iterable of str
        Names (without suffix) of the series: links to their notebooks become links to their pages, and the
        link to the contents one to ``index.html``.

    Returns
    -------
    list of str
        What the page would load from the network (an output or a text names it); empty if it stands alone.

    Raises
    ------
    InputError
        If nbconvert is not installed.
    """
    try:
        import nbformat
        from nbconvert.exporters import HTMLExporter
    except ImportError as error:
        raise InputError('pages of notebooks need nbconvert: pip install "rrca[notebooks]"') from error

    content = nbformat.read(notebook, as_version=4)
    content.metadata.pop("widgets", None)
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = draw_math(_relink(cell.source, names))
        for output in cell.get("outputs", []):
            if _WIDGET in output.get("data", {}):
                output.data = nbformat.from_dict({"text/html": _WIDGET_REMARK})
    # nbconvert's own embedding of pictures empties every inline HTML element, so it stays off.
    text, _ = HTMLExporter(raw_template=_TEMPLATE).from_notebook_node(
        content, {"metadata": {"name": Path(notebook).stem}}
    )
    text = _PICTURE.sub(lambda match: _embedded(match, Path(folder)), text)
    _write(page, text)
    return remote_sources(text)


def remote_sources(text):
    """Addresses that a browser would load with this HTML; plain links do not count.

    Parameters
    ----------
    text : str
        HTML.

    Returns
    -------
    list of str

    Examples
    --------
    >>> remote_sources('<script src="https://example.org/a.js"></script> <a href="https://example.org">read</a>')
    ['https://example.org/a.js']
    """
    return [first or second for first, second in _REMOTE.findall(text)]


def draw_math(markdown):
    r"""Replace the formulas of a Markdown text by pictures, so that a page needs no MathJax.

    Parameters
    ----------
    markdown : str
        Text with ``$...$`` and ``$$...$$``; code is left alone.

    Returns
    -------
    str
        The same with an ``<img>`` (SVG, the formula as its alternative text) for each formula. One that
        matplotlib's mathtext cannot set stays as LaTeX, marked as code.

    Examples
    --------
    >>> draw_math("`$HOME` costs 3 $")
    '`$HOME` costs 3 $'
    >>> draw_math("$a^2$")[:28]
    '<img class="math" alt="a^2" '
    """
    return _MATH.sub(_drawn, markdown)


def write_index(page, notebooks, results):
    """Write the table of contents of the pages.

    Parameters
    ----------
    page : path
        The HTML file to write; a notebook is linked if its page lies in the same folder.
    notebooks : list of rrca.course.series.Notebook
        The whole series.
    results : list of rrca.course.notebooks.Result
        What just ran: gives the time taken and what failed.
    """
    taken = {result.name: result for result in results}
    rows = [_row(notebook, taken.get(notebook.name), Path(page).parent) for notebook in notebooks]
    columns = ("Notebook", "Question", "You need", "Time", "Exercises", "This run")
    head = "".join(f"<th>{column}</th>" for column in columns)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>RRCA-Net notebooks</title>',
        f"<style>\n{_STYLE}\n</style></head>",
        f"<body><h1>RRCA-Net notebooks</h1>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>",
        *rows,
        "</tbody></table></body></html>",
    ]
    _write(page, "\n".join(lines) + "\n")


def _row(notebook, result, folder):
    """One notebook's row of the index."""
    question = html.escape(notebook.title)
    if (folder / f"{notebook.name}.html").exists():
        question = f'<a href="{notebook.name}.html">{question}</a>'
    if result is None:
        run = "not run"
    elif result.ok:
        run = f"{result.seconds:.0f} s"
    else:
        error = html.escape(result.error)
        run = f'<span class="failed">failed after {result.seconds:.0f} s in {error}</span>'
    need, time = html.escape(notebook.need), html.escape(notebook.time)
    cells = [f"{notebook.number:02d}", question, need, time, str(notebook.exercises), run]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _relink(markdown, names):
    """Point links at the pages instead of the notebooks."""
    for name in names:
        markdown = markdown.replace(f"]({name}.ipynb", f"]({name}.html")
    return markdown.replace("[contents](../README.md)", "[contents](index.html)")


def _drawn(match):
    """The replacement of one match of `_MATH`; a span, since a <p> would end the Markdown around it."""
    if match["code"]:
        return match["code"]
    latex = " ".join((match["display"] or match["inline"]).split())
    # Markdown must not find the formula again in its own description
    alternative = html.escape(latex, quote=True).replace("\\", "&#92;").replace("$", "&#36;")
    try:
        picture, depth = _svg(latex.replace(r"\frac", r"\dfrac") if match["display"] else latex)
    except ValueError:  # mathtext's way of saying that it does not know the formula
        drawn = f"<code>{alternative}</code>"
    else:
        style = f"display: inline; vertical-align: -{depth:.1f}pt"
        source = f"data:image/svg+xml;base64,{picture}"
        drawn = f'<img class="math" alt="{alternative}" style="{style}" src="{source}">'
    return f'<span style="display: block; text-align: center">{drawn}</span>' if match["display"] else drawn


def _svg(latex):
    """Formula as base64 SVG, and how far it reaches below the line, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    for unknown, known in _SYNONYMS.items():
        latex = latex.replace(unknown, known)
    buffer = io.BytesIO()
    font = FontProperties(size=12, math_fontfamily="stix")
    depth = math_to_image(f"${latex}$", buffer, prop=font, dpi=72, format="svg")
    return base64.b64encode(buffer.getvalue()).decode("ascii"), depth


def _embedded(match, folder):
    """An <img> with the file it names inside; as it was if there is no such file."""
    path = folder / html.unescape(match["source"])
    if not path.is_file():
        return match[0]
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    return f"{match['before']}data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _write(path, text):
    """Write a text file whole or not at all."""
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
