"""What every file of the repository keeps to: clean notebooks, no machine's paths, true commands."""

import ast
import re
import shlex
import subprocess
import sys
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from rrca.__main__ import parser
from rrca.course import series

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TOP = set(
    "README.md environment.yml pyproject.toml constraints.txt Makefile LICENSE CITATION.cff "
    "rrca notebooks data figures tests .ci .gitignore".split()
)
LONGEST_CELL = 12  # lines
# Written in pieces, so that this file does not contain what it looks for.
PLACES = re.compile(r"(?<![\w.-])(?:/(?:work|root|home|Users)/\w|[A-Z]:\\Users)")
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "download.pytorch" + ".org",
    "anaconda" + ".org",
    "registry.npmjs" + ".org",
    "deb.debian" + ".org",
]
REMOTE_CODE = re.compile(r"https?://[^\s\"')]*(?:cdn|unpkg|jsdelivr|plot\.ly|mathjax)", re.IGNORECASE)


def repository_files():
    """Files that are, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:  # an unpacked archive of the repository, without its history
        ignored = {".venv", "build", "dist", "runs", "__pycache__"}
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        names = [path for path in found if ignored.isdisjoint(path.parts) and "_cache" not in str(path)]
    else:
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


FILES = repository_files()


def text_of(path):
    """Text of a file, or None if it is binary."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def code_cells(path):
    return [cell for cell in series.read_cells(path) if cell["cell_type"] == "code"]


def python_of(source):
    """A cell's source as a syntax tree, its magics left out."""
    return ast.parse(
        "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    )


# --- the repository -----------------------------------------------------------------------------------------


def test_top_level_holds_the_agreed_names():
    assert sorted({path.parts[0] for path in FILES} - TOP) == []


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_file_names_a_machine_or_a_registry(path):
    text = text_of(path)
    if text is not None:
        assert PLACES.findall(text) == []
        assert [host for host in REGISTRIES if host in text.lower()] == []


def test_no_image_of_a_data_set_is_committed():
    pictures = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npy"}
    assert [str(p) for p in FILES if p.parts[0] == "data" and p.suffix.lower() in pictures] == []


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_ruff_has_nothing_to_say(command):
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *command.split(), "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- notebooks ----------------------------------------------------------------------------------------------


def test_series_begins_at_0_and_asks_questions():
    notebooks = series.discover(FOLDER)
    numbers = [notebook.number for notebook in notebooks]
    assert numbers[:7] == list(range(7)) and len(set(numbers)) == len(
        numbers
    )  # 07 to 13, 16, 19, 20: to come
    assert [notebook.path for notebook in notebooks] == NOTEBOOKS  # no file beside the series
    for notebook in notebooks:
        assert notebook.title.endswith("?"), notebook.path
        assert notebook.learn and notebook.need and notebook.time, f"{notebook.path}: header incomplete"


def test_the_course_table_of_the_readme_is_made_from_the_notebooks():
    assert series.contents(FOLDER) in (ROOT / "README.md").read_text(), (
        "run rrca.course.series.write_contents()"
    )


def test_navigation_is_true():
    for name, line in series.navigation(FOLDER).items():
        cells = series.read_cells(FOLDER / name)
        assert cells[0]["source"] == line, f"{name}: run rrca.course.series.write_navigation()"


def test_notebooks_are_stored_as_nbstripout_leaves_them():
    command = [sys.executable, "-m", "nbstripout", "--verify", "--keep-id", *map(str, NOTEBOOKS)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_stores_no_result(path):
    assert "application/vnd.jupyter.widget" not in path.read_text(encoding="utf-8")
    for cell in code_cells(path):
        assert cell["outputs"] == [] and cell["execution_count"] is None, cell["source"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_has_one_cell_of_commented_literals(path):
    (cell,) = [cell for cell in code_cells(path) if "parameters" in series.tags(cell)]
    values = series.literals(cell["source"])
    assert values["dataset"] == "NUAA-SIRST"
    assert values["figures"] == "../build/figures"
    for line in cell["source"].splitlines():
        assert re.search(r"#\s*\S", line), f"no unit or meaning: {line}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_cells_are_short_and_call_instead_of_defining(path):
    stubs = 0
    for cell in code_cells(path):
        assert len(cell["source"].splitlines()) <= LONGEST_CELL, cell["source"]
        defined = [
            node
            for node in ast.walk(python_of(cell["source"]))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        if "NotImplementedError" in cell["source"] or re.search(
            r"^\w+ = None\b", cell["source"], re.MULTILINE
        ):
            stubs += 1
        else:
            assert defined == [], f"belongs into rrca/: {cell['source']}"
    promised = {notebook.path: notebook.exercises for notebook in series.discover(FOLDER)}
    assert stubs == promised[path]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_loads_nothing_from_the_network_and_its_links_resolve(path):
    for cell in series.read_cells(path):
        assert REMOTE_CODE.findall(cell["source"]) == []
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)#\s]+)", cell["source"]):
                assert "://" in target or (path.parent / target).exists(), target


# --- the README's commands ----------------------------------------------------------------------------------


def readme_commands():
    """Commands of the README's shell blocks as lists of words, without prompts and comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = []
    for block in re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            for joined, part in groupby(words, key="&&".__eq__):
                part = [word for word in part if not joined]
                while part and re.fullmatch(r"\w+=.*", part[0]):  # VARIABLE=value before a command
                    part.pop(0)
                if part:
                    commands.append(part)
    return commands


def test_every_command_of_the_readme_exists(capsys):
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = readme_commands()
    assert ["make", "run"] in commands
    assert ["make", "test"] in commands
    for words in commands:
        program = words[0].rpartition("/")[2]
        assert program in {"make", "rrca", "python", "python3", "pip", "conda", "git", "cd", "source", "."}, (
            words
        )
        if program == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, words
        elif program == "rrca":
            assert_parses(words[1:], capsys)
        elif words[1:3] == ["-m", "rrca"]:
            assert_parses(words[3:], capsys)
        elif "pip" in words or program == "conda":
            for flag, file in pairwise(words):
                assert flag not in ("-f", "-c", "--constraint", "-r") or (ROOT / file).is_file(), words


def assert_parses(words, capsys):
    """Check a command line of rrca without running it."""
    try:
        parser().parse_args(words)
    except SystemExit as leaving:
        assert leaving.code == 0, f"rrca {shlex.join(words)}: {capsys.readouterr().err}"
