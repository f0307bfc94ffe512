"""The paper's claims that a reader can check: what is said where, what the printed figures say, and a verdict.

Each claim has a *basis* and a *verdict*. The basis is "arithmetic" if printed figures, or counting the printed
network, settle it: exact, without a run. It is "measured" if only runs can: then the verdict is "open" until they
are done. The verdict on a difference follows one rule, `RULE`, fixed before the runs.

`printed_verdict` is another thing: whether the claim agrees with the paper's own figures, each of which is one
run, its epoch chosen on the test list. A claim may agree with them and stay open.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, get_args

from rrca.errors import InputError

Basis = Literal["arithmetic", "measured", "not testable here"]
Verdict = Literal["agrees", "contradicts", "undecided", "open"]
PrintedVerdict = Literal["agrees", "contradicts", "undecided"]

RULE = (
    "A row's seeds are compared with the default's 27: the standard deviation is pooled over the table's rows and the "
    "default, the 95 % interval of the difference adjusted over the table (Dunnett). It agrees if the interval "
    "excludes 0 on the side of the paper's printed difference, contradicts if on the other, and is undecided "
    "otherwise, which does not mean that there is no effect. A row with one seed is never judged."
)


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    id : int
        1 to 45.
    statement : str
        What the paper says, in our words. IoU and Pd in per cent, Fa in 1e-6.
    place : str
        Section, table or figure of the paper.
    printed : str
        What its printed figures say about it.
    measure : str
        How to measure it.
    basis : {"arithmetic", "measured", "not testable here"}
    verdict : {"agrees", "contradicts", "undecided", "open"}
        "open": not measured yet.
    printed_verdict : {"agrees", "contradicts", "undecided"} or None
        Against the printed figures alone; None if none bears on it.
    notebooks : tuple of int, or None
        Numbers of the notebooks that treat it.
    measured : str
        What was found here, with protocol, list and seeds; "" if nothing yet.

    Raises
    ------
    InputError
        For a value that is not among those named, or a basis and a verdict that exclude each other.
    """

    id: int
    statement: str
    place: str
    printed: str
    measure: str
    basis: Basis
    verdict: Verdict
    printed_verdict: PrintedVerdict | None = None
    notebooks: tuple[int, ...] | None = None
    measured: str = ""

    def __post_init__(self):
        object.__setattr__(self, "notebooks", tuple(self.notebooks or ()) or None)  # TOML brings lists
        for name, choices in [
            ("basis", get_args(Basis)),
            ("verdict", get_args(Verdict)),
            ("printed_verdict", (*get_args(PrintedVerdict), None)),
        ]:
            if getattr(self, name) not in choices:
                raise InputError(
                    f"claim {self.id}: {name} = {getattr(self, name)!r}; choose one of {', '.join(map(str, choices))}."
                )
        if self.verdict == "open" and self.basis == "arithmetic":
            raise InputError(f"claim {self.id}: arithmetic needs no run, so its verdict cannot be open.")


@cache
def claims() -> MappingProxyType:
    """All claims by their number, in order; read from `claims.toml` beside this module on the first call.

    Returns
    -------
    mapping of int to Claim
        Read-only.

    Examples
    --------
    >>> claims()[3].statement
    'RuCB improves existing networks consistently: IoU and Pd rise, Fa falls.'
    >>> claims()[3].basis, claims()[3].verdict
    ('arithmetic', 'contradicts')
    """
    text = files("rrca").joinpath("claims.toml").read_text(encoding="utf-8")
    return MappingProxyType({entry["id"]: Claim(**entry) for entry in tomllib.loads(text)["claim"]})


def page() -> str:
    """All claims as one Markdown page: a summary, the rule, and a table.

    Returns
    -------
    str
        Markdown with a table (as on GitHub, and in JupyterLab through `IPython.display.Markdown`).

    Examples
    --------
    >>> print(page().splitlines()[0])
    # The paper's claims, one by one
    """
    everything = claims().values()
    verdicts = Counter(claim.verdict for claim in everything)
    counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in get_args(Verdict))
    lines = [
        "# The paper's claims, one by one",
        "",
        f"{len(everything)} claims: {counts} (not yet measured). IoU and Pd in per cent, Fa in 10⁻⁶. Every figure of "
        "the paper is one run, its epoch chosen on the test list; on NUAA-SIRST one target of 263 is 0.38 of Pd, "
        "and an Fa of 7.558 is 106 pixels.",
        "",
        "*Arithmetic*: settled by printed figures or by counting the network, without a run. *Measured*: only runs can "
        f"settle it. {RULE} *Printed figures* says whether the paper's own figures bear the claim out.",
        "",
        "| | claim | place | printed figures | in detail | to measure | measured here | basis | verdict | notebook |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(claim) for claim in everything]
    return "\n".join(lines) + "\n"


def _line(claim: Claim) -> str:
    """One claim's line of the table."""
    cells = [
        str(claim.id),
        claim.statement,
        claim.place,
        claim.printed_verdict or "–",
        claim.printed,
        claim.measure,
        claim.measured or "–",
        claim.basis,
        claim.verdict,
        ", ".join(f"{number:02d}" for number in claim.notebooks or ()) or "–",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
