"""Host names, as SQL needs them: what DuckDB cannot do by itself."""

from __future__ import annotations

import idna
from duckdb import DuckDBPyConnection


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
