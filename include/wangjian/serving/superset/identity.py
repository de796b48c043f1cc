"""What tells Superset that an asset is the one it imported before: the same name gives the same UUID everywhere."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid5

VERSION = "1.0.0"
# never that of a schema: DuckDB would find `marts.fct_lead` ambiguous
DATABASE = "wangjian"

_NAMESPACE = uuid5(NAMESPACE_DNS, "superset.wangjian")


def uuid_of(kind: str, name: str) -> str:
    """The UUID of a database, dataset, chart or dashboard."""
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))
