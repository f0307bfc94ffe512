"""Table I's classical rows beside ours: what is wide of the paper, which rule comes nearest, what that suggests."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rrca import paper
from rrca.classical import METHODS
from rrca.classical.thresholds import DEFAULT
from rrca.studies.classical import FIGURES, distance
from rrca.studies.printed import whole_targets

NAMES = dict(zip(METHODS, paper.CLASSICAL, strict=True))  # the paper's names
WIDE = 0.10  # of the paper's value: what is farther off is told
SCALE = {"iou": 100, "pd": 100, "fa": 1e6}  # the paper's units
WORDS = {"iou": "IoU", "pd": "Pd", "fa": "Fa"}


def beside_paper(rules: dict[str, dict[str, float]], row: paper.Row, pixels: int) -> dict[str, Any]:
    """The paper's row of Table I beside ours: what is wide of it, and which rule comes nearest.

    Parameters
    ----------
    rules : dict of str to dict
        "iou", "pd" and "fa" as fractions, by rule; the default one is among them.
    row : rrca.paper.Row
    pixels : int
        Of all frames.

    Returns
    -------
    dict
        "paper": its figures as fractions. "wide": the figures that the default rule misses by over 10 % of the
        paper's value. "nearest": the rule whose three figures lie nearest (`distance`), and by what factor they are
        off. "within": for each figure the rules that come within 10 %.
    """
    printed = dict(zip(FIGURES, (row.iou / 100, row.pd / 100, row.fa / 1e6), strict=True))
    off = {
        rule: {name: _is_wide(figures[name], printed[name]) for name in FIGURES}
        for rule, figures in rules.items()
    }
    factors = {rule: distance(figures, printed, 0.5 / pixels) for rule, figures in rules.items()}
    nearest = min(factors, key=factors.get)
    return {
        "paper": printed,
        "wide": [name for name in FIGURES if off[DEFAULT][name]],
        "nearest": {"rule": nearest, "factor": factors[nearest], "factor of the default": factors[DEFAULT]},
        "within": {name: [rule for rule in rules if not off[rule][name]] for name in FIGURES},
    }


def suggestion(line: dict[str, Any]) -> str:
    """One sentence: what the rules' figures suggest about the paper's setting.

    Parameters
    ----------
    line : dict
        A result line with the paper's row beside it.
    """
    if not line["wide"]:
        return f"{line['rule']} gives the paper's row within {100 * WIDE:.0f} %."
    sets = [set(line["within"][name]) for name in FIGURES]
    if both := set.intersection(*sets):
        return f"the paper's row fits {', '.join(sorted(both))}: most likely its rule."
    nearest = line["nearest"]
    fits = [name for name, rules in line["within"].items() if nearest["rule"] in rules]
    which = f"{' and '.join(WORDS[name] for name in fits)} alone" if fits else "none of the three figures"
    text = (
        f"no rule gives the row; {nearest['rule']} comes nearest, off by a factor of {nearest['factor']:.1f}, and "
        f"fits {which}: none of these rules alone explains it."
    )
    if {"iou", "fa"} <= set(line["wide"]):
        fitted = with_the_papers_fa(line)["iou"]
        if not _is_wide(fitted, line["paper"]["iou"]):
            text += f" With the paper's Fa, {line['rule']} has its IoU, too: {100 * fitted:.2f} %."
    return text


def _is_wide(value: float, printed: float) -> bool:
    """Whether a figure misses the printed one by more than WIDE of it."""
    return abs(value - printed) > WIDE * printed


def with_the_papers_fa(line: Mapping[str, Any]) -> dict[str, float]:
    """The IoU that a row would have if it had the paper's Fa and nothing else changed.

    Parameters
    ----------
    line : mapping of str to Any
        A result line with the paper's row beside it.

    Returns
    -------
    dict
        "iou": |P ∩ G| / (|P ∪ G| + f), 0 to 1, where f pixels that hit no target are added (or taken away) until
        Fa is the printed one. "frames": f in frames of mean size; near 1, one frame that came out white would do.
    """
    counts = line["metrics"]
    more = (line["paper"]["fa"] - counts["fa"]) * counts["pixels"]
    return {
        "iou": counts["intersection"] / (counts["union"] + more),
        "frames": more / counts["pixels"] * counts["frames"],
    }


def false_pixels(lines: Mapping[str, Mapping[str, Any]], data: str = paper.NUAA) -> pd.DataFrame:
    """Whether false pixels are all that divides our rows from the paper's: targets found, and IoU with its Fa.

    Parameters
    ----------
    lines : mapping of str to dict
        Result lines by method, from `rrca.studies.classical_results.lines`.
    data : str, default "NUAA-SIRST"
        Data set of the paper's rows.

    Returns
    -------
    DataFrame
        By the paper's name of the method: "targets" and "targets, paper" (found), "IoU", "IoU, paper"
        and "IoU with the paper's Fa" (`with_the_papers_fa`, per cent), "more false pixels / frames" (of mean size).
    """
    rows = {}
    for method, line in lines.items():
        row, counts = paper.row("I", NAMES[method], data), line["metrics"]
        fitted = with_the_papers_fa(line)
        rows[NAMES[method]] = {
            "targets": counts["detected"],
            "targets, paper": whole_targets(row.pd, counts["targets"]),
            "IoU": 100 * counts["iou"],
            "IoU, paper": row.iou,
            "IoU with the paper's Fa": 100 * fitted["iou"],
            "more false pixels / frames": fitted["frames"],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def told(line: dict[str, Any]) -> str:
    """A result line as text: ours, the paper's, and what the rules suggest."""
    figures = "  ".join(f"{WORDS[name]} {SCALE[name] * line[name]:.2f}" for name in FIGURES)
    text = (
        f"{NAMES[line['method']]} on {line['data']}, {line['frames']} of {line['of']} frames, {line['protocol']}, "
        f"{line['rule']}: {figures} (per cent, per cent, 1e-6)"
    )
    if "paper" in line:
        printed = "  ".join(f"{WORDS[name]} {SCALE[name] * line['paper'][name]:.2f}" for name in FIGURES)
        text += f"\n  paper: {printed}; {suggestion(line)}"
    return text
