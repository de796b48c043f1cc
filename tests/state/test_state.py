"""The append-only records: nothing is lost, a torn line costs only itself, times have zones."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import duckdb
import pytest
from pydantic import BaseModel, ValidationError

from wangjian.core.errors import RejectedFile, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.state import (
    CheckResult,
    Run,
    Verdict,
    append_check_results,
    check_results,
    current_build,
    jsonl,
    last_verdict,
    new_run_id,
    record_build,
    record_run,
    record_verdict,
    runs,
)


class Record(BaseModel):
    number: int
    text: str = "载体" * 50


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path)


def result(rule: str, **changes: object) -> CheckResult:
    given: dict[str, object] = {
        "run_id": "r1",
        "check_kind": "gx",
        "table_name": "marts.fct_case",
        "rule": rule,
        "severity": "critical",
        "passed": True,
    }
    return CheckResult.model_validate(given | changes)


def test_run_ids_are_unique_and_sort_by_start() -> None:
    ids = [new_run_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [run_id[:22] for run_id in ids] == sorted(run_id[:22] for run_id in ids)


def test_a_successful_step_is_recorded_with_its_counts(data: DataRoot) -> None:
    with record_run(data, "parse", source="jiangxi", run_id="r1") as run:
        run.rows, run.files = 10, 2
    (step,) = runs(data)
    assert (step.outcome, step.rows, step.files, step.source, step.run_id) == ("succeeded", 10, 2, "jiangxi", "r1")
    assert step.ended_at is not None
    assert step.started_at <= step.ended_at
    assert step.started_at.tzinfo is not None


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (RejectedFile("ENCODING", "not GB18030", file="a.csv"), "failed", "ENCODING"),
        (WangjianError("no space"), "failed", "WangjianError"),
        (KeyboardInterrupt(), "interrupted", "KeyboardInterrupt"),
    ],
)
def test_a_step_that_fails_is_recorded_and_still_fails(
    data: DataRoot, error: BaseException, outcome: str, reason: str
) -> None:
    with pytest.raises(type(error)), record_run(data, "parse"):
        raise error
    (step,) = runs(data)
    assert (step.outcome, step.reason) == (outcome, reason)


def test_a_killed_step_is_shown_as_running(data: DataRoot) -> None:
    jsonl.append(data.state / "run_log.jsonl", [Run(run_id="r1", step="build")])
    assert [run.outcome for run in runs(data)] == ["running"]


def test_a_torn_last_line_costs_only_itself(data: DataRoot) -> None:
    log = data.state / "run_log.jsonl"
    with record_run(data, "parse"):
        pass
    whole = log.read_bytes()
    log.write_bytes(whole + whole[: len(whole) // 3])
    assert [run.step for run in runs(data)] == ["parse"]
    with record_run(data, "build"):
        pass
    assert [run.step for run in runs(data)] == ["parse", "build"]
    assert log.read_bytes().startswith(whole)


def test_a_line_torn_within_a_character_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    jsonl.append(path, [Record(number=1)])
    path.write_bytes(path.read_bytes() + '{"text": "载'.encode()[:-1])
    assert [record["number"] for record in jsonl.read(path)] == [1]


def _append_many(path: Path, start: int) -> None:
    for number in range(start, start + 100):
        jsonl.append(path, [Record(number=number)])


def test_processes_append_without_tearing_each_other(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(path, start)) for start in (0, 100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(record["number"] for record in jsonl.read(path)) == list(range(300))


def test_check_results_come_back_by_run(data: DataRoot) -> None:
    append_check_results(data, "r2", [result("b", run_id="r2", check_kind="dbt")])
    append_check_results(data, "r1", [result("a", passed=False, failing_rows=3)])
    append_check_results(data, "r1", [result("c")])
    assert [(item.run_id, item.rule) for item in check_results(data)] == [("r1", "a"), ("r1", "c"), ("r2", "b")]
    assert [item.rule for item in check_results(data, "r2")] == ["b"]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        result("a", checked_at="2023-12-31T00:00:00")


def test_a_build_counts_until_the_file_is_written_to(data: DataRoot) -> None:
    with duckdb.connect(str(data.warehouse)) as connection:
        connection.execute("create table t as select 1 as a")
    build = record_build(data, "r1", "dbt-1")
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        connection.execute("from t")
    assert current_build(data) == build
    with duckdb.connect(str(data.warehouse)) as connection:
        connection.execute("insert into t values (2)")
    with pytest.raises(WangjianError, match="changed since the last finished build"):
        current_build(data)


def test_a_warehouse_whose_writer_crashed_is_no_build(data: DataRoot) -> None:
    duckdb.connect(str(data.warehouse)).close()
    record_build(data, "r1")
    data.warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"x")
    with pytest.raises(WangjianError, match="did not finish"):
        current_build(data)


def test_the_last_verdict_on_a_build_counts(data: DataRoot) -> None:
    given = {"build_id": "b1", "check_count": 1, "critical_failure_count": 1, "warning_count": 0}
    record_verdict(data, Verdict(run_id="r1", passed=False, **given))
    record_verdict(data, Verdict(run_id="r2", passed=True, **given))
    verdict = last_verdict(data, "b1")
    assert verdict is not None
    assert verdict.passed
    assert last_verdict(data, "b2") is None
