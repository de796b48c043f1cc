"""Hold a lock in another process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLD = """
import subprocess, sys
from pathlib import Path
from wangjian.core.locks import exclusive_lock, held_descriptors
with exclusive_lock(Path(sys.argv[1]), doing=sys.argv[2]):
    child = subprocess.Popen(["cat"], stdin=sys.stdin, pass_fds=held_descriptors()) if sys.argv[3] == "child" else None
    print("held", flush=True)
    child.wait() if child else sys.stdin.read()
"""


@contextmanager
def held_elsewhere(
    path: Path, doing: str = "build the warehouse", *, by: str = "itself"
) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process until the block ends, which closes the process's input.

    Args:
        path: the lock file.
        doing: the work that the process records in the lock file.
        by: `itself`, or `child`: a child process inherits the lock and waits for the end of input too.

    Yields:
        The process.
    """
    command = [sys.executable, "-c", HOLD, str(path), doing, by]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.stdin.close()
