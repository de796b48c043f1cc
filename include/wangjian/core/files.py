"""Writing files so that a crash between any two lines leaves the old file or the new one, never a torn one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from wangjian.core.errors import WangjianError


def fsync_path(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """A fresh hidden name in the same folder, so that a rename onto `path` stays on one file system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def remove_abandoned(root: Path, age: timedelta = timedelta(hours=1)) -> int:
    """Remove temporary files and folders that a killed process left: those that nobody has written to for a while.

    Args:
        root: the folder, with all below it.
        age: how long; whoever is still at work writes more often.

    Returns:
        How many were removed.
    """
    oldest = time.time() - age.total_seconds()
    abandoned = [path for path in root.rglob(".*.tmp") if _last_written(path) < oldest]
    for path in abandoned:
        shutil.rmtree(path) if _is_folder(path) else path.unlink(missing_ok=True)
    return len(abandoned)


def _is_folder(path: Path) -> bool:
    """A link to a folder is none: it goes alone."""
    return path.is_dir() and not path.is_symlink()


def _last_written(path: Path) -> float:
    """When a file, or anything in a folder, was written to: a folder's own time does not tell of its files."""
    try:
        inside: Iterable[Path] = path.rglob("*") if _is_folder(path) else ()
        return max(found.lstat().st_mtime for found in (path, *inside))
    except FileNotFoundError:
        # whoever removes files there is at work
        return time.time()


@contextmanager
def written_atomically(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; put it in place, durable, when the block ends well.

    Args:
        path: the final path; an existing file there is replaced in one step.

    Yields:
        The temporary path. It is removed when the block raises.
    """
    temporary = temporary_beside(path)
    try:
        yield temporary
        fsync_path(temporary)
        temporary.replace(path)
        fsync_path(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Write a whole file in one step (UTF-8 for text), with these rights at most from its first moment on."""
    with written_atomically(path) as temporary:
        temporary.touch(mode=mode)
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def show_folder(link: Path, folder: Path) -> None:
    """Show another folder under a name, in one step; the one shown before stays.

    Args:
        link: the name that readers know.
        folder: a finished folder beside it.
    """
    temporary = temporary_beside(link)
    temporary.symlink_to(folder.name)
    temporary.replace(link)
    fsync_path(link.parent)


def swap_folder(link: Path, folder: Path) -> None:
    """Show another folder under a name, in one step; the one shown before stays for its readers, older ones go.

    Args:
        link: the name that readers know.
        folder: a finished folder beside it, called `.<name of the link>-…`.
    """
    before = link.resolve() if link.is_symlink() else None
    show_folder(link, folder)
    for old in link.parent.glob(f".{link.name}[-.]*"):
        if old not in {folder, before}:
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()


def append_text(path: Path, text: str) -> None:
    """Append whole lines to a log in one write, durable; several processes may append to the same file.

    Args:
        path: the log; it and its folder are made at first use (mode 0600).
        text: the lines, each with its line break.

    Raises:
        WangjianError: the disk took only part of it. Readers pass over the torn line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = _opened(path, fcntl.LOCK_SH)
    try:
        _write_whole(descriptor, path, (_fix(descriptor) + text).encode())
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
        if _is_called(path, descriptor):
            return descriptor
        os.close(descriptor)


def _is_called(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Keep a log to oneself: whoever wants to append meanwhile waits. For taking old lines out.

    Args:
        path: the log.
    """
    descriptor = _opened(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def _fix(descriptor: int) -> str:
    """A line break when the last writer died within its line, so that the next record does not stick to the torn one."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _write_whole(descriptor: int, path: Path, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise WangjianError("only part of a record could be written", file=path, fix="free disk space and run again")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 lower-case hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_on_disk(path: Path) -> str:
    """The same, of what the disk gives back and not of what memory still holds. The file must have been synced."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return sha256_of(path)
