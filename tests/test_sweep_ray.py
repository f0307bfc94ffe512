"""A sweep on Ray gives the rows of `serial`, whoever is killed meanwhile; and without Ray it says so.

Real clusters on this machine, one for each test: workers know nothing of this process's patches, so a test hands
one tiny run on synthetic scenes to the backend itself.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from rrca import recipes, sweeps
from rrca.__main__ import main
from rrca.errors import InputError
from rrca.sweeps import backends, cluster, results, work

SLOW = recipes.recipe(  # long enough to be killed half way: a state is saved after 250 steps
    "quick",
    data="synthetic",
    settings={"in_channels": 1, "channels": (4, 8), "blocks": (1, 1), "iterations": 0},
    crop=32,
    batch=2,
    steps=400,
    judge=400,
    precision="fp32",
)
PLACE = ("IV", "n = 0")


@pytest.fixture(scope="module", autouse=True)
def token():
    """Clusters of these tests ask for a token of their own; Ray would else make one and keep it in the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield


def job_of(recipe, name="tiny"):
    return work.Job(name, recipe, (PLACE,), "hash")


def site_of(folder):
    return work.Site(folder / "results", folder / "runs", None, "test")


def line_of(site):
    """The one line, without what depends on who ran it."""
    (line,) = results.read(results.path_of("IV", site.results))
    return {key: value for key, value in line.items() if key not in ("minutes", "hardware")}


def serial(folder, recipe):
    site = site_of(folder)
    assert work.do(job_of(recipe), site, lambda entry: None)
    return line_of(site)


def holder(lock):
    """The process that holds a lock file, by the kernel's own list; None if nobody does."""
    if not lock.exists():
        return None
    inode = lock.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
            return int(words[4])
    return None


def kill_after_first_state(run, killed):
    """SIGKILL whoever holds the run when its first state is there, and keep the log as it then was."""
    while not list(run.glob("state-*.pt")):
        time.sleep(0.02)
    pid = holder(run / "lock")
    os.kill(pid, signal.SIGKILL)
    killed.append((pid, (run / "log.jsonl").read_text()))


@pytest.mark.slow
def test_a_killed_worker_s_run_goes_on_from_its_checkpoint_to_the_serial_row(tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    site, killed, told = site_of(tmp_path / "ray"), [], []
    run = site.runs / "tiny"
    killer = threading.Thread(target=kill_after_first_state, args=(run, killed), daemon=True)
    killer.start()
    backends.BACKENDS["ray"]([job_of(SLOW)], site, 1, told.append)
    ((pid, log),) = killed
    assert pid not in (None, os.getpid())
    # Each record carries the second that it was made in: the second attempt kept those up to the state, so it did
    # not begin at step 0.
    before = [line for line in log.splitlines() if '"step": 250' in line]
    assert before and log[: log.index(before[0])] in (run / "log.jsonl").read_text()
    assert told[-1] == {"run": "tiny", "done": True} and any(entry.get("step", 0) > 0 for entry in told)
    assert line_of(site) == serial(tmp_path / "serial", SLOW)


@pytest.fixture
def head():
    """A cluster that somebody else has started, and its address."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # the paths of its sockets may have 107 letters
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", f"--port={port}"]
    command += ["--num-cpus=1", "--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={folder}"]
    with open(f"{folder}/output", "w") as output:
        process = subprocess.Popen(command, process_group=0, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 180
        while "Ray runtime started" not in (said := Path(output.name).read_text()):
            assert process.poll() is None and time.monotonic() < deadline, said
            time.sleep(0.5)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()  # and with it what it started: `ray stop` would end everybody's clusters
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_cluster_at_ray_address_gives_the_serial_row(tmp_path, monkeypatch, head):
    monkeypatch.setenv("RAY_ADDRESS", head)
    short = recipes.replace(SLOW, steps=4, judge=4)
    site = site_of(tmp_path / "ray")
    backends.BACKENDS["ray"]([job_of(short)], site, None, lambda entry: None)
    assert line_of(site) == serial(tmp_path / "serial", short)


@pytest.mark.parametrize(
    ("address", "message"),
    [("127.0.0.1:1", "RAY_ADDRESS = '127.0.0.1:1'.*nobody there.*RAY_AUTH_TOKEN"), (None, "less busy")],
)
def test_no_cluster_is_one_sentence(tmp_path, monkeypatch, address, message):
    class Absent:
        is_initialized = staticmethod(lambda: False)
        shutdown = staticmethod(lambda: None)

        @staticmethod
        def init(**options):
            assert options["address"] == (address or "local") and ("num_cpus" in options) == (address is None)
            raise ConnectionError("nobody there\nlong story")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setattr(cluster, "_ray", lambda: Absent)
    with pytest.raises(InputError, match=message) as caught:
        cluster.ray_tasks([job_of(SLOW)], site_of(tmp_path), None, print)
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_command_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    monkeypatch.setattr(sweeps.tables, "code_state", lambda: "test")
    folders = ["--results", str(tmp_path), "--runs", str(tmp_path / "runs")]
    assert main(["sweep", "--table", "norms", "--seeds", "1", "--backend", "ray", *folders]) == 2
    said = capsys.readouterr().err
    assert "pip install 'rrca[ray]'" in said and "Traceback" not in said


def test_a_run_that_kills_all_its_workers_is_a_failed_row(tmp_path):
    site = site_of(tmp_path)
    work.record_failure(job_of(SLOW), site, MemoryError("killed 10 times\nlong story"))
    line = line_of(site)
    assert line["error"] == "MemoryError: killed 10 times" and line["row"] == "n = 0"
    assert results.finished([line]) == {}
