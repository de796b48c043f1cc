"""Write the published file: a copy of the checked tables with labels, and the history from `state/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel

from wangjian.core.errors import WangjianError
from wangjian.core.files import fsync_path
from wangjian.core.paths import DataRoot
from wangjian.publishing.content import Content, Table, read_content, tables_of
from wangjian.publishing.kpi_history import has_kpis, record_kpis, write_restatement
from wangjian.publishing.reading import quoted
from wangjian.state import CheckResult, Publication, Run, check_results, events, runs
from wangjian.warehouse.labels import Labels

# DuckDB 1.2 and every driver since February 2025 can read it. Without it DuckDB 1.5 writes a format that 1.4 cannot open.
STORAGE_VERSION = "v1.2.0"

_TEXT, _TIME, _COUNT = pa.string(), pa.timestamp("us", tz="UTC"), pa.int64()
_TYPES: dict[str, Any] = {
    "checked_at": _TIME,
    "started_at": _TIME,
    "ended_at": _TIME,
    "published_at": _TIME,
    "as_of": pa.date32(),
    "passed": pa.bool_(),
    "failing_rows": _COUNT,
    "rows": _COUNT,
    "files": _COUNT,
    "table_count": _COUNT,
    "row_count": _COUNT,
    "byte_size": _COUNT,
}
# The published names of counts end in `_count`, and `rows` is a keyword of SQL.
_NAMES = {"rows": "row_count", "files": "file_count"}


def attach_warehouse(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach the warehouse read-only as `warehouse`. The caller holds the warehouse's lock.

    Args:
        connection: DuckDB.
        path: the file of the warehouse.

    Raises:
        WangjianError: the warehouse was never built.
    """
    if not path.exists():
        raise WangjianError("there is no warehouse to publish", file=path, fix="run `wangjian build` first")
    connection.execute(f"attach '{quoted(path)}' as warehouse (read_only)")


def write_copy(
    connection: duckdb.DuckDBPyConnection,
    data: DataRoot,
    target: Path,
    content: Content,
    labels: Labels,
    publication: Publication,
) -> None:
    """Write the published file durably, and check that it holds the tables that were read.

    Args:
        connection: DuckDB with `warehouse` attached.
        data: the data root, for the history.
        target: the file to write.
        content: the tables to copy.
        labels: the labels, which become comments of tables and columns.
        publication: the file's own row in `audit.publication`.

    Raises:
        WangjianError: the copy differs from the tables that were read.
        BadArguments: labels are missing.
    """
    with new_file(connection, target):
        _copy_tables(connection, content)
        _write_state(connection, data, publication)
        _write_levels(connection, labels)
        _comment(connection, labels)
        _verify(connection, content, labels)


@contextmanager
def new_file(connection: duckdb.DuckDBPyConnection, target: Path) -> Iterator[None]:
    """Attach a new file as `building`, and make it durable and read-only when the block ends without an error.

    Args:
        connection: DuckDB.
        target: the file to write.

    Raises:
        WangjianError: DuckDB left a write-ahead log.
    """
    connection.execute(f"attach '{quoted(target)}' as building (storage_version '{STORAGE_VERSION}')")
    try:
        yield
        connection.execute("checkpoint building")
    finally:
        connection.execute("detach building")
    # Readers get the single file: rows that are still in a write-ahead log would be missing.
    if target.with_name(f"{target.name}.wal").exists():
        raise WangjianError("the new file was not closed completely", file=target, fix="run `wangjian publish` again")
    # A publication never changes, not even by its owner's mistake.
    target.chmod(0o440)
    fsync_path(target)


def _copy_tables(connection: duckdb.DuckDBPyConnection, content: Content) -> None:
    for schema in sorted({table.schema for table in content.tables} | {"audit"}):
        connection.execute(f'create schema building."{schema}"')
    for table in content.tables:
        name = table.full_name
        connection.execute(f"create table building.{name} as select * from warehouse.{name}")


def _write_state(connection: duckdb.DuckDBPyConnection, data: DataRoot, publication: Publication) -> None:
    published = [event.publication for event in events(data) if event.event == "published"]
    _write(connection, "check_result", CheckResult, check_results(data))
    _write(connection, "publication", Publication, [*published, publication])
    if has_kpis(connection):
        record_kpis(connection, data, published, publication)
        write_restatement(connection, data, published, publication)
    _write(connection, "run_log", Run, runs(data))


def _write(
    connection: duckdb.DuckDBPyConnection, name: str, model: type[BaseModel], records: Iterable[BaseModel]
) -> None:
    fields = list(model.model_fields)
    schema = pa.schema([(_NAMES.get(field, field), _TYPES.get(field, _TEXT)) for field in fields])
    rows = [record.model_dump() for record in records]
    columns = [
        pa.array([row[field] for row in rows], type=kind) for field, kind in zip(fields, schema.types, strict=True)
    ]
    connection.register("state_rows", pa.Table.from_arrays(columns, schema=schema))
    connection.execute(f"create table building.audit.{name} as select * from state_rows")
    connection.unregister("state_rows")


def _write_levels(connection: duckdb.DuckDBPyConnection, labels: Labels) -> None:
    """Write `audit.column_level`: the label and the level of each published column, including its own."""
    # The table is created first, so that its own columns are in the list.
    fields = ", ".join(f"{name} varchar" for name in _LEVEL_COLUMNS)
    connection.execute(f"create table building.audit.column_level ({fields})")
    tables = published_tables(connection)
    # A column without a level must not be published: nobody could say which roles may see it.
    labels.require({table.name: [name for name, _ in table.columns] for table in tables})
    rows = [_level_row(labels, table, column) for table in tables for column, _ in table.columns]
    columns = [pa.array(values, type=_TEXT) for values in zip(*rows, strict=True)]
    connection.register("level_rows", pa.Table.from_arrays(columns, names=list(_LEVEL_COLUMNS)))
    connection.execute("insert into building.audit.column_level select * from level_rows")
    connection.unregister("level_rows")


_LEVEL_COLUMNS = (
    "schema_name",
    "table_name",
    "column_name",
    "label_zh",
    "label_en",
    "level",
    "level_name",
    "level_name_en",
)


def _level_row(labels: Labels, table: Table, column: str) -> list[str]:
    label = labels.label_of_column(table.name, column)
    assert label is not None
    name = labels.level_name(label.level)
    return [table.schema, table.name, column, label.zh, label.en, label.level, name.zh, name.en]


def _comment(connection: duckdb.DuckDBPyConnection, labels: Labels) -> None:
    tables = published_tables(connection)
    for table in tables:
        where = f"building.{table.full_name}"
        _set_comment(connection, f"table {where}", labels.of_table(table.name))
        for column, _ in table.columns:
            _set_comment(connection, f'column {where}."{column}"', labels.of_column(table.name, column))


def _set_comment(connection: duckdb.DuckDBPyConnection, what: str, comment: str | None) -> None:
    text = (comment or "").replace("'", "''")
    connection.execute(f"comment on {what} is '{text}'")


def published_tables(connection: duckdb.DuckDBPyConnection) -> tuple[Table, ...]:
    """Return all tables of the copy, including those from `state/`.

    Args:
        connection: DuckDB with `building` attached.
    """
    return tables_of(connection, "building", with_state=True)


def _verify(connection: duckdb.DuckDBPyConnection, content: Content, labels: Labels) -> None:
    # Read back from the new file: a fault of the copy must show before readers see it.
    copied = read_content(connection, "building", labels)
    if copied.fingerprint != content.fingerprint:
        raise WangjianError(
            "the copy differs from the warehouse; readers still see the last publication",
            fix="run `wangjian publish` again",
        )
