"""Notebook 01 as a reader sees it: the sliders are moved in a real Chromium, and the picture follows."""

import os
from pathlib import Path

import pytest
from jupyter_browser import JupyterBrowser, find_chromium

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"
SLIDERS = ("SCR (no unit)", "target size, px", "clutter, grey levels")

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def notebook():
    """Notebook 01, run. Skips where a developer has no browser; never in CI."""
    chromium = find_chromium()
    if chromium is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail("no Chromium on this machine, and in CI the browser tests are not skipped")
        pytest.skip("needs Chromium: on Debian and Ubuntu, apt-get install chromium")
    with JupyterBrowser(ROOT / "notebooks", chromium) as lab, lab.open("01_data.ipynb") as page:
        page.run_all()
        yield page


def test_it_runs_without_an_error_and_the_sliders_move_the_picture(notebook):
    assert notebook.errors() == []
    page = notebook.page
    picture = page.locator("img.widget-image")
    assert picture.count() == 1
    for name in SLIDERS:
        before = picture.get_attribute("src")
        handle = page.locator(".widget-slider", has_text=name).locator(".noUi-handle")
        handle.scroll_into_view_if_needed()
        handle.focus()
        handle.press("ArrowRight" if name != SLIDERS[2] else "ArrowLeft")
        page.wait_for_function(
            "before => document.querySelector('img.widget-image').src !== before", arg=before, timeout=30_000
        )
        notebook.screenshot(SCREENSHOTS / f"01_data_{SLIDERS.index(name)}.png")
    assert page.locator(".widget-html", has_text="Error").count() == 0
    assert notebook.errors() == [] and notebook.console_errors() == []
