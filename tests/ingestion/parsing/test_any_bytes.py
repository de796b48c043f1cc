"""For any bytes, the rows of a file balance or the file is rejected; bad files take bounded memory and time."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.faults.drop_folder import cell_far_out, million_blank_rows, zip_bomb
from simulator.faults.sftp_tree import huge_cell
from support.landed import controlled, land, ledger, page, raw_rows
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source

DAY = "2023-01-31"
TASK = {
    "task_no": "T1",
    "task_type": "ROUTINE",
    "task_name": "网剑",
    "issued_by_org": "360700",
    "starts_on": DAY,
    "updated_at": DAY,
}
WORKBOOK = "网络交易监测线索_202301.xlsx"
HEADERS = ["线索编号", "监测日期", "所属县区", "违法类型", "店铺链接"]
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _balances(source: str, dataset: str, files: dict[str, bytes], provider: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = DataRoot(Path(folder))
        land(data, source, dataset, DAY, files, provider=provider)
        report = parse(get_source(source), data)
        rows = len(raw_rows(data, source, dataset))
        entries = [entry for entry in ledger(data, source, dataset) if entry[2] in ("parsed", "rejected")]
        read = sum(int(str(entry[4] or 0)) for entry in entries)
        lines = sum(int(str(entry[5] or 0)) for entry in entries)
        assert read == rows + lines
        assert all((entry[3] is None) == (entry[2] == "parsed") for entry in entries)
        assert report.rejected_files == sum(entry[2] == "rejected" for entry in entries)


def _mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """Return the content with some bytes replaced, removed or inserted."""
    change = st.tuples(st.integers(0, len(content)), st.integers(0, 12), st.binary(max_size=12))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        result = content
        for at, cut, put in changes:
            result = result[:at] + put + result[at + cut :]
        return result

    return st.lists(change, min_size=1, max_size=5).map(apply)


PAGE = page("monitoring_tasks", DAY, [TASK, {**TASK, "task_no": "T2", "keywords": ["特供"], "x": 1}])
CSV = "检查编号,专项行动,平台编码,检查方式,检查日期,机构代码\r\nJ1,网剑,TAOBAO,线上巡查,2023-01-31,360700-01\r\nJ2,\"网,\r\n剑\",TAOBAO,线下检查,20230131,360700-01\r\n"  # fmt: skip


def _workbook(change: Any = None) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "汇总"  # type: ignore[union-attr]
    book.active.append(["县区", "线索数"])  # type: ignore[union-attr]
    sheet = book.create_sheet("章贡区")
    sheet["A1"] = "2023年1月网络交易监测线索"
    for column, header in enumerate(HEADERS, start=1):
        sheet.cell(3, column, header)
    for column, value in enumerate(["A-1", "1月7日", "章贡区", "虚假宣传", "链接"], start=1):
        sheet.cell(4, column, value)
    sheet.cell(4, 5).hyperlink = "https://example.com/1"
    sheet.cell(5, 1, "合计")
    buffer = io.BytesIO()
    (change(book) if change else book).save(buffer)
    return buffer.getvalue()


XLSX = _workbook()


@given(st.one_of(st.binary(max_size=200), _mutated(PAGE)))
@EXAMPLES
def test_a_json_page_balances_or_is_rejected(content: bytes) -> None:
    _balances("five_level", "monitoring_tasks", {"p1": content, "p2": PAGE})


@given(st.one_of(st.binary(max_size=200), _mutated(CSV.encode("gb18030")), _mutated(CSV.encode())))
@EXAMPLES
def test_a_csv_file_balances_or_is_rejected(content: bytes) -> None:
    _balances("jiangxi", "platform_checks", controlled("checks", content, 2))


@given(st.one_of(st.binary(max_size=200), _mutated(XLSX)))
@EXAMPLES
def test_a_workbook_balances_or_is_rejected(content: bytes) -> None:
    _balances("third_party", "leads", {WORKBOOK: content}, "tp_a")


@given(
    st.sampled_from(["xl/worksheets/sheet2.xml", "xl/workbook.xml", "xl/worksheets/_rels/sheet2.xml.rels"]), st.data()
)
@EXAMPLES
def test_a_workbook_with_a_damaged_part_balances_or_is_rejected(name: str, draw: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(XLSX)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.namelist():
            content = old.read(item)
            new.writestr(item, draw.draw(_mutated(content)) if item == name else content)
    _balances("third_party", "leads", {WORKBOOK: buffer.getvalue()}, "tp_a")


@given(st.lists(st.dictionaries(st.sampled_from([*TASK, "x", ""]), st.one_of(st.none(), st.text(max_size=9), st.integers(), st.floats(), st.lists(st.text(max_size=3)))), max_size=4))  # fmt: skip
@EXAMPLES
def test_any_records_balance_or_are_rejected(records: list[dict[str, Any]]) -> None:
    body = {"dataset": "monitoring_tasks", "business_date": DAY, "total": len(records), "records": records}
    _balances("five_level", "monitoring_tasks", {"p1": json.dumps(body).encode("utf-8", "surrogatepass")})


LARGE = {
    "zip_bomb": ("third_party", lambda: {WORKBOOK: zip_bomb(XLSX)}, "TOO_LARGE"),
    "cell_far_out": ("third_party", lambda: {WORKBOOK: _workbook(cell_far_out)}, "TOO_LARGE"),
    "million_blank_rows": ("third_party", lambda: {WORKBOOK: _workbook(million_blank_rows)}, None),
    "huge_cell": ("jiangxi", lambda: controlled("checks", huge_cell(CSV.encode("gb18030")), 3), "UNREADABLE_FILE"),
    "lying_archive": ("third_party", lambda: {WORKBOOK: _lying(zip_bomb(XLSX))}, "UNREADABLE_FILE"),
}


def _lying(content: bytes) -> bytes:
    """Return the archive with a declared size of 100 bytes for its bomb."""
    size = (700 * 2**20).to_bytes(4, "little")
    return content.replace(size, (100).to_bytes(4, "little"))


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_file_that_is_too_large_is_rejected_cheaply(tmp_path: Path, name: str) -> None:
    source, made, code = LARGE[name]
    data = DataRoot(tmp_path)
    dataset = "leads" if source == "third_party" else "platform_checks"
    land(data, source, dataset, DAY, made(), provider="tp_a" if source == "third_party" else "")
    # in a process of its own, so that its peak memory is known and its time can be limited to a minute
    script = "import resource, sys; from pathlib import Path; from wangjian.ingestion.parsing import parse; from wangjian.core.paths import DataRoot\n"
    script += "from wangjian.ingestion.sources.registry import get_source\n"
    script += f"parse(get_source({source!r}), DataRoot(Path({str(tmp_path)!r})))\n"
    script += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) * 1024 < 2 * 2**30
    codes = {entry[3] for entry in ledger(data, source, dataset) if entry[2] != "stored"}
    assert codes == {code}
