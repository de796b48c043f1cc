"""`make up` and `make down`: start and stop Airflow and the simulated sources in the background."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot, data_root
from wangjian.core.settings import settings
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.simulators import start_simulators, wait_for_addresses

COMPONENTS = (*af.COMPONENTS, "triggerer")
STOP_SECONDS = 30


@dataclass(frozen=True)
class Process:
    """A process that `up` started.

    Attributes:
        name: the component.
        pid: the process identifier.
        started: the start time in clock ticks since boot. It distinguishes the process from a later one with the same identifier.
    """

    name: str
    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Return whether this very process still runs."""
        return start_time(self.pid) == self.started


def start_time(pid: int) -> str | None:
    """Return the start time of a process in clock ticks since boot; null if it does not run.

    Args:
        pid: the process identifier.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Z: the process has ended, and its parent has not collected the exit code yet.
    return None if fields[0] == "Z" else fields[19]


def up() -> None:
    """Start all components, wait until they are healthy, and print the address. Do nothing if they run already."""
    data = data_root()
    if any(process.is_alive for process in _recorded(data)):
        print("已在运行 already up")
        print(_address(data).read_text(), end="")
        return
    # The simulated sources have no data after their last day, so later runs would only fail.
    os.environ.setdefault("WANGJIAN_SCHEDULE_UNTIL", _last_day())
    migrating = af.migrate(data.root / "airflow", data.root)
    try:
        airflow = _start_all(data, migrating)
        af.wait_until_healthy(airflow)
        with airflow.client() as client:
            af.make_pool(client)
    # BaseException: an interrupted start must not leave processes behind either.
    except BaseException:
        down()
        raise
    access = (
        f"地址 address   {airflow.address}\n登录 login     {af.USER} / {airflow.password}\n数据 data root {data.root}\n"
    )
    note = _address(data)
    # The mode is set first: the file holds the password.
    note.touch(mode=0o600)
    note.write_text(access)
    print(access + "停止 to stop    make down")


def _start_all(data: DataRoot, migrating: subprocess.Popen[bytes]) -> af.Airflow:
    first = settings().demo_from
    sources, addresses = start_simulators(data, first, _last_day(), scale=settings().demo_scale)
    _record(data, [("simulator", sources)])
    connections = wait_for_addresses(sources, addresses)
    airflow = af.start(data.root / "airflow", data.root, connections, migrating, COMPONENTS)
    _record(data, [("simulator", sources), *zip(COMPONENTS, airflow.processes, strict=True)])
    return airflow


def _last_day() -> str:
    return settings().demo_to


def down() -> None:
    """Interrupt the processes that `up` started, wait for them, and kill those that remain."""
    data = data_root()
    recorded = _recorded(data)
    alive = [process for process in recorded if process.is_alive]
    for process in alive:
        _signal(process.pid, signal.SIGINT)
    _wait(lambda: not any(process.is_alive for process in alive) and not _remaining(recorded))
    for pid in _remaining(recorded):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for note in (_note(data), _address(data)):
        note.unlink(missing_ok=True)
    names = ", ".join(process.name for process in alive)
    print(f"已停止 stopped: {names}" if names else "没有在运行 nothing was up")


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _wait(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.2)


def _remaining(recorded: list[Process]) -> list[int]:
    """Return the processes of the recorded sessions that still run, including children of components that ended."""
    sessions = {process.pid: int(process.started) for process in recorded}
    remaining = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (started := start_time(int(folder.name))) is not None:
            with contextlib.suppress(ProcessLookupError):
                session = os.getsid(int(folder.name))
                # The system may have given the identifier of a stopped process to another program. A process that is older than the
                # recorded one cannot be its child, and must not get a signal.
                if session in sessions and int(started) >= sessions[session]:
                    remaining.append(int(folder.name))
    return remaining


def _note(data: DataRoot) -> Path:
    return data.root / "run" / "processes.json"


def _address(data: DataRoot) -> Path:
    return data.root / "run" / "address.txt"


def _record(data: DataRoot, processes: list[tuple[str, subprocess.Popen[bytes]]]) -> None:
    entries = [asdict(Process(name, process.pid, start_time(process.pid) or "0")) for name, process in processes]
    write_atomically(_note(data), json.dumps(entries))


def _recorded(data: DataRoot) -> list[Process]:
    try:
        return [Process(**entry) for entry in json.loads(_note(data).read_text())]
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except WangjianError as error:
        print(f"✘ {error}")
        sys.exit(error.exit_code)
