"""Use the stack of docker-compose.yml as its operators do: with `docker compose`, through nginx's ports, and with `kill -9`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from support.containers.engine import Engine

PROJECT = Path(__file__).resolve().parents[3]
COMPOSE = next(iter((PROJECT / ".venv-containers").glob("lib/*/site-packages/compose/docker-compose")), None)
ONE_SHOTS = {"preflight", "init", "demo-connections", "superset-assets"}
HEALTHY_SECONDS, RUN_SECONDS = 900, 1800


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Stack:
    """One project of Docker Compose.

    Args:
        engine: where it runs.
        env: its `.env`.
        name: of the project.
    """

    def __init__(self, engine: Engine, env: Path, name: str) -> None:
        self.engine, self.env, self.name = engine, env, name
        self._token = ""

    @property
    def settings(self) -> dict[str, str]:
        lines = [line for line in self.env.read_text().splitlines() if "=" in line and not line.startswith("#")]
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def set(self, changes: Mapping[str, str]) -> None:
        """Change settings in the file, as a person does in an editor."""
        lines = self.env.read_text().splitlines()
        named = {line.partition("=")[0]: number for number, line in enumerate(lines) if not line.startswith("#")}
        for name, value in changes.items():
            lines[named[name]] = f"{name}={value}"
        self.env.write_text("\n".join(lines) + "\n")

    def compose(self, *arguments: str, check: bool = True, seconds: float = 1800) -> subprocess.CompletedProcess[str]:
        """Run a command of Docker Compose."""
        command = [str(COMPOSE), "--project-name", self.name, "--env-file", str(self.env), *arguments]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.engine.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def states(self) -> dict[str, str]:
        """Return the services' states: the health where a service has a health check."""
        lines = self.compose("ps", "--all", "--format", "json").stdout.splitlines()
        services = [json.loads(line) for line in lines]
        return {one["Service"]: one["Health"] or f"{one['State']} {one['ExitCode']}" for one in services}

    def wait_until_healthy(self) -> None:
        """Wait until each service is healthy, and each one-shot service has succeeded."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        while wrong := {name: state for name, state in self.states().items() if not _is_well(name, state)}:
            assert time.monotonic() < deadline, wrong
            time.sleep(2)

    def kill(self, service: str) -> None:
        """Kill all processes of a service, as the system does when memory is short. Docker's restart policy starts it again."""
        for pid in self._processes(service):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes(self, service: str) -> list[int]:
        container = self.compose("ps", "--quiet", service).stdout.strip()
        rows = self.engine.docker("top", container, "-eo", "pid").splitlines()[1:]
        return [int(row) for row in rows]

    def starts(self, service: str) -> tuple[str, int]:
        """Return when the container was last started, and how often the restart policy started it."""
        container = self.compose("ps", "--quiet", "--all", service).stdout.strip()
        when, count = self.engine.docker(
            "inspect", "--format", "{{.State.StartedAt}} {{.RestartCount}}", container
        ).split()
        return when, int(count)

    # ---- from outside, through nginx ------------------------------------------------------------------------------

    def address(self, port: str) -> str:
        return f"https://localhost:{self.settings[port]}"

    @property
    def trust(self) -> ssl.SSLContext:
        """Return a TLS context that trusts only the stack's certificate."""
        return ssl.create_default_context(cafile=Path(self.settings["CERTIFICATES"]) / "site.crt")

    def log_in(self, password: str | None = None) -> httpx.Response:
        login = {
            "username": self.settings["AIRFLOW_ADMIN_USER"],
            "password": password or self.settings["AIRFLOW_ADMIN_PASSWORD"],
        }
        return httpx.post(f"{self.address('AIRFLOW_PORT')}/auth/token", json=login, verify=self.trust, timeout=60)

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Yield a client of Airflow's API that is logged in. It logs in only once, because frequent logins are slowed down."""
        self._token = self._token or self.log_in().raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        base = f"{self.address('AIRFLOW_PORT')}/api/v2"
        with httpx.Client(base_url=base, headers=headers, verify=self.trust, timeout=60) as client:
            yield client

    # ---- the warehouse --------------------------------------------------------------------------------------------

    def wangjian(self, *arguments: str) -> Any:
        """Run a Wangjian command in the container of the tasks, and return its output."""
        return json.loads(self.compose("exec", "-T", "scheduler", "wangjian", *arguments, "--json").stdout)


def _is_well(service: str, state: str) -> bool:
    return state == ("exited 0" if service in ONE_SHOTS else "healthy")
