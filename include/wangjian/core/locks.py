"""Locks between processes: which steps may run at the same time. Reasons: docs/decisions/locks.md."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field

from wangjian.core.clock import now
from wangjian.core.errors import Busy
from wangjian.core.paths import DataRoot

_log = logging.getLogger(__name__)


class Holder(BaseModel):
    """The process that holds a lock, as the lock file records it."""

    pid: int = Field(default_factory=os.getpid)
    host: str = Field(default_factory=socket.gethostname)
    since: AwareDatetime = Field(default_factory=now)
    doing: str

    def message_fields(self) -> dict[str, object]:
        """Return what an error message says about this process, by name."""
        since = self.since.astimezone().isoformat(sep=" ", timespec="seconds")
        host = None if self.host == socket.gethostname() else self.host
        return {"process": f"{self.pid}{self._ended}", "host": host, "since": since, "doing": self.doing}

    @property
    def _ended(self) -> str:
        if self.host == socket.gethostname():
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                # dbt is a process of its own: it goes on when its parent is killed, and holds the lock that it inherited
                return " (killed; what it started is still at work)"
            except PermissionError:
                # the process exists and belongs to another user
                return ""
        return ""


class _Held(threading.local):
    """The locks that one thread holds. A step that calls another step must not wait for its own lock."""

    def __init__(self) -> None:
        self.descriptors: dict[Path, int] = {}


_held = _Held()


@contextmanager
def exclusive_lock(path: Path, *, doing: str, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock. The system releases it when the process ends, even by a crash. A thread may take it twice.

    Args:
        path: the lock file.
        doing: the work that needs the lock, as in "cannot …". Other processes show it in their messages.
        wait: wait for the other process and log a warning; otherwise raise at once.

    Raises:
        Busy: another process holds the lock and `wait` is false.
    """
    if path in _held.descriptors:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # the file is never removed: a process that waits would get the lock of a removed file, next to one with a new file
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, doing, wait=wait)
        _note(descriptor, Holder(doing=doing).model_dump_json())
        _held.descriptors[path] = descriptor
        yield
        # an old note would name this process as the holder while the next one has not written its own yet
        _note(descriptor, "")
    finally:
        _held.descriptors.pop(path, None)
        os.close(descriptor)


@contextmanager
def shared_lock(path: Path, *, doing: str) -> Iterator[None]:
    """Hold a lock together with other sharers. It waits for an exclusive holder, and keeps an exclusive lock out meanwhile.

    Args:
        path: the lock file.
        doing: the work that needs the lock, as in "waiting to …".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, doing, wait=True, operation=fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def held_descriptors() -> tuple[int, ...]:
    """Return the open lock files of this thread. A child process that inherits them holds the locks until it ends."""
    return tuple(_held.descriptors.values())


def _acquire(descriptor: int, path: Path, doing: str, *, wait: bool, operation: int = fcntl.LOCK_EX) -> None:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        where = holder.message_fields() if holder else {"lock": path}
        if not wait:
            fix = "wait until it has finished, then run this again"
            raise Busy(f"cannot {doing}: another process is at work", fix=fix, **where) from None
        place = ", ".join(f"{name}={value}" for name, value in where.items() if value)
        _log.warning("waiting to %s: another process is at work [%s]", doing, place)
        fcntl.flock(descriptor, operation)


def _note(descriptor: int, text: str) -> None:
    # the note only helps a person; on a full disk the step must go on without it
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> Holder | None:
    """Return the holder; null in the moment after it took the lock and before it wrote the note."""
    with contextlib.suppress(ValueError, OSError):
        return Holder.model_validate_json(os.pread(descriptor, 4096, 0))
    return None


# The locks of one data root. A step that needs several takes them in this order: otherwise two steps could wait for
# each other for ever. Parsing holds its own lock when it tries the warehouse's, and therefore never waits for it.


def backfill_lock(data: DataRoot, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """Return the lock of the backfill that builds, compares and publishes: one at a time."""
    return exclusive_lock(_path(data, "backfill"), doing=doing, wait=wait)


def backfill_source_lock(data: DataRoot, source: str, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """Return the lock of the backfill that fetches and parses a source: one at a time for each source."""
    return exclusive_lock(_path(data, f"backfill-{source}"), doing=doing, wait=wait)


def warehouse_lock(data: DataRoot, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """Return the lock of the process that opens `warehouse.duckdb`, or removes raw files that a build may be reading."""
    return exclusive_lock(_path(data, "warehouse"), doing=doing, wait=wait)


def parse_lock(data: DataRoot, source: str, doing: str) -> AbstractContextManager[None]:
    """Return the lock of the process that writes a source's raw files."""
    return exclusive_lock(_path(data, f"parse-{source}"), doing=doing)


def publishing_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Return the lock of the process that moves the readers' link or removes old publications."""
    return exclusive_lock(_path(data, "publish"), doing=doing)


def landing_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Return the exclusive lock on landing: meanwhile no process fetches or restores archived files."""
    return exclusive_lock(_path(data, "landing"), doing=doing)


def landing_in_use(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Return the shared lock of processes that add to landing.

    It keeps the archive out: a file that no manifest names yet must not be archived away.
    """
    return shared_lock(_path(data, "landing"), doing=doing)


def archive_lock(data: DataRoot, doing: str, *, wait: bool = False) -> AbstractContextManager[None]:
    """Return the lock of archiving, restoring and backup: no file may leave landing while it is copied."""
    return exclusive_lock(_path(data, "archive"), doing=doing, wait=wait)


def site_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Return the lock of the process that writes the built-in site; in the order only the audit log's comes after it."""
    return exclusive_lock(_path(data, "site"), doing=doing)


def audit_log_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Return the lock of the process that adds to the audit log's chain; it is held only while one line is written."""
    return exclusive_lock(_path(data, "audit_log"), doing=doing)


def _path(data: DataRoot, name: str) -> Path:
    return data.state / "locks" / f"{name}.lock"
