"""Exported files of bad rows hold hostile values as text and never as a formula."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Literal

import openpyxl
import pytest

from wangjian.core.files import sha256_of
from wangjian.core.paths import DataRoot
from wangjian.governance import quarantine
from wangjian.governance.quarantine import BadRow, Selection, export_bad_rows
from wangjian.state.audit_log import records

HOSTILE = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@sum(a1)", "\t=1", "\r=1", '=HYPERLINK("http://x")')


def bad(value: str, *, is_row: bool) -> BadRow:
    return BadRow(
        quarantine_key="k", source="jiangxi", provider="", dataset="leads", business_date=date(2023, 2, 2),
        original_name=value, part="1", sheet="", row_number=2, file_sha256="0", export_id="e",
        reasons=(("TYPE:lead_no", "类型", "Type"),),
        values={"lead_no": value} if is_row else {"line": value}, is_row=is_row,
    )  # fmt: skip


def cells(path: Path) -> list[tuple[str, str]]:
    """Return the kind and the text of every cell; the kind `f` would be a formula."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [("s", cell) for row in csv.reader(file) for cell in row]
    book = openpyxl.load_workbook(path)
    return [
        (cell.data_type, str(cell.value)) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_hostile_values_are_texts_and_the_file_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Literal["csv", "xlsx"]
) -> None:
    rows = [bad(value, is_row=is_row) for value in HOSTILE for is_row in (True, False)]
    monkeypatch.setattr(quarantine, "bad_rows", lambda *_: rows)
    data = DataRoot(tmp_path / "data")
    (path,) = export_bad_rows(data, tmp_path / "out", kind, Selection(source="jiangxi"), clear=False, purpose=None)
    found = cells(path)
    assert {kind for kind, _ in found} == {"s"}
    texts = [text for _, text in found]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    # Each value appears twice as a file name, once as a value of a row and once as a line. XLSX turns a carriage return into a line feed.
    plain = [text.replace("\r", "\n") for text in texts]
    assert {value: plain.count(f"'{value}".replace("\r", "\n")) for value in HOSTILE} == dict.fromkeys(HOSTILE, 4)
    (record,) = records(data)
    assert (record.action, record.row_count, record.sha256) == ("EXPORTED", len(rows), sha256_of(path))
    assert record.selection == {"source": "jiangxi", "sender": "jiangxi"}
