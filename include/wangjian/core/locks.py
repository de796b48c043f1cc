"""Locks between processes: who may be at work at the same time, and who is. Why so: docs/decisions/locks.md."""

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
    """Who holds a lock, as it stands in the lock file."""

    pid: int = Field(default_factory=os.getpid)
    host: str = Field(default_factory=socket.gethostname)
    since: AwareDatetime = Field(default_factory=now)
    doing: str

    def told(self) -> dict[str, object]:
        """For a message, by name."""
        since = self.since.astimezone().isoformat(sep=" ", timespec="seconds")
        host = None if self.host == socket.gethostname() else self.host
        return {"process": f"{self.pid}{self._ended}", "host": host, "since": since, "doing": self.doing}

    @property
    def _ended(self) -> str:
        if self.host == socket.gethostname():
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                # a killed step's dbt works on to its end, and holds the lock that it inherited
                return " (killed; what it started is still at work)"
            except PermissionError:
                return ""
        return ""


class _Held(threading.local):
    """The locks of one thread: a step that calls another one need not wait for itself."""

    def __init__(self) -> None:
        self.descriptors: dict[Path, int] = {}


_held = _Held()


@contextmanager
def exclusive_lock(path: Path, *, doing: str, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock; the system frees it when the process ends, however it ends. The same thread may hold it twice.

    Args:
        path: the lock file.
        doing: what is about to be done, as in "cannot …", for the message that others get.
        wait: wait for the other process, and say so; otherwise raise at once.

    Raises:
        Busy: another process holds the lock and `wait` is false.
    """
    if path in _held.descriptors:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, doing, wait=wait)
        _note(descriptor, Holder(doing=doing).model_dump_json())
        _held.descriptors[path] = descriptor
        yield
        _note(descriptor, "")
    finally:
        _held.descriptors.pop(path, None)
        os.close(descriptor)


@contextmanager
def shared_lock(path: Path, *, doing: str) -> Iterator[None]:
    """Hold a lock that others may share, and that keeps away who wants it alone; waits for whoever has it alone.

    Args:
        path: the lock file.
        doing: what is about to be done, as in "cannot …", for the message that says for whom it waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, doing, wait=True, operation=fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def held_descriptors() -> tuple[int, ...]:
    """The open lock files of this thread. A child that inherits them holds the locks until it has ended as well."""
    return tuple(_held.descriptors.values())


def _acquire(descriptor: int, path: Path, doing: str, *, wait: bool, operation: int = fcntl.LOCK_EX) -> None:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        told = holder.told() if holder else {"lock": path}
        if not wait:
            fix = "wait until it has finished, then run this again"
            raise Busy(f"cannot {doing}: another process is at work", fix=fix, **told) from None
        place = ", ".join(f"{name}={value}" for name, value in told.items() if value)
        _log.warning("waiting to %s: another process is at work [%s]", doing, place)
        fcntl.flock(descriptor, operation)


def _note(descriptor: int, text: str) -> None:
    # the note helps a person; a full disk must not stop the step for it
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> Holder | None:
    """Null where the other one has taken the lock this very moment, and has not signed yet."""
    with contextlib.suppress(ValueError, OSError):
        return Holder.model_validate_json(os.pread(descriptor, 4096, 0))
    return None


# The locks of one data root. Who takes several takes them in this order, so that no two wait for each other; parsing,
# which holds its own when it looks at the warehouse's, does not wait for that.


def backfill_lock(data: DataRoot, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """One backfill at a time builds, compares and publishes."""
    return exclusive_lock(_path(data, "backfill"), doing=doing, wait=wait)


def backfill_source_lock(data: DataRoot, source: str, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """One backfill at a time fetches and parses a source."""
    return exclusive_lock(_path(data, f"backfill-{source}"), doing=doing, wait=wait)


def warehouse_lock(data: DataRoot, doing: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """One process at a time opens `warehouse.duckdb`, or removes raw files that a build may be reading."""
    return exclusive_lock(_path(data, "warehouse"), doing=doing, wait=wait)


def parse_lock(data: DataRoot, source: str, doing: str) -> AbstractContextManager[None]:
    """One process at a time writes a source's raw files."""
    return exclusive_lock(_path(data, f"parse-{source}"), doing=doing)


def publishing_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """One process at a time moves the readers' link or clears the shelf."""
    return exclusive_lock(_path(data, "publish"), doing=doing)


def landing_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Landing to oneself: nobody fetches, or restores what was archived."""
    return exclusive_lock(_path(data, "landing"), doing=doing)


def landing_in_use(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """Any number may add to landing at a time: bytes that stand in no manifest yet must not be archived away."""
    return shared_lock(_path(data, "landing"), doing=doing)


def archive_lock(data: DataRoot, doing: str, *, wait: bool = False) -> AbstractContextManager[None]:
    """One archiving, restoring or backup at a time: nothing leaves landing while it is copied."""
    return exclusive_lock(_path(data, "archive"), doing=doing, wait=wait)


def site_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """One process at a time writes the built-in site; the last lock that anybody takes, but for the audit log's."""
    return exclusive_lock(_path(data, "site"), doing=doing)


def audit_log_lock(data: DataRoot, doing: str) -> AbstractContextManager[None]:
    """One process at a time adds to the chain; held for the length of a line, whatever else is held."""
    return exclusive_lock(_path(data, "audit_log"), doing=doing)


def _path(data: DataRoot, name: str) -> Path:
    return data.state / "locks" / f"{name}.lock"
