"""Run Airflow's components as processes of this machine, and call its API for the demonstration."""

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
"""The number of entries in one answer of the API. Airflow never returns more, even if a request asks for more."""


@dataclass
class Airflow:
    """A running Airflow.

    Attributes:
        home: its folder, with logs and the metadata database.
        port: the port of its web server on 127.0.0.1.
        password: the password of the user `admin`.
        environment: the environment of its processes.
        processes: the processes of its components.
    """

    home: Path
    port: int
    password: str
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Return the address of its web server."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """Return a client of the API with a new token."""
        login = {"username": USER, "password": self.password}
        token = httpx.post(f"{self.address}/auth/token", json=login, timeout=30).json()["access_token"]
        return httpx.Client(base_url=f"{self.address}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def _free_port() -> int:
    # The system chooses a free port: a fixed one may be in use.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def settings(home: Path, data: Path, port: int, connections: dict[str, str]) -> dict[str, str]:
    """Return the environment of Airflow's processes.

    Args:
        home: Airflow's folder.
        data: the data root.
        port: the port of the web server.
        connections: the connections to the sources, as environment variables.
    """
    # The secrets are random at each start and exist in memory only: nothing on disk can leak them.
    address = f"http://127.0.0.1:{port}"
    return {
        **os.environ,
        **connections,
        "AIRFLOW_HOME": str(home),
        "WANGJIAN_DATA": str(data),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # A date without a time zone, as in `airflow backfill create --from-date`, means a day of the sources. In UTC it would start
        # eight hours late.
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
    """Start the creation or upgrade of the metadata database, and return the process without waiting for it.

    It takes seconds, in which the simulators can start.

    Args:
        home: Airflow's folder.
        data: the data root.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "migrate.log").open("wb") as log:
        return subprocess.Popen([*AIRFLOW, "db", "migrate"], env=settings(home, data, 0, {}), stdout=log, stderr=log)


@contextlib.contextmanager
def running(
    home: Path, data: Path, connections: dict[str, str], migrating: subprocess.Popen[bytes]
) -> Iterator[Airflow]:
    """Start the components, wait until they are healthy, and stop all of them when the block ends or fails.

    Args:
        home: Airflow's folder.
        data: the data root.
        connections: the connections to the sources, as environment variables.
        migrating: the process that `migrate` returned.

    Yields:
        The running Airflow.
    """
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

    Args:
        home: Airflow's folder.
        data: the data root.
        connections: the connections to the sources, as environment variables.
        migrating: the process that `migrate` returned.
        components: the names of the components.

    Returns:
        Airflow with its processes.

    Raises:
        WangjianError: the metadata database could not be created.
    """
    if migrating.wait() != 0:
        raise WangjianError("the metadata database could not be created", log=home / "migrate.log", fix="read the log")
    port, password = _free_port(), secrets.token_urlsafe(12)
    passwords = home / "passwords.json"
    # The mode is set before the password is written.
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({USER: password}))
    airflow = Airflow(home, port, password, settings(home, data, port, connections))
    for component in components:
        airflow.processes.append(_start(airflow, component))
    return airflow


def _start(airflow: Airflow, component: str) -> subprocess.Popen[bytes]:
    with (airflow.home / f"{component}.log").open("wb") as log:
        # The session makes a process group, which `stop` signals as a whole, children included.
        return subprocess.Popen(
            [*AIRFLOW, component],
            env=airflow.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_until_healthy(airflow: Airflow, patience_seconds: float = 180) -> None:
    """Wait until the scheduler and the DAG processor are healthy.

    Args:
        airflow: the started Airflow.
        patience_seconds: how long to wait.

    Raises:
        WangjianError: a component ended, or the time is over.
    """
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
            health = httpx.get(f"{airflow.address}/api/v2/monitor/health", timeout=5).json()
            if all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")):
                return
        for process in airflow.processes:
            if process.poll() is not None:
                raise WangjianError(
                    f"an Airflow component ended during its start: {process.args!r}",
                    logs=airflow.home,
                    fix="read its log",
                )
        time.sleep(0.5)
    raise WangjianError(
        f"Airflow did not become healthy within {patience_seconds:.0f} seconds",
        logs=airflow.home,
        fix="read the logs there",
    )


def stop(airflow: Airflow) -> None:
    """Interrupt the process group of each component, and kill those that do not end within 30 seconds.

    SIGTERM would leave children of the components running.

    Args:
        airflow: the running Airflow.
    """
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
    """Wait until Airflow knows the DAGs.

    Args:
        client: a client of the API.
        dag_ids: the DAGs.
        patience_seconds: how long to wait.

    Raises:
        WangjianError: the time is over.
    """
    deadline = time.monotonic() + patience_seconds
    while not all(client.get(f"/dags/{dag_id}").status_code == httpx.codes.OK for dag_id in dag_ids):
        if time.monotonic() > deadline:
            raise WangjianError(
                f"Airflow does not find the DAGs {dag_ids}", fix="run `airflow dags list-import-errors`"
            )
        time.sleep(0.5)


def make_pool(client: httpx.Client) -> None:
    """Create the writer's pool, unless it exists.

    Args:
        client: a client of the API.
    """
    # One slot: DuckDB allows one writing process for a file. An existing pool makes the API refuse, which is no error here.
    client.post("/pools", json={"name": WRITER_POOL, "slots": 1, "description": "one writing process for DuckDB"})


def trigger(client: httpx.Client, dag_id: str, conf: dict[str, Any]) -> str:
    """Start a run of a DAG.

    Args:
        client: a client of the API.
        dag_id: the DAG.
        conf: its parameters.

    Returns:
        The identifier of the run.
    """
    answer = client.post(f"/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    answer.raise_for_status()
    return str(answer.json()["dag_run_id"])


def unfinished(client: httpx.Client) -> list[dict[str, Any]]:
    """Return the runs of all DAGs that are queued or running.

    Args:
        client: a client of the API.
    """
    answer = client.get("/dags/~/dagRuns", params=[("state", "queued"), ("state", "running")])
    return list(answer.json()["dag_runs"])


def last_end(client: httpx.Client, since: datetime) -> datetime:
    """Return the end of the last task of the runs since a time.

    Args:
        client: a client of the API.
        since: the time.
    """
    return max(datetime.fromisoformat(task["end_date"]) for task in task_states(client, since) if task["end_date"])


def task_states(client: httpx.Client, since: datetime) -> list[dict[str, Any]]:
    """Return all task instances of the runs that started since a time.

    Args:
        client: a client of the API.
        since: the time.
    """
    tasks: list[dict[str, Any]] = []
    while True:
        # Ordered: without an order a page may repeat entries of another page and miss others.
        filters: dict[str, str | int] = {"limit": PAGE, "offset": len(tasks), "order_by": "id"}
        filters["run_after_gte"] = since.isoformat()
        answer = client.get("/dags/~/dagRuns/~/taskInstances", params=filters)
        answer.raise_for_status()
        page = answer.json()
        tasks += page["task_instances"]
        if not page["task_instances"] or len(tasks) >= page["total_entries"]:
            return tasks
