"""The cost of a stage is the cost of all its processes."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from bench.measure import run

_TAKES = "taken = bytearray(120_000_000); import sys; sys.stdin.read()"
_STARTS_TWO = f"""
import subprocess, sys, time
started = [subprocess.Popen([sys.executable, "-c", "{_TAKES}"], stdin=subprocess.PIPE) for _ in range(2)]
time.sleep(3)
for process in started:
    process.communicate()
"""


def test_memory_is_that_of_all_processes_at_once(tmp_path: Path) -> None:
    # A new process starts with the peak of its parent, and the peak of pytest is larger than the measured one.
    with ProcessPoolExecutor(1, get_context("spawn")) as small:
        cost = small.submit(run, [sys.executable, "-c", _STARTS_TWO], dict(os.environ), tmp_path / "log").result()
    assert 240 < cost.peak_mb < 360
    assert cost.seconds > 3


def test_a_failure_shows_the_output_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"], os.environ, tmp_path / "log")
