"""DuckDB and Spark build the same rows from the same landed files. Spark builds twice; a worker is killed in the second build."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pytest

from invariants.conftest import LAST, Landed, differences
from support.served import parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.orchestration import pipeline
from wangjian.publishing.content import tables_of
from wangjian.warehouse.build import is_current
from warehouse.spark.conftest import Running

_STARTED = re.compile(r"Starting task \S+ in stage \S+ \(TID (\d+)\) \([^,]+,\s?executor (\d+)")
_ENDED = re.compile(r"(?:Finished|Lost|INFO TaskSetManager:) task \S+ in stage \S+ \(TID (\d+)\)")
_CUT_OFF = "failed because while it was being computed, its executor exited"
_WORKERS = ("worker-1", "worker-2")
# the last date that the first of the two builds has
EARLY = LAST - timedelta(days=8)
VANISHING = "inspections"


@dataclass(frozen=True)
class Built:
    """A warehouse that Spark built in two steps, and the files of Spark's partitions after each."""

    data: DataRoot
    before: dict[str, frozenset[str]]
    after: dict[str, frozenset[str]]


# Spark starts in a minute where the machine is busy, and builds in ten
pytestmark = [pytest.mark.world("spark", minutes=8), pytest.mark.slow, pytest.mark.timeout(7200)]


def _columns(data: DataRoot) -> dict[str, tuple[tuple[str, str], ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{data.warehouse}' as built (read_only)")
        return {table.full_name: table.columns for table in tables_of(connection, "built")}


def _row_count(data: DataRoot, table: str) -> int:
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        return int((connection.execute(f"select count(*) from {table}").fetchone() or (0,))[0])


@pytest.fixture(scope="module")
def built(landed: Landed, running: Running, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same files, built by Spark in two builds; in the second a worker is killed during a task."""
    data = landed.fresh(tmp_path_factory.mktemp("by_spark") / "data")
    shutil.copytree(landed.data.state, data.state, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        running.use(patch)
        _land(data, [_vanishing(landed), *(export for export in landed.exports if export.key.business_date <= EARLY)])
        pipeline.build(data)
        before = _partitions(running)
        _unland_the_vanishing(data)
        _land(data, landed.exports)
        _build_while_a_worker_is_killed(data, running)
        return Built(data, before, _partitions(running))


@pytest.fixture(scope="module")
def by_spark(built: Built) -> DataRoot:
    return built.data


def _land(data: DataRoot, exports: Iterable[Manifest]) -> None:
    for export in exports:
        Landing(data.landing).commit(export)
    parse_all(data)


def _vanishing(landed: Landed) -> Manifest:
    """Return an export in a month of its own, which is no longer landed in the second build."""
    # the largest: on a day off there are no inspections, and an export without rows has no partition
    largest = max(
        (export for export in landed.exports if export.key.dataset == VANISHING),
        key=lambda export: sum(file.byte_size for file in export.files),
    )
    return largest.model_copy(update={"key": largest.key.model_copy(update={"business_date": date(2022, 12, 15)})})


def _unland_the_vanishing(data: DataRoot) -> None:
    for path in (
        *data.landing.glob(f"manifests/*/{VANISHING}/2022-12/*"),
        *data.raw.glob(f"*/*/{VANISHING}/2022-12.parquet"),
    ):
        path.unlink()


def _partitions(running: Running) -> dict[str, frozenset[str]]:
    """Return the names of the files in each partition of each table."""
    folders = {path.parent for path in running.tables.glob("*.db/*/*=*/*.parquet")}
    return {
        f"{folder.parent.name}/{folder.name}": frozenset(path.name for path in folder.glob("*.parquet"))
        for folder in folders
    }


def _build_while_a_worker_is_killed(data: DataRoot, running: Running) -> None:
    is_half_way, is_over = threading.Event(), threading.Event()

    def watch(_: str, index: int, total: int) -> None:
        # dbt counts the preparations before the models separately
        if total > 100 and index > total * 0.4:
            is_half_way.set()

    with ThreadPoolExecutor() as pool:
        killed = pool.submit(_kill_a_worker_at_work, running, is_half_way, is_over)
        try:
            pipeline.build(data, progress=watch)
        finally:
            is_over.set()
            is_half_way.set()
        assert killed.result(), "no worker was killed"
    assert _CUT_OFF in running.log("thrift"), "the worker was killed in mid-stage"


def _kill_a_worker_at_work(running: Running, begin: threading.Event, is_over: threading.Event) -> bool:
    """Kill a worker whose executor runs a task; return false where none ran one until the build was over."""
    begin.wait()
    while not is_over.is_set():
        for executor in _tasks(running):
            if _killed(running, executor):
                return True
        time.sleep(0.05)
    return False


def _tasks(running: Running) -> set[str]:
    """Return the executors that run a task, according to the driver's log."""
    log = running.log("thrift", last=20_000)
    begun = dict(_STARTED.findall(log))
    return {executor for task, executor in begun.items() if task not in _ENDED.findall(log)}


def _killed(running: Running, executor: str) -> bool:
    """Kill the worker of an executor; return false where the executor had finished its task.

    The worker is stopped for a second first, so that the driver has read all its messages before the check.
    """
    worker = next(running.spark.processes[name] for name in _WORKERS if f"/{executor} " in running.log(name))
    # the worker leads a process group, to which its executor belongs
    os.killpg(worker.pid, signal.SIGSTOP)
    time.sleep(1)
    if executor not in _tasks(running):
        os.killpg(worker.pid, signal.SIGCONT)
        return False
    os.killpg(worker.pid, signal.SIGKILL)
    return worker.wait() == -signal.SIGKILL


def test_only_changed_partitions_are_written_again(built: Built, by_duckdb: DataRoot) -> None:
    gone = f"typed_jiangxi__{VANISHING}/_month=2022-12"
    assert gone in built.before and gone not in built.after
    kept = {name for name, files in built.before.items() if built.after.get(name) == files}
    early, late = f"_month={EARLY.replace(day=1) - timedelta(days=1):%Y-%m}", f"_month={EARLY:%Y-%m}"
    tables = ("typed_five_level__lead_events", "typed_five_level__leads", f"typed_jiangxi__{VANISHING}")
    got_more = {table for table in tables if _row_count(by_duckdb, f"staging.{table} where _business_date > '{EARLY}'")}
    assert got_more, "something came in the second step"
    for table in tables:
        assert f"{table}/{early}" in kept, "nothing came for that month"
        assert (f"{table}/{late}" in built.after.keys() - kept) == (table in got_more)


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


def test_a_second_build_does_nothing_and_another_engine_builds_again(by_spark: DataRoot, running: Running) -> None:
    with pytest.MonkeyPatch.context() as patch:
        running.use(patch)
        assert pipeline.build(by_spark).was_current
    assert not is_current(by_spark), "a warehouse of the other engine is not current"
