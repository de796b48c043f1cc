"""Only checked builds are published, completely or not at all, and with the same result after any crash."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
from collections import namedtuple
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from wangjian import publishing
from wangjian.core.errors import BadArguments, Busy, ChecksFailed, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.publishing import kept, open_published, publications, publish, rollback
from wangjian.state import CheckResult, append_check_results, events, record_run

BuildAgain = Callable[..., Any]


def rows(data: DataRoot, sql: str) -> list[Any]:
    with open_published(data) as connection:
        return connection.execute(sql).fetchall()


def count(data: DataRoot) -> int:
    return int(rows(data, "select count(*) from marts.fct_case")[0][0])


def shelf(data: DataRoot) -> list[str]:
    return sorted(path.name for path in data.published.iterdir())


def test_publishes_the_three_schemas_and_nothing_else(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    report = publish(data, "run", labels=labels)
    assert report.is_new
    assert report.publication.publication_id == "20231231-001"
    assert rows(data, "select distinct schema_name from duckdb_columns() where not internal order by 1") == [
        ("audit",),
        ("marts",),
        ("reports",),
    ]
    assert count(data) == 5
    assert rows(data, "select case_count from reports.rpt_cases") == [(5,)]
    assert rows(data, "select count(*) from duckdb_views() where not internal") == [(0,)]


def test_the_file_is_closed_protected_and_linked_relatively(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    assert shelf(data) == ["warehouse-20231231-001.duckdb", "warehouse.duckdb"]
    assert str((data.published / "warehouse.duckdb").readlink()) == "warehouse-20231231-001.duckdb"
    assert stat.S_IMODE((data.published / "warehouse-20231231-001.duckdb").stat().st_mode) == 0o440


def test_older_drivers_can_open_it(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    header = (data.published / "warehouse.duckdb").read_bytes()[:16]
    # DuckDB 1.2 opens the storage versions 64 and 65, and no later one.
    assert header[8:12] == b"DUCK"
    assert header[12] == 65


def test_every_table_and_column_has_a_comment(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    silent = "select table_name, column_name from duckdb_columns() where not internal and comment not like '_% | _%'"
    assert rows(data, silent) == []
    assert rows(data, "select comment from duckdb_columns() where column_name = 'case_no'") == [
        ("立案号 | Case's number",)
    ]
    assert rows(data, "select comment from duckdb_tables() where table_name = 'fct_case'") == [("案件 | Cases",)]


def test_missing_labels_are_all_named_and_stop_the_publication(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    thin = yaml.safe_load(labels.read_text(encoding="utf-8"))
    del thin["columns"]["filed_on"], thin["columns"]["reason"], thin["tables"]["fct_case"]
    labels.write_text(yaml.safe_dump(thin, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadArguments, match=r"tables\.fct_case.*columns\.filed_on.*columns\.reason"):
        publish(data, labels=labels)
    assert not (data.published / "warehouse.duckdb").is_symlink()


def test_a_column_without_a_level_stops_the_publication(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    known = yaml.safe_load(labels.read_text(encoding="utf-8"))
    del known["columns"]["filed_on"]["level"]
    known["columns"]["passed"]["level"] = "SECRET"
    del known["tables"]["fct_case"]["columns"]["case_no"]["level"]
    labels.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadArguments) as caught:
        publish(data, labels=labels)
    assert "columns.filed_on: has no level; give PUBLIC 公开, INTERNAL 内部 or SENSITIVE 敏感" in str(caught.value)
    assert "columns.passed: there is no level 'SECRET'" in str(caught.value)
    assert "tables.fct_case.columns.case_no: has no level" in str(caught.value)
    assert not (data.published / "warehouse.duckdb").is_symlink()


def test_the_file_has_the_level_of_each_of_its_columns(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    levels = rows(data, "select schema_name, table_name, column_name from audit.column_level order by all")
    there = "select schema_name, table_name, column_name from duckdb_columns() where not internal order by all"
    assert levels == rows(data, there)
    of_case = "select label_zh, label_en, level, level_name, level_name_en from audit.column_level where table_name = 'fct_case'"
    assert rows(data, f"{of_case} and column_name = 'case_no'") == [
        ("立案号", "Case's number", "PUBLIC", "公开", "Public")
    ]
    assert rows(data, f"{of_case} and column_name = 'filed_on'")[0][2:] == ("INTERNAL", "内部", "Internal")


def test_a_changed_level_is_published(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    labels.write_text(labels.read_text(encoding="utf-8").replace("level: PUBLIC", "level: SENSITIVE"), encoding="utf-8")
    assert publish(data, labels=labels).is_new


def test_the_history_is_published_too(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    with record_run(data, "parse", run_id="r1") as run:
        run.rows = 7
    log = data.state / "run_log.jsonl"
    log.write_bytes(log.read_bytes() + b'{"torn": ')
    checked = CheckResult(
        run_id="r1", check_kind="dbt", table_name="t", rule="x", severity="warning", passed=False, failing_rows=2
    )
    append_check_results(data, "r1", [checked])
    publish(data, "r9", labels=labels)
    build(rows=6)
    publish(data, "r9", labels=labels)
    assert rows(data, "select step, row_count, outcome from audit.run_log") == [("parse", 7, "succeeded")]
    assert rows(data, "select rule, passed, failing_rows from audit.check_result") == [("x", False, 2)]
    found = rows(data, "select publication_id, as_of::varchar, row_count, run_id from audit.publication order by 1")
    assert found == [("20231231-001", "2023-12-31", 8, "r9"), ("20231231-002", "2023-12-31", 9, "r9")]
    assert rows(data, "select distinct held from audit.publication") == [
        ("jiangxi/leads since 2023-02-02: CONTROL_ROWS",)
    ]
    assert rows(data, "select typeof(started_at) from audit.run_log") == [("TIMESTAMP WITH TIME ZONE",)]


def test_an_unchecked_build_is_refused(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    (data.state / "checks.jsonl").unlink()
    with pytest.raises(ChecksFailed, match="never checked"):
        publish(data, labels=labels)


def test_a_failed_check_leaves_the_old_publication(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    build(rows=9, passed=False)
    with pytest.raises(ChecksFailed) as caught:
        publish(data, labels=labels)
    assert caught.value.exit_code == 3
    assert count(data) == 5


def test_the_verdict_on_another_build_does_not_count(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    with duckdb.connect(str(data.warehouse)) as connection:
        connection.execute("insert into marts.fct_case values ('smuggled', null, 1)")
    with pytest.raises(WangjianError, match="changed since the last finished build"):
        publish(data, labels=labels)


def test_another_program_with_the_warehouse_open_is_named(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    writer = context.Process(target=_write_until, args=(str(data.warehouse), ready, done))
    writer.start()
    try:
        assert ready.wait(60)
        with pytest.raises(Busy, match="cannot publish: another program has the warehouse open") as caught:
            publish(data, labels=labels)
        assert caught.value.where["process"] == str(writer.pid)
        assert "Could not set lock" not in str(caught.value)
    finally:
        done.set()
        writer.join()


def _write_until(path: str, ready: Event, done: Event) -> None:
    with duckdb.connect(path):
        ready.set()
        done.wait(60)


def test_nothing_changed_publishes_nothing(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    before = (shelf(data), (data.state / "publications.jsonl").read_bytes())
    build()
    report = publish(data, labels=labels)
    assert not report.is_new
    assert "nothing changed" in report.message
    assert (shelf(data), (data.state / "publications.jsonl").read_bytes()) == before


@pytest.mark.parametrize("change", [{"rows": 6}, {"factor": "2"}, {"factor": "1::double"}])
def test_any_change_is_published(data: DataRoot, build: BuildAgain, labels: Path, change: dict[str, Any]) -> None:
    build()
    publish(data, labels=labels)
    build(**change)
    assert publish(data, labels=labels).publication.publication_id == "20231231-002"


def test_a_changed_label_is_published(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    publish(data, labels=labels)
    labels.write_text(labels.read_text(encoding="utf-8").replace("立案号", "案号"), encoding="utf-8")
    assert publish(data, labels=labels).is_new


def test_equal_rows_do_not_cancel_out(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build()
    first = publish(data, labels=labels).publication
    build(rows=5)
    with duckdb.connect(str(data.warehouse)) as connection:
        connection.execute("delete from marts.fct_case where case_no = 'case 1'")
        connection.execute("insert into marts.fct_case from marts.fct_case where case_no = 'case 2'")
        content = publishing.content.read_content(connection, "warehouse", publishing.load_labels(labels))
    assert content.fingerprint != first.content_fingerprint


def test_too_little_space_is_reported_and_changes_nothing(
    data: DataRoot, build: BuildAgain, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    publish(data, labels=labels)
    build(rows=9)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(WangjianError, match=r"not enough free space.*1 free"):
        publish(data, labels=labels)
    assert count(data) == 5
    assert shelf(data) == ["warehouse-20231231-001.duckdb", "warehouse.duckdb"]


class Crash(BaseException):
    """The point at which the process dies."""


STEPS = [
    ("copying", "_copy_tables"),
    ("copying", "_write_state"),
    ("copying", "_comment"),
    ("copying", "fsync_path"),
    ("publish", "fsync_path"),
    ("publish", "swap_link"),
    ("publish", "_note"),
    ("publish", "clear_old"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("module", "step"), STEPS)
def test_a_crash_is_repaired_by_the_next_run(
    data: DataRoot, build: BuildAgain, labels: Path, monkeypatch: pytest.MonkeyPatch, module: str, step: str, when: str
) -> None:
    build()
    publish(data, labels=labels)
    build(rows=9)
    owner = (
        getattr(publishing, module) if module != "publish" else __import__("sys").modules["wangjian.publishing.publish"]
    )
    real = getattr(owner, step)

    def dying(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            real(*args, **kwargs)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying)
        with pytest.raises(Crash):
            publish(data, labels=labels)
    assert count(data) in {5, 9}
    report = publish(data, labels=labels)
    assert report.publication.publication_id == "20231231-002"
    assert count(data) == 9
    assert shelf(data) == ["warehouse-20231231-001.duckdb", "warehouse-20231231-002.duckdb", "warehouse.duckdb"]
    assert [event.publication.publication_id for event in events(data)] == ["20231231-001", "20231231-002"]


def test_temporary_files_of_readers_stay_as_long_as_their_publication(
    data: DataRoot, build: BuildAgain, labels: Path
) -> None:
    build()
    first = publish(data, labels=labels).publication
    # Temporary files that DuckDB makes for a file that it reads. The publication of the second one is removed.
    kept, gone = (data.published / f"{name}.tmp" for name in (first.file_name, "warehouse-20220101-001.duckdb"))
    for folder in (kept, gone):
        folder.mkdir()
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    build(rows=6)
    publish(data, labels=labels)
    assert kept.exists() and not gone.exists()


def test_ids_sort_by_date_of_the_data(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    for number, day in enumerate(("2023-12-30", "2023-12-31", "2023-12-31"), start=1):
        build(rows=number, as_of=day)
        publish(data, labels=labels)
    found = [publication.publication_id for publication in publications(data)]
    assert found == ["20231231-002", "20231231-001", "20231230-001"]


def test_a_rollback_shows_the_previous_publication_and_stays(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    for number in (1, 2, 3):
        build(rows=number)
        publish(data, labels=labels)
    assert rollback(data).publication_id == "20231231-002"
    assert count(data) == 2
    report = publish(data, labels=labels)
    assert not report.is_new
    assert "rolled back" in report.message
    assert count(data) == 2
    assert rollback(data, "20231231-003").publication_id == "20231231-003"
    assert count(data) == 3
    assert publish(data, labels=labels, force=True).publication.publication_id == "20231231-004"


def test_a_rollback_to_a_missing_publication_names_the_kept_ones(
    data: DataRoot, build: BuildAgain, labels: Path
) -> None:
    build()
    publish(data, labels=labels)
    with pytest.raises(BadArguments, match=r"there never was such.*on_the_shelf=20231231-001"):
        rollback(data, "20230101-001")
    with pytest.raises(BadArguments, match=r"no publication before.*current=20231231-001"):
        rollback(data)
    assert count(data) == 5


def test_any_kept_publication_can_be_opened(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    for number in (1, 2, 3):
        build(rows=number)
        publish(data, labels=labels, keep=2)
    with open_published(data, kept(data, "20231231-002")) as connection:
        assert connection.execute("select count(*) from marts.fct_case").fetchone() == (2,)
    assert count(data) == 3
    with pytest.raises(BadArguments, match=r"was removed on \d{4}-.*on_the_shelf=20231231-003, 20231231-002"):
        kept(data, "20231231-001")
    (data.published / "warehouse-20231231-002.duckdb").unlink()
    with pytest.raises(BadArguments, match="file is missing"):
        kept(data, "20231231-002")


def test_a_reader_that_looks_during_the_removal_gets_the_current_publication(
    data: DataRoot, build: BuildAgain, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(rows=1)
    publish(data, labels=labels)
    connect = duckdb.connect

    def slow(path: str, **options: Any) -> duckdb.DuckDBPyConnection:
        monkeypatch.setattr(duckdb, "connect", connect)
        build(rows=2)
        publish(data, labels=labels, keep=1)
        return connect(path, **options)

    monkeypatch.setattr(duckdb, "connect", slow)
    assert count(data) == 2


def test_retention_keeps_the_newest_and_what_readers_see(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    for number in range(1, 5):
        build(rows=number)
        publish(data, labels=labels, keep=2)
    assert [p.publication_id for p in publications(data)] == ["20231231-004", "20231231-003"]
    rollback(data)
    publishing.shelf.clear_old(data, "run", keep=1)
    assert [p.publication_id for p in publications(data)] == ["20231231-004", "20231231-003"]
    with pytest.raises(BadArguments):
        publishing.shelf.clear_old(data, "run", keep=0)


def test_a_reader_can_neither_write_nor_access_anything_else(
    data: DataRoot, build: BuildAgain, labels: Path, tmp_path: Path
) -> None:
    build()
    publish(data, labels=labels)
    (tmp_path / "x.csv").write_text("a\n1\n")
    with open_published(data) as connection:
        for sql in (
            f"select * from '{tmp_path}/x.csv'",
            f"attach '{data.warehouse}' as w",
            "set enable_external_access = true",
            "create table marts.x (a int)",
            f"copy marts.fct_case to '{tmp_path}/out.csv'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_a_missing_publication_is_reported(data: DataRoot) -> None:
    with pytest.raises(WangjianError, match="nothing is published"):
        open_published(data)


def _read_until(link: str, done: Event, answers: Any) -> None:
    good = bad = 0
    while not done.is_set():
        try:
            with duckdb.connect(link, read_only=True) as connection:
                found = connection.execute(
                    "select count(*), (select case_count from reports.rpt_cases) from marts.fct_case"
                ).fetchone()
            good, bad = (good + 1, bad) if found and found[0] == found[1] else (good, bad + 1)
        except duckdb.Error:
            bad += 1
    answers.put((good, bad))


def test_readers_see_complete_publications_during_swaps(data: DataRoot, build: BuildAgain, labels: Path) -> None:
    build(rows=1)
    publish(data, labels=labels)
    context = multiprocessing.get_context("spawn")
    done, answers = context.Event(), context.Queue()
    link = os.fspath(data.published / "warehouse.duckdb")
    readers = [context.Process(target=_read_until, args=(link, done, answers)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 22):
        build(rows=number)
        publish(data, labels=labels, keep=3)
    done.set()
    found = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join()
    assert all(good > 0 and bad == 0 for good, bad in found), found
