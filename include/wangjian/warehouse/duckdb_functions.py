"""What the models need of DuckDB beyond its SQL. dbt-duckdb loads `Plugin` by its profile."""

from __future__ import annotations

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from wangjian.warehouse import hosts


class Plugin(BasePlugin):
    """Adds the project's functions to each connection that dbt opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions; conn: an open connection."""
        hosts.register(conn)
