"""Run the DAGs for real, from the simulated sources to the published file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.robot import Robot
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import Publication
from wangjian.state.audit_log import Access, last_head, record_access

pytestmark = [pytest.mark.world("dags", minutes=3), pytest.mark.slow, pytest.mark.usefixtures("metadata")]

RANGE = {"date_from": "2023-01-29", "date_to": "2023-02-01"}
DAY = {"business_date": "2023-02-02"}
NEXT = {"date_from": "2023-02-03", "date_to": "2023-02-03"}


@dataclass(frozen=True)
class Ran:
    """How each task of each run ended, and the publication after all runs."""

    data: DataRoot
    runs: list[dict[str, str]]
    published: Publication | None


@pytest.fixture(scope="module")
def ran(drive, sources: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Ran:  # type: ignore[no-untyped-def]
    data = DataRoot(tmp_path_factory.mktemp("data"))
    daily = [[f"ingest_{source}", DAY] for source in load_registry()]
    rest = [["warehouse", {}], ["ingest_jiangxi", DAY], ["housekeeping", {}]]
    runs = drive("run_dags.py", [["backfill", RANGE], *daily, *rest], WANGJIAN_DATA=str(data.root), **sources)
    return Ran(data, runs, publishing.current(data))


@pytest.mark.everyday
def test_a_backfill_fetches_every_source_and_publishes_once(ran: Ran) -> None:
    backfill = ran.runs[0]
    assert set(backfill.values()) == {"success"}
    assert sum(name.startswith("fetch_and_parse") for name in backfill) == 3


@pytest.mark.everyday
def test_the_daily_dags_publish_the_next_day(ran: Ran) -> None:
    _, *daily, warehouse, again, housekeeping = ran.runs
    assert all(set(run.values()) == {"success"} for run in [*daily, warehouse, housekeeping])
    assert again["parse"] == "skipped", "nothing new: no build is triggered"
    assert ran.published
    assert str(ran.published.as_of) == DAY["business_date"]


def test_a_source_that_is_down_does_not_block_the_others(drive, ran: Ran, sources: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    jiangxi: dict[str, Any] = json.loads(sources["AIRFLOW_CONN_WANGJIAN_JIANGXI"]) | {"password": "wrong"}
    broken = sources | {"AIRFLOW_CONN_WANGJIAN_JIANGXI": json.dumps(jiangxi)}
    with Robot.running() as robot:
        broken["AIRFLOW_CONN_WANGJIAN_WEBHOOK"] = robot("wecom", "/send")
        (run,) = drive("run_dags.py", [["backfill", NEXT]], WANGJIAN_DATA=str(ran.data.root), **broken)
        (message,) = [
            taken["text"]["content"] for taken in Robot.taken if "fetch_and_parse" in taken["text"]["content"]
        ]
    assert "task failed: backfill.fetch_and_parse" in message and "login is refused" in message
    assert sorted(state for name, state in run.items() if name.startswith("fetch")) == ["failed", "success", "success"]
    assert run["build_check_publish"] == "success"
    assert (run["every_source_came"], run[""]) == ("upstream_failed", "failed")
    current = publishing.current(ran.data)
    assert current
    assert str(current.as_of) == NEXT["date_to"]


def test_every_morning_the_audit_log_is_anchored_if_an_anchor_is_defined(drive, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    data = DataRoot(tmp_path)
    record_access(data, Access(action="EXPORTED", table_name="marts.fct_lead", row_count=1))
    with Robot.running() as robot:
        kept = {"AIRFLOW_CONN_WANGJIAN_ANCHOR_WEBHOOK": robot("plain", "/send")}
        (without,) = drive("run_dags.py", [["health", {}]], WANGJIAN_DATA=str(tmp_path))
        assert Robot.taken == []
        (anchored,) = drive("run_dags.py", [["health", {}]], WANGJIAN_DATA=str(tmp_path), **kept)
        (message,) = Robot.taken
    assert (without["anchor"], without["look"], without[""]) == ("skipped", "success", "success")
    assert (anchored["anchor"], anchored[""]) == ("success", "success")
    assert message["text"] == f"链头 head {last_head(data)}"
