"""Take a consistent snapshot of everything in a backup except landing, while pipelines run.

The files are opened while no process builds, checks, publishes or writes to the audit log. They are read afterwards: an open file gives the
same bytes even if its name is removed or replaced, and a log only grows behind the length that the snapshot noted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wangjian import publishing
from wangjian.core.locks import audit_log_lock, publishing_lock, warehouse_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import keys
from wangjian.publishing.reading import current_file
from wangjian.state.archives import archive_folders
from wangjian.state.audit_log import last_head

APART = ("keys", "locks")
"""Folders of `state/` that are not in a backup: the key of hashed numbers, and the locks of running processes."""
_TAIL = 1 << 16


@dataclass(frozen=True)
class Opened:
    """An open file and the number of its bytes that belong to the snapshot."""

    content: BinaryIO
    length: int


@dataclass(frozen=True)
class Snapshot:
    """The files of one moment; paths are relative to the data root.

    Attributes:
        opened: the files that may change or be removed.
        listed: the paths of files that never change. One that is gone when it is copied was moved to `state/archive/`, which is
            copied last.
        shown: the published file that readers saw; null if nothing was published.
        audit_head: the head of the audit log.
        key_fingerprint: the fingerprint of the key of hashed numbers; null if there is none.
        archives: the archive folders with bytes that are not in landing.
    """

    opened: dict[str, Opened]
    listed: tuple[str, ...]
    shown: str | None
    audit_head: str
    key_fingerprint: str | None
    archives: tuple[str, ...]


@contextmanager
def open_snapshot(data: DataRoot) -> Iterator[Snapshot]:
    """Open the files of one moment. It waits for a running build, check or publication, and blocks new ones for milliseconds only.

    Args:
        data: the data root.

    Yields:
        The snapshot. Its files stay open until the block ends.
    """
    doing = "take the state for a backup"
    with ExitStack() as files:
        with warehouse_lock(data, doing), publishing_lock(data, doing), audit_log_lock(data, doing):
            shown, versions = current_file(data), keys(data.state)
            snapshot = Snapshot(
                {_name(data, path): _open(files, path) for path in _changing(data)},
                tuple(_name(data, path) for path in _unchanging(data)),
                shown.name if shown and shown.exists() else None,
                str(last_head(data)),
                versions[-1].fingerprint if versions else None,
                tuple(map(str, archive_folders(data))),
            )
        # Outside the locks: the copy takes minutes, and no build should wait for it.
        yield snapshot


def _changing(data: DataRoot) -> list[Path]:
    logs = [path for path in data.state.glob("*") if path.is_file() and not path.name.startswith(".")]
    shelf = [data.published / publication.file_name for publication in publishing.publications(data)]
    return sorted(logs) + shelf


def _unchanging(data: DataRoot) -> list[Path]:
    """Return the results of ended runs, the issued bulletins and, last, the old months of logs."""
    below = [path for folder in data.state.glob("*/") if folder.name not in APART for path in folder.rglob("*")]
    bulletins = [path for path in (data.docs / "bulletins").rglob("*") if not path.is_symlink()]
    # The key of an erasure's marks is destroyed when the erasure is done. A copy in a backup would make erased values guessable.
    files = [path for path in below + bulletins if path.is_file() and path.name[0] != "." and path.suffix != ".key"]
    return sorted(files, key=lambda path: (path.is_relative_to(data.state / "archive"), path))


def _open(files: ExitStack, path: Path) -> Opened:
    content = files.enter_context(path.open("rb"))
    length = os.fstat(content.fileno()).st_size
    return Opened(content, _whole_lines(content, length) if path.suffix == ".jsonl" else length)


def _whole_lines(content: BinaryIO, length: int) -> int:
    """Return the length without an unfinished last line, which a process is writing now or never finished."""
    tail = os.pread(content.fileno(), _TAIL, max(0, length - _TAIL))
    whole = tail.rfind(b"\n") + 1
    # No line end in the tail: the length stays. Readers of logs skip an unfinished line anyway.
    return length - len(tail) + whole if whole else length if length > _TAIL else 0


def _name(data: DataRoot, path: Path) -> str:
    return path.relative_to(data.root).as_posix()
