"""Run a function in a process of its own, and kill the process at the function's nth disk operation."""

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
    """Run a function, and kill its process after some disk operations.

    Args:
        function: the function.
        arguments: the function's arguments.
        after: the number of disk operations that succeed; the process is killed at the next one.

    Returns:
        The exit code (minus the signal's number where the process was killed), and the number of finished disk operations.
    """
    # a fork is fast, because all modules are imported already. The function must not need DuckDB: a fork has none of its threads
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
