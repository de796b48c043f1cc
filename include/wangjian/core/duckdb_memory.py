"""Open DuckDB connections without a database file, with a memory limit and a safe folder for spilled rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from wangjian.core.files import temporary_beside

LIMIT = "2GB"


def connect_beside(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a connection for rows that may not fit into memory.

    Args:
        path: the file or folder in the data root that the rows belong to. DuckDB spills rows into a temporary folder next to it, so that
            they have the access rights of the data. Without this setting it would spill into the working directory of the process.

    Returns:
        The connection. Closing it removes the spilled rows; after a crash `remove_abandoned` does.
    """
    connection = duckdb.connect(config={"memory_limit": LIMIT, "temp_directory": str(temporary_beside(path))})
    # in a child process there is no main file, so DuckDB thinks that a person sits at a prompt and prints a progress bar
    connection.execute("set enable_progress_bar = false")
    return connection
