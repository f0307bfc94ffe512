"""The table "paper | ours | difference and interval | verdict", made from result files and nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rrca import paper
from rrca.compare.lines import FIGURES, Rows, collect, odd_ones, values
from rrca.compare.statistics import differences, homogeneity, pooled_sd, verdict
from rrca.experiments import NOISE


@dataclass(frozen=True)
class Comparison:
    """One figure of a table, the paper's and ours.

    Attributes
    ----------
    title : str
        Table, figure, protocol, recipe.
    figure : {"iou", "pd", "fa"}
        Which one.
    frame : DataFrame
        A row each, those that were not run with nan: "paper"; "ours" (mean over seeds), "sd", "n"; "paper difference"
        from the default's row, our "difference" with its interval "low" to "high"; "inside": whether the paper's
        difference lies in it; "verdict"; "mark" of lines that do not belong beside the others. For IoU also "best of
        curve": what the mean would gain if each seed's best logged point on the test list were taken, instead of its
        last weights. IoU and Pd in per cent, Fa in 1e-6.
    notes : tuple of str
        What a reader must know of it: seeds, standard deviations, what is missing or mixed.
    """

    title: str
    figure: str
    frame: pd.DataFrame
    notes: tuple[str, ...]

    def markdown(self) -> str:
        """The table as Markdown, its notes below."""
        heads = ["row", "paper", "ours", "difference", "paper's", "inside", "verdict"]
        best = "best of curve" in self.frame
        lines = [heads + ["best of curve"] * best, ["---"] + ["---:"] * 4 + ["---"] * 2 + ["---:"] * best]
        for name, row in self.frame.iterrows():
            cells = [
                f"{name} {row['mark']}".strip(),
                _number(row["paper"]),
                _ours(row),
                _interval(row),
                _number(row["paper difference"], sign=True),
                {True: "yes", False: "no"}.get(row["inside"], "–"),
                row["verdict"] or "–",
            ]
            lines.append(cells + [_number(row["best of curve"], sign=True)] * best if best else cells)
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        notes = "\n".join(f"- {note}" for note in self.notes)
        return f"**{self.title}**\n\n{table}\n\n{notes}\n"

    _repr_markdown_ = markdown  # what a notebook shows


def table(
    name: str,
    figure: str = "iou",
    protocol: str = "exact",
    recipe: str = "ablation",
    data: str = paper.NUAA,
    folder: str | Path | None = None,
) -> Comparison:
    """Compare a table's runs with the paper and with the default's seeds.

    Parameters
    ----------
    name : str
        One of the tables that `rrca.sweeps.plan` knows.
    figure : {"iou", "pd", "fa"}
    protocol : {"exact", "dnanet"}
        Verdicts are by "exact", at native size; "dnanet" squashes frames to 256×256 as the paper's figures did.
    recipe : str, default "ablation"
        Whose runs; a table never mixes two.
    data : str, default "NUAA-SIRST"
        Data set.
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        For an unknown table, figure or protocol.

    Notes
    -----
    The rule of the verdicts is `rrca.compare.RULE`. The paper's rows are one run each, its epoch chosen on the test
    list.
    """
    rows = collect(name, recipe, data, folder)
    seeds = {row: values(lines, figure, protocol) for row, lines in rows.lines.items()}
    control = values(rows.control, figure, protocol)
    others = {row: seeds[row] for row in rows.others}
    frame = differences(seeds, control).reindex(list(rows.lines))
    judged = differences(others, control)
    for column in ("difference", "low", "high"):
        frame[column] = judged[column].reindex(frame.index) if len(judged) else np.nan
    printed = _printed(rows, figure)
    default = next((printed[row] for row, planned in rows.experiments.items() if planned.default), np.nan)
    frame.insert(0, "paper", printed)
    frame["paper difference"] = [
        np.nan if planned.default else printed[row] - default for row, planned in rows.experiments.items()
    ]
    ends = list(zip(frame["low"], frame["high"], frame["paper difference"], strict=True))
    inside = [
        None if np.isnan([low, printed]).any() else bool(low <= printed <= high)
        for low, high, printed in ends
    ]
    verdicts = [
        verdict(*end) if seeds[row].size else ("not run" if row in others else None)
        for row, end in zip(frame.index, ends, strict=True)
    ]
    frame["inside"] = pd.Series(inside, frame.index, object)  # as objects, since None is no nan here
    frame["verdict"] = pd.Series(verdicts, frame.index, object)
    marks = {key: odd_ones(rows, key) for key in ("recipe_hash", "hardware")}
    frame["mark"] = ["".join(s for s, key in MARKS.items() if row in marks[key]) for row in frame.index]
    if figure == "iou":
        frame["best of curve"] = [_best(lines) for lines in rows.lines.values()]
    title = f"Table {name}, {FIGURES[figure][0]}, protocol {protocol}, recipe {recipe}, {data}"
    return Comparison(title, figure, frame, tuple(_notes(rows, others, control, frame, marks)))


MARKS = {"†": "recipe_hash", "‡": "hardware"}


def _printed(rows: Rows, figure: str) -> dict[str, float]:
    """The paper's figure of each row; nan where it prints none."""
    found = {name: getattr(row.paper, figure, None) for name, row in rows.experiments.items()}
    return {name: np.nan if value is None else value for name, value in found.items()}


def _best(lines: list[dict]) -> float:
    """Mean over the seeds of the best logged IoU minus the last, in points; under `exact`."""
    gains = [max(iou for _, iou in line["curve"]) - line["curve"][-1][1] for line in lines if line["curve"]]
    return 100 * float(np.mean(gains)) if gains else np.nan


def _notes(rows: Rows, others: dict, control: np.ndarray, frame: pd.DataFrame, marks: dict) -> Iterable[str]:
    """What a reader must know beside the figures."""
    if len(control) < len(NOISE):
        found = f"{len(control)} of {len(NOISE)}" if len(control) else "none"
        yield f"Of the default's seeds, {found} are there: the verdicts are not final."
    missing = [name for name, lines in rows.lines.items() if not lines]
    if missing:
        yield f"Not run: {', '.join(missing)}."
    short = [
        f"{name} ({len(rows.lines[name])} of {len(row.seeds)})"
        for name, row in rows.experiments.items()
        if 0 < len(rows.lines[name]) < len(row.seeds)
    ]
    if short:
        yield f"Fewer seeds than planned: {', '.join(short)}."
    lengths = {name: sorted({line["steps"] for line in lines}) for name, lines in rows.lines.items() if lines}
    usual = [steps for steps, _ in Counter(line["steps"] for line in rows.control).most_common(1)]
    apart = [
        f"{name} ({', '.join(map(str, own))})" for name, own in lengths.items() if usual and own != usual
    ]
    if apart:
        yield f"Trained for another number of steps than the default's {usual[0]}: {', '.join(apart)}."
    same = homogeneity(others, control)
    if np.isfinite(same["p"]):
        yield (
            f"Standard deviation pooled over rows and default: {pooled_sd(others, control):.2f}; of single rows "
            f"{same['smallest sd']:.2f} to {same['largest sd']:.2f}; equal spreads: Brown-Forsythe p = {same['p']:.2f}."
        )
    width = ((frame["high"] - frame["low"]) / 2).groupby(frame["n"]).max().dropna()
    for n, half in width.items():
        yield (
            f"{n:.0f} seeds against {len(control)} tell apart what differs by more than about {half:.2f}; of a smaller "
            "difference they can say neither that it is there nor that it is not."
        )
    for mark, key in MARKS.items():
        if marks[key]:
            yield f"{mark} {', '.join(marks[key])}: another {key} than the rest; not comparable."


def _number(value: float, sign: bool = False) -> str:
    """Two decimals, or a dash."""
    return "–" if np.isnan(value) else f"{value:+.2f}".replace("-", "−") if sign else f"{value:.2f}"


def _ours(row: pd.Series) -> str:
    """Mean ± standard deviation (number of seeds)."""
    if not row["n"]:
        return "–"
    spread = "" if np.isnan(row["sd"]) else f" ± {row['sd']:.2f}"
    return f"{row['ours']:.2f}{spread} ({row['n']:.0f})"


def _interval(row: pd.Series) -> str:
    """Difference [low, high]."""
    ends = (
        "" if np.isnan(row["low"]) else f" [{', '.join(_number(row[end], True) for end in ('low', 'high'))}]"
    )
    return _number(row["difference"], sign=True) + ends
