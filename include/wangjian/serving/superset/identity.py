"""Derive UUIDs from names, so that Superset updates what an earlier import made and does not import it twice."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid5

VERSION = "1.0.0"
# not the name of a schema: DuckDB would find `marts.fct_lead` ambiguous
DATABASE = "wangjian"

_NAMESPACE = uuid5(NAMESPACE_DNS, "superset.wangjian")


def uuid_of(kind: str, name: str) -> str:
    """Return the UUID of a database, dataset, chart or dashboard."""
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))
