"""Figures of what a network holds and costs: parameters by kind and level, and two counts of the work."""

from collections.abc import Mapping

import numpy as np

from rrca.errors import InputError
from rrca.networks.rrcanet import RRCANet
from rrca.plots.style import CURVES, WIDTH, Figure, in_style
from rrca.studies.ledger import TABLE_IV, ledger

PART_COLOURS = {
    "3×3 kernels": CURVES[0],
    "norms": "#F5B58A",
    "shortcuts": CURVES[1],
    "DIAAM": "#8F3E00",
    "decoder": "#8F3E00",
    "stem": "#7FD1B9",
    "tail": CURVES[2],
    "activations": "#BBBBBB",
    "resizing": "#555555",
}
HATCHES = {"norms": "...", "shortcuts": "///", "DIAAM": "xxx", "stem": "\\\\\\", "tail": "+++"}


def parameters(models: Mapping[int, RRCANet], detail: int | None = None) -> Figure:
    """Where the parameters are: by kind for each n, and by level for one n.

    Parameters
    ----------
    models : mapping of int to RRCANet
        n to the network with n extra iterations.
    detail : int, optional
        The n whose levels are drawn; the largest by default.

    Returns
    -------
    Figure
        Numbers: "total" by n, "by kind" by n, "by level" of `detail`, "share of the deepest level",
        "share of kernels" (per cent, of `detail`), "added" (parameters from each n to the next, by kind).

    Raises
    ------
    InputError
        If there is no network, or none for `detail`.

    References
    ----------
    Paper, Section IV-E and Table IV.
    """
    tables = {n: ledger(model) for n, model in _required(models).items()}
    detail = list(tables)[-1] if detail is None else detail
    if detail not in tables:
        raise InputError(f"detail = {detail}: choose one of the given n, {', '.join(map(str, tables))}.")
    kinds = [kind for kind in PART_COLOURS if any((table.kind == kind).any() for table in tables.values())]
    by_kind = {
        n: {kind: int(table.params[table.kind == kind].sum()) for kind in kinds}
        for n, table in tables.items()
    }
    kinds = [kind for kind in kinds if any(counts[kind] for counts in by_kind.values())]
    table = tables[detail]
    levels = [level for level in dict.fromkeys(table.level) if table.params[table.level == level].sum()]
    levels.sort(key=lambda level: (not level.isdigit(), level))
    cells = {
        level: {
            kind: int(table.params[(table.level == level) & (table.kind == kind)].sum()) for kind in kinds
        }
        for level in levels
    }
    total = {n: sum(counts.values()) for n, counts in by_kind.items()}
    deepest = max(level for level in levels if level.isdigit())
    share = 100 * sum(cells[deepest].values()) / total[detail]
    kernels = 100 * by_kind[detail]["3×3 kernels"] / total[detail]
    numbers = {
        "total": total,
        "by kind": {n: {kind: counts[kind] for kind in kinds} for n, counts in by_kind.items()},
        "by level": {level: sum(cells[level].values()) for level in levels},
        "share of the deepest level": share,
        "share of kernels": kernels,
        "added": {
            f"{a} to {b}": {kind: by_kind[b][kind] - by_kind[a][kind] for kind in kinds}
            for a, b in zip(tables, list(tables)[1:], strict=False)
        },
    }
    caption = (
        f"The kernels stay the same {by_kind[detail]['3×3 kernels']} for every n; what grows is norms, shortcuts, "
        f"attention and tail. Level {deepest} holds {share:.0f} % of the parameters of n = {detail}."
    )
    with in_style():
        figure = Figure(WIDTH, 3.6, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        _stack(left, by_kind, kinds, [f"n = {n}" for n in tables])
        _stack(right, cells, kinds, [f"level {level}" if level.isdigit() else level for level in levels])
        left.set(ylabel="parameters / 1000", title="by kind, for n extra iterations")
        right.set(title=f"by level, n = {detail}")
        for axes, sums in ((left, total.values()), (right, numbers["by level"].values())):
            for x, value in enumerate(sums):
                axes.text(x, value / 1e3 + 3, f"{value}", ha="center", va="bottom", fontsize=8)
        left.set_ylim(0, 1.12 * max(total.values()) / 1e3)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(kinds), frameon=False)
    return figure


def two_counts(models: Mapping[int, RRCANet]) -> Figure:
    """Executed work beside the paper's count, part by part, for each n.

    Parameters
    ----------
    models : mapping of int to RRCANet
        n to the network with n extra iterations; 256×256 pixels.

    Returns
    -------
    Figure
        Numbers: "executed GMAC", "printed rule G", "GFLOP of Eq 15" by n, and "GMAC an iteration", "printed G an
        iteration" (from the first n to the last, per step).

    Raises
    ------
    InputError
        If there is no network.

    References
    ----------
    Paper, Eq. (15), Table IV; `rrca.count` for the rule.
    """
    tables = {n: ledger(model) for n, model in _required(models).items()}
    kinds = [kind for kind in PART_COLOURS if any((table.kind == kind).any() for table in tables.values())]
    work, printed = (
        {n: {kind: float(t[column][t.kind == kind].sum()) / 1e6 for kind in kinds} for n, t in tables.items()}
        for column in ("macs", "paper")
    )
    executed = {n: sum(parts.values()) / 1e3 for n, parts in work.items()}
    counted = {n: sum(parts.values()) / 1e3 for n, parts in printed.items()}
    first, last = min(tables), max(tables)
    steps = max(1, last - first)
    numbers = {
        "executed GMAC": executed,
        "printed rule G": counted,
        "GFLOP of Eq 15": {n: 2 * value for n, value in executed.items()},
        "GMAC an iteration": (executed[last] - executed[first]) / steps,
        "printed G an iteration": (counted[last] - counted[first]) / steps,
        "kernels executed GMAC": {n: parts["3×3 kernels"] / 1e3 for n, parts in work.items()},
        "kernels printed G": {n: parts["3×3 kernels"] / 1e3 for n, parts in printed.items()},
    }
    caption = (
        "The blue part, the shared kernels, grows with every iteration on the left and stands still on the right: "
        "the printed count takes a module that runs again only once."
    )
    with in_style():
        figure = Figure(WIDTH, 3.5, caption, numbers)
        left, right = figure.subplots(1, 2, sharey=True)
        names = [f"n = {n}" for n in tables]
        _stack(left, work, kinds, names)
        _stack(right, printed, kinds, names)
        for axes, sums in ((left, executed), (right, counted)):
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            for x, value in enumerate(sums.values()):
                axes.text(x, value + 0.04, f"{value:.3f}", ha="center", va="bottom", fontsize=8)
        left.set(ylabel="10⁹ operations, 256×256 px", title="executed: GMAC of all convolutions, every call")
        right.set(title="the paper's rule: every module once (crosses: Table IV)")
        for x, n in enumerate(tables):
            if n in TABLE_IV:
                right.plot(x, TABLE_IV[n][1], "x", color="black", markersize=7)
        left.set_ylim(0, 1.12 * max(executed.values()))
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(kinds), frameon=False)
    return figure


def _stack(axes, counts: Mapping, kinds: list[str], names: list[str]) -> None:
    """Stacked bars in thousands, one a group."""
    floor = np.zeros(len(counts))
    for kind in kinds:
        values = np.array([group[kind] for group in counts.values()]) / 1e3
        look = dict(color=PART_COLOURS[kind], hatch=HATCHES.get(kind, ""), edgecolor="white", linewidth=0.3)
        axes.bar(names, values, bottom=floor, label=kind, **look)
        floor += values


def _required(models: Mapping[int, RRCANet]) -> Mapping[int, RRCANet]:
    """The models, in the order of n; at least one."""
    if not models:
        raise InputError("models is empty; give n and its network, as {0: network, 1: network}.")
    return dict(sorted(models.items()))
