"""DuckDB and Spark make the same warehouse of the same raw files, row for row, also where a worker is killed on the way."""

from __future__ import annotations

import os
import signal

import duckdb
import pytest

from proofs.conftest import differences
from spark.conftest import Running, same_inputs
from wangjian import pipeline
from wangjian.paths import DataRoot
from wangjian.publishing.content import tables_of

# Spark starts in a minute where the machine is busy, and builds in ten
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def _columns(data: DataRoot) -> dict[str, tuple[tuple[str, str], ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{data.warehouse}' as found (read_only)")
        return {table.full_name: table.columns for table in tables_of(connection, "found")}


def _row_count(data: DataRoot, table: str) -> int:
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        return int((connection.execute(f"select count(*) from {table}").fetchone() or (0,))[0])


@pytest.fixture(scope="module")
def by_spark(by_duckdb: DataRoot, running: Running, tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The same files, built by Spark; a worker is killed, with what it computes, while models are under way."""
    data = same_inputs(by_duckdb, tmp_path_factory.mktemp("by_spark"))
    worker = running.spark.processes["worker-1"]

    def kill_a_worker(_: str, index: int, total: int) -> None:
        if index > total * 0.4 and worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    with pytest.MonkeyPatch.context() as patch:
        running.use(patch)
        pipeline.build(data, progress=kill_a_worker)
    assert worker.returncode == -signal.SIGKILL, "the worker was killed in mid-build"
    return data


def test_marts_reports_and_audit_are_the_same_row_for_row(by_duckdb: DataRoot, by_spark: DataRoot) -> None:
    assert _columns(by_duckdb) == _columns(by_spark), "tables, columns and types"
    assert differences(by_duckdb, by_spark) == {}
    for table in ("marts.fct_lead", "marts.fct_case_penalty", "reports.rpt_kpi", "audit.quarantine"):
        assert _row_count(by_spark, table), f"{table} has rows to compare"


def test_readers_do_not_notice(by_duckdb: DataRoot, by_spark: DataRoot) -> None:
    published = []
    for data in (by_duckdb, by_spark):
        pipeline.check(data)
        published.append(pipeline.publish(data).publication)
    assert published[0].content_fingerprint == published[1].content_fingerprint
    assert published[0].row_count == published[1].row_count
    comments = "select comment from duckdb_columns() where schema_name = 'marts' and comment is null"
    with duckdb.connect(str(by_spark.published / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(comments).fetchall() == []


def test_nothing_to_do_and_another_engine(by_spark: DataRoot, running: Running) -> None:
    with pytest.MonkeyPatch.context() as patch:
        running.use(patch)
        assert pipeline.build(by_spark).was_current
    assert not _is_current_for_duckdb(by_spark), "what the other engine built is built anew"


def _is_current_for_duckdb(data: DataRoot) -> bool:
    from wangjian.warehouse import is_current

    return is_current(data)
