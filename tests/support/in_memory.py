"""A place for temporary files in memory."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
PREFIX = "wangjian-tests-"
LEAST_GB = 12
"""What all tests leave, and room for the programs that they start."""


def has_room() -> bool:
    """Whether there is memory to spare, and leave to use it for files."""
    with suppress(OSError):
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(told["MemAvailable"].split()[0]) * 1024
        return os.access(MEMORY, os.W_OK) and min(available, shutil.disk_usage(MEMORY).free) > LEAST_GB * 1e9
    return False


def folder_in_memory() -> Path:
    """Make a folder of this process; what processes left there that are gone is removed."""
    for folder in MEMORY.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)
    found = MEMORY / f"{PREFIX}{os.getpid()}"
    found.mkdir(mode=0o700, exist_ok=True)
    return found
