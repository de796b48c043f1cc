"""What is published: the tables of three schemas, their fingerprint, and the date they speak of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date

import duckdb

from wangjian.core.errors import WangjianError
from wangjian.ingestion.sources.contract import is_daily
from wangjian.ingestion.sources.registry import load_registry
from wangjian.warehouse.labels import Labels

SCHEMAS = ("marts", "reports", "audit")
# in the published copy these come from `state/`, `column_level` from the labels; whatever bears their names in the warehouse stays there
STATE_TABLES = frozenset(
    {
        ("audit", "check_result"),
        ("audit", "column_level"),
        ("audit", "publication"),
        ("audit", "run_log"),
        ("reports", "rpt_kpi_restatement"),
    }
)


@dataclass(frozen=True)
class Table:
    """A table to publish; views are published as tables, since what they read stays behind."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def full_name(self) -> str:
        return f'"{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Content:
    """What is to be published.

    Attributes:
        fingerprint: changes when any row, column, type or label does; not with the order of rows.
    """

    tables: tuple[Table, ...]
    row_counts: dict[str, int]
    fingerprint: str

    @property
    def row_count(self) -> int:
        return sum(self.row_counts.values())


def tables_of(connection: duckdb.DuckDBPyConnection, database: str, *, with_state: bool = False) -> tuple[Table, ...]:
    """The tables and views of the published schemas.

    Args:
        connection: DuckDB.
        database: the attached file's name in it.
        with_state: also those that come from `state/`.

    Returns:
        The tables, by name.
    """
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and list_contains(?, schema_name) order by schema_name, table_name, column_index",
        [database, list(SCHEMAS)],
    ).fetchall()
    grouped: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, name, column, kind in columns:
        grouped.setdefault((schema, name), []).append((column, kind))
    return tuple(
        Table(schema, name, tuple(found))
        for (schema, name), found in grouped.items()
        if with_state or not _is_state(schema, name)
    )


def _is_state(schema: str, name: str) -> bool:
    return (schema, name) in STATE_TABLES


def read_content(connection: duckdb.DuckDBPyConnection, database: str, labels: Labels) -> Content:
    """Count and fingerprint what is to be published.

    Args:
        connection: DuckDB.
        database: the attached file's name in it.
        labels: the labels that go with it.

    Returns:
        The content.

    Raises:
        WangjianError: there is no table in the schema `marts`.
    """
    tables = tables_of(connection, database)
    if not any(table.schema == "marts" for table in tables):
        raise WangjianError("the warehouse has no marts", fix="run `wangjian build`")
    digest = hashlib.sha256()
    row_counts = {}
    for table in tables:
        count, checksum = _summary(connection, database, table)
        row_counts[table.full_name] = count
        comments = [labels.of_table(table.name), *(labels.described(table.name, name) for name, _ in table.columns)]
        digest.update(json.dumps([table.full_name, table.columns, comments, count, checksum]).encode())
    return Content(tables, row_counts, digest.hexdigest()[:16])


def _summary(connection: duckdb.DuckDBPyConnection, database: str, table: Table) -> tuple[int, str]:
    # a sum, not an exclusive-or, in which two equal rows would cancel each other
    row = connection.execute(
        f'select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar from "{database}".{table.full_name} as t'
    ).fetchone()
    if row is None:
        raise WangjianError("a table gave no count", table=table.full_name)
    return row[0], row[1]


def as_of(connection: duckdb.DuckDBPyConnection, database: str) -> date:
    """The greatest business date that counts in the daily sources: what the publication is named after.

    Args:
        connection: DuckDB.
        database: the attached file's name in it.

    Returns:
        The date.

    Raises:
        WangjianError: nothing was loaded from the daily sources.
    """
    daily = [source for source in load_registry() if is_daily(source)]
    row = connection.execute(
        f'select max(business_date) from "{database}".intermediate.int_audit__export_status '
        "where counts and list_contains(?, source)",
        [daily],
    ).fetchone()
    if row is None or row[0] is None:
        raise WangjianError("no export of a daily source counts", fix="run `wangjian ingest`, `parse` and `build`")
    found: date = row[0]
    return found


def held_back(connection: duckdb.DuckDBPyConnection, database: str) -> str | None:
    """What the publication leaves out, for a person.

    Args:
        connection: DuckDB.
        database: the attached file's name in it.

    Returns:
        `jiangxi/leads since 2023-02-02: CONTROL_ROWS`, with `; ` between; null where nothing is held back.
    """
    rows = connection.execute(
        f"""
        select concat_ws('/', source, nullif(provider, ''), dataset), held_since, fail_codes
        from "{database}".audit.held_dataset order by 1
        """
    ).fetchall()
    return "; ".join(f"{name} since {since}: {codes}" for name, since, codes in rows) or None
