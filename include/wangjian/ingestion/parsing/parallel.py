"""Work that is shared out to processes of our own; what they give back comes in the order in which it was asked for."""

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

# two take 1.2 GB together at the scale of the country (`bench/records`)
_AT_MOST = 2


def processors() -> int:
    """How many processes are worth having: the processors that this one may use, and not more than memory is reckoned for."""
    return min(_AT_MOST, len(os.sched_getaffinity(0)))


def run_in_processes(work: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """Do the same work on each item.

    Args:
        work: a function of a module. It must leave to the caller whatever only one process may do.
        items: what it is given.
        processes: how many work side by side; the work is done in this one, if it is one or if this one may start no others.

    Yields:
        What it gave, in the order of the items.

    Raises:
        WangjianError: a process was killed. Whatever `work` raises comes as it is.
    """
    # a daemonic process, as some task runners have them, may start none
    if processes == 1 or multiprocessing.current_process().daemon:
        yield from map(work, items)
        return
    # nothing is inherited: no thread, no lock and no connection of this process
    apart = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, apart, _begin) as executor:
        try:
            yield from executor.map(work, items)
        except BrokenProcessPool:
            raise WangjianError(
                "a process of this step was killed: nothing that counts is half done",
                fix="see what it said above this, and whether memory ran out (the system's log, `dmesg`); then run this again",
            ) from None
        finally:
            executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """An interrupt ends the process without a word of its own; so does the end of the one that asked."""
    skip_unused_imports("pandas")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
