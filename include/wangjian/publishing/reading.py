"""Open the published file so that a query can neither write nor access anything outside it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.state import Publication

LINK = "warehouse.duckdb"


def quoted(path: Path) -> str:
    """Return a path for use between single quotes in SQL.

    Args:
        path: the path.
    """
    return str(path).replace("'", "''")


def current_file(data: DataRoot) -> Path | None:
    """Return the versioned file that readers see now; null if nothing is published.

    Args:
        data: the data root.
    """
    link = data.published / LINK
    return link.parent / link.readlink() if link.is_symlink() else None


def open_published(data: DataRoot, publication: Publication | None = None) -> duckdb.DuckDBPyConnection:
    """Open the published file read-only, without access to other files, to the network or to DuckDB's settings.

    Args:
        data: the data root.
        publication: a kept publication; the current one if null.

    Returns:
        A connection to that publication. It stays valid when a newer one is published and when this one is removed.

    Raises:
        WangjianError: nothing is published yet, or the publication is no longer kept.
    """
    path = data.published / publication.file_name if publication else current_file(data)
    if path is None or not path.exists():
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    # Locked: otherwise a query could switch external access on again.
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    try:
        # The versioned name, not the link: before 1.5 DuckDB shares one instance for each path in a process, which would keep
        # showing the old file.
        return duckdb.connect(str(path), read_only=True, config=config)
    except duckdb.IOException:
        if path.exists() or publication:
            raise
        # A newer publication came, and the file was removed between the look at the link and the opening.
        return open_published(data)
