"""Connections to DuckDB without a file of their own: how much memory they take, and where they lay what is more."""

from __future__ import annotations

from pathlib import Path

import duckdb

from wangjian.core.files import temporary_beside

LIMIT = "2GB"


def connect_beside(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a connection for rows that may be more than memory holds.

    Args:
        path: a file or folder of the data root that the rows belong to. What does not fit into memory lies beside it meanwhile, where
            the rights are those of the data; DuckDB itself would take the present folder of the process.

    Returns:
        The connection. Closing it removes what it laid there; `remove_abandoned` does after a crash.
    """
    connection = duckdb.connect(config={"memory_limit": LIMIT, "temp_directory": str(temporary_beside(path))})
    # a process that another one started has no main file, which DuckDB takes for a person at a prompt who wants to see a bar
    connection.execute("set enable_progress_bar = false")
    return connection
