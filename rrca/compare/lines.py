"""The result lines that a table is made of: by row, as planned, beside the default's 27 seeds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rrca import paper
from rrca.errors import InputError
from rrca.experiments import Experiment
from rrca.sweeps import later
from rrca.sweeps.results import finished, path_of, read

FIGURES = {"iou": ("IoU, %", 100), "pd": ("Pd, %", 100), "fa": ("Fa, 1e-6", 1e6)}


@dataclass(frozen=True)
class Rows:
    """What was run of a table.

    Attributes
    ----------
    table : str
        Its name.
    experiments : dict of str to Experiment
        Its planned rows, in order.
    lines : dict of str to list of dict
        The finished lines of each, one a seed; none of a row that was not run. The default row has the control's.
    control : list of dict
        The default's lines from the noise experiment; none if these rows were judged on another list or data set.
    """

    table: str
    experiments: dict[str, Experiment]
    lines: dict[str, list[dict]]
    control: list[dict]

    @property
    def others(self) -> dict[str, list[dict]]:
        """The lines of all rows but the default."""
        return {name: lines for name, lines in self.lines.items() if not self.experiments[name].default}


def collect(
    table: str, recipe: str = "ablation", data: str = paper.NUAA, folder: str | Path | None = None
) -> Rows:
    """Read the lines of a table.

    Parameters
    ----------
    table : str
        One that `rrca.sweeps.plan` knows.
    recipe : str, default "ablation"
        Only runs of this one: a table never mixes two.
    data : str, default "NUAA-SIRST"
        Data set.
    folder : path-like, optional
        Of the result files; default `data/results` of the checkout.

    Returns
    -------
    Rows

    Raises
    ------
    InputError
        For an unknown table.
    """
    planned = {row.name: row for row in later.rows(table, data, folder, recipe)}
    own = _lines(table, recipe, data, folder)
    lines = {name: [line for line in own if line["row"] == name] for name in planned}
    lists = {line["list"] for line in own}
    noise = _lines("noise", recipe, data, folder)
    control = [line for line in noise if not lists or lists == {line["list"]}]
    if control:
        lines |= {name: control for name, row in planned.items() if row.default}
    return Rows(table, planned, lines, control)


def values(lines: Sequence[Mapping], figure: str = "iou", protocol: str = "exact") -> np.ndarray:
    """One figure of each line, in the unit of the paper's tables; nan where it is undefined.

    Parameters
    ----------
    lines : sequence of mapping
        Result lines.
    figure : {"iou", "pd", "fa"}
    protocol : {"exact", "dnanet"}

    Returns
    -------
    ndarray of shape (lines,)
        Per cent; Fa in 1e-6.

    Raises
    ------
    InputError
        For a figure or a protocol that result lines lack.

    Examples
    --------
    >>> values([{"metrics": {"exact": {"fa": 7.5e-6}}}], "fa")
    array([7.5])
    """
    if figure not in FIGURES:
        raise InputError(f"figure = {figure!r}: choose one of {', '.join(FIGURES)}.")
    for line in lines:
        if protocol not in line["metrics"]:
            raise InputError(f"protocol = {protocol!r}: result lines have {', '.join(line['metrics'])}.")
    found = [line["metrics"][protocol][figure] for line in lines]
    return FIGURES[figure][1] * np.array([np.nan if value is None else value for value in found])


def odd_ones(rows: Rows, key: str) -> dict[str, set]:
    """Rows whose lines differ in a key from the rule, which is the control's value, or else the most frequent one."""
    judged = {name: {line[key] for line in lines} for name, lines in rows.lines.items() if lines}
    counted = Counter(
        line[key] for line in rows.control or [line for own in rows.lines.values() for line in own]
    )
    rule = {value for value, _ in counted.most_common(1)}
    return {name: found - rule for name, found in judged.items() if found - rule}


def _lines(table: str, recipe: str, data: str, folder) -> list[dict]:
    """Finished lines of a recipe on a data set; of a seed that was run twice, the newer."""
    lines = finished(read(path_of(table, folder))).values()
    wanted = [line for line in lines if (line["recipe"], line["data"]) == (recipe, data)]
    return list({(line["row"], line["seed"]): line for line in wanted}.values())
