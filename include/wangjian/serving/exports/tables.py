"""Read what an export needs to know of the published tables: columns, labels, keys, and the publication."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.publishing.content import SCHEMAS, tables_of
from wangjian.publishing.reading import current_file
from wangjian.state import Publication
from wangjian.warehouse.grain import key_of


@dataclass(frozen=True)
class PublishedColumn:
    """A column of a published table.

    Attributes:
        data_type: DuckDB's type.
        zh, en: the Chinese label and the English description; empty if the column has no label.
    """

    name: str
    data_type: str
    zh: str
    en: str


@dataclass(frozen=True)
class PublishedTable:
    """A published table.

    Attributes:
        comment: the comment in the file, `中文 | English`.
        key: the columns that identify a row; empty if the table has no key.
    """

    schema: str
    name: str
    comment: str
    columns: tuple[PublishedColumn, ...]
    key: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f'"{self.schema}"."{self.name}"'


def open_for_export(data: DataRoot) -> duckdb.DuckDBPyConnection:
    """Open the publication that readers see for our own queries.

    Unlike `open_published`, the connection may write files. Never run a user's query on it.

    Raises:
        WangjianError: nothing is published yet.
    """
    path = current_file(data)
    if path is None or not path.exists():
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    connection = duckdb.connect(str(path), read_only=True)
    # the same times in every file, in whatever time zone the machine is
    connection.execute("set timezone = 'UTC'")
    return connection


def publication_of(connection: duckdb.DuckDBPyConnection) -> Publication:
    """Return the publication of a published file: its own row is the newest in `audit.publication`."""
    answer = connection.sql("select * from audit.publication order by published_at desc limit 1")
    return Publication.model_validate(dict(zip(answer.columns, answer.fetchone() or (), strict=True)))


def published_tables(
    connection: duckdb.DuckDBPyConnection, schemas: Sequence[str] = SCHEMAS
) -> tuple[PublishedTable, ...]:
    """Return the tables of a published file with their labels and keys, in the order of schema and name."""
    database = (connection.execute("select current_database()").fetchone() or ("",))[0]
    comments = dict(
        connection.execute(
            "select (schema_name, table_name), comment from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    )
    labels = {
        tuple(key): comment
        for *key, comment in connection.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() where database_name = current_database()"
        ).fetchall()
    }
    return tuple(
        PublishedTable(
            table.schema,
            table.name,
            comments.get((table.schema, table.name)) or "",
            tuple(
                PublishedColumn(name, kind, *_both(labels.get((table.schema, table.name, name))))
                for name, kind in table.columns
            ),
            key_of(table.name),
        )
        for table in tables_of(connection, database, with_state=True)
        if table.schema in schemas
    )


def _both(comment: str | None) -> tuple[str, str]:
    zh, _, en = (comment or "").partition(" | ")
    return zh, en


def chosen_tables(everything: Iterable[PublishedTable], names: Sequence[str]) -> tuple[PublishedTable, ...]:
    """Return the tables with these names.

    Args:
        everything: all published tables.
        names: names with or without their schema; a schema alone means all of its tables.

    Raises:
        BadArguments: there is no such table; the message lists tables with a similar name.
    """
    everything = tuple(everything)
    chosen: dict[str, PublishedTable] = {}
    for name in names:
        matches = [table for table in everything if name in (table.full_name, table.name, table.schema)]
        if not matches:
            like = [table.full_name for table in everything if name.split(".")[-1].lower() in table.name] or [
                table.full_name for table in everything
            ]
            raise BadArguments("there is no such published table", table=name, fix=f"choose from: {', '.join(like)}")
        chosen |= {table.full_name: table for table in matches}
    return tuple(chosen.values())
