"""Mirror the published marts and reports in PostgreSQL, for tools that read nothing else (`wangjian publish --to postgres`).

A publication is loaded next to what readers see (`marts__next`, `reports__next`), then takes its place in one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from wangjian.core.errors import Busy, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.serving.exports.tables import PublishedTable, open_for_export, publication_of, published_tables
from wangjian.serving.postgres.connection import connect
from wangjian.serving.postgres.grants import copy_grants
from wangjian.state import Publication

if TYPE_CHECKING:
    import psycopg

SCHEMAS = ("marts", "reports")
"""`audit` is not mirrored: it is for those who run the warehouse, and they have the file."""
NEXT = "__next"
RECORD = "wangjian_mirror"

_ROWS = 5000
"""How many rows are in memory at a time."""
_LOCK_KEY = 0x57414E47
_PATIENCE = 0.8
"""How long a swap waits for its locks, as a share of PostgreSQL's `deadlock_timeout` (1 s).

Shorter than that timeout: in a deadlock the swap gives way, before PostgreSQL picks a victim that may be a reader.
"""
_OURS = "网监数仓发布批次"
"""How the comment of each schema of the mirror begins; a schema without it belongs to somebody else."""
_TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38, 0)",
    "UBIGINT": "numeric(20, 0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
}


@dataclass(frozen=True)
class MirrorReport:
    """What a run of the mirror did.

    Attributes:
        publication_id: the publication that readers of the mirror see now.
        is_new: whether this run brought it; false if they saw it before.
        tables: the number of tables.
        rows: the number of rows in all tables.
        resumed: how many tables an earlier, interrupted run had loaded.
    """

    publication_id: str
    is_new: bool
    tables: int
    rows: int
    resumed: int


def mirror(data: DataRoot, *, wait_seconds: float = 600) -> MirrorReport:
    """Update the mirror to the publication that readers of the file see. Safe to run again after any crash.

    Args:
        data: the data root.
        wait_seconds: how long to wait for readers of the mirror that are in a transaction.

    Returns:
        The report. If the mirror shows this publication already, nothing is done.

    Raises:
        BadArguments: no connection is defined.
        Busy: another process writes the mirror, or its readers did not finish in time; they still see the last publication.
        WangjianError: nothing is published; PostgreSQL cannot be reached or refuses; or views of others depend on a
            mirrored table.
    """
    with open_for_export(data) as source, connect() as target, _alone(target):
        publication = publication_of(source)
        tables = published_tables(source, SCHEMAS)
        _prepare(target)
        shown = _shown(target)
        if shown and shown[0] == publication.publication_id and shown[1] == publication.content_fingerprint:
            return MirrorReport(publication.publication_id, False, len(tables), shown[2], 0)
        # before loading, which takes long, and not only before the swap
        _require_ours(target)
        _require_no_guests(target)
        resumed = _load(source, target, publication, tables)
        rows = _count(target, tables)
        _swap(target, publication, rows, wait_seconds)
        return MirrorReport(publication.publication_id, True, len(tables), rows, resumed)


@contextmanager
def _alone(target: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the mirror's lock. It belongs to the session, so PostgreSQL releases it even if this process is killed."""
    got = target.execute("select pg_try_advisory_lock(%s)", [_LOCK_KEY]).fetchone()
    if not (got and got[0]):
        raise Busy("cannot write the mirror: another process writes it", fix="wait until it has finished")
    yield


def _prepare(target: psycopg.Connection[Any]) -> None:
    target.execute(f"create schema if not exists {RECORD}")
    target.execute(
        f"create table if not exists {RECORD}.publication (publication_id text not null, content_fingerprint text not null, "
        "as_of date not null, row_count bigint not null, mirrored_at timestamptz not null default now())"
    )


def _shown(target: psycopg.Connection[Any]) -> tuple[str, str, int] | None:
    """Return the ID, fingerprint and row count of the mirrored publication; null if there is none.

    The record alone is not enough: a person may have dropped the schemas since.
    """
    there = target.execute("select count(*) from pg_namespace where nspname = any(%s)", [list(SCHEMAS)]).fetchone()
    if not there or there[0] < len(SCHEMAS):
        return None
    return target.execute(
        f"select publication_id, content_fingerprint, row_count from {RECORD}.publication order by mirrored_at desc limit 1"
    ).fetchone()


def _require_ours(target: psycopg.Connection[Any]) -> None:
    """Raise an error if a schema of the same name belongs to somebody else: the swap would drop it."""
    others = target.execute(
        "select nspname from pg_namespace where nspname = any(%s) and coalesce(obj_description(oid, 'pg_namespace'), '') not like %s",
        [list(SCHEMAS), f"{_OURS}%"],
    ).fetchall()
    if others:
        raise WangjianError(
            f"the database has schemas of this name that are not the mirror's: {', '.join(name for (name,) in others)}",
            fix="give the mirror a database of its own",
        )


def _require_no_guests(target: psycopg.Connection[Any]) -> None:
    """Raise an error if others have made views on mirrored tables: the swap drops the tables and the views with them."""
    # views and rules of others, found by what they depend on; and anything but plain tables in our schemas
    guests = target.execute(
        """
        select distinct format('%%I.%%I', views.relnamespace::regnamespace, views.relname)
        from pg_depend as depends
        inner join pg_rewrite as rules on depends.classid = 'pg_rewrite'::regclass and depends.objid = rules.oid
        inner join pg_class as views on rules.ev_class = views.oid
        inner join pg_class as tables on depends.refclassid = 'pg_class'::regclass and depends.refobjid = tables.oid
        where tables.relnamespace::regnamespace::text = any(%s) and views.oid <> tables.oid
        union
        select format('%%I.%%I', tables.relnamespace::regnamespace, tables.relname)
        from pg_class as tables
        where tables.relnamespace::regnamespace::text = any(%s) and tables.relkind in ('v', 'm', 'f', 'S', 'p')
        order by 1
        """,
        [list(SCHEMAS), list(SCHEMAS)],
    ).fetchall()
    if guests:
        raise WangjianError(
            f"views of others depend on the mirror and would be lost: {', '.join(name for (name,) in guests)}",
            fix="define them in the tool, or copy what they need into tables of another schema; then drop them and publish again",
        )


def _load(
    source: duckdb.DuckDBPyConnection,
    target: psycopg.Connection[Any],
    publication: Publication,
    tables: Sequence[PublishedTable],
) -> int:
    """Load the tables that are not loaded yet, and return how many were.

    Each table has its own transaction: what an interrupted run has loaded of this publication stays.
    """
    mark = f"{publication.publication_id} {publication.content_fingerprint}"
    for schema in SCHEMAS:
        _stage(target, schema, mark)
    done = {
        (str(schema), str(name))
        for schema, name in target.execute(
            "select schemaname, tablename from pg_tables where schemaname = any(%s)",
            [[f"{name}{NEXT}" for name in SCHEMAS]],
        ).fetchall()
    }
    left = [table for table in tables if (f"{table.schema}{NEXT}", table.name) not in done]
    for table in left:
        with target.transaction():
            _load_table(source, target, table)
        # without statistics, the first queries after a swap would have bad plans
        target.execute(f"analyze {_staged(table)}")
    return len(tables) - len(left)


def _stage(target: psycopg.Connection[Any], schema: str, mark: str) -> None:
    """Create the schema to load the next publication into. Its comment names the publication.

    A schema that an interrupted run left is kept if it is for the same publication, else dropped.
    """
    existing = target.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [f"{schema}{NEXT}"]
    ).fetchone()
    if existing and existing[0] == mark:
        return
    with target.transaction():
        target.execute(f'drop schema if exists "{schema}{NEXT}" cascade')
        target.execute(f'create schema "{schema}{NEXT}"')
        target.execute(f'comment on schema "{schema}{NEXT}" is {_literal(mark)}')


def _staged(table: PublishedTable) -> str:
    return f'"{table.schema}{NEXT}"."{table.name}"'


def _load_table(source: duckdb.DuckDBPyConnection, target: psycopg.Connection[Any], table: PublishedTable) -> None:
    name = _staged(table)
    columns = ", ".join(f'"{column.name}" {_type(table, column.data_type)}' for column in table.columns)
    target.execute(f"create table {name} ({columns})")
    answer = source.execute(f"select {', '.join(map(_readable, table.columns))} from {table.quoted}")
    count = 0
    with target.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
        while rows := answer.fetchmany(_ROWS):
            count += len(rows)
            for row in rows:
                copy.write_row(row)
    _require_rows(target, table, count)
    # after the rows: an index that is built once is faster than one that grows row by row
    if table.key:
        key = ", ".join(f'"{column}"' for column in table.key)
        target.execute(f"create unique index on {name} ({key})")
    target.execute(f"comment on table {name} is {_literal(table.comment)}")
    for column in table.columns:
        target.execute(f'comment on column {name}."{column.name}" is {_literal(_comment(column.zh, column.en))}')


def _readable(column: Any) -> str:
    # PostgreSQL's text type cannot hold NUL; nothing else is changed
    return f"""replace("{column.name}", chr(0), '')""" if column.data_type == "VARCHAR" else f'"{column.name}"'


def _type(table: PublishedTable, data_type: str) -> str:
    if data_type.startswith("DECIMAL"):
        return data_type.lower().replace("decimal", "numeric")
    if data_type not in _TYPES:
        raise WangjianError(
            "no PostgreSQL type is known for a column",
            table=table.full_name,
            type=data_type,
            fix="cast the column in its model to a type that the mirror knows",
        )
    return _TYPES[data_type]


def _require_rows(target: psycopg.Connection[Any], table: PublishedTable, count: int) -> None:
    row = target.execute(f"select count(*) from {_staged(table)}").fetchone()
    if not row or row[0] != count:
        raise WangjianError(
            f"{count} rows were sent, {row and row[0]} arrived", table=table.full_name, fix="publish again"
        )


def _comment(zh: str, en: str) -> str:
    return f"{zh} | {en}" if en else zh


def _literal(text: str) -> str:
    # COMMENT takes no parameters; with standard_conforming_strings on, only the quote needs escaping
    return "'" + text.replace("'", "''") + "'"


def _count(target: psycopg.Connection[Any], tables: Sequence[PublishedTable]) -> int:
    each = " union all ".join(f"select count(*) as n from {_staged(table)}" for table in tables)
    row = target.execute(f"select coalesce(sum(n), 0) from ({each}) as counts").fetchone()
    return int(row[0]) if row else 0


def _swap(target: psycopg.Connection[Any], publication: Publication, rows: int, wait_seconds: float) -> None:
    """Replace the current schemas with the loaded ones, when no reader is in a transaction on them.

    All current tables are locked before a name changes. A query that has read one of them reads the others of the same
    publication; a query that waits for the lock resolves its names afterwards and reads the new ones. A reader that waits
    for us waits a fraction of a second, since we give up the locks and try again.
    """
    import psycopg

    end = time.monotonic() + wait_seconds
    while True:
        try:
            with target.transaction():
                _swap_now(target, publication, rows)
            return
        except (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
            if time.monotonic() >= end:
                raise Busy(
                    f"readers of the mirror have not finished within {wait_seconds:.0f} s; they see the last publication",
                    fix="end long transactions (pg_stat_activity shows them), then publish again: the tables are loaded",
                ) from None
            time.sleep(0.3)


def _swap_now(target: psycopg.Connection[Any], publication: Publication, rows: int) -> None:
    present = target.execute(
        "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname = any(%s) order by 1",
        [list(SCHEMAS)],
    ).fetchall()
    if present:
        target.execute(
            "select set_config('statement_timeout', (setting::int * %s)::int::text, true) "
            "from pg_settings where name = 'deadlock_timeout'",
            [_PATIENCE],
        )
        target.execute(f"lock table {', '.join(name for (name,) in present)} in access exclusive mode")
        # the limit is for the wait for the locks alone, not for the swap itself
        target.execute("set local statement_timeout = 0")
    for schema in SCHEMAS:
        # before the old schema is dropped: afterwards nobody knows who could read it
        copy_grants(target, schema, f"{schema}{NEXT}")
        target.execute(f'drop schema if exists "{schema}" cascade')
        target.execute(f'alter schema "{schema}{NEXT}" rename to "{schema}"')
        comment = f"{_OURS} {publication.publication_id} | Publication {publication.publication_id} of Wangjian"
        target.execute(f'comment on schema "{schema}" is {_literal(comment)}')
    target.execute(
        f"insert into {RECORD}.publication (publication_id, content_fingerprint, as_of, row_count) values (%s, %s, %s, %s)",
        [publication.publication_id, publication.content_fingerprint, publication.as_of, rows],
    )
