"""Add the Python functions that the models call to DuckDB. The profile names this module, and dbt-duckdb loads `Plugin`."""

from __future__ import annotations

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from wangjian.warehouse import hosts


class Plugin(BasePlugin):
    """The plugin that adds the project's functions to each connection that dbt opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions with an open connection."""
        hosts.register(conn)
