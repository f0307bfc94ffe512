"""What rrca.course.notebooks, rrca.course.series and rrca.course.pages promise, on notebooks of a few cells."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_maker import code, markdown, write_notebook

import rrca.data
from rrca.course import notebooks, pages, series
from rrca.errors import InputError

HEADER = """# Does it {0}?

*You will learn* to
- run
- look

*You need* [nothing](00_first.ipynb) · *Time* reading 1 min, CPU 2 s · *Exercises* 2"""
PARAMETERS = 'dataset = "NUAA-SIRST"  # name\nfigures = "../build/figures"  # folder\npasses = 4  # count'


def tiny(path, *cells, verb="run", parameters=PARAMETERS):
    return write_notebook(path, markdown(HEADER.format(verb)), code(parameters, "parameters"), *cells)


def outputs(path):
    """Printed text of an executed notebook."""
    cells = json.loads(path.read_text())["cells"]
    return "".join("".join(o.get("text", "")) for cell in cells for o in cell.get("outputs", []))


# --- what the notebooks say about themselves ----------------------------------------------------------------


def test_discover_reads_order_header_and_parameters(tmp_path):
    tiny(tmp_path / "10_last.ipynb")
    tiny(tmp_path / "02_middle.ipynb", verb="stop")
    write_notebook(tmp_path / "scratch.ipynb", markdown("no number, not of the series"))
    middle, last = notebooks.discover(tmp_path)
    assert (middle.number, middle.name, middle.title) == (2, "02_middle", "Does it stop?")
    assert (last.number, last.name) == (10, "10_last")
    assert middle.learn == "to - run - look"
    assert middle.need == "nothing"  # the words of the link
    assert middle.time == "reading 1 min, CPU 2 s"
    assert middle.exercises == 2
    assert middle.parameters == {"dataset": "NUAA-SIRST", "figures": "../build/figures", "passes": 4}


def test_header_ends_at_the_first_code_cell(tmp_path):
    write_notebook(tmp_path / "00_a.ipynb", markdown("# Why?"), code("x = 1"), markdown("*Time* of flight"))
    (notebook,) = notebooks.discover(tmp_path)
    assert (notebook.time, notebook.exercises, notebook.parameters) == ("", 0, {})


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("00_a.ipynb", [markdown("no heading")], "no title"),
        ("00_a.ipynb", [markdown("# A?"), code("n = 2 * 3", "parameters")], "n = 2 \\* 3"),
        ("00_a.ipynb", [markdown("# A?"), code("n = ", "parameters")], "00_a.ipynb"),
        ("00_a.ipynb", [markdown("# A?"), *[code("n = 1", "parameters")] * 2], "2 cells tagged"),
        ("a.ipynb", [markdown("# A?")], "no notebook named"),
    ],
)
def test_discover_refuses_with_the_place(tmp_path, name, cells, message):
    write_notebook(tmp_path / name, *cells)
    with pytest.raises(InputError, match=message):
        notebooks.discover(tmp_path)


def test_discover_refuses_two_of_a_number_and_what_is_no_notebook(tmp_path):
    tiny(tmp_path / "01_a.ipynb")
    tiny(tmp_path / "01_b.ipynb")
    with pytest.raises(InputError, match="share the number 1"):
        notebooks.discover(tmp_path)
    (tmp_path / "01_b.ipynb").write_text("<html>")
    with pytest.raises(InputError, match=r"01_b.ipynb is not a notebook"):
        notebooks.discover(tmp_path)


values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), values | st.lists(values)))
def test_literals_round_trip(assignments):
    source = "\n".join(f"{name} = {value!r}  # unit" for name, value in assignments.items())
    assert series.literals(source) == assignments


def test_navigation_joins_neighbours_and_is_written_once(tmp_path):
    paths = [tiny(tmp_path / f"0{i}_n{i}.ipynb", verb=f"do {i}") for i in range(3)]
    lines = notebooks.navigation(tmp_path)
    assert lines == {
        "00_n0.ipynb": "[contents](../README.md) | [01 Does it do 1? →](01_n1.ipynb)",
        "01_n1.ipynb": "[← 00 Does it do 0?](00_n0.ipynb) | [contents](../README.md)"
        " | [02 Does it do 2? →](02_n2.ipynb)",
        "02_n2.ipynb": "[← 01 Does it do 1?](01_n1.ipynb) | [contents](../README.md)",
    }
    before = series.read_cells(paths[1])
    assert notebooks.write_navigation(tmp_path) == paths
    after = series.read_cells(paths[1])
    assert after[0]["source"] == lines["01_n1.ipynb"]
    assert after[1:] == before
    assert notebooks.write_navigation(tmp_path) == []

    paths[2].unlink()  # the line of its neighbour is replaced, not added to; notebook 00 has no news
    assert notebooks.write_navigation(tmp_path) == [paths[1]]
    assert len(series.read_cells(paths[1])) == len(after)


# --- a run of three, the second of which fails --------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three notebooks that ran where another Python had registered itself as `python3`."""
    root = tmp_path_factory.mktemp("series")
    folder = root / "notebooks"
    (root / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    tiny(
        folder / "00_first.ipynb",
        markdown(
            r"$\sigma_b$, $$\begin{cases}a\end{cases}$$, `$HOME`, ![picture](../picture.svg), <kbd>K</kbd>"
        ),
        code("import os, sys\nprint(sys.executable, os.getcwd(), dataset, figures, passes, sep='\\n')"),
        code("import rrca\nprint(rrca.__file__, os.environ['RRCA_DATA'], sep='\\n')"),
        code("import matplotlib.pyplot as plt\nplt.plot([1, 2]);"),
        code("import ipywidgets\nipywidgets.IntSlider()"),
    )
    tiny(folder / "01_fails.ipynb", code("print('before')"), code("[][3]"), code("print('after')"))
    tiny(folder / "02_last.ipynb", code("print(dataset)"), parameters="dataset = 'NUAA-SIRST'  # name")
    notebooks.write_navigation(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}

    foreign = root / "foreign" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["false"], "display_name": "other", "language": "python"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("JUPYTER_PATH", str(root / "foreign"))
        patch.setenv("RRCA_DATA", "sets")
        results = notebooks.run("notebooks", "build", {"passes": 7, "dataset": "synthetic"}, progress=False)
        assert os.environ["JUPYTER_PATH"] == str(root / "foreign")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return root, results


@pytest.mark.slow
def test_run_goes_on_after_a_failure_and_says_where_it_was(ran):
    root, results = ran
    assert [(r.name, r.ok) for r in results] == [("00_first", True), ("01_fails", False), ("02_last", True)]
    assert results[1].error == "cell 5 (In [4]): IndexError: list index out of range"
    assert all(0 < r.seconds < 600 for r in results)
    assert outputs(root / "build" / "01_fails.ipynb").startswith("before\n")
    assert "after\n" not in outputs(root / "build" / "01_fails.ipynb")


@pytest.mark.slow
def test_run_passes_parameters_and_uses_this_python_in_the_notebooks_folder(ran):
    root, _ = ran
    lines = outputs(root / "build" / "00_first.ipynb").splitlines()
    figures = str(root / "build" / "figures")
    assert lines[:5] == [sys.executable, str(root / "notebooks"), "synthetic", figures, "7"]
    assert lines[5:7] == [rrca.__file__, str(root / "sets")]  # a relative RRCA_DATA means what it meant
    assert outputs(root / "build" / "02_last.ipynb") == "synthetic\n"  # it has no `passes`: it gets none


@pytest.mark.slow
def test_pages_stand_alone(ran):
    root, _ = ran
    for page in (root / "build").glob("*.html"):
        assert pages.remote_sources(page.read_text()) == []
        for host in ("jsdelivr", "cdnjs", "unpkg"):  # what nbconvert's own pages name
            assert host not in page.read_text()
    page = (root / "build" / "00_first.html").read_text()
    assert 'alt="\\sigma_b"' in page
    assert page.count('src="data:image/svg+xml;base64,') == 2  # the formula and the picture of the text
    assert "data:image/png;base64," in page  # the plot
    assert "<kbd>K</kbd>" in page
    assert "An interactive control" in page
    assert '<a href="01_fails.html">' in page
    assert '<a href="index.html">contents</a>' in page


@pytest.mark.slow
def test_index_repeats_the_headers_and_what_happened(ran):
    root, results = ran
    index = (root / "build" / "index.html").read_text()
    for result in results:
        assert f'<a href="{result.name}.html">Does it run?</a>' in index
    assert index.count("<td>reading 1 min, CPU 2 s</td><td>2</td>") == 3
    assert "IndexError: list index out of range" in index


@pytest.mark.slow
def test_a_page_that_would_load_from_the_network_fails(tmp_path, capsys):
    source = "from IPython.display import HTML\nHTML('<script src=\"https://cdn.example/a.js\"></script>')"
    tiny(tmp_path / "nb" / "00_a.ipynb", code(source), parameters="passes = 4  # count")
    tiny(tmp_path / "nb" / "01_b.ipynb")
    (result,) = notebooks.run(tmp_path / "nb", tmp_path / "out", only=[0])
    assert not result.ok
    assert "https://cdn.example/a.js" in result.error
    line, reason, count = capsys.readouterr().out.splitlines()  # one line a notebook, then the summary
    assert line.startswith("00_a") and line.endswith("FAILED")
    assert reason == f"00_a failed in {result.error}"
    assert count.startswith("0 of 1 notebooks ran, 1 failed; ")
    index = (tmp_path / "out" / "index.html").read_text()
    assert "<td>01</td><td>Does it run?</td>" in index  # named, but no page to link
    assert "not run" in index


@pytest.mark.slow
def test_notebooks_run_side_by_side_and_are_told_in_their_order(tmp_path, monkeypatch, capsys):
    """Each waits for the other, so one after the other neither would end; the second ends first."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(notebooks, "cores", lambda: 6)
    wait = (
        "import os, pathlib, time\n"
        "pathlib.Path('{mine}').touch()\n"
        "for _ in range(600):\n"
        "    if pathlib.Path('{other}').exists(): break\n"
        "    time.sleep(0.1)\n"
        "else: raise TimeoutError('alone')\n"
        "print(os.environ['OMP_NUM_THREADS'])\n"
    )
    tiny(tmp_path / "nb" / "00_a.ipynb", code(wait.format(mine="a", other="b") + "time.sleep(3)"))
    tiny(tmp_path / "nb" / "01_b.ipynb", code(wait.format(mine="b", other="a")))
    results = notebooks.run(tmp_path / "nb", tmp_path / "out", {"dataset": "synthetic"})
    assert [(result.name, result.ok, result.error) for result in results] == [
        ("00_a", True, ""),
        ("01_b", True, ""),
    ]
    assert [outputs(tmp_path / "out" / f"{result.name}.ipynb") for result in results] == ["3\n", "3\n"]
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.startswith("01_b") and second.startswith("00_a")


# --- what is refused before anything runs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parameters": {"epochs": 3}}, "no notebook has the parameter 'epochs'.*dataset, figures, passes"),
        ({"parameters": {"passes": "many"}}, "passes of 00_a is like 4, so 'many' does not fit: give a int"),
        ({"parameters": {"passes": True}}, "does not fit"),
        ({"parameters": {"dataset": "NUAA-SIRST"}}, "NUAA-SIRST"),
        ({"only": [3]}, "no notebook '3': choose among 00_a"),
        ({"folder": "elsewhere"}, "elsewhere holds no notebook"),
        ({"workers": 0}, "0 notebooks side by side: at least 1"),
    ],
)
def test_run_refuses_before_it_starts(tmp_path, monkeypatch, options, message):
    monkeypatch.setenv("RRCA_DATA", str(tmp_path / "empty"))
    tiny(tmp_path / "nb" / "00_a.ipynb")
    with pytest.raises(InputError, match=message):
        notebooks.run(**{"folder": tmp_path / "nb", "out": tmp_path / "out", **options})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", [3, 0.5])
def test_a_float_parameter_takes_any_number(value):
    assert notebooks._fits(value, 1.0)
    assert not notebooks._fits("3", 1.0)


def test_jupyter_is_needed_by_run_alone(tmp_path):
    tiny(tmp_path / "00_a.ipynb")
    program = (
        "import sys\n"
        "for name in ('papermill', 'nbconvert', 'nbformat', 'IPython', 'jupyterlab', 'jupyter_core'):\n"
        "    sys.modules[name] = None\n"
        "from rrca.course import notebooks\n"
        f"print(notebooks.discover({str(tmp_path)!r})[0].title)\n"
        "for function in (notebooks.run, notebooks.lab):\n"
        f"    try: function({str(tmp_path)!r})\n"
        "    except notebooks.InputError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert lines[0] == "Does it run?"
    assert [line.endswith('pip install "rrca[notebooks]"') for line in lines[1:]] == [True, True]


# --- which data ---------------------------------------------------------------------------------------------


@pytest.fixture
def data(monkeypatch):
    """What `rrca.data` answers: sets that are here, sets that can be fetched, calls of fetch."""
    state = {"here": [], "reachable": [], "fetched": []}

    def fetch(name, **options):
        state["fetched"].append(name)
        if name not in state["reachable"]:
            raise InputError(f"{name} cannot be reached")

    monkeypatch.setattr(rrca.data, "available", lambda root=None: state["here"])
    monkeypatch.setattr(rrca.data, "fetch", fetch)
    monkeypatch.delenv("CI", raising=False)
    return state


def test_real_frames_are_used_where_they_are(data, capsys):
    data["here"] = ["NUAA-SIRST"]
    assert notebooks.choose_dataset() == "NUAA-SIRST"
    assert data["fetched"] == []
    assert capsys.readouterr().out == ""


def test_missing_frames_are_fetched_once(data):
    data["reachable"] = ["NUAA-SIRST"]
    assert notebooks.choose_dataset() == "NUAA-SIRST"
    assert data["fetched"] == ["NUAA-SIRST"]


def test_without_network_the_scenes_are_synthetic_and_a_banner_says_so(data, capsys):
    assert notebooks.choose_dataset() == "synthetic"
    out = capsys.readouterr().out
    assert "NUAA-SIRST cannot be reached" in out
    assert "SYNTHETIC" in out


def test_ci_never_fetches(data, monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    data["reachable"] = ["NUAA-SIRST"]
    assert notebooks.choose_dataset() == "synthetic"
    assert data["fetched"] == []
    assert "SYNTHETIC" in capsys.readouterr().out


def test_run_chooses_the_data_when_nobody_else_does(data, tmp_path):
    (notebook,) = notebooks.discover(tiny(tmp_path / "00_a.ipynb").parent)
    assert notebooks._complete([notebook], {}, Path("f")) == {"figures": "f", "dataset": "synthetic"}


# --- formulas -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["`$a$`", "```\n$a$\n```", "costs $3 and $4", r"\$a\$", "no formula"])
def test_what_is_no_formula_stays(text):
    assert pages.draw_math(text) == text


@pytest.mark.parametrize("formula", [r"\frac{1}{N}\sum_i p_i", r"\mathcal{L}_\text{DpT}", r"\lVert x \rVert"])
def test_formulas_become_pictures(formula):
    drawn = pages.draw_math(f"before $${formula}$$ and ${formula}$ after")
    assert drawn.count("data:image/svg+xml;base64,") == 2
    assert drawn.startswith("before <span")
    assert drawn.endswith("> after")
    assert "$" not in drawn


def test_an_unknown_formula_stays_readable():
    drawn = pages.draw_math(r"$\unknowncommand{a<b}$")
    assert drawn == "<code>&#92;unknowncommand{a&lt;b}</code>"
