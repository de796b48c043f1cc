"""Reading the published file: locked down, so that a query can neither write nor reach out of it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.state import Publication

LINK = "warehouse.duckdb"


def quoted(path: Path) -> str:
    """A path as it stands between single quotes in SQL."""
    return str(path).replace("'", "''")


def current_file(data: DataRoot) -> Path | None:
    """The versioned file that readers see now, or null where nothing is published."""
    link = data.published / LINK
    return link.parent / link.readlink() if link.is_symlink() else None


def open_published(data: DataRoot, publication: Publication | None = None) -> duckdb.DuckDBPyConnection:
    """Open the published file, read-only, with no way out: no other file, no network, no change of settings.

    Args:
        data: the data root.
        publication: one of those that are kept; the current one if null.

    Returns:
        A connection to that publication; a later swap does not touch it, nor does its removal from the shelf.

    Raises:
        WangjianError: nothing is published yet, or the publication is kept no more.
    """
    path = data.published / publication.file_name if publication else current_file(data)
    if path is None or not path.exists():
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    try:
        # the versioned name: before 1.5 DuckDB shares one instance a path in a process, which would go on showing the old file
        return duckdb.connect(str(path), read_only=True, config=config)
    except duckdb.IOException:
        if path.exists() or publication:
            raise
        # a newer one came, and the one that we saw was cleared away before we had it open
        return open_published(data)
