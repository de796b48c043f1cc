"""What a backup holds beside landing: all of it as it was at one moment, while pipelines go on.

The moment is one at which nobody builds, checks, publishes or writes into the audit log. Only opening the files is done
in it: a file that is open gives the same bytes whatever happens to its name, and logs only grow behind the length noted.
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
"""Folders of `state/` that are not backed up with it: the key of hashed numbers, and who is at work."""
_TAIL = 1 << 16


@dataclass(frozen=True)
class Opened:
    """A file as it was at that moment: so many bytes of it."""

    content: BinaryIO
    length: int


@dataclass(frozen=True)
class Cut:
    """All of it; paths are relative to the data root.

    Attributes:
        opened: files that may change or go.
        listed: files that never change; one that is gone when it is copied was moved to `state/archive/`, which comes last.
    """

    opened: dict[str, Opened]
    listed: tuple[str, ...]
    shown: str | None
    audit_head: str
    key_fingerprint: str | None
    archives: tuple[str, ...]


@contextmanager
def taken(data: DataRoot) -> Iterator[Cut]:
    """Hold the moment; waits for a build, a check or a publication that is under way, and keeps none waiting.

    Args:
        data: the data root.

    Yields:
        The cut. Its files are open as long as the block runs.
    """
    doing = "take the state for a backup"
    with ExitStack() as files:
        with warehouse_lock(data, doing), publishing_lock(data, doing), audit_log_lock(data, doing):
            shown, found = current_file(data), keys(data.state)
            cut = Cut(
                {_name(data, path): _open(files, path) for path in _changing(data)},
                tuple(_name(data, path) for path in _unchanging(data)),
                shown.name if shown and shown.exists() else None,
                str(last_head(data)),
                found[-1].fingerprint if found else None,
                tuple(map(str, archive_folders(data))),
            )
        yield cut


def _changing(data: DataRoot) -> list[Path]:
    logs = [path for path in data.state.glob("*") if path.is_file() and not path.name.startswith(".")]
    shelf = [data.published / publication.file_name for publication in publishing.publications(data)]
    return sorted(logs) + shelf


def _unchanging(data: DataRoot) -> list[Path]:
    """Results of ended runs, old months, issued bulletins; old months last."""
    below = [path for folder in data.state.glob("*/") if folder.name not in APART for path in folder.rglob("*")]
    papers = [path for path in (data.docs / "bulletins").rglob("*") if not path.is_symlink()]
    # the key of an erasure's marks is to be destroyed at its end: no copy of it may be left
    found = [path for path in below + papers if path.is_file() and path.name[0] != "." and path.suffix != ".key"]
    return sorted(found, key=lambda path: (path.is_relative_to(data.state / "archive"), path))


def _open(files: ExitStack, path: Path) -> Opened:
    content = files.enter_context(path.open("rb"))
    length = os.fstat(content.fileno()).st_size
    return Opened(content, _whole_lines(content, length) if path.suffix == ".jsonl" else length)


def _whole_lines(content: BinaryIO, length: int) -> int:
    """The length without a last line that somebody is just writing, or never finished."""
    tail = os.pread(content.fileno(), _TAIL, max(0, length - _TAIL))
    whole = tail.rfind(b"\n") + 1
    # a line longer than that is kept as it is: readers pass over a torn one
    return length - len(tail) + whole if whole else length if length > _TAIL else 0


def _name(data: DataRoot, path: Path) -> str:
    return path.relative_to(data.root).as_posix()
