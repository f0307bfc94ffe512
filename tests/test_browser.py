"""The first notebook as a reader sees it: JupyterLab in a real Chromium."""

import os
from pathlib import Path

import pytest
from jupyter_browser import JupyterBrowser, find_chromium
from notebook_maker import code, markdown, write_notebook

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def chromium():
    """Path of the browser. Skips where a developer has none; never in CI."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail("no Chromium on this machine, and in CI the browser tests are not skipped")
        pytest.skip("needs Chromium: on Debian and Ubuntu, apt-get install chromium")
    return path


@pytest.fixture(scope="module")
def lab(chromium):
    """JupyterLab on a copy of the notebooks."""
    with JupyterBrowser(ROOT / "notebooks", chromium) as browser:
        yield browser


def test_first_notebook_runs_and_shows_a_figure(lab):
    with lab.open("00_first_detection.ipynb") as page:
        page.run_all()
        page.screenshot(SCREENSHOTS / "00_first_detection.png")
        assert page.errors() == []
        assert page.console_errors() == []
        assert any(width > 100 and height > 100 for width, height in page.pictures())


def test_the_harness_sees_a_failing_cell(lab):
    cells = markdown("# Fails?"), code("1 / 0"), code("print('never')")
    write_notebook(lab.folder / "99_fails.ipynb", *cells)
    with lab.open("99_fails.ipynb") as page:
        page.run_all()
        assert page.errors() == ["ZeroDivisionError: division by zero"]
        assert page.pictures() == []
        page.page.evaluate("console.error('ours')")
        assert [line.partition(" (")[0] for line in page.console_errors()] == ["ours"]
