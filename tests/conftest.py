"""What all tests share: where the real data is, and small deterministic frames."""

import os
import signal
from pathlib import Path

import pytest

if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)) > 1:  # a process a core: more threads would only wait
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch, and for the programs that tests start

import torch

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Root of the real data sets. Skips where a developer has none; never in CI."""
    root = os.environ.get("RRCA_DATA")
    if root and (Path(root) / "NUAA-SIRST" / "images").is_dir():
        return Path(root)
    if IN_CI:
        pytest.fail(
            "RRCA_DATA does not name the folder of the real data sets, and in CI nothing is skipped for that."
        )
    pytest.skip("needs the real data sets: set RRCA_DATA")


@pytest.fixture
def no_data(tmp_path, monkeypatch) -> Path:
    """A machine without any data set: RRCA_DATA names an empty folder."""
    root = tmp_path / "no-data"
    root.mkdir()
    monkeypatch.setenv("RRCA_DATA", str(root))
    return root


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state of torch."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C as at a terminal: a shell ignores it for what it starts in the background, a test run among it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
