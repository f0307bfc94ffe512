"""The paper's claims as a table to read and to filter, and the arithmetic ones worked out anew from what is printed."""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import get_args

import pandas as pd
from torch import nn

import rrca
from rrca import claims, paper
from rrca.checkpoint import DEFAULT
from rrca.errors import InputError
from rrca.reuse import is_kernel
from rrca.studies import plugin
from rrca.studies.printed import whole_targets

VERDICTS = get_args(claims.Verdict)
SUBJECTS = {  # by the paper's section, the last that a claim's place names
    "I": "introduction",
    "III-B": "recurrence",
    "III-D": "stacking of maps",
    "III-F": "loss, in theory",
    "IV-A": "how it was counted",
    "IV-C": "against other methods",
    "IV-D": "RuCB in other networks",
    "IV-E": "ablations of the network",
    "IV-F": "loss, in practice",
}
_PICTURES = {"Fig. 8": "IV-E"}  # a place that names no section
_SECTION = re.compile(r"[IVX]+(?:-[A-Z])?")


@dataclass(frozen=True)
class Page:
    """Some claims as a table that shows itself in a notebook.

    Attributes
    ----------
    claims : tuple of rrca.claims.Claim
    """

    claims: tuple[claims.Claim, ...]

    def _repr_html_(self) -> str:
        if not self.claims:
            return "<p>No claim is of that kind.</p>"
        heads = ("", "claim", "printed evidence", "measured here", "verdict", "notebook")
        lines = ["".join(f"<th style='text-align: left'>{head}</th>" for head in heads)]
        for claim in self.claims:
            number, *texts, verdict, where = _cells(claim)
            cells = [number, *map(html.escape, texts), f"<b>{verdict}</b>", where]
            lines.append("".join(f"<td style='text-align: left'>{cell}</td>" for cell in cells))
        return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"

    def __str__(self) -> str:
        return "\n".join(" | ".join(_cells(claim)) for claim in self.claims)


def page(verdict: str | None = None, section: str | None = None) -> Page:
    """The claims with a verdict, of a section of the paper, or both.

    Parameters
    ----------
    verdict : {"agrees", "contradicts", "undecided", "open"}, optional
        Default all.
    section : str, optional
        One of `SUBJECTS`; default all.

    Returns
    -------
    Page

    Raises
    ------
    InputError
        For an unknown verdict or section.
    """
    for name, value, choices in (("verdict", verdict, VERDICTS), ("section", section, SUBJECTS)):
        if value is not None and value not in choices:
            raise InputError(f"{name} = {value!r}: choose one of {', '.join(choices)}.")
    return Page(
        tuple(
            claim
            for claim in claims.claims().values()
            if verdict in (None, claim.verdict) and section in (None, section_of(claim))
        )
    )


def section_of(claim: claims.Claim) -> str:
    """The paper's section that a claim belongs to: the last that its place names.

    Examples
    --------
    >>> section_of(claims.claims()[3]), section_of(claims.claims()[7])
    ('IV-D', 'IV-E')
    """
    parts = [part.strip() for part in claim.place.split(",")]
    named = [part for part in parts if _SECTION.fullmatch(part)]
    return named[-1] if named else _PICTURES[parts[0]]


def by_section() -> dict[str, dict[str, list[int]]]:
    """Numbers of the claims, by section and verdict.

    Returns
    -------
    dict of str to dict of str to list of int
        Sections in the paper's order, verdicts in that of `VERDICTS`.
    """
    found = {section: {verdict: [] for verdict in VERDICTS} for section in SUBJECTS}
    for claim in claims.claims().values():
        found[section_of(claim)][claim.verdict].append(claim.id)
    return found


def printed_against_verdict() -> pd.DataFrame:
    """How many claims agree with the paper's own figures, and what became of them.

    Returns
    -------
    DataFrame
        Rows "agrees", "contradicts", "undecided" (by the printed figures alone) and "no figure"; columns `VERDICTS`.
    """
    rows = [*get_args(claims.PrintedVerdict), "no figure"]
    found = pd.DataFrame(0, index=pd.Index(rows, name="printed figures"), columns=list(VERDICTS))
    for claim in claims.claims().values():
        found.loc[claim.printed_verdict or "no figure", claim.verdict] += 1
    return found


@dataclass(frozen=True)
class Worked:
    """A claim that printed figures or a count settle, worked out now.

    Attributes
    ----------
    found : mapping of str to float
        What was computed, by a name.
    verdict : str
        What follows.
    """

    found: Mapping[str, float]
    verdict: str


def rederive(numbers: Iterable[int] | None = None) -> pd.DataFrame:
    """Work out the claims whose basis is arithmetic, and set the verdict beside the recorded one.

    Parameters
    ----------
    numbers : iterable of int, optional
        Default all of them.

    Returns
    -------
    DataFrame
        By claim number: "found" (words), "follows", "recorded".

    Raises
    ------
    InputError
        For a claim that needs runs.
    """
    wanted = list(WORKINGS) if numbers is None else list(numbers)
    strange = [number for number in wanted if number not in WORKINGS]
    if strange:
        raise InputError(
            f"claim {strange[0]} cannot be worked out without a run; {', '.join(map(str, WORKINGS))} can."
        )
    rows = {}
    for number in wanted:
        worked = WORKINGS[number]()
        words = "; ".join(f"{name} {_figure(value)}" for name, value in worked.found.items())
        rows[number] = {
            "found": words,
            "follows": worked.verdict,
            "recorded": claims.claims()[number].verdict,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim")


def printed_gaps() -> pd.Series:
    """How far the IoU of each row of the ablations lies from the default's, as printed.

    Returns
    -------
    Series
        By (table, row), in points, of Tables III to VI and VIII without the default; Table VII prints no IoU.
    """
    default = paper.row("IV", "n = 2")
    rows = [row for table in ("III", "IV", "V", "VI", "VIII") for row in paper.table(table)]
    gaps = {
        (row.table, row.name): round(row.iou - default.iou, 2)
        for row in rows
        if row.figures != default.figures
    }
    return pd.Series(gaps, name="IoU, points").rename_axis(["table", "row"])


def odd_rows() -> pd.DataFrame:
    """Printed rows on NUAA-SIRST that cannot all have been judged on the same targets and pixels.

    Returns
    -------
    DataFrame
        By row: "table", "targets" (of 263; None if the Pd is no whole number of them), "digits off" (by how many units
        of its last digit the Fa lies from a whole number of pixels of 214 frames of 256×256), for rows off by more than
        one, and of which two digits of Fa or more are printed.
    """
    found = {}
    for row in paper.ROWS:
        if row.data == paper.NUAA and row.fa_decimals >= 2:
            off = _units_off(row.fa, row.fa_decimals)
            targets = whole_targets(row.pd)
            if off > 1 or targets is None:
                found[row.name] = {"table": row.table, "targets": targets, "digits off": off}
    return pd.DataFrame.from_dict(found, orient="index")


def _cells(claim: claims.Claim) -> tuple[str, ...]:
    """Number, statement, printed evidence, what was measured, verdict, notebooks."""
    where = ", ".join(f"{number:02d}" for number in claim.notebooks or ()) or "–"
    return str(claim.id), claim.statement, claim.printed, claim.measured or "–", claim.verdict, where


def _figure(value: float) -> str:
    """A number in words: whole ones with all digits."""
    return f"{value:.0f}" if value == int(value) else f"{value:g}"


def _units_off(fa: float, decimals: int) -> int:
    """Units of the last printed digit between an Fa and the nearest whole number of pixels."""
    pixels = round(fa * 1e-6 * paper.TEST_PIXELS)
    return abs(round(fa * 10**decimals) - round(1e6 * pixels / paper.TEST_PIXELS * 10**decimals))


@cache
def _network(**overrides) -> tuple[nn.Module, rrca.Cost]:
    """The default network with changes, and its cost."""
    model = rrca.build(DEFAULT, **overrides)
    return model, rrca.count(model)


def _decide(true: bool) -> str:
    return "agrees" if true else "contradicts"


def _claim_1() -> Worked:
    params = {f"n = {n}:": _network(iterations=n)[1].params for n in range(3)}
    kernels = {f"kernels at n = {n}:": _kernels(_network(iterations=n)[0]) for n in (0, 2)}
    return Worked(params | kernels, _decide(len(set(params.values())) == 1))


def _kernels(model: nn.Module) -> int:
    """Numbers in the kernels that all passes share."""
    shared = (module for module in model.encoder.modules() if is_kernel(module))
    return sum(p.numel() for module in shared for p in module.parameters())


def _claim_2() -> Worked:
    printed = [row.flops for row in paper.table("IV")]
    executed = (_network(iterations=2)[1].macs - _network(iterations=1)[1].macs) / 1e9
    found = {"printed step, G:": round(printed[-1] - printed[-2], 2), "executed, GMAC:": round(executed, 2)}
    return Worked(found, _decide(abs(executed - 0.11) < 0.05))


def _claim_3() -> Worked:
    changes = plugin.printed_changes()
    better = plugin.improved(changes)
    return Worked(
        {f"{name} better in": count for name, count in better.items()} | {"of": len(changes)},
        _decide(min(better.values()) == len(changes)),
    )


def _claim_4() -> Worked:
    growth = {
        f"{row.name}, %:": round(100 * (row.params / paper.row("I", row.name).params - 1), 1)
        for row in paper.table("II", paper.NUAA)
    }
    return Worked(growth, "undecided")  # "hardly" names no limit


def _claim_8() -> Worked:
    widths = [paper.row("III", f"C = {c}, l = 4") for c in ("4..32", "8..64", "16..128")]
    pairs = list(pairwise(widths))
    params = [round(b.params / a.params, 2) for a, b in pairs]
    flops = [round(b.flops / a.flops, 2) for a, b in pairs]
    near = all(abs(p - 3.9) < 0.1 for p in params) and all(abs(f - 3.8) < 0.1 for f in flops)
    return Worked(
        {"parameters ×": params[0], "and": params[1], "FLOPs ×": flops[0], "then": flops[1]}, _decide(near)
    )


def _claim_11() -> Worked:
    small, large = (paper.row("I", name).params for name in paper.OURS[:2])
    more = 100 * (large / small - 1)
    return Worked({"more, %:": round(more, 1)}, _decide(round(more) == 96))


def _claim_16() -> Worked:
    printed = paper.row("VI", "concatenate").flops - paper.row("VI", "DIAAM").flops
    executed = (_network(decoder="concat")[1].macs - _network()[1].macs) / 1e9
    found = {"printed, G:": round(printed, 2), "executed, GMAC:": round(executed, 2)}
    return Worked(found, _decide(abs(executed - 0.56) < 0.05))


def _claim_21() -> Worked:
    single, joint = (paper.row("VIII", name) for name in ("Top-k", "Poly + Top-k"))
    gains = {
        "IoU": single.iou - joint.iou,
        "Pd": single.pd - joint.pd,
        "Fa": joint.fa - single.fa,
    }
    found = {f"Top-k alone better in {name} by": round(gain, 3) for name, gain in gains.items()}
    return Worked(found, _decide(not all(gain > 0 for gain in gains.values())))


def _claim_27() -> Worked:
    ahead = {
        name: paper.row("I", name, paper.DENSE).pd - paper.row("I", "ACM", paper.DENSE).pd
        for name in paper.CLASSICAL
    }
    found = {f"{name} above ACM in Pd by": round(gain, 2) for name, gain in ahead.items() if gain > 0}
    return Worked(found, _decide(not found))


def _claim_28() -> Worked:
    rows, ours = paper.table("I", paper.IRSTD), paper.row("I", paper.OURS[1], paper.IRSTD)
    best = ours.iou == max(row.iou for row in rows) and ours.fa == min(row.fa for row in rows)
    return Worked({"IoU": ours.iou, "Fa": ours.fa, "of rows": len(rows)}, _decide(best))


def _claim_33() -> Worked:
    by_equation = 2 * _network()[1].macs / 1e9
    printed = paper.row("I", paper.OURS[1]).flops
    found = {"by Eq. 15, G:": round(by_equation, 2), "printed:": printed}
    return Worked(found, _decide(abs(by_equation - printed) < 0.05))


def _claim_37() -> Worked:
    ahead = paper.row("I", "AMFU-net", paper.IRSTD).pd - paper.row("I", paper.OURS[1], paper.IRSTD).pd
    return Worked({"ahead by": round(ahead, 2)}, _decide(round(ahead, 2) == 0.34))


def _claim_38() -> Worked:
    model, cost = _network()
    levels = [sum(p.numel() for p in level.parameters()) for level in model.encoder]
    shares = {
        "deepest level, %:": 100 * levels[-1] / cost.params,
        "two deepest:": 100 * sum(levels[-2:]) / cost.params,
    }
    return Worked(
        {name: round(share) for name, share in shares.items()}, _decide(shares["deepest level, %:"] > 50)
    )


def _claim_39() -> Worked:
    found = {}
    for n in range(4):
        first = next(m for m in _network(iterations=n)[0].output.modules() if isinstance(m, nn.Conv2d))
        found[f"n = {n}: maps"] = first.in_channels // 8
    return Worked(found, _decide(list(found.values()) == list(range(4))))


def _claim_45() -> Worked:
    odd = odd_rows()
    none = sum(targets is None for targets in odd["targets"])
    return Worked(
        {"rows off by more than a digit of Fa:": len(odd), "with no whole Pd:": none}, _decide(odd.empty)
    )


WORKINGS: dict[int, Callable[[], Worked]] = {
    1: _claim_1,
    2: _claim_2,
    3: _claim_3,
    4: _claim_4,
    8: _claim_8,
    11: _claim_11,
    16: _claim_16,
    21: _claim_21,
    27: _claim_27,
    28: _claim_28,
    33: _claim_33,
    37: _claim_37,
    38: _claim_38,
    39: _claim_39,
    45: _claim_45,
}
"""How each claim whose basis is arithmetic is worked out."""
