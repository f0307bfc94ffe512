"""How many processes are worth running side by side on this machine."""

import os


def cores() -> int:
    """Cores that this process may use, at least 1: fewer than the machine has where a scheduler gives fewer."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
