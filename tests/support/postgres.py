"""Start a PostgreSQL server for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _binaries() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return versions[-1].parent if versions else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a new server that listens on a socket only; yield its connection string without a database."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: .ci/install-system installs it")
    as_server = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="wangjian-postgres-"))
    if as_server:
        shutil.chown(folder, "postgres", "postgres")
    cluster = folder / "cluster"

    def run(*command: str) -> None:
        subprocess.run([*as_server, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    try:
        run(
            str(binaries / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "wangjian",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run(str(binaries / "pg_ctl"), "-D", str(cluster), "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"host={folder} user=wangjian"
    finally:
        if (cluster / "postmaster.pid").exists():
            run(str(binaries / "pg_ctl"), "-D", str(cluster), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
