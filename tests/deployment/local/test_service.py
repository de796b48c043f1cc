"""`make up` accepts its own login only and can backfill; `make down` leaves no process behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.service import start_time

pytestmark = [pytest.mark.slow, pytest.mark.world("local", minutes=2)]

SMALL = {"SCALE": "0.005", "FROM": "2023-01-29", "TO": "2023-02-02"}
DAYS = 5
SHANGHAI = "+08:00"
PATIENCE_SECONDS = 600


def _service(action: str, data: Path) -> str:
    environment = {**os.environ, **SMALL, "WANGJIAN_DATA": str(data)}
    command = [sys.executable, "-m", "wangjian.deployment.local.service", action]
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
    _, output = up
    address = re.search(r"address\s+(\S+)", output)
    login = re.search(r"login\s+(\S+) / (\S+)", output)
    assert address
    assert login
    wrong = httpx.post(f"{address[1]}/auth/token", json={"username": login[1], "password": "guess"}, timeout=30)
    assert wrong.status_code == httpx.codes.UNAUTHORIZED
    assert httpx.get(f"{address[1]}/api/v2/dags", timeout=30).status_code == httpx.codes.UNAUTHORIZED
    token = httpx.post(f"{address[1]}/auth/token", json={"username": login[1], "password": login[2]}, timeout=30)
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    assert httpx.get(f"{address[1]}/api/v2/dags", headers=headers, timeout=30).status_code == httpx.codes.OK


def test_a_second_up_changes_nothing(up: tuple[Path, str]) -> None:
    data, output = up
    before = (data / "run" / "processes.json").read_text()
    again = _service("up", data)
    assert "already up" in again
    assert set(output.splitlines()[:3]) <= set(again.splitlines())
    assert (data / "run" / "processes.json").read_text() == before


def test_airflows_own_backfill_builds_and_publishes_once(up: tuple[Path, str]) -> None:
    data, output = DataRoot(up[0]), up[1]
    with _client(output) as client:
        for dag_id in ("ingest_five_level", "ingest_jiangxi"):
            asked = {
                "dag_id": dag_id,
                "from_date": f"{SMALL['FROM']}T00:00:00{SHANGHAI}",
                "to_date": f"{SMALL['TO']}T23:59:59{SHANGHAI}",
                "max_active_runs": 2,
            }
            _post_backfill(client, asked)
        _until_quiet(client)
        runs = client.get("/dags/~/dagRuns", params={"limit": 100}).json()["dag_runs"]
        tasks = client.get("/dags/warehouse/dagRuns/~/taskInstances", params={"limit": 100}).json()["task_instances"]
    backfilled = [run for run in runs if run["run_type"] == "backfill"]
    assert [run["state"] for run in backfilled] == ["success"] * 2 * DAYS
    # Events during a run are handled together by the next run, which then has nothing to do.
    assert 1 <= len([run for run in runs if run["dag_id"] == "warehouse"]) <= 2
    states = Counter((task["task_id"], task["state"]) for task in tasks)
    assert (states["build", "success"], states["publish", "success"]) == (1, 1), states
    assert not [task for task in tasks if task["state"] not in ("success", "skipped")], states
    assert len((data.state / "builds.jsonl").read_text().splitlines()) == 1
    published = publishing.publications(data)
    assert [str(publication.as_of) for publication in published] == [SMALL["TO"]]


def _client(output: str) -> httpx.Client:
    address, user, password = re.search(r"address\s+(\S+)\n.*login\s+(\S+) / (\S+)", output).groups()  # type: ignore[union-attr]
    login = {"username": user, "password": password}
    token = httpx.post(f"{address}/auth/token", json=login, timeout=30).json()["access_token"]
    return httpx.Client(base_url=f"{address}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def _post_backfill(client: httpx.Client, asked: dict[str, object]) -> None:
    """Send the request again if Airflow asks for it: SQLite has one writer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := client.post("/backfills", json=asked)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.5)
    answer.raise_for_status()


def _until_quiet(client: httpx.Client) -> None:
    """Wait until no run is under way and no event waits to start one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        unfinished = af.unfinished(client)
        answer = client.get("/dags/warehouse/assets/queuedEvents")
        waiting = answer.status_code == httpx.codes.OK and answer.json()["total_entries"]
        if not unfinished and not waiting:
            return
        assert time.monotonic() < deadline, [(run["dag_id"], run["state"]) for run in unfinished]
        time.sleep(0.5)


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
