"""The published tables as they are handed out: columns, labels, key, and the publication that they are of."""

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
    """A column.

    Attributes:
        data_type: DuckDB's.
        zh, en: what it is called and what it means; empty where it has no label.
    """

    name: str
    data_type: str
    zh: str
    en: str


@dataclass(frozen=True)
class PublishedTable:
    """A published table.

    Attributes:
        comment: as it stands in the file, `中文 | English`.
        key: the columns that name a row; empty where nothing does.
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
    """Open the publication that readers see, for our own queries alone: unlike `open_published` it may write files.

    Raises:
        WangjianError: nothing is published yet.
    """
    path = current_file(data)
    if path is None or not path.exists():
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    connection = duckdb.connect(str(path), read_only=True)
    # the same moments for everybody, wherever the machine stands
    connection.execute("set timezone = 'UTC'")
    return connection


def publication_of(connection: duckdb.DuckDBPyConnection) -> Publication:
    """The publication that a published file is: its own row is the last that it knows of."""
    answer = connection.sql("select * from audit.publication order by published_at desc limit 1")
    return Publication.model_validate(dict(zip(answer.columns, answer.fetchone() or (), strict=True)))


def published_tables(
    connection: duckdb.DuckDBPyConnection, schemas: Sequence[str] = SCHEMAS
) -> tuple[PublishedTable, ...]:
    """The tables of a published file, with labels and keys, by schema and name."""
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
    """The tables of these names.

    Args:
        everything: all there are.
        names: with or without their schema; a schema alone means all of its tables.

    Raises:
        BadArguments: there is no such table; it says which have a similar name.
    """
    everything = tuple(everything)
    chosen: dict[str, PublishedTable] = {}
    for name in names:
        found = [table for table in everything if name in (table.full_name, table.name, table.schema)]
        if not found:
            like = [table.full_name for table in everything if name.split(".")[-1].lower() in table.name] or [
                table.full_name for table in everything
            ]
            raise BadArguments("there is no such published table", table=name, fix=f"choose from: {', '.join(like)}")
        chosen |= {table.full_name: table for table in found}
    return tuple(chosen.values())
