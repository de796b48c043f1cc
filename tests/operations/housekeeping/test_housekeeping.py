"""Housekeeping removes what is older than its period, loses no record, and can be interrupted at any step."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.cut_off import run_cut_off
from support.holding import held_elsewhere
from support.landed import land, penalties
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.operations.housekeeping.closed_months import first_kept_month, move_months
from wangjian.orchestration import pipeline
from wangjian.state import (
    CheckResult,
    Publication,
    PublicationEvent,
    Run,
    append_check_results,
    append_event,
    jsonl,
    runs,
)
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import Access, record_access

NOW = datetime(2024, 2, 10, 3, tzinfo=UTC)
PERIODS = """
publications: {keep: 2}
run_log: {months: 6}
airflow_logs: {months: 6}
check_results: {months: 1}
check_reports: {keep: 2}
scratch: {days: 14}
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataRoot:
    periods = tmp_path / "periods.yml"
    periods.write_text(PERIODS)
    monkeypatch.setenv("WANGJIAN_RETENTION", str(periods))
    for name in ("AIRFLOW_HOME", "AIRFLOW__LOGGING__BASE_LOG_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    data = DataRoot(tmp_path / "data")
    data.root.mkdir()
    return data


def log_runs(data: DataRoot, *months: str) -> list[Run]:
    """Write two lines for each run, as a step does."""
    made = []
    for month in months:
        started = datetime.fromisoformat(f"{month}-15T01:00:00+00:00")
        run = Run(run_id=f"r{month}", step="parse", source="jiangxi", started_at=started)
        jsonl.append(data.state / "run_log.jsonl", [run])
        run.ended_at, run.outcome = started, "succeeded"
        jsonl.append(data.state / "run_log.jsonl", [run])
        made.append(run)
    return made


def archived_lines(data: DataRoot, name: str) -> list[str]:
    return gzip.decompress((data.state / "archive" / name).read_bytes()).decode().splitlines()


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def published(data: DataRoot, *days: str) -> list[Publication]:
    """Put publications on the shelf; readers see the first."""
    data.published.mkdir(exist_ok=True)
    made = []
    for day in days:
        found = Publication(
            publication_id=f"{day}-001", as_of=datetime.strptime(day, "%Y%m%d").date(), run_id="r", build_id="b", published_at=NOW,  # noqa: DTZ007
            content_fingerprint="f", table_count=1, row_count=1, storage_version="v1.2.0",
        )  # fmt: skip
        (data.published / found.file_name).write_bytes(b"x" * 10)
        append_event(data, PublicationEvent(event="published", at=NOW, run_id="r", publication=found))
        made.append(found)
    (data.published / "warehouse.duckdb").symlink_to(made[0].file_name)
    return made


# logs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("months", "first"),
    [(0, "2024-02"), (1, "2024-01"), (2, "2023-12"), (6, "2023-08"), (14, "2022-12"), (26, "2021-12")],
)
def test_the_current_month_and_the_months_of_the_period_stay(months: int, first: str) -> None:
    assert first_kept_month(NOW, months) == first


def test_old_months_of_the_run_log_move_with_every_line(data: DataRoot) -> None:
    log = data.state / "run_log.jsonl"
    log_runs(data, "2023-06", "2023-07", "2023-08", "2024-01")
    before = lines_of(log)
    done = pipeline.housekeeping(data, at=NOW)
    names = ["run_log-2023-06.jsonl.gz", "run_log-2023-07.jsonl.gz"]
    assert [item.moved_to and item.moved_to.name for item in done.cleared] == names
    assert archived_lines(data, names[0]) == before[:2]
    assert archived_lines(data, names[1]) == before[2:4]
    assert lines_of(log)[:4] == before[4:]
    assert [run.run_id for run in runs(data)][:2] == ["r2023-08", "r2024-01"]
    assert log.stat().st_mode & 0o777 == 0o600
    assert (data.state / "archive" / names[0]).stat().st_mode & 0o777 == 0o600
    assert "run_log 2" in (runs(data)[-1].message or "")


def test_a_second_round_has_nothing_to_do(data: DataRoot) -> None:
    log_runs(data, "2023-06", "2024-01")
    pipeline.housekeeping(data, at=NOW)
    kept = (data.state / "archive" / "run_log-2023-06.jsonl.gz").read_bytes()
    assert pipeline.housekeeping(data, at=NOW).cleared == ()
    assert (data.state / "archive" / "run_log-2023-06.jsonl.gz").read_bytes() == kept


def test_late_lines_of_a_month_join_the_moved_ones(data: DataRoot) -> None:
    log_runs(data, "2023-06")
    pipeline.housekeeping(data, at=NOW)
    late = log_runs(data, "2023-06")[0]
    pipeline.housekeeping(data, at=NOW)
    found = archived_lines(data, "run_log-2023-06.jsonl.gz")
    assert len(found) == 4
    assert json.loads(found[-1])["entry_id"] == late.entry_id


def test_incomplete_lines_stay(data: DataRoot) -> None:
    log = data.state / "run_log.jsonl"
    log_runs(data, "2023-06")
    with log.open("ab") as file:
        file.write(b'{"started_at": "2023-06')
    assert [item.name for item in pipeline.housekeeping(data, at=NOW).cleared] == ["run_log 2023-06"]
    assert lines_of(log)[0] == '{"started_at": "2023-06'


def test_the_audit_log_stays_whole(data: DataRoot) -> None:
    for number in range(3):
        record_access(data, Access(action="EXPORTED", table_name=f"t{number}", row_count=1))
    log_runs(data, "2023-06")
    pipeline.housekeeping(data, at=datetime(2199, 1, 1, tzinfo=UTC))
    assert len(lines_of(data.state / "audit_log.jsonl")) == 3
    assert verify_audit_log(data).is_whole


def _append_until(stop: Any, written: Any, data: DataRoot, number: int) -> None:
    while not stop.is_set():
        jsonl.append(
            data.state / "run_log.jsonl", [Run(run_id=f"{number}-{written.value}", step="parse", started_at=NOW)]
        )
        written.value += 1


def test_lines_that_are_appended_meanwhile_are_not_lost(data: DataRoot) -> None:
    """Writers keep appending while months are moved out of the same file, again and again."""
    context = multiprocessing.get_context("fork")
    stop, counts = context.Event(), [context.Value("i", 0) for _ in range(3)]
    writers = [context.Process(target=_append_until, args=(stop, n, data, i)) for i, n in enumerate(counts)]
    for writer in writers:
        writer.start()
    rounds = 30
    for _ in range(rounds):
        log_runs(data, "2023-06")
        move_months(data, "run_log", data.state / "run_log.jsonl", "started_at", "2023-08")
    stop.set()
    for writer in writers:
        writer.join()
    assert all(count.value for count in counts)
    wanted = {f"{number}-{line}" for number, count in enumerate(counts) for line in range(count.value)}
    assert {run.run_id for run in runs(data)} == wanted
    assert len(archived_lines(data, "run_log-2023-06.jsonl.gz")) == 2 * rounds


# results and reports of checks ---------------------------------------------------------------------------------------


def test_old_check_results_move(data: DataRoot) -> None:
    names = [
        f"{day}T010000.000000Z-0000000{n}" for n, day in enumerate(("20231203", "20231220", "20240101", "20240209"))
    ]
    for run_id in names:
        result = CheckResult(
            run_id=run_id,
            check_kind="gx",
            table_name="t",
            rule=run_id,
            severity="critical",
            passed=True,
            checked_at=NOW,
        )
        append_check_results(data, run_id, [result, result.model_copy(update={"passed": False})])
    (data.state / "check_results" / "by_hand.jsonl").write_text("{}\n")
    before = [line for name in names[:2] for line in lines_of(data.state / "check_results" / f"{name}.jsonl")]
    (item,) = pipeline.housekeeping(data, at=NOW).cleared
    assert item.name == "check_results 2023-12"
    assert archived_lines(data, "check_results-2023-12.jsonl.gz") == before
    assert {path.stem for path in (data.state / "check_results").iterdir()} == {*names[2:], "by_hand"}


def test_old_reports_are_removed_and_the_shown_one_stays(data: DataRoot) -> None:
    for number in range(5):
        (data.docs / f".checks-{number}").mkdir(parents=True)
        (data.docs / f".checks-{number}" / "index.html").write_text("x")
    (data.docs / "checks").symlink_to(".checks-0")
    assert [item.name for item in pipeline.housekeeping(data, at=NOW).cleared] == ["2", "1"]
    assert {path.name for path in data.docs.iterdir()} == {"checks", ".checks-0", ".checks-3", ".checks-4"}


# publications --------------------------------------------------------------------------------------------------------


def test_old_publications_are_removed_but_never_the_current_one(data: DataRoot) -> None:
    shown, *others = published(data, "20240101", "20240102", "20240103", "20240104")
    assert [item.name for item in pipeline.housekeeping(data, at=NOW).cleared] == ["20240102-001"]
    assert {found.publication_id for found in publishing.publications(data)} == {
        shown.publication_id, others[1].publication_id, others[2].publication_id,
    }  # fmt: skip
    assert publishing.current(data) == shown


# files by age --------------------------------------------------------------------------------------------------------


def _aged(path: Path, day: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    moment = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
    os.utime(path, (moment, moment))
    return path


def test_airflow_logs_below_the_data_root_are_removed_after_their_period(data: DataRoot) -> None:
    logs = data.root / "airflow" / "logs"
    old = _aged(logs / "dag_id=ingest" / "run_id=1" / "attempt=1.log", "2023-07-31")
    new = _aged(logs / "dag_id=ingest" / "run_id=2" / "attempt=1.log", "2023-08-01")
    pipeline.housekeeping(data, at=NOW)
    assert (old.parent.exists(), new.exists()) == (False, True)


def test_airflow_logs_elsewhere_stay(data: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _aged(tmp_path / "elsewhere" / "a.log", "2020-01-01")
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(old.parent))
    (data.root / "airflow").mkdir()
    (data.root / "airflow" / "logs").symlink_to(old.parent)
    pipeline.housekeeping(data, at=NOW)
    monkeypatch.delenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER")
    pipeline.housekeeping(data, at=NOW)
    assert old.exists()


def test_work_files_are_removed_unless_a_build_runs(data: DataRoot) -> None:
    old, new = (
        _aged(data.scratch / "dbt" / "logs" / "dbt.log.3", "2024-01-20"),
        _aged(data.scratch / "dbt" / "x", "2024-02-01"),
    )
    with held_elsewhere(data.state / "locks" / "warehouse.lock"):
        done = pipeline.housekeeping(data, at=NOW)
        assert (done.cleared, len(done.left)) == ((), 1)
        assert "another process" in done.left[0]
    assert old.exists()
    pipeline.housekeeping(data, at=NOW)
    assert (old.exists(), new.exists()) == (False, True)


# a whole round -----------------------------------------------------------------------------------------------------------


def _full_house(data: DataRoot) -> None:
    log_runs(data, "2023-06", "2023-07", "2024-01")
    published(data, "20240101", "20240102", "20240103", "20240104")
    _aged(data.scratch / "a", "2023-01-01")
    run_id = "20231203T010000.000000Z-00000000"
    result = CheckResult(run_id=run_id, check_kind="gx", table_name="t", rule="x", severity="critical", passed=True)
    append_check_results(data, run_id, [result])
    land(data, "jiangxi", "case_penalties", "2020-01-02", penalties())


def test_a_dry_run_reports_the_same_and_changes_nothing(data: DataRoot) -> None:
    _full_house(data)
    before = {path: path.read_bytes() for path in data.root.rglob("*") if path.is_file()}
    report = pipeline.housekeeping(data, at=NOW, dry_run=True)
    after = {path: path.read_bytes() for path in data.root.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert after == before
    assert report.cleared == pipeline.housekeeping(data, at=NOW).cleared
    assert len(report.cleared) == 5


def test_landing_is_never_touched(data: DataRoot) -> None:
    _full_house(data)
    before = {path: path.read_bytes() for path in data.landing.rglob("*") if path.is_file()}
    pipeline.housekeeping(data, at=datetime(2090, 1, 1, tzinfo=UTC))
    assert {path: path.read_bytes() for path in data.landing.rglob("*") if path.is_file()} == before
    assert len(before) == 3


def _tidy(data: DataRoot) -> None:
    pipeline.housekeeping(data, at=NOW)


def test_a_kill_at_any_step_loses_no_record_and_a_second_round_finishes(data: DataRoot, tmp_path: Path) -> None:
    _full_house(data)
    import shutil

    kept = shutil.copytree(data.root, tmp_path / "kept", symlinks=True)
    records = {line for path in (*data.state.glob("*.jsonl"), *data.state.glob("*/*.jsonl")) for line in lines_of(path)}
    code, steps = run_cut_off(_tidy, data)
    assert (code, steps > 20) == (0, True)
    final = {path.name for path in data.root.rglob("*")}
    for after in range(0, steps, 2):
        shutil.rmtree(data.root)
        shutil.copytree(kept, data.root, symlinks=True)
        assert run_cut_off(_tidy, data, after=after) == (-signal.SIGKILL, after)
        assert records <= _all_records(data), f"cut off after {after}"
        assert publishing.current(data)
        assert run_cut_off(_tidy, data)[0] == 0
        assert records <= _all_records(data)
        assert {path.name for path in data.root.rglob("*") if path.suffix != ".tmp"} == final
        assert [len(archived_lines(data, f"run_log-2023-0{month}.jsonl.gz")) for month in (6, 7)] == [2, 2]


def _all_records(data: DataRoot) -> set[str]:
    found = {line for path in (*data.state.glob("*.jsonl"), *data.state.glob("*/*.jsonl")) for line in lines_of(path)}
    return found | {line for path in data.state.glob("archive/*.gz") for line in archived_lines(data, path.name)}
