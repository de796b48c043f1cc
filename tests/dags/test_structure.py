"""Every DAG file loads quickly, and the DAGs have the tasks, order, pools and schedules that we intend."""

from __future__ import annotations

from typing import Any

import pytest

from wangjian.core.airflow_names import WRITER_POOL, WRITER_QUEUE
from wangjian.ingestion.sources.registry import load_registry

pytestmark = pytest.mark.world("dags", minutes=3)

PARSE_BUDGET_SECONDS = 0.5
"""CPU time of one DAG file, once Airflow itself is loaded: the DAG processor reads every file twice a minute."""


@pytest.fixture(scope="module")
def parsed(drive) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    answer: dict[str, Any] = drive("parse_dags.py")
    return answer


def test_every_dag_file_loads_within_the_budget(parsed: dict[str, Any]) -> None:
    assert {name: seconds for name, seconds in parsed["files"].items() if seconds > PARSE_BUDGET_SECONDS} == {}


def test_a_dag_file_loads_no_heavy_library(parsed: dict[str, Any]) -> None:
    assert parsed["heavy"] == []


def test_there_is_a_daily_dag_for_each_registered_source(parsed: dict[str, Any]) -> None:
    sources = {f"ingest_{code}": source for code, source in load_registry().items()}
    assert set(parsed["dags"]) == {*sources, "warehouse", "backfill", "housekeeping", "health"}
    for dag_id, source in sources.items():
        dag = parsed["dags"][dag_id]
        assert (dag["cron"], dag["timezone"], dag["end_date"]) == (source.schedule, "Asia/Shanghai", None)
        assert dag["tasks"]["parse"]["after"] == ["fetch"]
        assert dag["tasks"]["parse"]["outlets"] == [f"wangjian_raw_{source.source}"]


def test_no_dag_catches_up_or_overlaps_itself(parsed: dict[str, Any]) -> None:
    assert all(not dag["catchup"] and dag["max_active_runs"] == 1 for dag in parsed["dags"].values())


def test_a_schedule_ends_where_the_simulated_sources_end(drive) -> None:  # type: ignore[no-untyped-def]
    dags = drive("parse_dags.py", WANGJIAN_SCHEDULE_UNTIL="2023-02-02")["dags"]
    ends = {dag_id: dag["end_date"] for dag_id, dag in dags.items() if dag["end_date"]}
    assert set(ends) == {*(f"ingest_{source}" for source in load_registry()), "health", "housekeeping"}
    assert all(end.startswith("2023-02-02") for end in ends.values()), ends
    assert all(dags[f"ingest_{source}"]["cron"] for source in load_registry()), (
        "Airflow can backfill what has a schedule"
    )


def test_the_warehouse_follows_the_assets_step_by_step(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["warehouse"]
    assert "Asset" in dag["timetable"]
    assert {name: task["after"] for name, task in dag["tasks"].items()} == {
        "gather": [],
        "build": ["gather"],
        "check": ["build"],
        "publish": ["check"],
    }


def test_every_morning_health_is_checked_and_the_audit_log_is_anchored(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["health"]
    assert {name: (task["after"], task["retries"]) for name, task in dag["tasks"].items()} == {
        "look": ([], 0),
        "anchor": ([], 3),
    }
    assert "0 9 * * *" in dag["schedule"]


def test_only_one_process_writes_the_warehouse(parsed: dict[str, Any]) -> None:
    writers = {
        "warehouse": ("build", "check", "publish"),
        "backfill": ("build_check_publish",),
        "housekeeping": ("compact", "docs"),
    }
    for dag_id, tasks in writers.items():
        assert {parsed["dags"][dag_id]["tasks"][task]["pool"] for task in tasks} == {WRITER_POOL}
    pools = {(task["pool"], task["queue"]) for dag in parsed["dags"].values() for task in dag["tasks"].values()}
    assert pools == {(WRITER_POOL, WRITER_QUEUE), ("default_pool", "default")}


def test_every_dag_says_what_it_does_in_both_languages(parsed: dict[str, Any]) -> None:
    for dag in parsed["dags"].values():
        assert any("\u4e00" <= sign <= "\u9fff" for sign in dag["doc"])
        assert any(sign.isascii() and sign.isalpha() for sign in dag["doc"])


def test_a_failure_of_any_task_is_reported(parsed: dict[str, Any]) -> None:
    tasks = {f"{dag_id}.{name}": task for dag_id, dag in parsed["dags"].items() for name, task in dag["tasks"].items()}
    assert [name for name, task in tasks.items() if not task["tells_failure"]] == []
