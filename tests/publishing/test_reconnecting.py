"""The statements of docs/how-to/read-the-published-file.md about connections that outlive a publication."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from support.reconnecting import engine_of
from wangjian.core.paths import DataRoot
from wangjian.publishing import publish

COUNT = "select count(*) from marts.fct_case"


@pytest.fixture
def link(data: DataRoot) -> str:
    return os.fspath(data.published / "warehouse.duckdb")


@pytest.fixture
def republish(data: DataRoot, build: Callable[..., Any], labels: Path) -> Callable[[int], None]:
    """Publish a number of cases, and keep no other publication."""

    def publish_rows(rows: int) -> None:
        build(rows=rows)
        publish(data, labels=labels, keep=1)

    publish_rows(1)
    return publish_rows


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    (found,) = connection.execute(COUNT).fetchone() or (None,)
    return int(str(found))


def test_an_open_connection_keeps_its_publication_and_a_new_one_to_the_resolved_link_sees_the_new_one(
    link: str, republish: Callable[[int], None]
) -> None:
    with duckdb.connect(os.path.realpath(link), read_only=True) as former:
        republish(2)
        assert not Path(
            former.execute("select path from duckdb_databases() where path is not null").fetchall()[0][0]
        ).exists()
        with duckdb.connect(os.path.realpath(link), read_only=True) as present:
            assert (_count(former), _count(present)) == (1, 2)


def test_a_driver_from_1_5_resolves_the_link(link: str, republish: Callable[[int], None]) -> None:
    with duckdb.connect(link, read_only=True) as former:
        republish(2)
        with duckdb.connect(link, read_only=True) as present:
            assert (_count(former), _count(present)) == (1, 2)


def test_connections_from_the_pool_see_the_current_publication(link: str, republish: Callable[[int], None]) -> None:
    engine = engine_of(link)
    with engine.connect() as first, engine.connect() as second:
        kept = [connection.scalar(sa.text(COUNT)) for connection in (first, second)]
    assert (kept, engine.pool.checkedin()) == ([1, 1], 2)  # type: ignore[attr-defined]
    with engine.connect() as former:
        republish(2)
        assert former.scalar(sa.text(COUNT)) == 1
        with engine.connect() as present:
            assert present.scalar(sa.text(COUNT)) == 2
    with engine.connect() as first, engine.connect() as second:
        assert [connection.scalar(sa.text(COUNT)) for connection in (first, second)] == [2, 2]
    engine.dispose()


def test_without_a_pool_each_query_sees_the_current_publication(link: str, republish: Callable[[int], None]) -> None:
    engine = engine_of(link, poolclass=sa.pool.NullPool)
    with engine.connect() as former:
        republish(2)
        with engine.connect() as present:
            assert (former.scalar(sa.text(COUNT)), present.scalar(sa.text(COUNT))) == (1, 2)
