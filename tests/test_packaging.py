"""What stands around the package: requirements, citation, licence, and the wheel that others install."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from PIL import Image

import rrca
from rrca.data.scenes import scene

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# pip installs these two itself, or before everything else
APART = {"torch", "pip"}
JUPYTER = (
    "IPython ipykernel jupyter_client jupyter_core jupyterlab ipywidgets nbconvert nbformat papermill plotly"
)


def pinned():
    """Requirements of constraints.txt by name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    return {canonicalize_name(r.name): r for r in map(Requirement, filter(None, lines))}


def closure(requirements):
    """Names of everything that these requirements install here."""
    names, waiting = set(), [(Requirement(text), "") for text in requirements]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        names.add(name)
        if name in APART:  # what torch brings depends on its build
            continue
        for wanted in ("", *sorted(requirement.extras)):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                try:
                    needs = importlib.metadata.requires(name) or []
                except importlib.metadata.PackageNotFoundError:  # as in an environment without this extra
                    needs = []
                waiting += [(Requirement(text), wanted) for text in needs]
    return names


def test_constraints_hold_an_exact_version_of_everything_the_extras_install():
    wanted = closure(PROJECT["dependencies"] + EXTRAS["notebooks"] + EXTRAS["test"]) - APART
    assert sorted(wanted - set(pinned())) == []


def test_constraints_suit_any_machine():
    lines = pinned()
    assert {"pip", "setuptools", "wheel"}.isdisjoint(lines)
    # an exact torch would replace the build that suits the machine; +cpu or +cu exist on one index only
    assert {s.operator for s in lines.pop("torch").specifier} == {">=", "<"}
    for requirement in lines.values():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement


def test_constraints_suit_the_oldest_python_that_is_allowed():
    """Debian 12 has 3.11.2; a version that asks for 3.11.5 would end its `make run` before it begins."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    needs = {
        name: importlib.metadata.metadata(name)["Requires-Python"]
        for name in pinned()
        if name in {canonicalize_name(one.name) for one in importlib.metadata.distributions()}
    }
    too_new = {name: text for name, text in needs.items() if text and not SpecifierSet(text).contains(oldest)}
    assert too_new == {}


def test_constraints_satisfy_pyproject():
    lines = pinned()
    for text in PROJECT["dependencies"] + EXTRAS["notebooks"] + EXTRAS["test"]:
        requirement = Requirement(text)
        if requirement.name != "torch":
            (exact,) = lines[canonicalize_name(requirement.name)].specifier
            assert requirement.specifier.contains(exact.version), text


def test_conda_environment_only_installs_the_project():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert content["channels"] == ["conda-forge"]
    python, pip, section = content["dependencies"]
    assert Requirement(python.replace("=", "==")).specifier.contains("3.11")
    assert pip == "pip"
    extras = ",".join(sorted(EXTRAS.keys() & {"notebooks", "test"}))
    assert section == {"pip": ["--constraint constraints.txt", f"--editable .[{extras}]"]}


def test_citation_names_the_paper_and_this_version():
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert content["cff-version"] == "1.2.0"
    assert content["version"] == rrca.__version__
    paper = content["preferred-citation"]
    assert paper["doi"] == "10.1109/JSTARS.2025.3610301"
    assert [author["family-names"] for author in paper["authors"]] == ["Liu", "Li", "Liu", "Lin", "An"]
    assert (paper["year"], paper["volume"], paper["start"], paper["end"]) == (2025, 18, 24632, 24646)


def test_licence_is_the_one_declared():
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) 2026 The rrca authors\n")


# --- the wheel ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without network by the hatchling that is here."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (path,) = folder.glob("rrca-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Python of a new environment with the wheel, which finds what rrca needs in the running one."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    python = Path(sysconfig.get_path("scripts", "venv", scheme)) / Path(sys.executable).name
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    # A path in a .pth file is searched last, and .pth files there (an editable rrca) are not read.
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    (site / "running.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def call(python, *arguments, folder):
    """Run that Python in a folder, without anything of this process's search path."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "RRCA_DATA")
    }
    return subprocess.run(
        [str(python), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
def test_wheel_holds_the_package_lists_and_weights_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {n for n in names if not n.startswith(f"rrca-{rrca.__version__}.dist-info/")}
    ignored = {"__pycache__", ".ipynb_checkpoints"}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "rrca").rglob("*")
        if path.is_file() and ignored.isdisjoint(path.parts)
    }
    weights = {f"rrca/weights/{path.name}" for path in (ROOT / "data" / "weights").iterdir()}
    assert package == here | weights
    assert any(name.endswith(".safetensors") for name in weights)
    assert any(name.endswith(".json") for name in weights)
    assert any(name.startswith("rrca/data/lists/") for name in package)


@pytest.mark.slow
def test_installed_wheel_needs_no_jupyter_and_is_silent(installed, tmp_path):
    program = (
        f"import sys\nfor name in '{JUPYTER}'.split(): sys.modules[name] = None\n"
        "import rrca, rrca.__main__\nprint(rrca.__file__)"
    )
    ran = call(installed, "-c", program, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (path,) = ran.stdout.splitlines()
    assert installed.parent.parent in Path(path).parents  # the wheel's, not the checkout's
    assert ran.stderr == ""


@pytest.mark.slow
def test_installed_wheel_detects_in_an_empty_folder(installed, tmp_path):
    path = tmp_path / "frame.png"
    Image.fromarray((255 * scene(seed=0).image).round().astype(np.uint8)).save(path)
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = call(installed, "-m", "rrca", "detect", "--json", str(path), folder=empty)
    assert ran.returncode == 0, ran.stderr
    (found,) = json.loads(ran.stdout)
    assert found["file"] == str(path)
    assert list(empty.iterdir()) == []
