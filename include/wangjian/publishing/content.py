"""Determine what is published: the tables of three schemas, their fingerprint, and the date of the newest data."""

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
# Publishing makes these tables from `state/`, and `column_level` from the labels. Tables of the same names in the warehouse are not
# copied, and none of them enters the fingerprint: otherwise each run would change it, and every publication would look new.
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
    """A table to publish. A view is published as a table, because the tables that it reads are not published."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def full_name(self) -> str:
        """Return the quoted name with its schema."""
        return f'"{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Content:
    """The content of a publication.

    Attributes:
        tables: the tables.
        row_counts: the number of rows by the table's full name.
        fingerprint: a hash that changes with any row, column, type or label, and not with the order of rows.
    """

    tables: tuple[Table, ...]
    row_counts: dict[str, int]
    fingerprint: str

    @property
    def row_count(self) -> int:
        """Return the number of rows of all tables."""
        return sum(self.row_counts.values())


def tables_of(connection: duckdb.DuckDBPyConnection, database: str, *, with_state: bool = False) -> tuple[Table, ...]:
    """Return the tables and views of the published schemas.

    Args:
        connection: DuckDB.
        database: the name of the attached file.
        with_state: whether to include the tables that come from `state/`.

    Returns:
        The tables in the order of their names.
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
        Table(schema, name, tuple(of_table))
        for (schema, name), of_table in grouped.items()
        if with_state or not _is_state(schema, name)
    )


def _is_state(schema: str, name: str) -> bool:
    return (schema, name) in STATE_TABLES


def read_content(connection: duckdb.DuckDBPyConnection, database: str, labels: Labels) -> Content:
    """Return the tables to publish with their row counts and their fingerprint.

    Args:
        connection: DuckDB.
        database: the name of the attached file.
        labels: the labels to publish with the tables.

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
    # A sum does not depend on the order of rows. Neither does an exclusive-or, but there two equal rows would cancel each other.
    row = connection.execute(
        f'select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar from "{database}".{table.full_name} as t'
    ).fetchone()
    if row is None:
        raise WangjianError(
            "DuckDB returned no count of a table", table=table.full_name, fix="run `wangjian publish` again"
        )
    return row[0], row[1]


def as_of(connection: duckdb.DuckDBPyConnection, database: str) -> date:
    """Return the newest business date of the daily sources that counts. The publication is named after it.

    Args:
        connection: DuckDB.
        database: the name of the attached file.

    Returns:
        The date.

    Raises:
        WangjianError: no export of a daily source counts.
    """
    # Daily sources only: a source that delivers by month must not move the date of the publication.
    daily = [source for source in load_registry() if is_daily(source)]
    row = connection.execute(
        f'select max(business_date) from "{database}".intermediate.int_audit__export_status '
        "where counts and list_contains(?, source)",
        [daily],
    ).fetchone()
    if row is None or row[0] is None:
        raise WangjianError("no export of a daily source counts", fix="run `wangjian ingest`, `parse` and `build`")
    newest: date = row[0]
    return newest


def held_back(connection: duckdb.DuckDBPyConnection, database: str) -> str | None:
    """Return the datasets that the publication leaves out, as text for a person.

    Args:
        connection: DuckDB.
        database: the name of the attached file.

    Returns:
        For each dataset `jiangxi/leads since 2023-02-02: CONTROL_ROWS`, joined by `; `; null if nothing is held back.
    """
    rows = connection.execute(
        f"""
        select concat_ws('/', source, nullif(provider, ''), dataset), held_since, fail_codes
        from "{database}".audit.held_dataset order by 1
        """
    ).fetchall()
    return "; ".join(f"{name} since {since}: {codes}" for name, since, codes in rows) or None
