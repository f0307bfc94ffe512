"""Exercise checks in three voices: *not yet*, a *hint* for the mistake people make, and *correct*.

A check never stops a notebook. It works out its expectation by a route of its own, not by the function that the
exercise teaches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Voice = Literal["not yet", "hint", "correct"]
SIGNS = {"not yet": "…", "hint": "✗", "correct": "✓"}


@dataclass(frozen=True)
class Verdict:
    """What a check says.

    Parameters
    ----------
    voice : {"not yet", "hint", "correct"}
    text : str
        One or two sentences.
    """

    voice: Voice
    text: str

    def __str__(self) -> str:
        return f"{SIGNS[self.voice]} {self.voice}: {self.text}"

    __repr__ = __str__  # so that a check at the end of a cell speaks


def judge(
    answer: Any, right: Callable[[Any], bool], insight: str, hints: list[tuple[Callable[[Any], bool], str]]
) -> Verdict:
    """Say which voice an answer deserves.

    Parameters
    ----------
    answer : object
        What the reader gave: a value, or a function already called; None is an answer not yet given.
    right : callable
        Whether the answer is right.
    insight : str
        What a right answer shows.
    hints : list of (callable, str)
        The mistakes people make, each with what to think about; the last resort comes last.

    Returns
    -------
    Verdict
    """
    if answer is None:
        return Verdict("not yet", "give your answer in the cell above, run it, then run this check again.")
    try:
        if right(answer):
            return Verdict("correct", insight)
        return Verdict("hint", next(text for matches, text in hints if matches(answer)))
    except (TypeError, ValueError) as error:
        return Verdict("hint", f"this check cannot read your answer {answer!r} ({error}).")


def near(value: float, tolerance: float = 0.005) -> Callable[[Any], bool]:
    """Whether an answer lies within `tolerance` of a value."""
    return lambda answer: abs(float(answer) - value) <= tolerance


def otherwise(answer: Any) -> bool:
    """True: for the hint that comes last."""
    return True


def attempt(function: Callable, *arguments) -> Any:
    """Call the reader's function; None if it is still the stub."""
    try:
        return function(*arguments)
    except NotImplementedError:
        return None
