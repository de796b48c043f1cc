"""Measure a command: its wall time, its processor time, and the peak memory of its processes together."""

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

# seconds between two samples: sampling a process of 8 GB takes some hundredths of a second, which would slow the command if done often
_INTERVAL = 1.0


@dataclass(frozen=True)
class Cost:
    """The cost of a stage.

    Attributes:
        seconds: wall time, from start to end of the process.
        peak_mb: the highest memory of all its processes at the same time, in MB of 10^6 bytes; the peak of the largest one if that
            is more.
        files: files that it read, or null.
        rows: rows that it read, or null.
        cpu_seconds: processor time of all its processes. Unlike the wall time, it hardly depends on what else the machine does.
    """

    seconds: float
    peak_mb: float
    files: int | None = None
    rows: int | None = None
    cpu_seconds: float = 0.0

    @property
    def rows_per_second(self) -> float | None:
        """Return the rows per second of wall time; null if the stage reads no rows."""
        return self.rows / self.seconds if self.rows and self.seconds else None


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end and return what it cost.

    Args:
        command: the program and its arguments.
        environment: its whole environment.
        log: the file to which its output is added.

    Raises:
        SystemExit: the command failed; the message has the end of its output.
    """
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=output)
    # wait4 also counts the children that have ended: dbt runs as a child of `wangjian build`
    with _watched(process.pid) as peak:
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"✘ {' '.join(command)} ended with {process.returncode}; log: {log}\n{log.read_text()[-2000:]}")
    # the samples miss a peak between two of them; the kernel's own maximum does not, but knows the largest process only
    return Cost(seconds, max(usage.ru_maxrss * 1024, *peak) / 1e6, cpu_seconds=usage.ru_utime + usage.ru_stime)


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Sample the memory of a process and its descendants; yield the list to which each sample is added, in bytes."""
    samples, is_over = [0], Event()

    def sample() -> None:
        while not is_over.wait(_INTERVAL):
            samples.append(sum(_memory(member) for member in _family(pid)))

    watcher = Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield samples
    finally:
        is_over.set()
        watcher.join()


def _family(pid: int) -> Iterator[int]:
    """Yield the ids of a process and its descendants; one that has ended has none."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory(pid: int) -> int:
    """Return the bytes of a process, with its share of memory that several processes use; 0 if it has ended."""
    # Pss of proc(5): a sum of resident sizes would count shared pages once per process
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
