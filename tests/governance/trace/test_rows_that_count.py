"""A trace shows only rows that count, and marks the one whose values are published. The month has every fault of an export."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from support.landed import controlled, land
from wangjian.core.paths import DataRoot
from wangjian.governance.trace import trace
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source
from wangjian.operations.archive import archive

HEADER = "检查编号,检查日期,检查方式,对象类型,载体编号,平台编码,区划代码,检查结果,任务编号,处理条数"
# Number, day, version, and its state, which the hand-written audit tables below repeat.
EXPORTS = {
    ("2023-05-01", 1): ["J1", "J2"],
    ("2023-05-02", 1): ["J1"],
    # The second line repeats the first; the third is bad.
    ("2023-05-02", 2): ["J1", "J1", "J1 bad", "J1 last"],
    # This export is held back.
    ("2023-05-03", 1): ["J1"],
}


def _line(text: str) -> str:
    number, _, note = text.partition(" ")
    return f"{number},2023-05-01,网上,网店,,TAOBAO,360702,正常,{note},1"


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    data = DataRoot(tmp_path / "data")
    for (day, version), rows in EXPORTS.items():
        content = "\r\n".join([HEADER, *map(_line, rows), ""]).encode("gb18030")
        land(data, "jiangxi", "inspections", day, controlled(f"i_{day}_{version}", content, len(rows)), version=version)
    parse(get_source("jiangxi"), data)
    data.published.mkdir()
    (data.published / "warehouse.duckdb").symlink_to("warehouse-x.duckdb")
    with duckdb.connect(str(data.published / "warehouse-x.duckdb")) as connection:
        connection.execute(
            f"""
            create schema marts;
            create schema audit;
            create table marts.fct_inspection as select unnest(['J1', 'J2', 'J9']) as inspection_no;
            create table audit.file_ledger as
            select *, business_date < '2023-05-03' and not (business_date = '2023-05-02' and version = 1) as is_counted
            from read_parquet('{data.raw}/_ledger/jiangxi/inspections/*.parquet');
            create table audit.quarantine as
            select export_id, part, '' as sheet, 4 as row_number from audit.file_ledger where version = 2;
            """
        )
    return data


def _told(data: DataRoot, key: str) -> list[tuple[str, int, int | None, bool]]:
    places = trace(data, "fct_inspection", [key]).places
    return [(str(place.business_date), place.version, place.row_number, place.speaks) for place in places]


def test_rows_that_do_not_count_are_left_out_and_the_latest_row_gives_the_values(data: DataRoot) -> None:
    assert _told(data, "J1") == [
        ("2023-05-02", 2, 5, True),
        ("2023-05-02", 2, 2, False),
        ("2023-05-01", 1, 2, False),
    ]
    assert _told(data, "J2") == [("2023-05-01", 1, 3, True)]


def test_a_published_row_without_landed_rows_has_no_place(data: DataRoot) -> None:
    assert _told(data, "J9") == []


def test_rows_of_batches_that_no_ledger_names_are_left_out(data: DataRoot) -> None:
    before = _told(data, "J1")
    folder = data.raw / "jiangxi" / "inspections" / "2023-05"
    (file,) = folder.glob("*.parquet")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ('left over' as _batch_id) from read_parquet('{file}')) to '{folder}/left.parquet'"
        )
    assert _told(data, "J1") == before


def test_each_place_names_the_folder_of_its_bytes(data: DataRoot, tmp_path: Path) -> None:
    assert {place.lies_in for place in trace(data, "fct_inspection", ["J1"]).places} == {"landing"}
    folder = tmp_path / "archive"
    archive(data, date(2023, 5, 2), folder, ["jiangxi"])
    assert [place.lies_in for place in trace(data, "fct_inspection", ["J1"]).places] == [
        "landing",
        "landing",
        str(folder),
    ]
    shutil.move(folder, tmp_path / "away")
    assert [place.lies_in for place in trace(data, "fct_inspection", ["J1"]).places] == ["landing", "landing", None]
