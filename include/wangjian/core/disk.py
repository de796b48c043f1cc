"""Turn disk errors of Python, DuckDB, Arrow and dbt (full, read-only, no permission) into one clear error with a fix."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

from wangjian.core.errors import WangjianError

_AGAIN = "then run the same command again: it continues where it stopped; published data is unchanged"
_FIXES = {
    errno.ENOSPC: f"free disk space, {_AGAIN}",
    errno.EDQUOT: f"raise the quota or free space, {_AGAIN}",
    errno.EFBIG: f"raise the limit on the size of files (ulimit -f), {_AGAIN}",
    errno.EROFS: f"mount the disk for writing, {_AGAIN}",
    errno.EACCES: f"give the user who runs this permission to write there, {_AGAIN}",
    errno.EPERM: f"give the user who runs this permission to write there, {_AGAIN}",
    errno.EIO: f"check or replace the disk: it reports read or write errors; {_AGAIN}",
}
"""What a person can do, by the operating system's error number."""

# messages of DuckDB and dbt quote the path of the file
_PATH = re.compile(r"""["'](/[^"']+)["']""")


def require_space(folder: Path, needed: int, doing: str, fix: str) -> None:
    """Check that a disk has enough free space before anything is written.

    Args:
        folder: a folder on the disk.
        needed: the space that is needed, in bytes.
        doing: what the space is for, as in "to …".
        fix: what a person can do.

    Raises:
        WangjianError: there is not enough free space.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        what = f"not enough free space to {doing}: {needed:,} bytes needed, {free:,} free"
        raise WangjianError(what, folder=folder, fix=fix)


def disk_trouble(error: BaseException | None) -> WangjianError | None:
    """Return a clear error where the disk caused an error, directly or as a cause further down.

    Args:
        error: any error.

    Returns:
        The error to raise instead; null where the disk is not the cause.
    """
    # a library can link errors in a circle: each error is looked at once
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        # it has a message and a fix already, which know more about the case
        if isinstance(error, WangjianError):
            return None
        if isinstance(error, OSError) and error.errno in _FIXES:
            return _trouble(error.errno, error.filename)
        if not isinstance(error, OSError) and (trouble := disk_trouble_in_text(str(error))):
            return trouble
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def disk_trouble_in_text(text: str, **where: object) -> WangjianError | None:
    """Return a clear error where the message of another program reports a disk error.

    DuckDB and dbt pass on no error number, but they quote the operating system's message.

    Args:
        text: the message.
        where: what else locates the error, by name.

    Returns:
        The error to raise; null where the message reports no disk error.
    """
    number = next((number for number in _FIXES if os.strerror(number) in text), None)
    path = _PATH.search(text)
    return _trouble(number, path[1] if path else None, **where) if number else None


def _trouble(number: int, path: object, **where: object) -> WangjianError:
    what = f"the disk cannot be written to: {os.strerror(number)}"
    return WangjianError(what, file=path, fix=_FIXES[number], **where)
