"""Source in a notebook: the real one, its docstring folded, its equation marked."""

import inspect
import re
import subprocess
import sys

import pytest

import rrca
from rrca import blocks, losses
from rrca.course.pages import remote_sources
from rrca.errors import InputError
from rrca.explore import source


def visible(page):
    """Text of the HTML without tags, line by line."""
    return re.sub(r"<[^>]+>", "", page)


def test_the_source_is_the_real_one_and_its_place_is_true():
    shown = source(blocks.DIAAM.forward)
    assert (
        shown.lines[0] == "def forward(self, low: Tensor, high: Tensor) -> Tensor:"
    )  # without the class's indentation
    file, first, last = re.fullmatch(r"(\S+), lines (\d+) to (\d+)", shown.place).groups()
    text = (rrca.checkpoint.weights_folder().parents[1] / file).read_text().splitlines()
    assert [line.strip() for line in text[int(first) - 1 : int(last)]] == [
        line.strip() for line in shown.lines
    ]
    assert str(shown).endswith("return low + gate * value  # Eq. (3)")


def test_the_equation_is_marked_in_code_and_not_in_docstrings():
    shown = source(blocks.DIAAM)
    assert "Paper, Eq. (3) and (4)" in "\n".join(shown.lines)
    assert [shown.lines[i].strip() for i in shown.marked] == ["return low + gate * value  # Eq. (3)"]
    page = shown._repr_html_()
    marked = [line for line in page.splitlines() if "background: rgba" in line]
    assert len(marked) == 1 and "Eq. (3)" in marked[0]
    assert shown._repr_markdown_().count("# ◀") == 1


def test_every_loss_term_of_the_paper_has_its_equation_marked():
    for function, number in ((losses.poly1, 8), (losses.dice, 7)):
        shown = source(function)
        assert any(f"Eq. ({number})" in shown.lines[i] for i in shown.marked), function


def test_long_docstrings_are_folded_and_short_ones_stay():
    shown = source(blocks.DIAAM)
    ((first, last),) = shown.docstrings
    assert shown.lines[first].strip().startswith('"""Dual-level') and shown.lines[last].strip() == '"""'
    page, text = shown._repr_html_(), shown._repr_markdown_()
    assert page.count("<details>") == 1
    assert "References" in page.partition("<details>")[2].partition("</details>")[0]
    assert "References" not in text and "The pixel gate in (0, 1)" in text
    assert "The pixel gate in (0, 1)" in visible(page.partition("</details>")[2])


@pytest.mark.parametrize("what", [blocks.ResidualBlock, losses.focal, rrca.count, source])
def test_html_shows_every_line_and_needs_nothing_else(what):
    page = source(what)._repr_html_()
    words = (
        visible(page).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#x27;", "'")
    )
    for line in inspect.getsource(what).splitlines():
        assert line.strip().replace("&amp;", "&") in words.replace("&amp;", "&")
    assert remote_sources(page) == [] and "<script" not in page
    assert page.count("<span") == page.count("</span>") and page.count("<pre") == page.count("</pre>")


def test_lines_can_be_marked_by_their_text():
    shown = source(rrca.reuse.RuCB, mark=["deepcopy(stage", "_runs.append"])
    assert len(shown.marked) == 2
    with pytest.raises(InputError, match=r"mark = 'deepcopi' stands in no line of RuCB"):
        source(rrca.reuse.RuCB, mark="deepcopi")
    with pytest.raises(InputError, match="stands in no line"):
        source(rrca.reuse.RuCB, mark="The idea of RuCB is not in its code")


@pytest.mark.parametrize("what", [len, 3, "text"])
def test_what_has_no_source_is_refused(what):
    with pytest.raises(InputError, match="no Python source"):
        source(what)


def test_a_function_outside_the_package_names_its_module_and_no_path():
    assert source(inspect.cleandoc).place.startswith("inspect, lines ")


def test_source_needs_no_widgets():
    code = (
        "import sys; sys.modules['ipywidgets'] = None; "
        "from rrca.explore import source; from rrca.blocks import DIAAM; print(len(source(DIAAM).marked))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr


def test_html_escapes_what_code_contains():
    assert "-&gt; nn.Sequential" in source(blocks.residual_stage)._repr_html_()
