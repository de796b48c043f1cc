"""The mirror in a real PostgreSQL: exact, swapped in one step under readers, resumed after a crash, grants kept."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pytest

from serving.conftest import Publish
from wangjian.core.errors import BadArguments, Busy, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline
from wangjian.serving.exports.tables import open_for_export, published_tables
from wangjian.serving.postgres import mirror as postgres
from wangjian.state import runs

PUBLICATIONS = 15 if os.environ.get("PROOF") == "full" else 6

ONE_STATE = """
    select array[
        (select min(version) from marts.fct_odd), (select max(version) from marts.fct_odd),
        (select max(version) from marts.fct_even), (select max(version) from reports.rpt_sum)
    ], (select count(*) from marts.fct_odd), (select row_count from reports.rpt_sum)
"""


def asked(database: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(query, parameters or None).fetchall()  # type: ignore[arg-type]


def canonical(row: tuple[Any, ...]) -> str:
    """Return a row as text with its types; times in UTC and whole numbers in one form, whichever driver read them."""
    return repr([_canonical(cell) for cell in row])


def _canonical(cell: Any) -> Any:
    if isinstance(cell, datetime) and cell.tzinfo:
        return cell.astimezone(UTC).isoformat()
    if isinstance(cell, Decimal) and cell.as_tuple().exponent == 0:
        return int(cell)
    return cell


def differing_tables(data: DataRoot, database: str) -> list[str]:
    """Return the tables whose rows differ between the file and the mirror; their order does not count."""
    differing = []
    with open_for_export(data) as source:
        for table in published_tables(source, postgres.SCHEMAS):
            there = asked(database, f"select * from {table.quoted}")
            here = source.execute(f"select * from {table.quoted}").fetchall()
            if sorted(map(canonical, here)) != sorted(map(canonical, there)):
                differing.append(table.full_name)
    return differing


def test_every_type_is_mirrored_exactly(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1, rows=12_345)
    report = postgres.mirror(data)
    assert (report.publication_id, report.is_new, report.tables, report.rows) == ("20231231-001", True, 3, 24_691)
    assert differing_tables(data, database) == []
    types = dict(
        asked(
            database,
            "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'marts.fct_odd'::regclass and attnum > 0",
        )
    )
    assert types == {
        "n": "bigint", "version": "integer", "said": "text", "amount": "numeric(18,2)", "huge": "numeric(38,0)", "is_even": "boolean",
        "happened_on": "date", "happened_at": "timestamp without time zone", "recorded_at": "timestamp with time zone",
        "share": "double precision",
    }  # fmt: skip
    comments = asked(
        database, "select obj_description('marts.fct_odd'::regclass), col_description('marts.fct_odd'::regclass, 3)"
    )
    assert comments == [("奇数'事实 | Odd things", "所言 | What was said")]


def test_the_same_publication_again_does_nothing(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    assert pipeline.mirror(data).is_new
    before = asked(database, "select 'marts.fct_odd'::regclass::oid")
    again = pipeline.mirror(data)
    assert (again.is_new, again.publication_id, again.rows) == (False, "20231231-001", 201)
    assert asked(database, "select 'marts.fct_odd'::regclass::oid") == before
    assert asked(database, "select publication_id from wangjian_mirror.publication") == [("20231231-001",)]
    assert [(run.step, run.outcome) for run in runs(data)] == [("mirror", "succeeded"), ("mirror", "skipped")]


def test_a_rollback_is_mirrored_too(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    postgres.mirror(data)
    publish_by_hand(2)
    postgres.mirror(data)
    (data.published / "warehouse-20231231-001.duckdb").unlink()
    publish_by_hand(1)
    assert postgres.mirror(data).is_new
    assert asked(database, "select distinct version from marts.fct_odd") == [(1,)]


@pytest.mark.slow
def test_readers_never_fail_nor_see_a_mix(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1, rows=501)
    postgres.mirror(data)
    stop, wrong, seen = threading.Event(), [], []

    def read() -> None:
        last = 0
        with psycopg.connect(database, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    state, count, recorded = connection.execute(ONE_STATE).fetchone() or ([], 0, 0)
                except psycopg.Error as error:
                    wrong.append(repr(error))
                    return
                if len(set(state)) != 1 or count != recorded or count != 500 + state[0] or state[0] < last:
                    wrong.append(f"{state} {count} {recorded} after {last}")
                last = state[0]
                seen.append(last)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for version in range(2, 2 + PUBLICATIONS):
            publish_by_hand(version, rows=500 + version)
            assert postgres.mirror(data).is_new
    finally:
        stop.set()
        for reader in readers:
            reader.join(30)
    assert wrong == []
    assert len(set(seen)) > PUBLICATIONS // 3
    assert asked(database, "select count(*) from wangjian_mirror.publication") == [(1 + PUBLICATIONS,)]


def test_a_long_reader_is_waited_for_and_sees_one_publication(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    postgres.mirror(data)
    publish_by_hand(2)
    with psycopg.connect(database) as reader:
        assert reader.execute("select max(version) from marts.fct_odd").fetchall() == [(1,)]
        with pytest.raises(Busy, match="readers of the mirror have not finished"):
            postgres.mirror(data, wait_seconds=1)
        assert reader.execute("select max(version) from marts.fct_even").fetchall() == [(1,)]
    report = postgres.mirror(data)
    assert (report.is_new, report.resumed) == (True, 3)
    assert asked(database, "select max(version) from marts.fct_odd") == [(2,)]


def test_a_crash_while_loading_disturbs_no_reader_and_the_next_run_resumes(
    publish_by_hand: Publish, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = publish_by_hand(1)
    postgres.mirror(data)
    publish_by_hand(2)
    load = postgres._load_table

    def crash(source: Any, target: Any, table: Any) -> None:
        load(source, target, table)
        if table.name == "fct_odd":
            raise RuntimeError("the machine stops")

    with monkeypatch.context() as patch:
        patch.setattr(postgres, "_load_table", crash)
        with pytest.raises(RuntimeError):
            postgres.mirror(data)
    assert asked(database, "select max(version) from marts.fct_odd") == [(1,)]
    assert postgres.mirror(data).resumed == 1
    assert differing_tables(data, database) == []
    assert asked(database, "select max(version), count(*) from marts.fct_odd") == [(2, 100)]
    assert asked(database, "select nspname from pg_namespace where nspname like '%\\_\\_next'") == []


def test_readers_keep_their_access_and_nobody_else_gets_it(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    postgres.mirror(data)
    suffix = database.rsplit("_", 1)[1]
    everything, one, nobody = (f"{name}_{suffix}" for name in ("reader", "narrow", "stranger"))
    with psycopg.connect(database, autocommit=True) as owner:
        for role in (everything, one, nobody):
            owner.execute(f"create role {role} login")  # type: ignore[arg-type]
        owner.execute(f"grant usage on schema marts, reports to {everything}")  # type: ignore[arg-type]
        owner.execute(f"grant usage on schema marts to {one}")  # type: ignore[arg-type]
        owner.execute(f"grant select on all tables in schema marts, reports to {everything}")  # type: ignore[arg-type]
        owner.execute(f"grant select on marts.fct_even to {one}")  # type: ignore[arg-type]
    publish_by_hand(2)
    path = data.published / "warehouse-20231231-002.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table marts.fct_new as select 2 as version")
    postgres.mirror(data)

    def reads(role: str, table: str) -> bool:
        try:
            return asked(f"{database} user={role}", f"select max(version) from {table}") == [(2,)]
        except psycopg.errors.InsufficientPrivilege:
            return False

    tables = ("marts.fct_odd", "marts.fct_even", "marts.fct_new", "reports.rpt_sum")
    assert [reads(everything, table) for table in tables] == [True, True, True, True]
    assert [reads(one, table) for table in tables] == [False, True, False, False]
    assert [reads(nobody, table) for table in tables] == [False, False, False, False]


def test_schemas_and_views_of_others_are_not_destroyed(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("create schema marts")
    with pytest.raises(WangjianError, match="not the mirror's: marts"):
        postgres.mirror(data)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("drop schema marts")
        postgres.mirror(data)
        owner.execute("create view public.mine as select * from marts.fct_odd")
    publish_by_hand(2)
    with pytest.raises(WangjianError, match=r"would be lost: public\.mine"):
        postgres.mirror(data)
    assert asked(database, "select distinct version from public.mine") == [(1,)]


def test_a_second_process_is_refused(publish_by_hand: Publish, database: str) -> None:
    data = publish_by_hand(1)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [postgres._LOCK_KEY])
        with pytest.raises(Busy, match="another process writes it"):
            postgres.mirror(data)
    assert postgres.mirror(data).is_new


def test_errors_say_what_to_do_and_no_secret(publish_by_hand: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    data = publish_by_hand(1)
    monkeypatch.setenv("WANGJIAN_POSTGRES", "host=/nowhere user=wangjian password=geheim dbname=x")
    with pytest.raises(WangjianError, match="cannot be reached") as raised:
        postgres.mirror(data)
    assert "geheim" not in str(raised.value)


def test_without_a_connection_it_says_how_to_define_one(
    publish_by_hand: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = publish_by_hand(1)
    monkeypatch.delenv("WANGJIAN_POSTGRES", raising=False)

    def unknown(_: str) -> None:
        raise BadArguments("no such connection")

    monkeypatch.setattr("wangjian.ingestion.fetching.connection.resolve", unknown)
    with pytest.raises(BadArguments, match="set WANGJIAN_POSTGRES"):
        postgres.mirror(data)


@pytest.mark.slow
def test_a_whole_year_row_for_row(year_2024: DataRoot, database: str) -> None:
    report = postgres.mirror(year_2024)
    assert report.rows > 100_000
    assert differing_tables(year_2024, database) == []
    unlabelled = asked(
        database,
        "select count(*) from pg_attribute as columns inner join pg_class as tables on columns.attrelid = tables.oid "
        "where tables.relnamespace::regnamespace::text in ('marts', 'reports') and tables.relkind = 'r' and columns.attnum > 0 "
        "and coalesce(col_description(tables.oid, columns.attnum), '') not like '% | %'",
    )
    assert unlabelled == [(0,)]
    keys = asked(database, "select count(*) from pg_indexes where schemaname = 'marts' and indexdef like '%UNIQUE%'")
    assert keys[0][0] >= 20
