"""Run backfills from the sources to the readers: failures, holds, approval, the difference, dry runs."""

from __future__ import annotations

import json
import sys
from datetime import date

import duckdb
import pytest

from support.landed import controlled, land
from wangjian import publishing
from wangjian.cli import main
from wangjian.core.errors import AwaitingApproval
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.orchestration import pipeline
from wangjian.orchestration.backfill import BackfillRequest, make_plan, run_backfill
from wangjian.state import runs
from wangjian.state.holds import present_hold

pytestmark = [pytest.mark.slow, pytest.mark.world("backfill", minutes=2)]

FIRST, LAST = date(2023, 1, 29), date(2023, 2, 2)
REQUEST = BackfillRequest(
    sources=tuple(load_registry()), date_from=FIRST, date_to=LAST, chunk_days=2, reason="首次装载"
)
LATE = {
    "lead_no": "JX-LATE-1",
    "source_channel": "自主监测",
    "discovered_at": "2023-01-30 08:00:00",
    "region_code": "360702",
    "violation_codes": "V01",
    "handling_org_code": "360702-01",
    "status": "待分派",
    "updated_at": "2023-01-30 10:00:00",
}


def _published(data: DataRoot, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    return DataRoot(tmp_path_factory.mktemp("backfill"))


@pytest.fixture
def connected(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sources.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("connected")
def test_a_failing_source_is_reported_and_a_second_run_does_only_what_is_left(
    data: DataRoot, sources: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "AIRFLOW_CONN_WANGJIAN_JIANGXI"
    with monkeypatch.context() as patch:
        patch.setenv(name, json.dumps(json.loads(sources[name]) | {"password": "wrong"}))
        report = run_backfill(data, REQUEST)
    assert [failure for failure in report.failures if "login is refused" in failure]
    assert report.publication_id, "what came is published"
    plan = make_plan(data, REQUEST)
    assert {item.source for item in plan.datasets if item.missing} == {"jiangxi"}
    again = run_backfill(data, REQUEST)
    assert again.failures == ()
    assert make_plan(data, REQUEST).missing == 0
    fetched = [run.message or "" for run in runs(data) if run.step == "ingest" and run.source == "five_level"]
    assert [": 0 new exports" in message for message in fetched] == [False, False, False, True, True, True]
    assert {run.purpose for run in runs(data) if run.step == "ingest"} == {"首次装载"}


def test_a_held_correction_waits_with_its_difference(data: DataRoot) -> None:
    before = publishing.current(data)
    columns = load_contract("jiangxi")["leads"].columns
    lines = [
        ",".join(column.header for column in columns),
        ",".join(LATE.get(column.name, "") for column in columns),
        "",
    ]
    content = "\r\n".join(lines).encode("gb18030")
    land(data, "jiangxi", "leads", "2023-01-30", controlled("leads", content, 1), version=9)
    held = BackfillRequest(
        sources=("jiangxi",), date_from=FIRST, date_to=LAST, mode="reparse", reason="补录线索", hold=True
    )
    report = run_backfill(data, held)
    assert report.publication_id is None
    changed = {(item.table, item.month): item for item in report.change.tables}
    assert changed["marts.fct_lead", "2023-01"].added >= 1
    assert report.change.kpis and all(kpi.before != kpi.after for kpi in report.change.kpis)
    with pytest.raises(AwaitingApproval, match=r"waits for approval.*补录线索.*--approve"):
        pipeline.publish(data)
    assert publishing.current(data) == before, "readers still see the last publication"
    assert present_hold(data), "held from the beginning, before a daily build could have taken it up"
    pipeline.publish(data, approved_by="王科长")
    assert _published(data, "select count(*) from marts.fct_lead_submission where source_lead_no = 'JX-LATE-1'") == [
        (1,)
    ]
    assert _published(data, "select distinct purpose from audit.run_log where step = 'backfill' order by 1") == [
        ("补录线索",),
        ("首次装载",),
    ]
    restated = _published(
        data,
        "select count(*), bool_and(last_changed_publication_id > first_publication_id and value is distinct from closed_value) "
        "from reports.rpt_kpi_restatement where is_restated and period_start = date '2023-01-01' and period_type = 'month'",
    )
    assert int(str(restated[0][0])) > 0 and restated[0][1]
    lines = [json.loads(line) for line in (data.state / "holds.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["decided_by"]) for line in lines] == [("held", None), ("approved", "王科长")]


def test_nothing_to_do_changes_nothing(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = publishing.current(data)
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    asked = ["backfill", "--from", str(FIRST), "--to", str(LAST), "--mode", "rebuild", "--reason", "复核"]
    monkeypatch.setattr(sys, "argv", ["wangjian", *asked])
    main()
    shown = capsys.readouterr().out
    assert "无变化 nothing changes" in shown and "只构建一次" in shown
    assert publishing.current(data) == before


def test_a_dry_run_does_nothing(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(runs(data))
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    asked = ["backfill", "--from", str(FIRST), "--to", "2023-02-09", "--reason", "复核", "--dry-run", "--json"]
    monkeypatch.setattr(sys, "argv", ["wangjian", *asked])
    main()
    plan = json.loads(capsys.readouterr().out)
    (leads,) = (item for item in plan["datasets"] if (item["source"], item["dataset"]) == ("five_level", "leads"))
    assert leads["missing"] == [f"2023-02-0{day}" for day in range(3, 10)]
    assert plan["seconds"] > 0
    assert len(runs(data)) == count
