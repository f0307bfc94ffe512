"""What another choice of test frames would have given: a bootstrap over frames, the same ones for all rows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rrca.errors import InputError
from rrca.sweeps.results import results_folder

COUNTED = ("intersection", "union", "targets", "detected", "false_components", "false_pixels", "pixels")
DRAWS = 2000
TAILS = (2.5, 97.5)  # per cent: a 95 % interval


def bootstrap(
    rows: Mapping[str, Sequence[Mapping]],
    control: Sequence[Mapping],
    protocol: str = "exact",
    folder: str | Path | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Targets found, false alarms and IoU of each row, and how steady the difference is from frame to frame.

    Parameters
    ----------
    rows : mapping of str to sequence of mapping
        Result lines by row, as `collect` gives them; rows without lines are left out.
    control : sequence of mapping
        The default's.
    protocol : {"exact", "dnanet"}
    folder : path-like, optional
        Of the result files, with each run's counts in `runs/`; default `data/results` of the checkout.
    draws : int, default 2000
        Of as many frames as the list has, with replacement.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    DataFrame
        A row each; columns by figure ("found": targets, "false pixels", "false components", each as a number on a
        list of this size, and "IoU, %"), and within it "ours" (mean over the row's seeds), "difference" from the
        control, and the 2.5 and 97.5 per cent points of the difference over the draws, "low" and "high".

    Raises
    ------
    InputError
        If a run's counts are missing, or two runs were judged on different frames.

    Notes
    -----
    A draw weights the frames once, for all runs of all rows: what a hard frame costs every network cancels in the
    difference. The networks are taken as they are, so this interval answers another question than the one over seeds:
    whether these networks differ on other frames, not whether other seeds would.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, percentile intervals.
    """
    if not control:
        raise InputError("no lines of the default to compare with; run `rrca sweep --table noise` first.")
    groups = {name: lines for name, lines in rows.items() if lines}
    counts, ids = {}, None
    for line in (*control, *(line for lines in groups.values() for line in lines)):
        if line["run"] not in counts:
            counts[line["run"]], own = _counts(line["run"], protocol, folder)
            if ids not in (None, own):
                raise InputError(f"run {line['run']} was judged on other frames than {next(iter(counts))}.")
            ids = own
    order = {run: position for position, run in enumerate(counts)}
    table = np.stack(list(counts.values()), axis=1)  # (counted, runs, frames)
    whole = np.ones((1, len(ids)))
    weights = np.random.default_rng(seed).multinomial(len(ids), whole[0] / len(ids), size=draws)
    found, drawn = _figures(table, whole), _figures(table, weights)

    def mean(figures: np.ndarray, lines: Sequence[Mapping]) -> np.ndarray:
        return figures[:, [order[line["run"]] for line in lines]].mean(axis=1)

    result = {}
    for name, lines in groups.items():
        row = {}
        for figure in found:
            differences = mean(drawn[figure], lines) - mean(drawn[figure], control)
            ours = mean(found[figure], lines)[0]
            row[figure, "ours"] = ours
            row[figure, "difference"] = ours - mean(found[figure], control)[0]
            row[figure, "low"], row[figure, "high"] = np.percentile(differences, TAILS)
        result[name] = row
    return pd.DataFrame.from_dict(result, orient="index")


def _counts(run: str, protocol: str, folder) -> tuple[np.ndarray, list[str]]:
    """Of one run: counts of shape (counted, frames), and the frames' IDs."""
    path = Path(results_folder() if folder is None else folder) / "runs" / f"{run}.json"
    if not path.is_file():
        raise InputError(f"no {path}, which holds the counts of run {run} frame by frame; run its row again.")
    frames = json.loads(path.read_text(encoding="utf-8"))["frames"][protocol]
    return np.array([frames[name] for name in COUNTED], float), frames["ids"]


def _figures(counts: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Figures of shape (draws, runs) from counts of shape (counted, runs, frames) and weights (draws, frames)."""
    sums = dict(zip(COUNTED, np.einsum("crf,df->cdr", counts, weights, optimize=True), strict=True))
    targets, pixels = counts[COUNTED.index("targets"), 0].sum(), counts[COUNTED.index("pixels"), 0].sum()
    with np.errstate(invalid="ignore"):  # a draw without targets has no Pd
        return {
            "found": targets * sums["detected"] / sums["targets"],
            "false pixels": pixels * sums["false_pixels"] / sums["pixels"],
            "false components": pixels * sums["false_components"] / sums["pixels"],
            "IoU, %": 100 * sums["intersection"] / sums["union"],
        }
