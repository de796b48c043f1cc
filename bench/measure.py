"""A command's wall time and the peak memory of its largest process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a stage cost.

    Attributes:
        seconds: wall time, from start to end of the process.
        peak_mb: resident memory of the largest process of the stage at its highest, in MB of 10^6 bytes.
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
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"✘ {' '.join(command)} ended with {process.returncode}\n{log.read_text()[-2000:]}")
    return Cost(seconds, usage.ru_maxrss * 1024 / 1e6, cpu_seconds=usage.ru_utime + usage.ru_stime)
