"""Where a result comes from: machine, versions, commit."""

import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import torch

import rrca


def hardware(device: torch.device | str = "cpu") -> str:
    """The machine in words, without its name: processor and its vector instructions, cores, threads in use."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    model = platform.processor() or platform.machine()
    try:
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    vectors = torch.backends.cpu.get_cpu_capability()  # one model name can hide machines half as wide
    return f"{model} ({vectors}), {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def versions() -> dict[str, str]:
    """Versions of rrca, torch and numpy."""
    return {"rrca": rrca.__version__, "torch": str(torch.__version__), "numpy": np.__version__}


def commit() -> str | None:
    """Git commit of the checkout that the package runs from, "+changes" if files differ from it; None if in none.

    Result lines are no such difference: a sweep appends to them while it runs.
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + (
            "+changes"
            if git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!data/results")
            else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None
