"""A command's wall time, its processor time, and the peak memory of its processes together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

# a look at a process of 8 GB takes some hundredths of a second
_INTERVAL = 1.0


@dataclass(frozen=True)
class Cost:
    """What a stage cost.

    Attributes:
        seconds: wall time, from start to end of the process.
        peak_mb: memory of all its processes at once at its highest, in MB of 10^6 bytes; or of the largest of them, if that is more.
        files: files that went through it, or null.
        rows: rows that went through it, or null.
        cpu_seconds: processor time of all its processes: what is left of the wall time when the machine is shared.
    """

    seconds: float
    peak_mb: float
    files: int | None = None
    rows: int | None = None
    cpu_seconds: float = 0.0

    @property
    def rows_per_second(self) -> float | None:
        return self.rows / self.seconds if self.rows and self.seconds else None


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end.

    Args:
        command: what to run.
        environment: its whole environment.
        log: where its output goes.

    Raises:
        SystemExit: it failed; the log says why.
    """
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=output)
    # a process's children count too once they have ended: dbt runs below `wangjian build`
    with _watched(process.pid) as peak:
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"✘ {' '.join(command)} ended with {process.returncode}\n{log.read_text()[-2000:]}")
    # a peak between two looks at all of them is seen of the largest alone
    return Cost(seconds, max(usage.ru_maxrss * 1024, *peak) / 1e6, cpu_seconds=usage.ru_utime + usage.ru_stime)


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Look at a process and all below it; gives a list of the bytes that they had at each look."""
    seen, is_over = [0], Event()

    def look() -> None:
        while not is_over.wait(_INTERVAL):
            seen.append(sum(_memory(found) for found in _family(pid)))

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory(pid: int) -> int:
    """Bytes of a process, its share of what it has in common with others (`Pss` of proc(5)); none where it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
