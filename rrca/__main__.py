"""The command line, `rrca` or `python -m rrca`: parses, calls, prints."""

import argparse
import csv
import json
import math
import os
import sys
import warnings
from pathlib import Path

from rrca.data.pixels import SUFFIXES
from rrca.errors import InputError, InputWarning


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0: done. 1: it ran and the answer is no (a failed notebook, a data set with errors). 2: something
        given cannot be used. 130: interrupted.
    """
    options = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        show = warnings.showwarning
        warnings.showwarning = lambda message, category, *where, **more: (
            _say(f"warning: {message}")
            if issubclass(category, InputWarning)
            else show(message, category, *where, **more)
        )
        try:
            return options.run(options) or 0
        except (
            InputError,
            PermissionError,
            FileNotFoundError,
            IsADirectoryError,
            NotADirectoryError,
        ) as error:
            _say(f"error: {error}")
            return 2
        except BrokenPipeError:  # the reader of our output left, as in `rrca detect … | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            _say("interrupted.")
            return 130


def _say(line: str) -> None:
    print(f"rrca: {line}", file=sys.stderr)


# --- The commands --------------------------------------------------------------------------------------------


def detect(options) -> int:
    """One line a target; a file that cannot be read is named and the others are done all the same."""
    from tqdm import tqdm

    from rrca.detection import Detector

    if options.out:
        from rrca import plots  # brings matplotlib, which half of all calls do without

    files = list(_frames(options.images))
    outputs = _outputs(files, options.out)
    detector = Detector(options.model)
    scale = _scale(options.scale)
    found, bad = {}, 0
    table = csv.writer(sys.stdout, lineterminator="\n")
    if options.csv:
        table.writerow(["file", "row", "column", "area", "peak"])
    for file in tqdm(files, unit="frame", disable=True if len(files) == 1 else None):
        try:
            frame = detector.read(file, scale)
        except InputError as error:
            _say(f"error: {error}")
            bad += 1
            continue
        detections = detector(frame, threshold=options.threshold, polarity=options.polarity)
        found[str(file)] = detections
        if file in outputs:
            plots.write_mask(detections.mask, outputs[file][0])
            plots.write_overlay(frame, detections.targets, outputs[file][1])
        if options.csv:
            table.writerows(
                [file, f"{t.row:.2f}", f"{t.column:.2f}", t.area, f"{t.peak:.4f}"] for t in detections
            )
        elif not options.json:
            for t in detections:
                tqdm.write(
                    f"{file}: row {t.row:.1f}  column {t.column:.1f}  area {t.area} px  peak {t.peak:.3f}"
                )
            if not detections.targets:
                _say(f"{file}: no target above {options.threshold}")
    if options.json:
        print(_json([_as_json(file, detections) for file, detections in found.items()]))
    return 2 if bad else 0


def _frames(given: list[str]):
    """The files that the arguments mean: each file itself, and the frames in each folder by name."""
    for item in map(Path, given):
        if not item.is_dir():
            yield item  # reading says what is wrong with it, if anything is
            continue
        inside = sorted(path for path in item.iterdir() if path.suffix.lower() in SUFFIXES)
        if not inside:
            raise InputError(f"folder {item} holds no frame; it was searched for {', '.join(SUFFIXES)}.")
        yield from inside


def _outputs(files: list[Path], folder: str | None) -> dict[Path, tuple[Path, Path]]:
    """Mask and overlay file of every frame; refused before any work if one exists."""
    if folder is None:
        return {}
    stems = [file.stem for file in files]
    names = {
        file: file.stem if stems.count(file.stem) == 1 else "_".join(file.parts[-2:]).replace(".", "-")
        for file in files
    }
    if len(set(names.values())) < len(names):
        raise InputError(
            "two frames would be written to the same name; give --out for one folder of frames at a time."
        )
    outputs = {
        file: tuple(Path(folder) / f"{name}_{kind}.png" for kind in ("mask", "overlay"))
        for file, name in names.items()
    }
    taken = [path for pair in outputs.values() for path in pair if path.exists()]
    if taken:
        raise InputError(f"{taken[0]} exists already; give another folder with --out, or move it away.")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return outputs


def _scale(given: list[str] | None):
    """`--scale percentile` or `--scale LOW HIGH`."""
    if given is None or given == ["percentile"]:
        return given and "percentile"
    try:
        low, high = map(float, given)
    except ValueError:
        raise InputError(f"--scale {' '.join(given)}: give 'percentile', or two numbers LOW HIGH.") from None
    return low, high


def _as_json(file: str, detections) -> dict:
    height, width = detections.mask.shape
    targets = [vars(target) for target in detections]
    return {
        "file": file,
        "height": height,
        "width": width,
        "threshold": detections.threshold,
        "targets": targets,
    }


def _json(record) -> str:
    """JSON that every reader takes: what is not a number becomes null."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(record), indent=1)


def train(options) -> int:
    """Fit a recipe into a run folder and judge it on the test list."""
    from tqdm import tqdm

    from rrca import train as training

    changes = {
        key: getattr(options, key)
        for key in ("data", "network", "steps", "seed", "select")
        if getattr(options, key) is not None
    }
    recipe = training.recipe(options.recipe, **changes)
    out = options.out or f"runs/{recipe.name}-{recipe.data}-seed{recipe.seed}"
    with tqdm(total=recipe.steps, unit="step", disable=None) as bar:

        def show(entry: dict) -> None:
            bar.update(entry["step"] - bar.n)
            if "loss" in entry:
                bar.set_postfix(loss=f"{entry['loss']:.3f}")
            else:
                tqdm.write(
                    f"step {entry['step']}: IoU {entry['iou']:.4f} on the {entry['list']} list (exact)"
                )

        run = training.fit(recipe, out=out, device=options.device, on_step=show, root=options.root)
    results = training.judge(run, root=options.root, progress=True)
    for result in results.values():
        print(result)
    print(f"weights: {run.folder / 'weights.safetensors'}")
    return 0


def evaluate(options) -> int:
    """Judge a model, or score maps in a folder, on a list, under each protocol asked for."""
    from rrca import data, evaluation
    from rrca.detection import Detector

    how = (options.protocol, options.threshold)
    if options.scores:
        frames = data.open(options.data, options.split, root=options.root)
        results = evaluation.evaluate_scores(options.scores, frames, *how, progress=sys.stderr.isatty())
    else:
        detector = Detector(options.model)
        frames = data.open(options.data, options.split, detector.channels, options.root)
        results = evaluation.evaluate(detector, frames, *how, progress=sys.stderr.isatty())
    if options.json:
        record = {name: result.as_dict() for name, result in results.items()}
        print(_json({"data": options.data, "split": options.split, "frames": len(frames), "results": record}))
        return 0
    name = options.scores or options.model or "default weights"
    print(
        f"{name} on {options.data}, {options.split} list, {len(frames)} frames, threshold {options.threshold}"
    )
    for result in results.values():
        print(result)
    return 0


def data_fetch(options) -> int:
    """Download a data set from its public repository."""
    from rrca import data

    print(data.fetch(options.name, root=options.root))
    return 0


def data_import(options) -> int:
    """Unpack an archive that the user has."""
    from rrca import data

    print(data.import_archive(options.name, options.archive, root=options.root))
    return 0


def data_check(options) -> int:
    """Report what is wrong or odd; 1 if something is wrong."""
    from rrca import data

    names = options.names or data.available(options.root)
    if not names:
        raise InputError(
            "no data set found to check; see `rrca data fetch --help`, or name its folder with --root."
        )
    wrong = False
    for name in names:
        report = data.check(name, root=options.root)
        print(report)
        wrong |= report.errors > 0
    return int(wrong)


def notebooks_run(options) -> int:
    """Execute the series; 1 if a notebook failed."""
    from rrca import notebooks

    results = notebooks.run(
        folder=options.folder,
        out=options.out,
        parameters=_settings(options.set),
        only=options.only,
        figures=options.figures,
    )
    return int(not all(result.ok for result in results))


def notebooks_lab(options) -> int:
    """Open JupyterLab at notebook 00."""
    from rrca import notebooks

    return notebooks.lab(options.folder)


def notebooks_export(options) -> int:
    """Write a student copy of the series."""
    from rrca import classroom

    written = classroom.export(options.into, notebooks=options.folder)
    print(f"{len(written)} notebooks without solutions in {written[0].parent}")
    return 0


def notebooks_key(options) -> int:
    """Write the teacher's key."""
    from rrca import classroom

    print(classroom.key(options.file, notebooks=options.folder))
    return 0


def _settings(pairs: list[str]) -> dict:
    """`--set name=value`: numbers, true, false and null as in JSON, all else as text."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"--set {pair}: give NAME=VALUE.")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings


def bench_metrics(options) -> int:
    """Speed of the metrics as ratios in one run."""
    from rrca import bench

    print(bench.table(bench.metrics()))
    return 0


# --- The parser ----------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    import rrca

    top = argparse.ArgumentParser(
        prog="rrca",
        description="RRCA-Net for infrared small target detection.",
        epilog="Exit code 0: done; 1: it ran and the answer is no (a notebook failed, a data set has errors); "
        "2: something given cannot be used, and a sentence on standard error says what; 130: interrupted.",
    )
    top.add_argument("--version", action="version", version=f"rrca {rrca.__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument(
        "--root", metavar="FOLDER", help="where the data sets are (default: $RRCA_DATA, else data/)"
    )

    p = _command(commands, "detect", detect, "find targets in frames")
    p.add_argument(
        "images", nargs="+", metavar="IMAGE", help="files (PNG, TIFF, BMP, JPEG, .npy) or folders of them"
    )
    p.add_argument(
        "--model", metavar="NAME_OR_FILE", help="shipped weights or a .safetensors file (default: shipped)"
    )
    p.add_argument(
        "--threshold", type=float, default=0.5, help="score above which a pixel is a target's (default 0.5)"
    )
    p.add_argument(
        "--polarity", choices=["bright", "dark"], default="bright", help="dark: targets colder than clutter"
    )
    p.add_argument(
        "--scale", nargs="+", metavar=("LOW", "HIGH"), help="stretch grey levels LOW … HIGH, or 'percentile'"
    )
    p.add_argument("--out", metavar="FOLDER", help="write a mask and an overlay picture of every frame there")
    form = p.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON list, a record per frame")
    form.add_argument("--csv", action="store_true", help="print file,row,column,area,peak")

    p = _command(commands, "train", train, "train a network by a recipe", [root])
    p.add_argument("--recipe", default="cpu", metavar="NAME", help="cpu, quick or paper (default cpu)")
    p.add_argument("--data", metavar="NAME", help="data set (default: the recipe's)")
    p.add_argument("--network", metavar="NAME", help="network (default: the recipe's)")
    p.add_argument("--steps", type=int, help="optimiser steps (default: the recipe's)")
    p.add_argument("--seed", type=int, help="of weights and crops (default 0)")
    p.add_argument(
        "--select",
        choices=["none", "val", "test"],
        help="list that picks the weights; test is the paper's habit",
    )
    p.add_argument("--device", help="cpu or cuda (default: cuda if there is one)")
    p.add_argument("--out", metavar="FOLDER", help="run folder (default: runs/RECIPE-DATA-seedN)")

    p = _command(commands, "evaluate", evaluate, "judge a model, or score maps, on a data set", [root])
    judged = p.add_mutually_exclusive_group()
    judged.add_argument(
        "--model", metavar="NAME_OR_FILE", help="shipped weights or a .safetensors file (default: shipped)"
    )
    judged.add_argument(
        "--scores",
        metavar="FOLDER",
        help="score maps of any method instead: ID.png of 8 or 16 bit, or ID.npy, one for each frame of the list",
    )
    p.add_argument("--data", default="NUAA-SIRST", metavar="NAME", help="data set (default NUAA-SIRST)")
    p.add_argument(
        "--split", default="test", metavar="LIST", help="test, val, train, trainval or all (default test)"
    )
    p.add_argument(
        "--protocol", nargs="+", default=["exact", "dnanet"], metavar="NAME", help="default: exact dnanet"
    )
    p.add_argument("--threshold", type=float, default=0.5, help="on the score (default 0.5)")
    p.add_argument("--json", action="store_true", help="print one JSON record with all counts")

    sub = commands.add_parser("data", help="fetch, import and check data sets").add_subparsers(
        required=True, metavar="ACTION"
    )
    p = _command(sub, "fetch", data_fetch, "download NUAA-SIRST or DenseSIRST, with checksums", [root])
    p.add_argument("name", metavar="NAME")
    p = _command(sub, "import", data_import, "unpack an archive of IRSTD-1k, NUDT-SIRST, …", [root])
    p.add_argument("name", metavar="NAME")
    p.add_argument("archive", metavar="ARCHIVE", help="zip or tar")
    p = _command(sub, "check", data_check, "report leaks, odd masks, missing files", [root])
    p.add_argument("names", nargs="*", metavar="NAME", help="default: every data set found")

    sub = commands.add_parser("notebooks", help="run or open the series").add_subparsers(
        required=True, metavar="ACTION"
    )
    p = _command(sub, "run", notebooks_run, "execute the notebooks and make pages of them")
    p.add_argument("only", nargs="*", metavar="NOTEBOOK", help="numbers or names (default: all)")
    p.add_argument("--folder", default="notebooks", help="where they are (default notebooks)")
    p.add_argument("--out", default="build", help="where copies, pages and figures go (default build)")
    p.add_argument("--figures", metavar="FOLDER", help="where figures go (default OUT/figures)")
    p.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter for all notebooks"
    )
    p = _command(sub, "lab", notebooks_lab, "open JupyterLab at notebook 00")
    p.add_argument("--folder", default="notebooks", help="where they are (default notebooks)")
    p = _command(sub, "export", notebooks_export, "write a student copy, without the solutions")
    p.add_argument("into", metavar="FOLDER", help="where the copy goes; must be new or empty")
    p.add_argument("--folder", default="notebooks", help="where the notebooks are (default notebooks)")
    p = _command(sub, "key", notebooks_key, "write the teacher's key: every exercise with its solution")
    p.add_argument("file", metavar="FILE", help="Markdown file to write, or a folder for key.md")
    p.add_argument("--folder", default="notebooks", help="where the notebooks are (default notebooks)")

    sub = commands.add_parser("bench", help="speed, as ratios in one run").add_subparsers(
        required=True, metavar="WHAT"
    )
    _command(sub, "metrics", bench_metrics, "thresholds of a ROC against regionprops, and the hybrid level")
    return top


def _command(commands, name: str, run, summary: str, parents=()) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", parents=list(parents)
    )
    parser.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
