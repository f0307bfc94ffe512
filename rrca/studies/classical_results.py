"""The nine classical detectors on whole lists: `data/results/classical.jsonl`, a line a method, data set and protocol.

`rrca classical` writes the lines, each frame's counts go to a file beside, in `data/results/classical/`. A line
holds what the method reaches under the default rule and under every other, the curves, and the paper's row.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rrca import data, paper
from rrca.checkpoint import write_whole
from rrca.classical import METHODS, Responses
from rrca.classical.thresholds import DEFAULT
from rrca.evaluation import protocols_for
from rrca.metrics import Counts, Roc, get_protocol, summarise
from rrca.provenance import commit, hardware, versions
from rrca.studies.classical import FIGURES, Judged, as_seen, by_size, interval, judge
from rrca.studies.classical_paper import NAMES, SCALE, beside_paper
from rrca.sweeps.results import append, path_of, read

TABLE = "classical"
QUICKEST_FIRST = ("top-hat", "max-median", "pstnn", "ript", "nram", "tllcm", "ipi", "mslstipt", "wslcm")


def run(
    name: str,
    methods: Sequence[str] = QUICKEST_FIRST,
    protocols: Sequence[str] | None = None,
    frames: int | None = None,
    workers: int | None = None,
    responses: str | Path = "runs/classical",
    results: str | Path | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> Iterator[dict[str, Any]]:
    """Judge methods on the test list of a data set; what is finished is not done again.

    Parameters
    ----------
    name : str
        Data set.
    methods : sequence of str, default all, the quickest first
    protocols : sequence of str, optional
        Default: "exact" and the one of the paper's row.
    frames : int, optional
        Judge so many, drawn by `by_size` with seed 0; default: the whole list.
    workers : int, optional
        Processes; default one a core.
    responses : path-like, default "runs/classical"
        Where each frame's response is kept, so that a killed run goes on from the frames already done.
    results : path-like, optional
        Folder of the result lines; default `data/results`.
    root : path-like, optional
        Data root.
    progress : bool, default False
        Show a bar of frames.

    Yields
    ------
    dict
        Each line, old or new, as soon as it is there.

    Raises
    ------
    InputError
        For an unknown method, data set or protocol, or more frames than the list has.
    """
    protocols = protocols_for(name) if protocols is None else protocols
    protocols = [get_protocol(protocol).name for protocol in protocols]
    detectors = [Responses(method, responses) for method in methods]
    listed = data.open(name, "test", root=root)
    chosen = listed if frames is None else by_size(listed, frames)
    path = path_of(TABLE, results)
    for detector in detectors:
        for protocol in protocols:
            key = {
                "method": detector.method,
                "data": name,
                "protocol": protocol,
                "frames": len(chosen),
                "code": detector.code,
            }
            line = next((line for line in read(path) if key.items() <= line.items()), None)
            if line is None:
                detector.prepare((image for _, image, _ in as_seen(chosen, protocol)), workers, progress)
                judged = judge(detector, chosen, protocol)
                line = key | {"list": "test", "of": len(listed)} | _line(judged, name)
                _write_frames(path.parent / TABLE, line, judged)
                append(path, line)
            yield line


def _line(judged: Judged, name: str) -> dict[str, Any]:
    """What a result line says of a method, besides on what."""
    totals = {rule: found.total for rule, found in judged.rules.items()}
    rules = {rule: _figures(total, judged.protocol) for rule, total in totals.items()}
    line = {
        "rule": DEFAULT,
        **rules[DEFAULT],
        "interval": interval(judged.rules[DEFAULT]),
        "metrics": summarise(totals[DEFAULT], judged.protocol).as_dict(),
        "rules": rules,
        "best on the test set": max(rules, key=lambda rule: rules[rule]["iou"]),
        "roc": {"raw": _curve(judged.raw), "per-frame min-max": _curve(judged.stretched)},
        "hardware": hardware(),
        "versions": versions(),
        "commit": commit(),
        "error": None,
    }
    if name in paper.DATASETS:
        line |= beside_paper(rules, paper.row("I", NAMES[judged.method], name), totals[DEFAULT].pixels)
    return line


def lines(name: str, protocol: str, results: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """The latest line of each method on most frames, in the order of Table I; methods not yet run are missing.

    Parameters
    ----------
    name, protocol : str
    results : path-like, optional
        Folder of the result lines; default `data/results`.
    """
    found = [
        line
        for line in read(path_of(TABLE, results))
        if (line["data"], line["protocol"], line["error"]) == (name, protocol, None)
    ]
    found.sort(key=lambda line: line["frames"])  # stable: of as many frames the latest comes last
    latest = {line["method"]: line for line in found}
    return {method: latest[method] for method in METHODS if method in latest}


def paper_and_ours(
    name: str, protocol: str, methods: Sequence[str] = tuple(METHODS), results: str | Path | None = None
) -> pd.DataFrame:
    """The paper's rows of Table I beside ours, under the default rule and under the best one.

    Parameters
    ----------
    name, protocol : str
        Data set and protocol.
    methods : sequence of str, default all nine
    results : path-like, optional
        Folder of the result lines; default `data/results`.

    Returns
    -------
    DataFrame
        A row a method; IoU and Pd in per cent, Fa in 1e-6. What was not run says so. The best rule was chosen on the
        test set, so that its figures are too good.
    """
    ours = lines(name, protocol, results)
    rows = {}
    for method in methods:
        row = paper.row("I", NAMES[method], name)
        cells = {("paper", "IoU"): row.iou, ("paper", "Pd"): row.pd, ("paper", "Fa"): row.fa}
        line = ours.get(method)
        cells |= {(f"ours, {DEFAULT}", label): _printed(line, name, DEFAULT) for label, name in LABELS}
        best = line and line["best on the test set"]
        cells[_BEST, "rule"] = best or NOT_RUN
        cells |= {(_BEST, label): _printed(line, name, best) for label, name in LABELS}
        cells["frames", ""] = f"{line['frames']} of {line['of']}" if line else NOT_RUN
        rows[NAMES[method]] = cells
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    return table


def page(results: str | Path | None = None) -> str:
    """The result lines as the README's table, in Markdown.

    Parameters
    ----------
    results : path-like, optional
        Folder of the result lines; default `data/results`.

    Returns
    -------
    str
        For each data set that has lines a row a method: paper, both protocols under the default rule, and the rule
        with the highest IoU under `exact`.
    """
    text = []
    for name in paper.DATASETS:
        ours = {protocol: lines(name, protocol, results) for protocol in protocols_for(name)[:2]}
        if not any(ours.values()):
            continue
        exact, other = ours
        head = ["paper", f"`{other}`, {DEFAULT}", f"`{exact}`, {DEFAULT}", "`exact`, best rule", "frames"]
        text += [f"| {name} | " + " | ".join(head) + " |", "|---" * (1 + len(head)) + "|"]
        for method, label in NAMES.items():
            row = paper.row("I", label, name)
            line = ours[exact].get(method)
            best = line and line["best on the test set"]
            cells = [
                _triple(row.iou, row.pd, row.fa),
                _of_rule(ours[other].get(method), DEFAULT),
                _of_rule(line, DEFAULT),
                f"{_of_rule(line, best)} ({best})" if line else NOT_RUN,
                f"{line['frames']} of {line['of']}" if line else NOT_RUN,
            ]
            text.append(f"| {label} | " + " | ".join(cells) + " |")
        text.append("")
    return "\n".join(text)


NOT_RUN = "not run"
_BEST = "ours, best rule (chosen on the test set)"
LABELS = (("IoU", "iou"), ("Pd", "pd"), ("Fa", "fa"))


def _printed(line: dict | None, name: str, rule: str | None) -> float | str:
    """One figure as the table has it."""
    return NOT_RUN if line is None else round(SCALE[name] * line["rules"][rule][name], 2)


def _of_rule(line: dict | None, rule: str | None) -> str:
    """IoU / Pd / Fa of a line under one rule."""
    return (
        NOT_RUN if line is None else _triple(*(SCALE[name] * line["rules"][rule][name] for _, name in LABELS))
    )


def _triple(*figures: float) -> str:
    return " / ".join(f"{figure:.2f}" for figure in figures)


def _figures(total: Counts, protocol: str) -> dict[str, float]:
    """IoU, Pd and Fa as fractions."""
    metrics = summarise(total, protocol)
    return {name: getattr(metrics, name) for name in FIGURES}


def _curve(curve: Roc) -> dict[str, list[float]]:
    """A curve as short as it can be written: thresholds in their unit, Pd and both kinds of Fa as fractions."""
    kept = {"threshold": curve.thresholds, "pd": curve.pd, "fa": curve.fa, "pixel fa": curve.pixel_fa}
    return {name: [float(f"{value:.4g}") for value in values] for name, values in kept.items()}


def _write_frames(folder: Path, line: dict[str, Any], judged: Judged) -> None:
    """Each frame's counts under the default rule."""
    name = f"{line['data']}_{line['protocol']}_{line['frames']}_{line['method']}.json"
    about = {key: line[key] for key in ("method", "data", "list", "protocol", "rule", "code")}
    text = json.dumps(about | {"frames": judged.rules[DEFAULT].as_dict()})
    write_whole(folder / name, (text + "\n").encode())
