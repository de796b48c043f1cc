"""Append-only stores of JSON lines that survive a crash in the middle of a line."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from wangjian.errors import WangjianError
from wangjian.files import fsync_path, written_atomically

_log = logging.getLogger(__name__)


def append(path: Path, records: Iterable[BaseModel]) -> None:
    """Append records, one JSON object a line, in one write, durable. Several processes may append to the same file.

    Args:
        path: the store; it and its folder are made at first use (mode 0600).
        records: what to append; nothing is written when there is none.

    Raises:
        WangjianError: the disk took only part of it. Readers ignore the torn line.
    """
    text = "".join(f"{record.model_dump_json()}\n" for record in records)
    if not text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = _opened(path, fcntl.LOCK_SH)
    try:
        _write_whole(descriptor, path, (_mend(descriptor) + text).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        fsync_path(path.parent)


def _opened(path: Path, lock: int) -> int:
    """Open the file that has this name, and hold it; whoever waited while another file took the name opens that one."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, lock)
        if path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Keep a store to oneself: whoever wants to append meanwhile waits. For taking old records out.

    Args:
        path: the store.
    """
    descriptor = _opened(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Replace a store that is held alone, in one step.

    Args:
        path: the store.
        content: all its lines.
    """
    with written_atomically(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)


def _mend(descriptor: int) -> str:
    """A line break when the last writer died within its line, so that the next record does not stick to the torn one."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _write_whole(descriptor: int, path: Path, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise WangjianError("only part of a record could be written", file=path, mend="free disk space and run again")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read a store; lines that are torn (no JSON object) are passed over and reported to the log.

    Args:
        path: the store; a missing one is empty.

    Yields:
        The records, in the order in which they were appended.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            record = _parsed(line)
            if record is not None:
                yield record
            elif line.strip():
                _log.warning("passed over a torn line [file=%s, line=%s]", path, number)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
