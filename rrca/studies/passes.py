"""`rrca.studies.contrast` of the whole NUAA-SIRST test list, kept as a file of figures.

All test targets and every shipped n take minutes; what came out is kept, without any image, in
`data/results/passes.json`. ``python -m rrca.studies.passes`` measures what is not yet in the file, or was measured
with other weights; without the file, everything.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from rrca import checkpoint
from rrca.data.frames import open
from rrca.detection import Detector
from rrca.errors import InputError
from rrca.studies import contrast
from rrca.studies.iterations import series
from rrca.studies.targets import Maps, Seen, Study

RESULTS = Path(__file__).resolve().parents[2] / "data" / "results" / "passes.json"
CHOOSING = 40  # training frames on which each pass's one channel is chosen


def kept(path: str | Path = RESULTS) -> Study:
    """The figures that come with the repository.

    Parameters
    ----------
    path : path-like, optional
        Default: `data/results/passes.json` of the clone.

    Raises
    ------
    InputError
        If the file is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path} is not there; run this from a clone, or make it with `python -m rrca.studies.passes`."
        )
    record = json.loads(path.read_text(encoding="utf-8"))
    networks = {
        int(n): Seen(
            seen["weights"],
            tuple(seen["channels"]),
            *(_read(seen[name]) for name in ("mean", "channel", "logits")),
            np.array([mark == "1" for mark in seen["found"]]),
        )
        for n, seen in record["networks"].items()
    }
    ids = tuple(np.repeat(list(record["targets"]), list(record["targets"].values())).tolist())
    where = record["data"], record["list"], record["frames"]
    return Study(*where, ids, np.array(record["area"]), _read(record["frame"]), networks)


def write(study: Study, path: str | Path = RESULTS) -> Path:
    """Keep a study: values to four digits, with the weights and the protocol that they are of.

    Parameters
    ----------
    study : Study
        From `rrca.studies.contrast.measure`.
    path : path-like, optional
        Default: `data/results/passes.json` of the clone.

    Returns
    -------
    Path
        The file, written whole or not at all.
    """
    targets: dict[str, int] = {}
    for id in study.ids:
        targets[id] = targets.get(id, 0) + 1
    record = {
        "data": study.data,
        "list": study.split,
        "frames": study.frames,
        "protocol": f"{contrast.PROTOCOL}, native size, threshold {contrast.THRESHOLD}",
        "what": "SCR (no unit) and exposure (share, 0 to 1) of every target, a row for each pass",
        "targets": targets,
        "area": study.area.tolist(),
        "frame": _written(study.raw),
        "networks": {
            n: {
                "weights": seen.weights,
                "sha256": digest(seen.weights),
                "channels": list(seen.channels),
                "channels chosen on": f"the first {CHOOSING} frames of the trainval list",
                "found": "".join("1" if hit else "0" for hit in seen.found),
                "mean": _written(seen.mean),
                "channel": _written(seen.channel),
                "logits": _written(seen.output),
            }
            for n, seen in study.networks.items()
        },
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    text = text.replace('], "', '],\n"').replace('}, "', '},\n"').replace("], [", "],\n[")  # lines for a diff
    checkpoint.write_whole(Path(path), (text + "\n").encode())
    return Path(path)


def digest(name: str) -> str:
    """First digits of the SHA-256 of shipped weights: what was measured can be told from what is shipped now."""
    file = checkpoint.weights_folder() / f"{name}.safetensors"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def difference(old: Study, new: Study) -> str:
    """How far a measurement of some frames is from a kept one, in one sentence.

    Parameters
    ----------
    old, new : Study
        `new` of some of the frames and networks of `old`.
    """
    where = np.flatnonzero(np.isin(old.ids, new.ids))
    if (old.data, old.split) != (new.data, new.split) or len(where) != len(new.ids):
        return f"kept are targets of {old.data}, {old.split} list; these are others, of {new.data}, {new.split} list"
    largest, hits = 0.0, 0
    for n, seen in new.networks.items():
        for name in ("mean", "channel", "output"):
            one, other = getattr(old.networks[n], name).scr[:, where], getattr(seen, name).scr
            largest = max(largest, float(np.max(np.abs(one / other - 1), initial=0)))
        hits += int((old.networks[n].found[where] != seen.found).sum())
    return (
        f"{len(where)} targets in {new.frames} frames, measured again: SCR within {100 * largest:.2f} % of what is "
        f"kept, {hits} hits differ"
    )


def _written(maps: Maps) -> dict[str, list]:
    """Four digits are enough for a median, and keep the file small."""
    return {
        name: [[float(f"{value:.4g}") for value in row] for row in getattr(maps, name).tolist()]
        for name in ("scr", "exposure")
    }


def _read(record: dict) -> Maps:
    return Maps(np.array(record["scr"]), np.array(record["exposure"]))


def main(name: str = "NUAA-SIRST") -> Path:
    """Measure the whole test list for every shipped n whose weights are not those of the file, and keep it."""
    old = kept() if RESULTS.is_file() else None
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["networks"] if old else {}
    weights, training = series(), open(name, "trainval")[:CHOOSING]
    new = {n: each for n, each in weights.items() if known.get(str(n), {}).get("sha256") != digest(each)}
    channels = {n: contrast.best_channels(Detector(each), training) for n, each in new.items()}
    study = contrast.measure(new, open(name, "test"), channels)
    networks = {n: study.networks[n] if n in new else old.networks[n] for n in weights}
    return write(replace(study, networks=networks))


if __name__ == "__main__":
    print(main())
