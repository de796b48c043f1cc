"""Run the same work on several items in parallel processes, and return the results in the order of the items."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

from wangjian.core.errors import WangjianError
from wangjian.core.skipped_imports import skip_unused_imports

T = TypeVar("T")
R = TypeVar("R")

# measured at the scale of the country, two processes take 1.2 GB together (`bench/records`)
_AT_MOST = 2


def processors() -> int:
    """Return how many processes to start: as many as this process may use processors, up to the limit for memory."""
    return min(_AT_MOST, len(os.sched_getaffinity(0)))


def run_in_processes(work: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """Call the same function for each item in parallel processes.

    Args:
        work: a function at the top level of a module. It must not do what only one process may do, such as writing a ledger.
        items: the arguments, one for each call.
        processes: the number of processes. With 1, or where this process may start no others, the work is done in this process.

    Yields:
        The results in the order of the items.

    Raises:
        WangjianError: a process was killed. An error of `work` is raised unchanged.
    """
    # Python lets a daemonic process start no others, and some task runners run tasks in one
    if processes == 1 or multiprocessing.current_process().daemon:
        yield from map(work, items)
        return
    # spawn, not fork: a child must not inherit threads, locks or connections of this process
    apart = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, apart, _begin) as executor:
        try:
            yield from executor.map(work, items)
        except BrokenProcessPool:
            raise WangjianError(
                "a process of this step was killed; the files that it was writing do not count",
                fix="read its messages above and check whether memory ran out (`dmesg`); then run this again",
            ) from None
        finally:
            executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """Prepare a worker process: an interrupt, or the end of its parent, ends it silently."""
    skip_unused_imports("pandas")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a worker whose parent was killed would work on, unseen and without the lock
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
