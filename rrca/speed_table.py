"""What the benchmarks measured, kept line by line, and the README's tables made from it.

`rrca bench … --save` appends to `data/results/bench.jsonl`. Of each row on a machine the last one counts, so that one
benchmark can be run anew without the others, and two machines can be set side by side.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rrca.bench import Ratio
from rrca.classical.bench import Timing
from rrca.provenance import commit, hardware, versions
from rrca.speed import Speed, Tiling, tiling_table
from rrca.sweeps.results import append, path_of, read

RATES = {"train": "steps/s", "inference": "frames/s"}  # of the benchmarks whose rows are `Speed`s
TITLES = {
    "train": "A training step, `rrcanet-resnet18`, one grey channel",
    "inference": "Frames by `rrcanet-resnet18`, shipped weights",
    "metrics": "Metrics",
    "classical": "Classical detectors, a frame of 256²",
}


def save(bench: str, rows: Sequence, path: str | Path | None = None) -> None:
    """Append the rows of one benchmark, with machine, versions and commit.

    Parameters
    ----------
    bench : str
        Its name, as in `rrca bench NAME`.
    rows : sequence of Speed, Tiling, Ratio or Timing
        As the benchmark gave them.
    path : path-like, optional
        Result file; default `data/results/bench.jsonl`.
    """
    origin = {"machine": hardware(), "versions": versions(), "commit": commit()}
    for row in rows:
        for figures in _figures(row):
            append(_file(path), {"bench": bench, **figures, **origin})


def known(path: str | Path | None = None) -> dict[str, list[dict]]:
    """By benchmark the last line of each of its rows on each machine, in the order of their first ones."""
    latest: dict[tuple, dict] = {}
    for line in read(_file(path)):
        latest[line["bench"], line["machine"], line["task"], line["way"]] = line
    benches: dict[str, list[dict]] = {}
    for line in latest.values():
        benches.setdefault(line["bench"], []).append(line)
    return benches


def page(benches: dict[str, list[dict]]) -> str:
    """The README's tables, in Markdown: one for each benchmark and machine.

    Examples
    --------
    >>> line = {"task": "1 × 256²", "way": "plain", "seconds": 0.12, "ratio": 1.0, "rate": 8.3, "machine": "a laptop"}
    >>> print(page({"inference": [line]}))
    **Frames by `rrcanet-resnet18`, shipped weights** (a laptop)
    <BLANKLINE>
    | task | way | ms | ratio | frames/s |
    |---|---|---:|---:|---:|
    | 1 × 256² | plain | 120 | 1.00 | 8.30 |
    """
    parts = []
    for bench, title in TITLES.items():
        lines = benches.get(bench, [])
        for machine in dict.fromkeys(line["machine"] for line in lines):
            there = [line for line in lines if line["machine"] == machine]
            parts.append(f"**{title}** ({machine})\n\n{_table(there, RATES.get(bench))}")
    if "tiles" in benches:
        # Scores hardly depend on the machine: each row's last measurement, whichever it was made on.
        last = {(line["task"], line["way"]): line for line in benches["tiles"]}
        parts.append(f"**What tiles change** on frames that fit whole\n\n{_tiles(list(last.values()))}")
    return "\n\n".join(parts)


def _file(path: str | Path | None) -> Path:
    return path_of("bench") if path is None else Path(path)


def _figures(row: Speed | Tiling | Ratio | Timing) -> list[dict]:
    """A row as lines of task and way: the reference first, where one row holds both."""
    if isinstance(row, Speed):
        return [asdict(row)]
    if isinstance(row, Tiling):
        return [{"task": f"{row.tile}", "way": f"{row.overlap}", **asdict(row)}]
    if isinstance(row, Ratio):
        task, reference, seconds = row.task, row.reference, row.reference_seconds
    else:
        task, reference, seconds = row.method, "literal", row.literal_seconds
    both = ((reference, seconds), ("rrca", row.seconds))
    return [
        {"task": task, "way": way, "seconds": s, "ratio": s / seconds, "equal": row.equal} for way, s in both
    ]


def _table(lines: list[dict], rate: str | None) -> str:
    """Milliseconds, ratio and, where there is one, rate."""
    heads = ["task", "way", "ms", "ratio"] + ([rate] if rate else [])
    rows = [f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 2)]
    for line in lines:
        if line["seconds"] is None:  # there was no reference to time
            continue
        cells = [line["task"], line["way"], _number(1e3 * line["seconds"]), _number(line["ratio"])]
        if rate:
            cells.append(_number(line["rate"]))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _number(value: float | None) -> str:
    """Three digits, or all in front of the point."""
    if value is None:
        return "—"
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".removesuffix(".")


def _tiles(lines: list[dict]) -> str:
    """Score change and metrics by tile and overlap."""
    return tiling_table(
        [Tiling(**{name: line[name] for name in Tiling.__dataclass_fields__}) for line in lines]
    )
