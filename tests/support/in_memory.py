"""A folder for temporary files in memory, which is faster than a disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
PREFIX = "wangjian-tests-"
LEAST_GB = 12
"""The memory that must be free: for the files of all tests, and for the programs that they start."""


def has_room() -> bool:
    """Return whether enough memory is free, and this process may use it for files."""
    with suppress(OSError):
        memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(memory["MemAvailable"].split()[0]) * 1024
        return os.access(MEMORY, os.W_OK) and min(available, shutil.disk_usage(MEMORY).free) > LEAST_GB * 1e9
    return False


def folder_in_memory() -> Path:
    """Make and return a folder of this process; remove the folders of processes that no longer exist."""
    for folder in MEMORY.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)
    own = MEMORY / f"{PREFIX}{os.getpid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    return own
