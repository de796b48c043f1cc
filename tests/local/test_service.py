"""`make up` and `make down`: up answers to its login only, down leaves no process behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from wangjian.local.service import start_time

pytestmark = pytest.mark.slow

SMALL = {"SCALE": "0.005", "FROM": "2023-01-29", "TO": "2023-01-31"}


def _service(action: str, data: Path) -> str:
    environment = {**os.environ, **SMALL, "WANGJIAN_DATA": str(data)}
    command = [sys.executable, "-m", "wangjian.local.service", action]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    data = tmp_path_factory.mktemp("service")
    try:
        yield data, _service("up", data)
    finally:
        _service("down", data)


def test_up_prints_address_and_login_that_work(up: tuple[Path, str]) -> None:
    _, told = up
    address = re.search(r"address\s+(\S+)", told)
    login = re.search(r"login\s+(\S+) / (\S+)", told)
    assert address
    assert login
    wrong = httpx.post(f"{address[1]}/auth/token", json={"username": login[1], "password": "guess"}, timeout=30)
    assert wrong.status_code == httpx.codes.UNAUTHORIZED
    assert httpx.get(f"{address[1]}/api/v2/dags", timeout=30).status_code == httpx.codes.UNAUTHORIZED
    token = httpx.post(f"{address[1]}/auth/token", json={"username": login[1], "password": login[2]}, timeout=30)
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    assert httpx.get(f"{address[1]}/api/v2/dags", headers=headers, timeout=30).status_code == httpx.codes.OK


def test_up_again_leaves_everything_as_it_is(up: tuple[Path, str]) -> None:
    data, told = up
    before = (data / "run" / "processes.json").read_text()
    again = _service("up", data)
    assert "already up" in again
    assert set(told.splitlines()[:3]) <= set(again.splitlines())
    assert (data / "run" / "processes.json").read_text() == before


def test_down_leaves_no_process_and_no_login_behind(up: tuple[Path, str]) -> None:
    data, _ = up
    recorded = json.loads((data / "run" / "processes.json").read_text())
    assert len(recorded) == 5
    assert all(start_time(process["pid"]) == process["started"] for process in recorded)
    sessions = {process["pid"] for process in recorded}
    assert "stopped" in _service("down", data)
    assert not [pid for pid in _live() if _session(pid) in sessions]
    assert not list((data / "run").iterdir())
    assert "nothing was up" in _service("down", data)


def _live() -> list[int]:
    numbers = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [pid for pid in numbers if start_time(pid) is not None]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
