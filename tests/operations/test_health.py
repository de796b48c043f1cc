"""The health report for a monitoring system: overdue, failed and held sources, and a healthy warehouse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from support.reporting import MORNING, data, publish_by_hand
from wangjian.core.errors import BackupDamaged, SourceUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.keyed_hash import load_key
from wangjian.operations.health import Health, health
from wangjian.state import Run, jsonl, now, record_run
from wangjian.state.audit_log import Access, log_file, record_access
from wangjian.state.holds import Hold, record_hold

__all__ = ["data"]


def _of(found: Health, source: str) -> tuple[str, ...]:
    return next(item.problems for item in found.sources if item.source == source)


def test_a_healthy_warehouse_has_no_problems(data: DataRoot) -> None:
    found = health(data, MORNING)
    assert found.is_well, found
    assert (found.publication_id, found.publication_age_hours) == ("20231231-001", 1)
    jiangxi = next(item for item in found.sources if item.source == "jiangxi")
    assert (str(jiangxi.last_business_date), jiangxi.age_days, jiangxi.open_quarantine) == ("2023-12-31", 1, 3)


def test_an_overdue_source_is_reported_by_the_calendar_of_shanghai(data: DataRoot) -> None:
    evening = datetime(2024, 1, 2, 15, 59, tzinfo=UTC)
    assert health(data, evening).is_well, "in Shanghai it is still the second of January"
    found = health(data, datetime(2024, 1, 2, 16, 1, tzinfo=UTC))
    assert _of(found, "jiangxi") == ("overdue: the newest business date is 2023-12-31, 3 days ago",)
    assert _of(found, "third_party") == ()


def test_a_failed_fetch_and_a_held_dataset_are_reported(data: DataRoot) -> None:
    with pytest.raises(SourceUnavailable), record_run(data, "ingest", source="five_level"):
        raise SourceUnavailable("no connection", source="five_level")
    publish_by_hand(data, "jiangxi/leads since 2023-12-30: CONTROL_ROWS")
    found = health(data, MORNING)
    assert not found.is_well
    assert "the last ingest failed: no connection" in _of(found, "five_level")[0]
    assert _of(found, "jiangxi") == ("held back: jiangxi/leads since 2023-12-30: CONTROL_ROWS",)


def test_a_hold_and_a_failed_step_are_reported(data: DataRoot) -> None:
    with pytest.raises(RuntimeError), record_run(data, "build"):
        raise RuntimeError("disk full")
    record_hold(data, Hold(reason="补录线索", at=MORNING))
    problems = health(data, MORNING).problems
    assert [problem.split(":")[0] for problem in problems] == [
        "publication waits for approval since 2024-01-01 01",
        "the last build failed",
    ]


def test_an_empty_data_root_is_not_healthy(tmp_path: Path) -> None:
    found = health(DataRoot(tmp_path), MORNING)
    assert found.problems == ("nothing is published",)
    assert {source.problems for source in found.sources} == {("nothing is landed",)}


def test_parsed_data_that_is_not_published_is_reported(data: DataRoot) -> None:
    with record_run(data, "parse", source="jiangxi") as run:
        run.files = 1
    assert health(data, now() + timedelta(hours=5)).problems == ()
    late = now() + timedelta(hours=7)
    (problem,) = health(data, late).problems
    assert problem.startswith("what was parsed at") and "not published" in problem
    with record_run(data, "publish"):
        pass
    assert health(data, late).problems == (), "the parse found nothing new"


def test_a_step_that_never_ended_is_reported(data: DataRoot) -> None:
    log = data.state / "run_log.jsonl"
    jsonl.append(log, [Run(run_id="r", step="build", started_at=MORNING)])
    assert health(data, MORNING + timedelta(hours=23)).problems == ()
    assert health(data, MORNING + timedelta(hours=25)).problems == (
        "the last build began at 2024-01-01 01:00 and never ended",
    )
    with record_run(data, "build"):
        pass
    assert health(data, MORNING + timedelta(hours=25)).problems == ()


def test_a_failed_backup_is_reported(data: DataRoot) -> None:
    with pytest.raises(BackupDamaged), record_run(data, "backup"):
        raise BackupDamaged("bytes are not what they were", file="x")
    assert health(data, MORNING).problems == ("the last backup failed: bytes are not what they were [file=x]",)


def test_the_newest_date_is_known_without_reading_manifests(data: DataRoot) -> None:
    """The newest date is in the file names, so a manifest that cannot be read does not matter."""
    folder = data.landing / "manifests" / "jiangxi" / "leads"
    for year in (2021, 2022):
        (folder / f"{year}-06").mkdir()
        (folder / f"{year}-06" / f"{year}-06-01.0123456789abcdef.jsonl").write_text("not a manifest")
    (folder / "2024-02").mkdir()
    (data.landing / "manifests" / "jiangxi" / "cases" / "2024-01").mkdir(parents=True)
    landing = Landing(data.landing)
    assert str(landing.newest_date("jiangxi")) == "2023-12-31", "an empty month does not count"
    (folder / "2024-02" / "2024-02-03.0123456789abcdef.jsonl").write_text("not a manifest")
    assert str(landing.newest_date("jiangxi")) == "2024-02-03"
    assert landing.newest_date("nowhere") is None


def test_a_changed_audit_log_is_reported(data: DataRoot) -> None:
    for table in ("a", "b"):
        record_access(data, Access(action="EXPORTED", table_name=table, row_count=1))
    assert health(data, MORNING).is_well
    log_file(data).write_bytes(log_file(data).read_bytes().replace(b'"a"', b'"x"'))
    assert health(data, MORNING).problems == (
        "the audit log is not as it was written: record 1 was changed: line 2 names another hash of it",
    )


def test_a_missing_key_is_reported_before_the_next_parse(data: DataRoot) -> None:
    (data.raw / "_ledger" / "five_level" / "leads").mkdir(parents=True)
    assert health(data, MORNING).is_well, "no number was hashed yet"
    (data.raw / "_ledger" / "jiangxi" / "case_parties").mkdir(parents=True)
    (problem,) = health(data, MORNING).problems
    assert problem.startswith("the key of hashed numbers is missing")
    load_key(data.state)
    assert health(data, MORNING).is_well


def test_a_year_without_its_calendar_is_reported_in_time(data: DataRoot) -> None:
    publish_by_hand(data, None, calendar="2024-12-31")
    assert health(data, MORNING).calendar_until == date(2024, 12, 31)
    late = datetime(2024, 11, 30, 15, 59, tzinfo=UTC)
    assert health(data, late).problems == ()
    (problem,) = health(data, late + timedelta(minutes=1)).problems
    assert problem.startswith("the working-day calendar of 2025 is not loaded"), (
        "in Shanghai it is the first of December"
    )
