"""Published files made by hand, with every type and awkward texts; a PostgreSQL server for the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from support.postgres import postgres_server
from wangjian.core.paths import DataRoot
from wangjian.publishing.shelf import swap_link

__all__ = ["postgres_server"]

Publish = Callable[..., DataRoot]

TABLES = """
create schema marts;
create schema reports;
create schema audit;
create table marts.fct_odd as
    select
        i as n,
        {version} as version,
        case i % 7 when 0 then '=1+1' when 1 then '@cmd' when 2 then E'a\\tb\\\\c' when 3 then '引号"，逗号,' when 4 then ''
            when 5 then null else E'两行\\n文字' end as said,
        case when i % 3 = 0 then null else (i * 1.1)::decimal(18, 2) end as amount,
        i::hugeint * 1000000000000000000000 as huge,
        case when i % 5 = 0 then null else i % 2 = 0 end as is_even,
        date '2023-01-01' + i::int as happened_on,
        timestamp '2023-01-01 08:30:00' + to_minutes(i) as happened_at,
        timestamptz '2023-01-01 08:30:00.123456+08' + to_minutes(i) as recorded_at,
        i / 3.0::double as share
    from range({rows}) as t (i);
create table marts.fct_even as select i as n, {version} as version from range({rows}) as t (i);
create table reports.rpt_sum as select {version} as version, {rows} as row_count;
create table audit.mart_input as select 'fct_odd' as mart_name, 'jiangxi' as source, 'cases' as dataset;
create table audit.publication as
    select '{publication_id}' as publication_id, date '2023-12-31' as as_of, 'run' as run_id, 'build' as build_id,
        timestamptz '2024-01-01 00:00:00+00' as published_at, 'print {version}' as content_fingerprint, 3 as table_count,
        {rows} as row_count, 'v1.2.0' as storage_version, null::bigint as byte_size, null::varchar as held;
comment on table marts.fct_odd is '奇数''事实 | Odd things';
comment on column marts.fct_odd.said is '所言 | What was said';
comment on column marts.fct_odd.n is '数 | Number';
comment on column marts.fct_odd.version is '数 | Version';
"""


@pytest.fixture
def publish_by_hand(tmp_path: Path) -> Publish:
    """Return a function that publishes a file by its version and the number of rows of its tables."""
    data = DataRoot(tmp_path / "data")
    data.published.mkdir(parents=True)

    def publish(version: int, rows: int = 100) -> DataRoot:
        name = f"warehouse-20231231-{version:03}.duckdb"
        with duckdb.connect(str(data.published / name)) as connection:
            connection.execute(TABLES.format(version=version, rows=rows, publication_id=f"20231231-{version:03}"))
        swap_link(data, name)
        return data

    return publish


@pytest.fixture
def database(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the connection string of a new database for the mirror."""
    import psycopg

    name = f"mirror_{os.urandom(4).hex()}"
    with psycopg.connect(f"{postgres_server} dbname=postgres", autocommit=True) as server:
        server.execute(f"create database {name}")
        monkeypatch.setenv("WANGJIAN_POSTGRES", f"{postgres_server} dbname={name}")
        yield f"{postgres_server} dbname={name}"
        server.execute(f"drop database {name} with (force)")
