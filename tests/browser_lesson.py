"""A notebook in a real Chromium with its sliders moved: what the browser tests of the lessons share."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_browser import JupyterBrowser, find_chromium
from papermill.iorw import load_notebook_node, write_ipynb
from papermill.parameterize import parameterize_notebook

from rrca.course.notebooks import discover

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"


@contextmanager
def executed(name, **parameters):
    """A notebook, run in JupyterLab. Skips where a developer has no browser; never in CI.

    `parameters` replace the notebook's own: fewer frames where only the sliders are looked at, since `make run`
    executes all of it.
    """
    chromium = find_chromium()
    if chromium is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail("no Chromium on this machine, and in CI the browser tests are not skipped")
        pytest.skip("needs Chromium: on Debian and Ubuntu, apt-get install chromium")
    with JupyterBrowser(ROOT / "notebooks", chromium) as lab:
        _set(lab.folder / f"{name}.ipynb", parameters)
        with lab.open(f"{name}.ipynb") as notebook:
            notebook.run_all(900)
            yield notebook


def _set(path, parameters):
    """Put values after the cell tagged "parameters" of a copy, as `make run` does; each must be there."""
    (own,) = (one.parameters for one in discover(path.parent) if one.path == path)
    assert parameters.keys() <= own.keys()
    write_ipynb(parameterize_notebook(load_notebook_node(str(path)), parameters), str(path))


def move_sliders(notebook, moves, name):
    """Press a key on each slider and see that the one picture changes and that nothing fails.

    `moves` names a slider by a part of its text, and the key: "ArrowRight" or "ArrowLeft". A screenshot is kept of
    each move, as NAME_0.png and so on.
    """
    assert notebook.errors() == []
    page = notebook.page
    picture = page.locator("img.widget-image")
    assert picture.count() == 1
    for i, (text, key) in enumerate(moves.items()):
        before = picture.get_attribute("src")
        handle = page.locator(".widget-slider", has_text=text).locator(".noUi-handle")
        handle.scroll_into_view_if_needed()
        handle.focus()
        handle.press(key)
        page.wait_for_function(
            "before => document.querySelector('img.widget-image').src !== before", arg=before, timeout=30_000
        )
        notebook.screenshot(SCREENSHOTS / f"{name}_{i}.png")
    assert page.locator(".widget-html", has_text="Error").count() == 0
    assert notebook.errors() == [] and notebook.console_errors() == []
