"""The claims under two menus: by verdict, and by section of the paper."""

from rrca.studies.evidence import SUBJECTS, VERDICTS, page

ALL = "all"
GOAL = (
    "find a claim that agrees with the figures the paper prints, and is contradicted here. Then find one that you "
    "could measure with three seeds."
)


def claims(verdict: str | None = "contradicts", section: str | None = None):
    """`rrca.studies.evidence.page` under two menus.

    Parameters
    ----------
    verdict, section : str, optional
        Where the menus start; None for all.

    Returns
    -------
    ipywidgets.VBox
        Goal, two menus, how many claims are shown, and the table.

    Raises
    ------
    InputError
        For an unknown verdict or section.
    """
    import ipywidgets

    page(verdict, section)  # says what is wrong before a widget is made
    look = {"style": {"description_width": "80px"}, "layout": {"width": "360px"}}
    verdicts = ipywidgets.Dropdown(
        options=[ALL, *VERDICTS], value=verdict or ALL, description="verdict", **look
    )
    named = [(f"{subject} ({number})", number) for number, subject in SUBJECTS.items()]
    sections = ipywidgets.Dropdown(
        options=[(ALL, ALL), *named], value=section or ALL, description="section", **look
    )
    count, table = ipywidgets.HTML(), ipywidgets.HTML()

    def show(change=None) -> None:
        chosen = (None if menu.value == ALL else menu.value for menu in (verdicts, sections))
        found = page(*chosen)
        count.value, table.value = f"{len(found.claims)} claims", found._repr_html_()

    for menu in (verdicts, sections):
        menu.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HTML(f"<b>Goal</b>: {GOAL}"), verdicts, sections, count, table])
