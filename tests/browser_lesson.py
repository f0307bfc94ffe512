"""A notebook in a real Chromium with its sliders moved: what the browser tests of the lessons share."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_browser import JupyterBrowser, find_chromium

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
    """Write values into the cell tagged "parameters" of a copy, each of which must be there."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", []))
    lines = "".join(cell["source"]).splitlines()
    for name, value in parameters.items():
        (place,) = (i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[place] = f"{name} = {value!r}"
    cell["source"] = "\n".join(lines)
    path.write_text(json.dumps(notebook), encoding="utf-8")


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
