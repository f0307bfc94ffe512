"""What was measured of many targets in the maps of several networks: the record, and its tables."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Maps:
    """T targets in the n + 1 maps of one kind that a network leaves.

    Attributes
    ----------
    scr : float array of shape (n + 1, T)
        No unit.
    exposure : float array of shape (n + 1, T)
        0 to 1.
    """

    scr: np.ndarray
    exposure: np.ndarray


@dataclass(frozen=True, eq=False)
class Seen:
    """What one network makes of T targets.

    Attributes
    ----------
    weights : str
        Name of the shipped weights.
    channels : tuple of int
        The one channel of each pass that `channel` is of; see `best_channels`.
    mean, channel : Maps
        Of the mean over the channels of d_0 … d_n, and of one channel of each.
    output : Maps
        Of the logits: one map.
    found : bool array of shape (T,)
        Detected under `exact` at threshold 0.5.
    """

    weights: str
    channels: tuple[int, ...]
    mean: Maps
    channel: Maps
    output: Maps
    found: np.ndarray


@dataclass(frozen=True, eq=False)
class Study:
    """Every target of some frames, in the grey frame and in the maps of several networks.

    Attributes
    ----------
    data, split : str
    frames : int
    ids : tuple of str, T of them
        The frame of each target, in the list's order.
    area : int array of shape (T,)
        Pixels.
    raw : Maps
        Of the grey frame: one map.
    networks : dict of int to Seen
        By n.
    """

    data: str
    split: str
    frames: int
    ids: tuple[str, ...]
    area: np.ndarray
    raw: Maps
    networks: dict[int, Seen] = field(default_factory=dict)

    @property
    def channels(self) -> dict[int, tuple[int, ...]]:
        """The chosen channels by n."""
        return {n: seen.channels for n, seen in self.networks.items()}

    @property
    def found(self) -> dict[int, np.ndarray]:
        """Which targets are detected, by n."""
        return {n: seen.found for n, seen in self.networks.items()}

    def table(self) -> pd.DataFrame:
        """Medians over the targets: a row for the frame, each pass and each output. "exposed" in per cent."""
        rows = {("frame", ""): _medians(self.raw, 0, "mean")}
        for n, seen in self.networks.items():
            for t in range(n + 1):
                rows[f"n = {n}", f"pass {t}"] = {
                    **_medians(seen.mean, t, "mean"),
                    **_medians(seen.channel, t, "one channel"),
                }
            rows[f"n = {n}", "logits"] = _medians(seen.output, 0, "mean")
        return pd.DataFrame.from_dict(rows, orient="index")

    def missed(self) -> pd.DataFrame:
        """The targets that at least one network misses, the faintest first: a row each."""
        found = self.found
        rows = np.flatnonzero(~np.all(list(found.values()), axis=0))
        rows = rows[np.argsort(self.raw.scr[0][rows], kind="stable")]
        columns = {"frame": [self.ids[i] for i in rows], "area / px": self.area[rows]}
        columns["SCR"] = self.raw.scr[0][rows].round(1)
        for n, hits in found.items():
            columns[f"n = {n}"] = np.where(hits[rows], "found", "–")
        return pd.DataFrame(columns)


def _medians(maps: Maps, t: int, kind: str) -> dict[str, float]:
    """Median SCR and exposure of one map."""
    return {
        f"SCR, {kind}": float(np.nanmedian(maps.scr[t])),
        f"exposed / %, {kind}": 100 * float(np.nanmedian(maps.exposure[t])),
    }
