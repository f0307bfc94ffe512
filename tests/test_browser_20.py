"""Notebook 20 as a reader sees it: a menu is turned in a real Chromium, and the table follows."""

import pytest
from browser_lesson import SCREENSHOTS, executed

from rrca.studies import evidence

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_runs_without_an_error_and_the_menus_choose_the_claims():
    with executed("20_claims") as notebook:
        assert notebook.errors() == []
        menus = notebook.page.locator(".widget-dropdown select")
        assert menus.count() == 2
        for i, (verdict, section) in enumerate([("open", "all"), ("all", "IV-D"), ("agrees", "IV-D")]):
            for menu, label in ((0, verdict), (1, section if section == "all" else f"({section})")):
                options = menus.nth(menu).locator("option").all_inner_texts()
                menus.nth(menu).select_option(
                    index=next(j for j, text in enumerate(options) if label in text)
                )
            asked = [None if value == "all" else value for value in (verdict, section)]
            count = len(evidence.page(*asked).claims)
            notebook.page.get_by_text(f"{count} claims", exact=True).wait_for(timeout=30_000)
            menus.first.scroll_into_view_if_needed()
            notebook.screenshot(SCREENSHOTS / f"20_claims_{i}.png")
        assert notebook.errors() == [] and notebook.console_errors() == []
