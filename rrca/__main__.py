"""The command line, `rrca` or `python -m rrca`: parses, calls, prints."""

import argparse
import contextlib
import csv
import json
import math
import os
import sys
import warnings
from pathlib import Path

from rrca.checkpoint import DEFAULT, weights_of
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
        except KeyboardInterrupt as stopped:
            _say(str(stopped) or "interrupted.")
            return 130


def _say(line: str) -> None:
    print(f"rrca: {line}", file=sys.stderr)


# --- The commands --------------------------------------------------------------------------------------------


def detect(options) -> int:
    """One line a target; a file that cannot be read is named and the others are done all the same."""
    from tqdm import tqdm

    from rrca.detection import open_detector
    from rrca.false_alarms import operating_point

    if options.out:
        from rrca import plots  # brings matplotlib, which half of all calls do without

    files = list(_frames(options.images))
    outputs = _outputs(files, options.out)
    detector = open_detector(_model(options), flips=options.flips)
    threshold = detector.checked(options.threshold)
    if options.fa is not None:
        point = operating_point(detector, options.fa)
        threshold = point.threshold
        _say(str(point))
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
        detections = detector(frame, threshold=threshold, polarity=options.polarity)
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
                _say(f"{file}: no target above {detections.threshold:g}")
    if options.json:
        print(_json([_as_json(file, detections) for file, detections in found.items()]))
    return 2 if bad else 0


def _model(options):
    """What --weights and --model mean together: a weights file, a name, or None for the shipped weights."""
    return options.model if options.weights is None else weights_of(options.model, options.weights)


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


TRAIN_CHANGES = ("data", "network", "steps", "seed", "select", "sync_norms")  # options that change a recipe


def train(options) -> int:
    """Fit a recipe into a run folder and judge it on the test list; with several seeds, each, and their spread."""
    from dataclasses import replace

    from rrca import recipes
    from rrca.training import distributed

    for name in ("seeds", "devices"):
        if getattr(options, name) < 1:
            raise InputError(f"--{name} {getattr(options, name)}: give a whole number of at least 1.")
    if options.resume:
        given = [name for name in TRAIN_CHANGES if getattr(options, name) is not None]
        if given or options.out or options.recipe or options.seeds > 1:
            raise InputError(
                "--resume goes on with a run as it was begun: only --devices, --device and --root go with it."
            )
        base = recipes.read(Path(options.resume) / "config.json")
        runs = [(base, options.resume, True)]
    else:
        changes = {name: value for name in TRAIN_CHANGES if (value := getattr(options, name)) is not None}
        base = recipes.recipe(options.recipe or "cpu", **changes)
        seeds = [replace(base, seed=base.seed + i) for i in range(options.seeds)]
        runs = [(recipe, _run_folder(options, recipe), False) for recipe in seeds]
    work = (runs, options.device, options.root)
    try:
        if options.devices == 1 and not distributed.started():
            _train_all(*work)
        else:
            distributed.launch(_train_all, work, options.devices, options.device)
    except FloatingPointError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _run_folder(options, recipe) -> str:
    """--out, or a name made of the recipe; with several seeds a folder each."""
    seed = f"seed{recipe.seed}"
    if options.out:
        return options.out if options.seeds == 1 else str(Path(options.out) / seed)
    network = "" if recipe.network == DEFAULT else f"-{recipe.network}"
    return f"runs/{recipe.name}{network}-{recipe.data}-{seed}"


def _train_all(runs: list[tuple], device: str | None, root: str | None) -> None:
    """Train and judge one recipe after another, in this process or in each of a group; the first one speaks."""
    from rrca import train as training
    from rrca.training.distributed import Team

    judged = []
    for recipe, out, resume in runs:
        first = Team(device).first
        with _training_bar(recipe.steps, first) as show:
            run = training.fit(recipe, out=out, device=device, on_step=show, root=root, resume=resume)
        if first:
            judged.append(training.judge(run, root=root, progress=sys.stderr.isatty()))
            for result in judged[-1].values():
                print(result)
            print(f"curve: {run.folder / 'curve.png'}\nweights: {run.folder / 'weights.safetensors'}")
    if len(judged) > 1:
        print(f"{len(judged)} seeds, mean ± standard deviation:")
        for protocol, figures in training.spread(judged).items():
            listed = (f"{name} {mean:.4g} ± {deviation:.2g}" for name, (mean, deviation) in figures.items())
            print(f"  {protocol}: {', '.join(listed)}")


@contextlib.contextmanager
def _training_bar(steps: int, shown: bool):
    """A progress bar that takes log records; evaluations and verdicts are printed above it."""
    from tqdm import tqdm

    with tqdm(total=steps, unit="step", disable=None if shown else True) as bar:

        def show(entry: dict) -> None:
            bar.update(entry["step"] - bar.n)
            if "loss" in entry:
                bar.set_postfix(loss=f"{entry['loss']:.3f}")
            elif "iou" in entry:
                tqdm.write(
                    f"step {entry['step']}: IoU {entry['iou']:.4f} on the {entry['list']} list (exact); "
                    f"{100 * entry['waiting']:.1f} % of the time spent waiting for data"
                )
            elif "collapsed" in entry:
                _say(f"warning: step {entry['step']}: the run has collapsed, {entry['collapsed']}.")
            else:
                tqdm.write(f"step {entry['step']}: the run {entry['recovered']}")

        yield show


def sweep(options) -> int:
    """Run the rows of some tables, or list them; 1 if a row failed."""
    from rrca import sweeps

    which = {
        "tables": options.table,
        "seeds": None if options.seeds is None else range(options.seeds),
        "recipe": options.recipe,
        "data": options.data,
        "results": options.results,
    }
    if options.list:
        planned = sweeps.overview(**which)
        for _, line in planned.iterrows():
            done = "done" if line.done else "to do"
            what = f"{line.network}, {line.steps} steps, rate {line.rate:g}"
            print(f"table {line.table}  {line.row}  seed {line.seed}: {what}, {done}")
        print(f"{planned.run.nunique()} runs, {planned.run[~planned.done].nunique()} to do")
        return 0
    lines = sweeps.sweep(
        **which, backend=options.backend, workers=options.workers, runs=options.runs, root=options.root
    )
    for _, line in lines.iterrows():
        figures = f"IoU {line.iou:.4f}  Pd {line.pd:.4f}  Fa {1e6 * line.fa:.1f}e-6"
        said = line.error if isinstance(line.error, str) else figures
        print(f"table {line.table}  {line.row}  seed {line.seed}: {said}")
    return int(lines.error.notna().any())


def evaluate(options) -> int:
    """Judge a model, or score maps in a folder, on a list, under each protocol asked for."""
    from rrca import data, evaluation
    from rrca.detection import Detector, open_detector

    protocols = options.protocol or evaluation.protocols_for(options.data)
    threshold = Detector.threshold if options.threshold is None and options.scores else options.threshold
    if options.scores and options.weights:
        raise InputError("--scores are judged as they are, without a network: leave --weights out.")
    if options.scores and options.flips:
        raise InputError("--flips turns frames for a network; score maps are judged as they are.")
    if options.scores:
        frames = data.open(options.data, options.split, root=options.root)
        results = evaluation.evaluate_scores(
            options.scores, frames, protocols, threshold, progress=sys.stderr.isatty()
        )
    else:
        detector = open_detector(_model(options), folder=CLASSICAL, flips=options.flips)
        threshold = detector.checked(threshold)
        frames = data.open(options.data, options.split, detector.channels, options.root)
        results = evaluation.evaluate(detector, frames, protocols, threshold, progress=sys.stderr.isatty())
    if options.json:
        record = {name: result.as_dict() for name, result in results.items()}
        print(_json({"data": options.data, "split": options.split, "frames": len(frames), "results": record}))
        return 0
    name = options.scores or options.weights or options.model or "default weights"
    print(f"{name} on {options.data}, {options.split} list, {len(frames)} frames, threshold {threshold}")
    for result in results.values():
        print(result)
    return 0


def card(options) -> int:
    """Print what the weights' card says."""
    from rrca import cards, checkpoint

    found = checkpoint.card(options.model)
    print(json.dumps(found, indent=1) if options.json else cards.page(found))
    return 0


def ship(options) -> int:
    """Put a run's weights among those that go with the package."""
    from rrca import shipping

    print(shipping.ship(options.finished, options.name, options.folder, options.half, options.replace))
    return 0


def matrix(options) -> int:
    """Judge the shipped weights on every test list that they may be judged on, and print what is known."""
    from rrca import report
    from rrca.studies import matrix

    matrix.run(root=options.root, folder=options.results, progress=sys.stderr.isatty())
    lines = matrix.known(options.results)
    for name in ("exact", "paper"):
        protocol = "exact" if name == "exact" else "the protocol behind the paper's row of the test set"
        print(f"{protocol}: IoU, % / Pd, % / Fa, 1e-6\n{report.matrix(lines, name)}\n")
    return 0


def classical(options) -> int:
    """Judge the classical methods on a test list, each beside the paper's row."""
    from rrca.studies import classical_paper, classical_results

    lines = classical_results.run(
        options.data,
        options.methods or classical_results.QUICKEST_FIRST,
        options.protocol,
        options.frames,
        options.workers,
        responses=CLASSICAL,
        results=options.results,
        root=options.root,
        progress=sys.stderr.isatty(),
    )
    for line in lines:
        print(classical_paper.told(line), flush=True)
    return 0


def export(options) -> int:
    """Write a network as an ONNX file."""
    from rrca.export import onnx

    written = onnx(options.model, options.file)
    print(f"{written}: frames in [0, 1] of any size in, scores out; the card is in its metadata")
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
    from rrca.course import notebooks

    results = notebooks.run(
        folder=options.folder,
        out=options.out,
        parameters=_settings(options.set),
        only=options.only,
        figures=options.figures,
        workers=options.workers,
    )
    return int(not all(result.ok for result in results))


def notebooks_lab(options) -> int:
    """Open JupyterLab at notebook 00."""
    from rrca.course import notebooks

    return notebooks.lab(options.folder)


def notebooks_export(options) -> int:
    """Write a student copy of the series."""
    from rrca.course import classroom

    written = classroom.export(options.into, notebooks=options.folder)
    print(f"{len(written)} notebooks without solutions in {written[0].parent}")
    return 0


def notebooks_key(options) -> int:
    """Write the teacher's key."""
    from rrca.course import classroom

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

    return _measured("metrics", bench.metrics(), bench.table, options.save)


def bench_train(options) -> int:
    """Time of a training step, plain and with drop-ins."""
    from rrca import speed

    return _measured(
        "train", speed.train(options.repeats), lambda rows: speed.table(rows, "steps/s"), options.save
    )


def bench_recipes(options) -> int:
    """Time of a step of each row of the search for the recipe."""
    from rrca import speed

    rows = speed.recipes(options.repeats)
    return _measured("recipes", rows, lambda rows: speed.table(rows, "steps/s"), options.save)


def bench_inference(options) -> int:
    """Time of the network on frames: plain, folded, in bfloat16, by ONNX Runtime."""
    from rrca import speed

    rows = speed.inference(options.repeats, options.sides, options.batches)
    return _measured("inference", rows, lambda rows: speed.table(rows, "frames/s"), options.save)


def bench_tiles(options) -> int:
    """What tiles change on the frames of a test list that are large enough to be cut."""
    from rrca import data, speed

    frames = [
        frame
        for frame in data.open(options.data, "test", root=options.root)
        if min(frame.image.shape[:2]) >= 200
    ]
    print(f"{len(frames)} frames of {options.data}, test list")
    return _measured("tiles", speed.tiles(frames, speed.TILINGS), speed.tiling_table, options.save)


def bench_classical(options) -> int:
    """Speed of the classical detectors, and as ratios where the literal implementations are at hand."""
    from rrca.classical import bench

    return _measured("classical", bench.classical(), bench.table, options.save)


def bench_all(options) -> int:
    """What the README's tables are made of, one benchmark after the other."""
    for run in (bench_train, bench_inference, bench_tiles, bench_metrics, bench_classical):
        run(options)
    return 0


def _measured(bench: str, rows: list, table, save: bool | str) -> int:
    """Print what a benchmark found and, where asked for, keep it."""
    from rrca import speed_table
    from rrca.provenance import hardware

    print(f"{hardware()}\n\n{table(rows)}\n")
    if save:
        speed_table.save(bench, rows, None if save is True else save)
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
        "--model",
        metavar="NAME_OR_FILE",
        help="shipped weights, a .safetensors file, or a classical method (default: shipped weights)",
    )
    p.add_argument("--weights", metavar="RUN", help=WEIGHTS)
    cut = p.add_mutually_exclusive_group()
    cut.add_argument("--threshold", type=_threshold, help=THRESHOLD)
    cut.add_argument(
        "--fa",
        type=float,
        metavar="RATE",
        help="instead of a threshold, the false-alarm rate to keep to (1e-5: 10 false pixels in a million), told from "
        "the validation part on the weights' card",
    )
    p.add_argument("--flips", action="store_true", help=FLIPS)
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
    p.add_argument(
        "--recipe",
        metavar="NAME",
        help="cpu, cpu-dense, gpu, quick, ablation, paper or paper-dense (default cpu)",
    )
    p.add_argument("--data", metavar="NAME", help="data set (default: the recipe's)")
    p.add_argument("--network", metavar="NAME", help="network (default: the recipe's)")
    p.add_argument("--steps", type=int, help="optimiser steps (default: the recipe's)")
    p.add_argument("--seed", type=int, help="of weights and crops (default 0)")
    p.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="train N seeds from --seed on, and tell their spread",
    )
    p.add_argument(
        "--select",
        choices=["val", "none", "test"],
        help="val: keep the best weights on the validation part of the training list (the default of our recipes); "
        "none: fit the whole training list, keep the last; test: the best on the test list, the paper's habit",
    )
    p.add_argument("--device", help="cpu or cuda (default: cuda if there is one)")
    p.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="processes that share each batch (default 1)",
    )
    p.add_argument(
        "--sync-norms",
        action="store_true",
        default=None,
        help="norm statistics over all GPUs that share a batch",
    )
    p.add_argument("--out", metavar="FOLDER", help="run folder (default: runs/RECIPE-DATA-seedN)")
    p.add_argument(
        "--resume", metavar="RUN", help="go on with the run in this folder, from its last saved state"
    )

    p = _command(commands, "sweep", sweep, "train the rows of the paper's tables, each run once", [root])
    p.add_argument(
        "--table",
        nargs="+",
        required=True,
        metavar="NAME",
        help="I … VIII, noise, norms, compute, dense, length, grid, winners, rates, rival-rates (before I and II), "
        "recipes, rehearsal (with --data synthetic: two minutes, to see that a machine or a cluster works)",
    )
    p.add_argument(
        "--list", action="store_true", help="print the runs and what is done of them, and run none"
    )
    p.add_argument(
        "--seeds", type=int, metavar="N", help="seeds 0 to N-1 of every row (default: the row's own)"
    )
    p.add_argument(
        "--recipe", default="ablation", metavar="NAME", help="what the rows change (default ablation)"
    )
    p.add_argument(
        "--backend",
        default="serial",
        metavar="NAME",
        help="serial, process, or ray: a cluster at RAY_ADDRESS, else this machine (default serial)",
    )
    p.add_argument(
        "--workers", type=int, metavar="N", help="runs side by side (default: one a core; ray: or one a GPU)"
    )
    p.add_argument("--data", default="NUAA-SIRST", metavar="NAME", help="data set (default NUAA-SIRST)")
    p.add_argument("--results", metavar="FOLDER", help="where result lines go (default: data/results)")
    p.add_argument("--runs", default="runs", metavar="FOLDER", help="where run folders go (default: runs)")

    p = _command(commands, "evaluate", evaluate, "judge a model, or score maps, on a data set", [root])
    judged = p.add_mutually_exclusive_group()
    judged.add_argument(
        "--model",
        metavar="NAME_OR_FILE",
        help="shipped weights, a .safetensors file, or a classical method (default: shipped weights)",
    )
    judged.add_argument(
        "--scores",
        metavar="FOLDER",
        help="score maps of any method instead: ID.png of 8 or 16 bit, or ID.npy, one for each frame of the list",
    )
    p.add_argument("--weights", metavar="RUN", help=WEIGHTS)
    p.add_argument("--data", default="NUAA-SIRST", metavar="NAME", help="data set (default NUAA-SIRST)")
    p.add_argument(
        "--split", default="test", metavar="LIST", help="test, val, train, trainval or all (default test)"
    )
    p.add_argument(
        "--protocol",
        nargs="+",
        metavar="NAME",
        help="default: exact, and the one behind the paper's row of the data set (dnanet; DenseSIRST: rrcanet-dense)",
    )
    p.add_argument("--threshold", type=_threshold, help=THRESHOLD)
    p.add_argument("--flips", action="store_true", help=FLIPS)
    p.add_argument("--json", action="store_true", help="print one JSON record with all counts")

    p = _command(commands, "card", card, "what weights are for, how they were made, and how well they do")
    p.add_argument(
        "model",
        nargs="?",
        default=DEFAULT,
        metavar="NAME_OR_FILE",
        help="shipped weights, a .safetensors file or a run folder (default: the default weights)",
    )
    p.add_argument("--json", action="store_true", help="print the card as it is stored")

    p = _command(commands, "ship", ship, "put a run's weights, card and log among the shipped ones")
    p.add_argument("finished", metavar="RUN", help="run folder of rrca train or rrca sweep, judged")
    p.add_argument("name", metavar="NAME", help="by which rrca.load will know them")
    p.add_argument("--folder", metavar="FOLDER", help="where to (default: the checkout's data/weights)")
    p.add_argument("--half", action="store_true", help="store float16: half the size")
    p.add_argument("--replace", action="store_true", help="replace weights of that name")

    p = _command(
        commands, "matrix", matrix, "judge shipped weights on the test lists of other data sets", [root]
    )
    p.add_argument("--results", metavar="FOLDER", help="where matrix.jsonl is (default: data/results)")

    p = _command(commands, "classical", classical, "judge the nine classical methods on a test list", [root])
    p.add_argument(
        "methods", nargs="*", metavar="METHOD", help="names (default: all nine, the quickest first)"
    )
    p.add_argument("--data", default="NUAA-SIRST", metavar="NAME", help="data set (default NUAA-SIRST)")
    p.add_argument(
        "--protocol", nargs="+", metavar="NAME", help="default: exact and the one behind the paper's row"
    )
    p.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="so many frames, small and large ones (default: the whole list)",
    )
    p.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core)")
    p.add_argument("--results", metavar="FOLDER", help="where result lines go (default: data/results)")

    p = _command(commands, "export", export, "write a network as an ONNX file (extra `export`)")
    p.add_argument("file", metavar="OUT.onnx", help="file to write; must not exist")
    p.add_argument(
        "--model",
        metavar="NAME_OR_FILE",
        help="shipped weights or a .safetensors file (default: shipped weights)",
    )

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
    p.add_argument(
        "--workers", type=int, metavar="N", help="notebooks side by side (default: one a core, 4 at most)"
    )
    p = _command(sub, "lab", notebooks_lab, "open JupyterLab at notebook 00")
    p.add_argument("--folder", default="notebooks", help="where they are (default notebooks)")
    p = _command(sub, "export", notebooks_export, "write a student copy, without the solutions")
    p.add_argument("into", metavar="FOLDER", help="where the copy goes; must be new or empty")
    p.add_argument("--folder", default="notebooks", help="where the notebooks are (default notebooks)")
    p = _command(sub, "key", notebooks_key, "write the teacher's key: every exercise with its solution")
    p.add_argument("file", metavar="FILE", help="Markdown file to write, or a folder for key.md")
    p.add_argument("--folder", default="notebooks", help="where the notebooks are (default notebooks)")

    kept, rounds, sizes, judged_on = (argparse.ArgumentParser(add_help=False) for _ in range(4))
    kept.add_argument(
        "--save",
        nargs="?",
        const=True,
        default=False,
        metavar="FILE",
        help="append the rows to a result file (default data/results/bench.jsonl)",
    )
    rounds.add_argument(
        "--repeats", type=int, default=5, metavar="N", help="rounds; the median counts (default 5)"
    )
    for name, default, what in (
        ("sides", [256, 512, 1024], "rows and columns"),
        ("batches", [1, 8], "number"),
    ):
        listed = " ".join(map(str, default))
        sizes.add_argument(
            f"--{name}",
            type=int,
            nargs="+",
            default=default,
            metavar="N",
            help=f"{what} of frames (default {listed})",
        )
    judged_on.add_argument(
        "--data", default="NUAA-SIRST", metavar="NAME", help="data set (default NUAA-SIRST)"
    )
    sub = commands.add_parser("bench", help="speed, as ratios in one run").add_subparsers(
        required=True, metavar="WHAT"
    )
    for name, run, summary, parents in (
        ("all", bench_all, "all but recipes: the README's tables", [rounds, sizes, judged_on, root]),
        ("classical", bench_classical, "the classical detectors against literal implementations", []),
        ("metrics", bench_metrics, "thresholds of a ROC against regionprops, and the hybrid level", []),
        ("train", bench_train, "a training step, plain and with rrca.fast.training", [rounds]),
        ("recipes", bench_recipes, "a step of each row of the search for the recipe", [rounds]),
        (
            "inference",
            bench_inference,
            "frames of 256² to 1024², plain, with rrca.fast.inference, by ONNX Runtime",
            [rounds, sizes],
        ),
        ("tiles", bench_tiles, "what tiles change on frames that fit whole", [judged_on, root]),
    ):
        _command(sub, name, run, summary, [*parents, kept])
    return top


CLASSICAL = "runs/classical"  # where evaluate keeps the responses of classical methods
WEIGHTS = (
    "weights of one's own: the folder of a run, or a .safetensors file with its card; --model may then name the "
    "network, which must be the card's"
)
FLIPS = (
    "mean of the scores over the flips that the weights were trained with: 8 times the work, or twice it for weights "
    "of the paper's recipe"
)
THRESHOLD = (
    "score above which a pixel is a target's (default 0.5); of a classical method a rule such as T-C or "
    "T-A:k=3, or a number in its unit (default T-C)"
)


def _threshold(given: str) -> float | str:
    """A number, or the name of a rule, which the detector checks."""
    try:
        return float(given)
    except ValueError:
        return given


def _command(commands, name: str, run, summary: str, parents=()) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", parents=list(parents)
    )
    parser.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
