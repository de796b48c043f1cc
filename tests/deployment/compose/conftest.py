"""One stack for all tests of this folder: `make compose-test`. Without COMPOSE=full, or where no engine can run, they are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.containers import engine as engines
from support.containers.engine import Engine
from support.containers.stack import COMPOSE, PROJECT, Stack, free_port
from support.containers.standins import make_standins
from support.required import cannot_run

FIRST, LAST = "2023-01-31", "2023-02-06"
"""The simulated world: the full rosters of a month's first day, and the providers' deliveries of the month before."""
DEMO = {
    "COMPOSE_PROFILES": "demo",
    "BIND_ADDRESS": "127.0.0.1",
    "SOURCES_CA_FILE": "/sources/server.crt",
    "WANGJIAN_SCHEDULE_UNTIL": "2023-12-31",
    "SIMULATOR_FROM": FIRST,
    "SIMULATOR_TO": LAST,
    "SIMULATOR_SCALE": "0.02",
}
PORTS = ("HTTP_PORT", "HTTPS_PORT", "AIRFLOW_PORT", "SUPERSET_PORT")
CACHE = PROJECT / ".compose-test"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    if os.environ.get("COMPOSE") != "full":
        pytest.skip("the containers are not started: `make compose-test` does")
    if reason := engines.missing():
        cannot_run("compose", f"THE CONTAINERS ARE NOT TESTED: no Docker engine can be started here: {reason}")
    if COMPOSE is None:
        cannot_run("compose", "THE CONTAINERS ARE NOT TESTED: no Docker Compose: run `make containers-install`")
    with engines.running() as found:
        yield found


@pytest.fixture(scope="session")
def installed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Run `make env` with the settings of a demonstration. Nothing is started, and nothing is left from an earlier run."""
    folder = tmp_path_factory.mktemp("compose")
    CACHE.mkdir(exist_ok=True)
    shutil.copy(PROJECT / ".env.example", folder)
    make_env(folder)
    stack = Stack(engine, folder / ".env", "wangjian-test")
    ports = {port: str(free_port()) for port in PORTS}
    stack.set({**DEMO, **ports, **make_standins(engine, CACHE), "CERTIFICATES": str(folder / "certificates")})
    stack.compose("build", "preflight", "nginx", "simulator")
    stack.compose("down", "--volumes", "--remove-orphans")
    return stack


def make_env(folder: Path) -> str:
    """Run `make env` in a folder."""
    command = [sys.executable, str(PROJECT / "deploy" / "make_env.py"), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def stack(installed: Stack) -> Iterator[Stack]:
    """Return the running, healthy stack."""
    installed.compose("up", "--detach")
    try:
        installed.wait_until_healthy()
        yield installed
    finally:
        if not os.environ.get("COMPOSE_KEEP"):
            installed.compose("--profile", "*", "down", "--volumes", "--remove-orphans")
