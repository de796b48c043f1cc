"""Backup and restore of Airflow's metadata database, of both kinds, while another process uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from operations.backup.conftest import destroy
from support.postgres import postgres_server
from support.searching import found_in
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.operations.backup import back_up, restore, verify

__all__ = ["postgres_server"]

VARIABLE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "airflow" / "airflow.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("pragma journal_mode = wal; create table dag_run (id); insert into dag_run values (1)")
    monkeypatch.setenv(VARIABLE, f"sqlite:///{path}")
    return path


def ask(path: Path) -> list[tuple[int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select id from dag_run order by id").fetchall()


def test_sqlite_is_copied_while_it_is_in_use(data: DataRoot, folder: Path, sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite)) as airflow:
        # One row is committed and still in the write-ahead log; the other is not committed.
        airflow.execute("insert into dag_run values (2)")
        airflow.commit()
        airflow.execute("insert into dag_run values (3)")
        backup = back_up(data, folder, metadata=True).backup
    assert backup.metadata and backup.metadata.kind == "sqlite"
    assert verify(folder).is_whole
    destroy(data)
    for path in sqlite.parent.glob("*"):
        path.unlink()
    assert restore(data, folder, metadata=True).has_metadata
    assert ask(sqlite) == [(1,), (2,)]
    assert sqlite.stat().st_mode & 0o777 == 0o600


def test_the_database_stays_unless_its_restore_is_requested(data: DataRoot, folder: Path, sqlite: Path) -> None:
    back_up(data, folder)
    destroy(data)
    with pytest.raises(BadArguments, match="without --metadata"):
        restore(data, folder, metadata=True)
    restore(data, folder)
    assert ask(sqlite) == [(1,)]


def test_a_database_of_another_kind_or_a_missing_one_is_refused(
    data: DataRoot, folder: Path, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(data, folder, metadata=True)
    destroy(data)
    monkeypatch.setenv(VARIABLE, "postgresql+psycopg2://airflow:CANARY@127.0.0.1:1/airflow")
    with pytest.raises(WangjianError, match="holds a sqlite database"):
        restore(data, folder, metadata=True)
    assert not data.root.exists()
    restore(data, folder)
    with pytest.raises(WangjianError, match=r"pg_dump failed") as caught:
        back_up(data, folder, metadata=True)
    assert "CANARY" not in str(caught.value)
    monkeypatch.setenv(VARIABLE, f"sqlite:///{sqlite}.gone")
    with pytest.raises(WangjianError, match="there is no metadata database"):
        back_up(data, folder, metadata=True)
    monkeypatch.setenv(VARIABLE, "mysql://localhost/airflow")
    with pytest.raises(WangjianError, match="mysql cannot be backed up"):
        back_up(data, folder, metadata=True)


@pytest.fixture
def postgres(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import psycopg

    where = dict(item.split("=") for item in postgres_server.split())
    with psycopg.connect(f"{postgres_server} dbname=postgres", autocommit=True) as server:
        server.execute("create database metadata")
        user, host = where["user"], where["host"]
        monkeypatch.setenv(VARIABLE, f"postgresql+psycopg2://{user}:CANARY-9c1@/metadata?host={host}")
        yield f"{postgres_server} dbname=metadata"
        server.execute("drop database metadata with (force)")


def test_postgres_is_dumped_and_loaded(data: DataRoot, folder: Path, postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("create table dag_run (id int primary key, note text)")
        connection.execute("insert into dag_run values (1, '每日')")
    backup = back_up(data, folder, metadata=True).backup
    assert backup.metadata and backup.metadata.kind == "postgresql"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("update dag_run set note = 'lost'; create table later (id int)")
    destroy(data)
    restore(data, folder, metadata=True)
    with psycopg.connect(postgres) as connection:
        assert connection.execute("select * from dag_run").fetchall() == [(1, "每日")]
    assert found_in(folder, ["CANARY-9c1"]) == []
