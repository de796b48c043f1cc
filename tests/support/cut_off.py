"""A function run in a process of its own, and killed at its nth step that touches a disk."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = ((Path, "replace"), (Path, "chmod"), (Path, "unlink"), (os, "fsync"), (os, "write"))
NEVER = 1_000_000


def run_cut_off(function: Callable[..., object], *arguments: object, after: int = NEVER) -> tuple[int | None, int]:
    """Run and kill.

    Args:
        function: what to run.
        arguments: for it.
        after: it is killed at the step after so many.

    Returns:
        Exit code (minus the signal's number where it was killed), and how many steps were done.
    """
    # forked, because everything is imported and read already; the function must not need DuckDB, whose threads do not fork
    context = multiprocessing.get_context("fork")
    counter = context.Value("i", 0)
    process = context.Process(target=_run, args=(function, arguments, after, counter))
    process.start()
    process.join(120)
    return process.exitcode, counter.value


def _run(function: Callable[..., object], arguments: tuple[object, ...], after: int, counter: Any) -> None:
    for owner, name in STEPS:
        setattr(owner, name, _counted(getattr(owner, name), after, counter))
    function(*arguments)


def _counted(real: Callable[..., Any], after: int, counter: Any) -> Callable[..., Any]:
    def call(*given: Any, **more: Any) -> Any:
        if counter.value >= after:
            os.kill(os.getpid(), signal.SIGKILL)
        counter.value += 1
        return real(*given, **more)

    return call
