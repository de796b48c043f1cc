"""Start a Docker engine for the tests, with data, socket and containers in one folder that is removed with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS, STOP_SECONDS = 60, 120


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    host: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the clients' environment. It has no other variables, since `docker compose` would read them as settings."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {"DOCKER_HOST": self.host, "BUILDKIT_PROGRESS": "plain"}

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the client, and return its output."""
        # newer clients build with a component that Debian's engine lacks; Compose has its own
        environment = self.environment | {"DOCKER_BUILDKIT": "0"}
        done = subprocess.run(
            ["docker", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()


def missing() -> str | None:
    """Return why no engine can be started here; null where nothing is missing."""
    if os.environ.get("COMPOSE_ENGINE"):
        return None
    if os.geteuid() != 0:
        return "not root"
    wanted = [name for name in ("dockerd", "docker", "debootstrap", "openssl") if not shutil.which(name)]
    return f"not installed: {', '.join(wanted)} (Debian: docker.io, debootstrap, openssl)" if wanted else None


@contextlib.contextmanager
def running() -> Iterator[Engine]:
    """Start an engine, or use a running one that `$COMPOSE_ENGINE` names, for instance `unix:///var/run/docker.sock`."""
    if given := os.environ.get("COMPOSE_ENGINE"):
        yield Engine(given)
        return
    # a short path, because the system limits the length of a socket's path
    folder = Path(tempfile.mkdtemp(prefix="wj-", dir=os.environ.get("COMPOSE_FOLDER", "/tmp")))
    engine = Engine(f"unix://{folder}/docker.sock")
    command = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"), "--bridge", "none"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "-H", engine.host, "-p", str(folder / "pid")], stdout=log, stderr=log)
    try:
        _wait(engine, process, folder / "log")
        yield engine
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
        shutil.rmtree(folder)


def _wait(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not engine.docker("version", "--format", "{{.Server.Version}}", check=False):
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.5)
