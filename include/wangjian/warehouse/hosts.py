"""Convert host names to ASCII for SQL; DuckDB has no function for it."""

from __future__ import annotations

import idna
from duckdb import DuckDBPyConnection


def register(connection: DuckDBPyConnection) -> None:
    """Register `idn_to_ascii(varchar) -> varchar` with a connection."""
    connection.create_function("idn_to_ascii", idn_to_ascii, ["VARCHAR"], "VARCHAR")


def idn_to_ascii(host: str) -> str:
    """Return an internationalised host name in ASCII (punycode).

    Args:
        host: a host name, with or without a port.

    Returns:
        The ASCII form (IDNA 2008 after the mapping of UTS 46); the unchanged name where IDNA does not allow it.
    """
    name, colon, port = host.partition(":")
    try:
        return idna.encode(name, uts46=True).decode("ascii") + colon + port
    except idna.IDNAError:
        return host
