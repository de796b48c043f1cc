"""Exports: the files hold the published rows, the descriptor describes them, and no text runs as a formula."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from frictionless import system, validate

from serving.conftest import Publish
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.serving.exports.export import export_tables
from wangjian.state.audit_log import records


def described(folder: Path) -> dict[str, Any]:
    descriptor: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return descriptor


def faults(folder: Path) -> list[str]:
    """Return what Frictionless finds wrong with a package."""
    # trust the package: Frictionless refuses absolute paths otherwise, and those of a temporary folder are absolute
    system.trusted = True
    report = validate(str(folder / "datapackage.json"))
    return [f"{task.name}: {error.message}" for task in report.tasks for error in task.errors] + [
        error.message for error in report.errors
    ]


def test_csv_is_for_spreadsheets(publish_by_hand: Publish, tmp_path: Path) -> None:
    data = publish_by_hand(1)
    files = export_tables(data, ["fct_odd"], tmp_path / "out", "csv", "zh")
    assert [file.name for file in files] == ["marts.fct_odd.csv", "datapackage.json"]
    assert files[0].read_bytes().startswith(b"\xef\xbb\xbf")
    with files[0].open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    # two columns have the same label: the name of the column makes the header unique
    assert header[:3] == ["数 n", "数 version", "所言"]
    assert [row[2] for row in rows[:7]] == ["'=1+1", "'@cmd", "a\tb\\c", '引号"，逗号,', "", "", "两行\n文字"]
    assert rows[1][3:9] == [
        "1.10", "1000000000000000000000", "false", "2023-01-02", "2023-01-01T08:31:00", "2023-01-01T00:31:00Z",
    ]  # fmt: skip
    # a negative number is a number
    assert rows[0][3] == ""


def test_the_descriptor_is_valid_and_a_changed_file_is_noticed(publish_by_hand: Publish, tmp_path: Path) -> None:
    data, folder = publish_by_hand(1), tmp_path / "out"
    export_tables(data, ["marts", "reports"], folder, "csv", "zh")
    assert faults(folder) == []
    package = described(folder)
    assert package["id"] == "20231231-001"
    assert package["sources"] == [{"title": "jiangxi/cases"}]
    odd = next(resource for resource in package["resources"] if resource["path"] == "marts.fct_odd.csv")
    assert (odd["title"], odd["description"], odd["rows"]) == ("奇数'事实", "Odd things", 100)
    assert odd["schema"]["fields"][2] == {
        "name": "所言", "type": "string", "title": "所言", "description": "What was said", "column": "said",
    }  # fmt: skip
    path = folder / "marts.fct_even.csv"
    path.write_bytes(path.read_bytes().replace(b"\n7,1", b"\nx,1"))
    assert any("fct_even" in fault or "fct-even" in fault for fault in faults(folder))


def test_parquet_holds_the_same_rows(publish_by_hand: Publish, tmp_path: Path) -> None:
    data, folder = publish_by_hand(1, rows=30_000), tmp_path / "out"
    path, _ = export_tables(data, ["marts.fct_odd"], folder, "parquet")
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        here = "select * replace (huge::double as huge) from marts.fct_odd"
        there = f"select * replace (huge::double as huge) from '{path}'"
        assert connection.execute(f"({here} except all {there}) union all ({there} except all {here})").fetchall() == []
    resource = described(folder)["resources"][0]
    assert (resource["rows"], resource["bytes"]) == (pq.read_metadata(path).num_rows, path.stat().st_size)  # type: ignore[no-untyped-call]
    assert resource["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_the_same_publication_gives_the_same_bytes(publish_by_hand: Publish, tmp_path: Path) -> None:
    data = publish_by_hand(1, rows=30_000)
    for kind in ("csv", "parquet"):
        first = [path.read_bytes() for path in export_tables(data, ["marts"], tmp_path / "a", kind)]  # type: ignore[arg-type]
        assert first == [path.read_bytes() for path in export_tables(data, ["marts"], tmp_path / "b", kind)]  # type: ignore[arg-type]


STARTS = ("=1+1", "+1", "-1+2", "@sum(a1)", "\t=1", "\r=1", "\n=1", "＝1+1", "\x01=1+1", "x=1", "１")


def test_texts_run_as_no_formula_and_numbers_stay_numbers(publish_by_hand: Publish, tmp_path: Path) -> None:
    data = publish_by_hand(1)
    with duckdb.connect(str(data.published / "warehouse-20231231-001.duckdb")) as connection:
        connection.execute(
            "create table marts.fct_hostile (said varchar, amount decimal(18, 2), share double, n bigint)"
        )
        connection.executemany(
            "insert into marts.fct_hostile values (?, -1.50, -0.25, -7)", [[text] for text in STARTS]
        )
    path, _ = export_tables(data, ["fct_hostile"], tmp_path / "out", "csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["said", "amount", "share", "n"]
    # control characters, which XLSX forbids, go; what stood behind them must not run either
    assert [row[0] for row in rows] == [f"'{text}" for text in STARTS[:8]] + ["'=1+1", "x=1", "１"]
    assert {tuple(row[1:]) for row in rows} == {("-1.50", "-0.25", "-7")}


def test_every_export_is_on_record(publish_by_hand: Publish, tmp_path: Path) -> None:
    data = publish_by_hand(1)
    path, _ = export_tables(data, ["fct_even"], tmp_path / "out", "csv")
    (record,) = records(data)
    assert (record.action, record.table_name, record.row_count) == ("EXPORTED", "marts.fct_even", 100)
    assert record.selection == {"publication_id": "20231231-001"}
    assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_wrong_name_lists_similar_tables(publish_by_hand: Publish, tmp_path: Path) -> None:
    data = publish_by_hand(1)
    with pytest.raises(BadArguments, match=r"marts\.fct_even, marts\.fct_odd"):
        export_tables(data, ["fct"], tmp_path, "csv")
    with pytest.raises(BadArguments, match="keeps the columns' names"):
        export_tables(data, ["fct_odd"], tmp_path, "parquet", "zh")
    assert not (tmp_path / "datapackage.json").exists()


@pytest.mark.slow
def test_a_published_year(year_2024: DataRoot, tmp_path: Path) -> None:
    tables = ["fct_lead", "fct_case", "fct_case_penalty", "dim_kpi", "rpt_monthly_bulletin", "audit.publication"]
    export_tables(year_2024, tables, tmp_path, "csv", "zh")
    assert faults(tmp_path) == []
    lead = described(tmp_path)["resources"][0]
    assert lead["schema"]["primaryKey"] == ["统一线索键"]
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        total = connection.execute("select sum(amount) from marts.fct_case_penalty").fetchall()[0][0]
    with (tmp_path / "marts.fct_case_penalty.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(Decimal(row["金额(元)"]) for row in rows if row["金额(元)"]) == total
