"""Sample memory, open files and connections of processes over time, and tell whether they grow."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median

import psutil

EVERY_SECONDS = 15
MOST_GROWTH, MOST_MORE_MB = 1.10, 24
"""A process is flat whose memory in the last quarter is at most so many times, or so much more than, that of the second quarter."""
MOST_MORE_HANDLES = 8


@dataclass(frozen=True)
class Sample:
    """One sample of one process.

    Attributes:
        at: the seconds since the beginning.
        memory: the private memory of the process in MB.
        handles: the number of open files and sockets.
    """

    at: float
    memory: float
    handles: int


@dataclass
class Track:
    """The samples of one process. A child that runs for one task only is a process of its own."""

    name: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    def quarter(self, number: int) -> list[Sample]:
        """Return the samples of a quarter of the process's time; the first quarter is 0."""
        size = len(self.samples) // 4
        return self.samples[number * size : (number + 1) * size] if number < 3 else self.samples[3 * size :]

    @property
    def memory(self) -> tuple[float, float]:
        """Return the median memory of the second quarter and of the last, in MB."""
        second, last = (median(sample.memory for sample in self.quarter(number)) for number in (1, 3))
        return second, last

    @property
    def handles(self) -> tuple[float, float]:
        """Return the median number of open files and sockets of the second quarter and of the last."""
        second, last = (median(sample.handles for sample in self.quarter(number)) for number in (1, 3))
        return second, last

    @property
    def is_flat(self) -> bool:
        (memory, memory_later), (handles, handles_later) = self.memory, self.handles
        return (
            memory_later <= max(memory * MOST_GROWTH, memory + MOST_MORE_MB)
            and handles_later <= handles + MOST_MORE_HANDLES
        )


class Sampler:
    """Sample processes and their children repeatedly.

    Attributes:
        roots: process ids by name.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        self.roots = dict(roots)
        self._tracks: dict[tuple[int, float], Track] = {}
        self._started = time.monotonic()
        self._done = threading.Event()

    def lasting(self, share: float = 0.5) -> list[Track]:
        """Return the processes that lived for at least this share of the time."""
        whole = time.monotonic() - self._started
        tracks = (track for track in self._tracks.values() if len(track.samples) >= 8)
        return [track for track in tracks if track.samples[-1].at - track.samples[0].at >= share * whole]

    def totals(self) -> dict[str, list[tuple[float, float]]]:
        """Return the memory of each root with all its children over time, in MB."""
        sums: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for track in self._tracks.values():
            for sample in track.samples:
                sums[track.name.split(" ▸ ")[0]][sample.at] += sample.memory
        return {name: sorted(found.items()) for name, found in sums.items()}

    def loop(self) -> None:
        """Sample until the stop signal."""
        while not self._done.wait(EVERY_SECONDS):
            at = time.monotonic() - self._started
            for name, pid in self.roots.items():
                for process in _family(pid):
                    self._look(name, pid, process, at)

    def _look(self, name: str, root: int, process: psutil.Process, at: float) -> None:
        with suppress(psutil.Error):
            sample = Sample(at, process.memory_full_info().uss / 2**20, process.num_fds())
            full = name if process.pid == root else f"{name} ▸ child"
            key = (process.pid, process.create_time())
            self._tracks.setdefault(key, Track(full, process.pid)).samples.append(sample)

    def stop(self) -> None:
        self._done.set()


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def sampling(roots: Mapping[str, int]) -> Iterator[Sampler]:
    """Sample processes while the block runs.

    Args:
        roots: process ids by name.
    """
    sampler = Sampler(roots)
    thread = threading.Thread(target=sampler.loop)
    thread.start()
    try:
        yield sampler
    finally:
        sampler.stop()
        thread.join()
