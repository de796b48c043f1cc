"""What a stage costs is what all of its processes cost."""

from __future__ import annotations

import os
import sys
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
    cost = run([sys.executable, "-c", _STARTS_TWO], os.environ, tmp_path / "log")
    assert 240 < cost.peak_mb < 360
    assert cost.seconds > 3


def test_a_failure_shows_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"], os.environ, tmp_path / "log")
