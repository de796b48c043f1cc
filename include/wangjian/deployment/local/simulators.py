"""Run the simulated source systems as a process of this machine."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot


@contextlib.contextmanager
def simulators(data: DataRoot, first: str, last: str, *, scale: str) -> Iterator[dict[str, str]]:
    """Serve a simulated world until the block ends.

    Args:
        data: the data root; the simulator keeps its files in `simulator/` below it.
        first: first business date, ISO.
        last: last business date, ISO.
        scale: the size of the city; 1.0 is the full size.

    Yields:
        The Airflow connections to the systems, as environment variables.

    Raises:
        WangjianError: the simulator did not start.
    """
    process, addresses = start_simulators(data, first, last, scale=scale)
    try:
        yield wait_for_addresses(process, addresses)
    finally:
        process.terminate()
        process.wait(30)


def start_simulators(
    data: DataRoot, first: str, last: str, *, scale: str, more: Sequence[str] = ()
) -> tuple[subprocess.Popen[bytes], Path]:
    """Start the simulator in a session of its own, without waiting for it.

    Args:
        data: the data root; the simulator keeps its files in `simulator/` below it.
        first: first business date, ISO.
        last: last business date, ISO.
        scale: the size of the city; 1.0 is the full size.
        more: further options of `python -m simulator serve`.

    Returns:
        The process, and the file that it writes with the addresses when the systems are ready.
    """
    folder = data.root / "simulator"
    folder.mkdir(exist_ok=True)
    addresses = folder / "addresses.json"
    # The file of an earlier run would be taken for that of this one.
    addresses.unlink(missing_ok=True)
    command = [sys.executable, "-m", "simulator", "serve", "--data-dir", str(folder), "--ports-file", str(addresses)]
    command += ["--from", first, "--to", last, "--scale", scale, *more]
    with (folder / "simulator.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True), addresses


def wait_for_addresses(process: subprocess.Popen[bytes], path: Path) -> dict[str, str]:
    """Wait until the systems are ready, and return the Airflow connections to them.

    Args:
        process: the simulator.
        path: the file with the addresses.

    Raises:
        WangjianError: the simulator ended.
    """
    while process.poll() is None:
        # ValueError: the file is there and not written completely yet.
        with contextlib.suppress(FileNotFoundError, ValueError):
            connections: dict[str, str] = json.loads(path.read_text())["airflow_connections"]
            return connections
        time.sleep(0.2)
    log = path.with_name("simulator.log")
    last = log.read_text(errors="replace").strip().rpartition("\n")[2] if log.exists() else ""
    raise WangjianError(f"the simulated sources did not start: {last}", log=log, fix="read the log")
