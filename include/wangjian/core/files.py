"""Write files so that a crash at any point leaves the old file or the new one, never half a file."""

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
    """Return an unused hidden name in the same folder. A rename is atomic only within one file system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def remove_abandoned(root: Path, age: timedelta = timedelta(hours=1)) -> int:
    """Remove the temporary files and folders that killed processes left behind.

    Args:
        root: the folder to search, with its subfolders.
        age: how long ago the last write was. A process that still works writes more often than this.

    Returns:
        How many were removed.
    """
    oldest = time.time() - age.total_seconds()
    abandoned = [path for path in root.rglob(".*.tmp") if _last_written(path) < oldest]
    for path in abandoned:
        shutil.rmtree(path) if _is_folder(path) else path.unlink(missing_ok=True)
    return len(abandoned)


def _is_folder(path: Path) -> bool:
    """Return whether a path is a real folder. A link is not: only the link may be removed, never its target."""
    return path.is_dir() and not path.is_symlink()


def _last_written(path: Path) -> float:
    """Return the time of the last write to a file, or to any file in a folder.

    A folder's own time changes only when entries are added or removed, so the times of its files count too.
    """
    try:
        inside: Iterable[Path] = path.rglob("*") if _is_folder(path) else ()
        return max(entry.lstat().st_mtime for entry in (path, *inside))
    except FileNotFoundError:
        # a file disappeared meanwhile: a process is at work there, so the folder counts as just written
        return time.time()


@contextmanager
def written_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path; move it to its final place, synced to disk, when the block ends without an error.

    Args:
        path: the final path; an existing file there is replaced in one step.

    Yields:
        The temporary path. It is removed when the block raises.
    """
    temporary = temporary_beside(path)
    try:
        yield temporary
        # sync before the rename: after a power cut the name must not point at an empty file
        fsync_path(temporary)
        temporary.replace(path)
        # the rename itself is safe only once the folder is synced
        fsync_path(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Write a whole file in one step (text as UTF-8). At no moment has the file more access rights than `mode`."""
    with written_atomically(path) as temporary:
        # made empty with its rights first: a secret must not be readable by others even for a moment
        temporary.touch(mode=mode)
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def show_folder(link: Path, folder: Path) -> None:
    """Point a link at another folder in one step; the folder that it pointed at stays.

    Args:
        link: the name that readers use.
        folder: a finished folder next to the link.
    """
    temporary = temporary_beside(link)
    temporary.symlink_to(folder.name)
    temporary.replace(link)
    fsync_path(link.parent)


def swap_folder(link: Path, folder: Path) -> None:
    """Point a link at another folder in one step, and remove the folders older than the previous one.

    The previous folder stays, because a reader may still have its files open.

    Args:
        link: the name that readers use.
        folder: a finished folder next to the link, called `.<name of the link>-…`.
    """
    before = link.resolve() if link.is_symlink() else None
    show_folder(link, folder)
    for old in link.parent.glob(f".{link.name}[-.]*"):
        if old not in {folder, before}:
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()


def append_text(path: Path, text: str) -> None:
    """Append whole lines to a log in one write, synced to disk. Several processes may append to the same file.

    Args:
        path: the log. The file (mode 0600) and its folder are made at first use.
        text: the lines, each with its line break.

    Raises:
        WangjianError: the disk took only part of the text. Readers skip the torn line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    # a shared lock: writers need not exclude each other (the append is one call), only a process that removes old lines
    descriptor = _opened(path, fcntl.LOCK_SH)
    try:
        _write_whole(descriptor, path, (_fix(descriptor) + text).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        fsync_path(path.parent)


def _opened(path: Path, lock: int) -> int:
    """Open and lock the file that has this name now.

    While this process waits for the lock, another process may replace the file. The loop then opens the new one: lines written to the
    old file would be lost.
    """
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
    """Hold a log alone while old lines are removed from it; processes that want to append wait.

    Args:
        path: the log.
    """
    descriptor = _opened(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def _fix(descriptor: int) -> str:
    """Return a line break where the last line is torn; otherwise the next record would become part of it."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _write_whole(descriptor: int, path: Path, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise WangjianError("only part of a record could be written", file=path, fix="free disk space and run again")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 lower-case hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_on_disk(path: Path) -> str:
    """Return the SHA-256 of what the disk returns, not of the copy in memory. The file must be synced before."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # drops the cached pages, so that the next read shows what a faulty disk really stored
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return sha256_of(path)
