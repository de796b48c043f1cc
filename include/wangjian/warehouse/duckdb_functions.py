"""What the models need of DuckDB beyond its SQL. dbt-duckdb loads `Plugin` by its profile."""

from __future__ import annotations

import idna
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection


class Plugin(BasePlugin):
    """Adds the project's functions to each connection that dbt opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions; conn: an open connection."""
        register(conn)


def register(connection: DuckDBPyConnection) -> None:
    """Make `idn_to_ascii(varchar) -> varchar` known to a connection."""
    connection.create_function("idn_to_ascii", idn_to_ascii, ["VARCHAR"], "VARCHAR")


def idn_to_ascii(host: str) -> str:
    """Write an internationalised host name in ASCII (punycode).

    Args:
        host: a host name, with its port or not.

    Returns:
        its ASCII form (IDNA 2008 after the mapping of UTS 46), or the name itself where it is none that IDNA allows.
    """
    name, colon, port = host.partition(":")
    try:
        return idna.encode(name, uts46=True).decode("ascii") + colon + port
    except idna.IDNAError:
        return host
