"""A bad row from the file that brought it to the file that goes back: found, explained, masked, and clear only for a purpose."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from support.landed import controlled, land
from support.served import ingest_all, parse_all
from wangjian.cli import main
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import load_contract
from wangjian.orchestration import pipeline
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.audit_log import records

pytestmark = [pytest.mark.slow, pytest.mark.world("end_to_end", minutes=5)]

FIRST, LAST = date(2023, 1, 29), date(2023, 2, 2)
SECRETS = ("张三", "李四水果店", "13879712345", "360702199003077715", "王小五", "13900001111", "li.si@")

# columns swapped: a name where the channel belongs, an ID number where the region does, a phone in the description
SWAPPED = {
    "lead_no": "JX-BAD-1",
    "source_channel": "张三",
    "discovered_at": "2023-02-30 08:00:00",
    "url": "=cmd|' /C calc'!A0",
    "operator_name": "李四水果店",
    "region_code": "360702199003077715",
    "violation_codes": "V01",
    "description": '"电话\n13879712345\nli.si@example.com"',
    "handling_org_code": "360702-01",
    "status": "待分派",
    "updated_at": "2023-02-02 10:00:00",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, str]) -> DataRoot:
    """Five good days, and a later version of one day's leads with two bad rows."""
    root = DataRoot(tmp_path_factory.mktemp("quarantine"))
    ingest_all(root, sources, FIRST, LAST)
    _land_bad_leads(root)
    parse_all(root)
    pipeline.build(root)
    pipeline.check(root)
    pipeline.publish(root)
    return root


def _land_bad_leads(data: DataRoot) -> None:
    columns = load_contract("jiangxi")["leads"].columns
    header = ",".join(column.header for column in columns)
    row = ",".join(SWAPPED.get(column.name, "") for column in columns)
    content = "\r\n".join([header, row, "JX-BAD-2,王小五,13900001111", ""]).encode("gb18030")
    files = controlled("leads", content, 2)
    land(data, "jiangxi", "leads", f"{LAST}", files, version=9, folder=f"/export/{LAST:%Y%m%d}")


def _call(data: DataRoot, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    monkeypatch.setattr(sys, "argv", ["wangjian", "quarantine", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_every_bad_row_is_there_with_its_place_and_all_its_reasons(data: DataRoot) -> None:
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select original_name, row_number, reason_codes, first_seen_on from audit.quarantine order by row_number"
        ).fetchall()
        balance = connection.execute(
            "select rows_read, rows_loaded, rows_quarantined from audit.row_balance where dataset = 'leads' and version = 9"
        ).fetchall()
    reasons = "CODE:source_channel,TYPE:discovered_at,PATTERN:region_code"
    assert rows == [
        ("/export/20230202/leads.csv", 2, reasons, LAST),
        ("/export/20230202/leads.csv", 5, "ROW_SHAPE", LAST),
    ]
    assert balance == [(2, 0, 2)]


def test_no_personal_value_is_published_whatever_column_it_stood_in(data: DataRoot) -> None:
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        texts = connection.execute("select original_values from audit.quarantine").fetchall()
    shown = " ".join(text for (text,) in texts)
    assert "张**" in shown and "138****2345" in shown and "王**" in shown
    assert not [secret for secret in SECRETS if secret in shown]
    # raw keeps the values of rows for the export, but no line that nobody could split
    rejects = b"".join(path.read_bytes() for path in (data.raw / "_rejects").rglob("*.parquet"))
    assert b"13900001111" not in rejects


def test_list_and_show_explain_in_both_languages(
    data: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call(data, monkeypatch, "list", "--reason", "TYPE") == 0
    shown = capsys.readouterr().out
    assert "第2行 row 2" in shown and "数值、日期或时间无法识别" in shown and "cannot be read" in shown
    assert "1 行 rows" in shown
    assert _call(data, monkeypatch, "show", shown.split()[0], "--json") == 0
    assert json.loads(capsys.readouterr().out)["discovered_at"] == "2023-02-30 08:00:00"
    assert _call(data, monkeypatch, "show", "nothing") == 2
    assert "0 rows in quarantine" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_clear_rows_leave_for_a_purpose_only_and_never_as_formulas(
    data: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    asked = ["export", "--folder", str(tmp_path), "--format", kind]
    assert _call(data, monkeypatch, *asked, "--clear") == 2
    assert "--purpose" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert _call(data, monkeypatch, *asked) == 0
    masked = _text(tmp_path / f"quarantine_jiangxi.{kind}")
    assert not [secret for secret in SECRETS if secret in masked]
    assert _call(data, monkeypatch, *asked, "--clear", "--purpose", "退回江西专版核对") == 0
    clear = _text(tmp_path / f"quarantine_jiangxi.{kind}")
    assert all(secret in clear for secret in SECRETS[:4])
    assert "'=cmd|" in clear
    record = records(data)[-1]
    content = (tmp_path / f"quarantine_jiangxi.{kind}").read_bytes()
    assert (record.action, record.purpose, record.row_count) == ("OPENED_CLEAR", "退回江西专版核对", 2)
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    assert [found.action for found in records(data)[-2:]] == ["EXPORTED", "OPENED_CLEAR"]
    assert verify_audit_log(data).is_whole


def _text(path: Path) -> str:
    if path.suffix == ".csv":
        return path.read_text(encoding="utf-8-sig")
    book = openpyxl.load_workbook(path)
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
