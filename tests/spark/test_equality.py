"""DuckDB and Spark make the same warehouse of the same raw files, row for row, also where a worker is killed on the way."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from proofs.conftest import differences
from spark.conftest import Running, same_inputs
from wangjian import pipeline
from wangjian.paths import DataRoot
from wangjian.publishing.content import tables_of
from wangjian.warehouse import is_current

_STARTED = re.compile(r"Starting task \S+ in stage \S+ \(TID (\d+)\) \([^,]+,\s?executor (\d+)")
_ENDED = re.compile(r"(?:Finished|Lost|INFO TaskSetManager:) task \S+ in stage \S+ \(TID (\d+)\)")
_CUT_OFF = "failed because while it was being computed, its executor exited"
_WORKERS = ("worker-1", "worker-2")

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
    """The same files, built by Spark; a worker is killed, with the task that it is at, while models are under way."""
    data = same_inputs(by_duckdb, tmp_path_factory.mktemp("by_spark"))
    is_half_way, is_over = threading.Event(), threading.Event()

    def watch(_: str, index: int, total: int) -> None:
        # what is laid out before the models is counted apart
        if total > 100 and index > total * 0.4:
            is_half_way.set()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as pool:
        running.use(patch)
        killed = pool.submit(_kill_a_worker_at_work, running, is_half_way, is_over)
        try:
            pipeline.build(data, progress=watch)
        finally:
            is_over.set()
            is_half_way.set()
        assert killed.result(), "no worker was killed"
    assert _CUT_OFF in running.log("thrift"), "the worker was killed in mid-stage"
    return data


def _kill_a_worker_at_work(running: Running, begin: threading.Event, is_over: threading.Event) -> bool:
    """Kill a worker, with its executor, that has a task in hand; false where none had until it was over."""
    begin.wait()
    while not is_over.is_set():
        for executor in _tasks(running):
            if _killed(running, executor):
                return True
        time.sleep(0.05)
    return False


def _tasks(running: Running) -> set[str]:
    """The executors that have a task in hand, as the driver knows."""
    log = running.log("thrift", last=20_000)
    begun = dict(_STARTED.findall(log))
    return {executor for task, executor in begun.items() if task not in _ENDED.findall(log)}


def _killed(running: Running, executor: str) -> bool:
    """Kill the worker of an executor where that is still at its task once it stands still, and the driver has heard all it said."""
    worker = next(running.spark.processes[name] for name in _WORKERS if f"/{executor} " in running.log(name))
    # it leads a group: its executor is in it
    os.killpg(worker.pid, signal.SIGSTOP)
    time.sleep(1)
    if executor not in _tasks(running):
        os.killpg(worker.pid, signal.SIGCONT)
        return False
    os.killpg(worker.pid, signal.SIGKILL)
    return worker.wait() == -signal.SIGKILL


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
    assert not is_current(by_spark), "what the other engine built is built anew"
