"""Airflow's components as processes of this machine, and the few calls of its API that the demonstration needs."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from wangjian.core.airflow_names import WRITER_POOL
from wangjian.core.errors import WangjianError
from wangjian.core.paths import PROJECT_ROOT
from wangjian.ingestion.sources.registry import TIMEZONE

AIRFLOW = (sys.executable, "-m", "airflow")
USER = "admin"
COMPONENTS = ("api-server", "scheduler", "dag-processor")
PAGE = 100
"""Entries of one answer of the API; it gives no more than that, whatever is asked for."""


@dataclass
class Airflow:
    """A running Airflow: its home, address, password and processes."""

    home: Path
    port: int
    password: str
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """A client with a fresh token."""
        login = {"username": USER, "password": self.password}
        token = httpx.post(f"{self.address}/auth/token", json=login, timeout=30).json()["access_token"]
        return httpx.Client(base_url=f"{self.address}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def settings(home: Path, data: Path, port: int, connections: dict[str, str]) -> dict[str, str]:
    """The environment of Airflow's processes. Secrets are made at each start and stay in memory."""
    address = f"http://127.0.0.1:{port}"
    return {
        **os.environ,
        **connections,
        "AIRFLOW_HOME": str(home),
        "WANGJIAN_DATA": str(data),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # a date without zone, as in `airflow backfill create --from-date`, is one of the sources' days
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": TIMEZONE,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }


def migrate(home: Path, data: Path) -> subprocess.Popen[bytes]:
    """Begin to make or upgrade the metadata database; takes seconds, so others may start meanwhile."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "migrate.log").open("wb") as log:
        return subprocess.Popen([*AIRFLOW, "db", "migrate"], env=settings(home, data, 0, {}), stdout=log, stderr=log)


@contextlib.contextmanager
def running(
    home: Path, data: Path, connections: dict[str, str], migrating: subprocess.Popen[bytes]
) -> Iterator[Airflow]:
    """Start the components, wait until they are healthy, and stop them all at the end, however it comes."""
    airflow = start(home, data, connections, migrating)
    try:
        wait_until_healthy(airflow)
        yield airflow
    finally:
        stop(airflow)


def start(
    home: Path,
    data: Path,
    connections: dict[str, str],
    migrating: subprocess.Popen[bytes],
    components: tuple[str, ...] = COMPONENTS,
) -> Airflow:
    """Start the components, each in a process group of its own, without waiting for them.

    Raises:
        WangjianError: the metadata database could not be made.
    """
    if migrating.wait() != 0:
        raise WangjianError("the metadata database could not be made", log=home / "migrate.log", fix="read the log")
    port, password = _free_port(), secrets.token_urlsafe(12)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({USER: password}))
    airflow = Airflow(home, port, password, settings(home, data, port, connections))
    for component in components:
        airflow.processes.append(_start(airflow, component))
    return airflow


def _start(airflow: Airflow, component: str) -> subprocess.Popen[bytes]:
    with (airflow.home / f"{component}.log").open("wb") as log:
        return subprocess.Popen(
            [*AIRFLOW, component], env=airflow.environment, stdout=log, stderr=log, start_new_session=True
        )


def wait_until_healthy(airflow: Airflow, patience_seconds: float = 180) -> None:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
            health = httpx.get(f"{airflow.address}/api/v2/monitor/health", timeout=5).json()
            if all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")):
                return
        for process in airflow.processes:
            if process.poll() is not None:
                raise WangjianError(
                    f"an Airflow component ended at once: {process.args!r}", logs=airflow.home, fix="read its log"
                )
        time.sleep(0.5)
    raise WangjianError("Airflow did not become healthy", logs=airflow.home, fix="read the logs there")


def stop(airflow: Airflow) -> None:
    """Interrupt each component's process group (SIGTERM would leave children behind), then make sure."""
    for process in airflow.processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    for process in airflow.processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_dags(client: httpx.Client, dag_ids: list[str], patience_seconds: float = 120) -> None:
    """Wait until the DAG files are read."""
    deadline = time.monotonic() + patience_seconds
    while not all(client.get(f"/dags/{dag_id}").status_code == httpx.codes.OK for dag_id in dag_ids):
        if time.monotonic() > deadline:
            raise WangjianError(
                f"Airflow does not find the DAGs {dag_ids}", fix="run `airflow dags list-import-errors`"
            )
        time.sleep(0.5)


def make_pool(client: httpx.Client) -> None:
    """Make the writer's pool, if it is not there."""
    client.post("/pools", json={"name": WRITER_POOL, "slots": 1, "description": "one writing process for DuckDB"})


def trigger(client: httpx.Client, dag_id: str, conf: dict[str, Any]) -> str:
    """Start a run.

    Returns:
        Its id.
    """
    answer = client.post(f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    answer.raise_for_status()
    return str(answer.json()["dag_run_id"])


def unfinished(client: httpx.Client) -> list[dict[str, Any]]:
    """The runs of all DAGs that are queued or running."""
    answer = client.get("/dags/~/dagRuns", params=[("state", "queued"), ("state", "running")])
    return list(answer.json()["dag_runs"])


def last_end(client: httpx.Client, since: datetime) -> datetime:
    """When the last task instance of the runs since then ended."""
    return max(datetime.fromisoformat(task["end_date"]) for task in task_states(client, since) if task["end_date"])


def task_states(client: httpx.Client, since: datetime) -> list[dict[str, Any]]:
    """All task instances of the runs that were started since then, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        # in an order of its own: without one, a page may repeat what another had
        filters: dict[str, str | int] = {"limit": PAGE, "offset": len(found), "order_by": "id"}
        filters["run_after_gte"] = since.isoformat()
        answer = client.get("/dags/~/dagRuns/~/taskInstances", params=filters)
        answer.raise_for_status()
        page = answer.json()
        found += page["task_instances"]
        if not page["task_instances"] or len(found) >= page["total_entries"]:
            return found
