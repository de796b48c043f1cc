"""A target that a person runs by name fails if it cannot run, and names the program to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def _run(folder: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a folder of tests without Docker and Java on the path."""
    environment = {**os.environ, "PATH": "/nowhere", **variables}
    for name in (
        "PYTEST_XDIST_WORKER",
        "PYTEST_XDIST_WORKER_COUNT",
        "PYTEST_XDIST_TESTRUNUID",
        "COMPOSE_ENGINE",
        "JAVA_HOME",
    ):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", folder]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "kind"),
    [("tests/deployment/compose/test_logins.py", "compose"), ("tests/warehouse/spark/test_dialect.py", "spark")],
)
def test_a_target_that_cannot_run_fails_and_says_what_to_install(folder: str, kind: str) -> None:
    required = _run(folder, WANGJIAN_TESTS_REQUIRED=kind, COMPOSE="full")
    assert required.returncode == 1, required.stdout
    assert f"{kind} tests were requested and cannot run" in required.stdout
    assert "install" in required.stdout.split("cannot run")[1]
    left_to_chance = _run(folder, COMPOSE="full")
    assert left_to_chance.returncode == 0, left_to_chance.stdout
