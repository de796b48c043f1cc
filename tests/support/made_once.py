"""Build expensive test worlds once, and share them between workers and runs of pytest. No test may change them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SHARED = "WANGJIAN_TEST_WORLDS"
"""The variable with a folder that several runs of pytest share. CI sets it, so that `make test-all` uses the worlds of `make test`."""
INPUTS = (
    "include",
    "dbt_project",
    "expectations",
    "requirements",
    "tests/support",
    "tests/conftest.py",
    "tests/invariants",
)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that the first worker to ask fills; the others wait for it.

    Args:
        factory: the session's factory of temporary folders.
        name: the folder's name.
        make: fills the folder, which exists and is empty.

    Returns:
        The folder, which callers may only read.
    """
    folder = shared_folder(factory) / name
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.fstat(lock.fileno()).st_size:
            # a world that failed to build is built again, and fails again with its own error
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            lock.write("made")
    return folder


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers share, and all runs of pytest that `WANGJIAN_TEST_WORLDS` names the same folder for."""
    if shared := os.environ.get(SHARED):
        # named by a hash of the inputs: a world that other code built must not be used
        home = Path(shared) / _inputs_hash()
        home.mkdir(parents=True, exist_ok=True)
        return home
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@cache
def _inputs_hash() -> str:
    digest = hashlib.sha256(os.environ.get("PROOF", "").encode())
    for place in INPUTS:
        for path in sorted((PROJECT / place).rglob("*")) or [PROJECT / place]:
            if path.is_file() and "__pycache__" not in path.parts and "target" not in path.parts:
                digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
