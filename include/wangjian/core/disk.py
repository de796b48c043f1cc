"""When the disk is full or may not be written to: one clear error, whoever met it: Python, DuckDB, Arrow or dbt."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

from wangjian.core.errors import WangjianError

_AGAIN = "then run the same command again: it goes on where it stopped; readers see what they saw"
_FIXES = {
    errno.ENOSPC: f"free disk space, {_AGAIN}",
    errno.EDQUOT: f"raise the quota or free space, {_AGAIN}",
    errno.EFBIG: f"raise the limit on the size of files (ulimit -f), {_AGAIN}",
    errno.EROFS: f"mount the disk for writing, {_AGAIN}",
    errno.EACCES: f"give the user who runs this the right to it, {_AGAIN}",
    errno.EPERM: f"give the user who runs this the right to it, {_AGAIN}",
    errno.EIO: f"look after the disk: it fails; {_AGAIN}",
}
"""What a person can do, by the system's number of the error."""

_PATH = re.compile(r"""["'](/[^"']+)["']""")


def require_space(folder: Path, needed: int, doing: str, fix: str) -> None:
    """Make sure that a folder's disk has room, before anything is written.

    Args:
        folder: on the disk.
        needed: bytes.
        doing: what for, as in "to …".
        fix: what a person can do.

    Raises:
        WangjianError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        what = f"not enough free space to {doing}: {needed:,} bytes needed, {free:,} free"
        raise WangjianError(what, folder=folder, fix=fix)


def disk_trouble(error: BaseException | None) -> WangjianError | None:
    """What to tell a person where an error, or what caused it, is the disk's.

    Args:
        error: any error.

    Returns:
        The error to raise instead; null where the disk is not to blame.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, WangjianError):
            return None
        if isinstance(error, OSError) and error.errno in _FIXES:
            return _trouble(error.errno, error.filename)
        if not isinstance(error, OSError) and (told := disk_trouble_in_text(str(error))):
            return told
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def disk_trouble_in_text(text: str, **where: object) -> WangjianError | None:
    """The same where all there is is what another program said (DuckDB and dbt give the system's own words).

    Args:
        text: what it said.
        where: what else locates it, by name.

    Returns:
        The error to raise; null where the words speak of no trouble with the disk.
    """
    found = next((number for number in _FIXES if os.strerror(number) in text), None)
    path = _PATH.search(text)
    return _trouble(found, path[1] if path else None, **where) if found else None


def _trouble(number: int, path: object, **where: object) -> WangjianError:
    what = f"the disk refuses: {os.strerror(number)}"
    return WangjianError(what, file=path, fix=_FIXES[number], **where)
