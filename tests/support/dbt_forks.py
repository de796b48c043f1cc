"""Run dbt for builds of the tests' own process as forks of a server that has imported dbt and parsed the project.

Importing dbt and parsing the project takes longer than building a small warehouse, and the tests build hundreds. Only the start is
different: the run is dbt's own code in a process of its own, with the client's environment, output and locks, and it ends with its client.
The drivers of DAGs use the server too. Other programs that tests start (`wangjian build`, Airflow, all that are killed) start dbt themselves.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

ABOVE_ALL = 512
"""The first descriptor number that no client uses. Received descriptors wait there until they get their own numbers."""


class Asked(NamedTuple):
    """A requested run of dbt, with all that its client would have given to the process."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    descriptors: dict[int, int]
    """The open descriptors: their number in the client → their number here."""


class Run(NamedTuple):
    """A run that the server started, and the connection to its client."""

    process: int
    ended: int
    connection: socket.socket


@contextmanager
def dbt_server(folder: Path, parsed: Path) -> Iterator[tuple[str, ...]]:
    """Serve runs of dbt until the context ends.

    Args:
        folder: the folder for the socket.
        parsed: the folder for the parsed project; several servers share it.

    Yields:
        The command that starts dbt, without dbt's arguments.
    """
    with subprocess.Popen(
        [sys.executable, __file__, "serve", str(folder), str(parsed)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield (sys.executable, "-I", "-S", __file__, "run", str(folder))
        finally:
            process.kill()


def _run(folder: str, arguments: list[str]) -> int:
    """Request a run, wait for it, and return its exit code; end by the same signal if a signal ended the run."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(f"{folder}/socket")
        descriptors = [number for number in _open_here() if number != server.fileno()]
        asked = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd())}
        words = json.dumps({**asked, "descriptors": descriptors}).encode()
        socket.send_fds(server, [len(words).to_bytes(4, "big")], descriptors)
        server.sendall(words)
        code = int(server.makefile().readline())
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def _open_here() -> list[int]:
    listed = list(Path("/proc/self/fd").iterdir())
    # the descriptor that listed the folder is closed by now
    return [int(link.name) for link in listed if link.exists()]


def _serve(folder: Path, parsed: Path) -> None:
    # DuckDB is not imported here: it starts threads at import, and a fork would lack them
    from wangjian.warehouse.dbt_process import cli

    gc.freeze()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(folder / "socket"))
    listening.listen()
    print("ready", flush=True)
    asked = _next_run(listening)
    # from here on this is the forked child
    from support.parsed_project import ParsedProject

    sys.argv = ["dbt", *asked.arguments]
    project = ParsedProject(parsed, asked.arguments, asked.environment["WANGJIAN_DATA"])
    project.hand_over()
    try:
        cli()
    finally:
        project.keep()


def _next_run(listening: socket.socket) -> Asked:
    """Fork a process for each request. The server never returns from here; only the children do."""
    events = selectors.DefaultSelector()
    events.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            if key.fileobj is listening:
                connection, _ = listening.accept()
                asked = _received(connection)
                if not (process := os.fork()):
                    # closed before `_become`, which gives their numbers to the client's descriptors
                    for ours in (events, listening, connection):
                        ours.close()
                    _become(asked)
                    return asked
                _watch(events, process, connection, asked)
            elif key.fileobj == key.data.ended:
                _report_end(events, key.data)
            else:
                # the client has ended, so its run must end too
                events.unregister(key.fileobj)
                os.kill(key.data.process, signal.SIGKILL)


def _received(connection: socket.socket) -> Asked:
    size, here, _, _ = socket.recv_fds(connection, 4, 250)
    with connection.makefile("rb") as sent:
        words = json.loads(sent.read(int.from_bytes(size, "big")))
    return Asked(**{**words, "descriptors": dict(zip(words["descriptors"], here, strict=True))})


def _become(asked: Asked) -> None:
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update(asked.environment)
    safe = {there: fcntl.fcntl(here, fcntl.F_DUPFD, ABOVE_ALL) for there, here in asked.descriptors.items()}
    os.closerange(3, ABOVE_ALL)
    for there, here in safe.items():
        os.dup2(here, there)
        os.close(here)


def _watch(events: selectors.BaseSelector, process: int, connection: socket.socket, asked: Asked) -> None:
    for descriptor in asked.descriptors.values():
        os.close(descriptor)
    run = Run(process, os.pidfd_open(process), connection)
    events.register(run.ended, selectors.EVENT_READ, run)
    events.register(run.connection, selectors.EVENT_READ, run)


def _report_end(events: selectors.BaseSelector, run: Run) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(run.process, 0)[1])
    events.unregister(run.ended)
    with suppress(KeyError):
        events.unregister(run.connection)
    with suppress(OSError):
        run.connection.sendall(f"{code}\n".encode())
    run.connection.close()
    os.close(run.ended)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        sys.exit(_run(sys.argv[2], sys.argv[3:]))
    sys.path[0] = str(Path(__file__).parents[1])
    _serve(Path(sys.argv[2]), Path(sys.argv[3]))
