"""Parsing of landed exports: each is parsed once, a repeat gives the same rows, and the ledger commits in one step."""

from __future__ import annotations

import importlib
import shutil

import duckdb
import pytest

from support.landed import Land, ledger, page, penalties, raw_rows
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import contract_hashes, parse, read_ledgers
from wangjian.ingestion.sources.registry import get_source

module = importlib.import_module("wangjian.ingestion.parsing.parse")
rules = importlib.import_module("wangjian.ingestion.parsing.pending")

FINE = "赣市监立〔2023〕1号,1,1,罚款,1000.00,,,"
WARNING = "赣市监立〔2023〕1号,2,1,警告,,,,"


def test_rows_carry_their_place_in_the_file(data: DataRoot, land: Land) -> None:
    export = land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE, WARNING))
    report = parse(get_source("jiangxi"), data)
    assert (report.files, report.rows, report.rejected_files) == (2, 2, 0)
    first = dict(zip(_columns(data), raw_rows(data, "jiangxi", "case_penalties")[0], strict=True))
    assert first["amount"] == "1000.00", "raw keeps text as it was"
    assert (first["_part"], first["_row_number"], first["_export_id"]) == ("penalties.csv", 2, export.export_id)
    assert first["_file_sha256"] == export.files[0].sha256


def _columns(data: DataRoot) -> list[str]:
    with duckdb.connect() as connection:
        columns = connection.execute(f"describe from read_parquet('{data.raw}/jiangxi/case_penalties/*/*.parquet')")
        return [name for name, *_ in columns.fetchall() if name != "_batch_id"]


def test_a_second_parse_does_nothing(data: DataRoot, land: Land) -> None:
    land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE))
    parse(get_source("jiangxi"), data)
    again = parse(get_source("jiangxi"), data)
    assert (again.files, again.rows) == (0, 0)


def test_parsing_again_gives_the_same_rows_in_any_portions(data: DataRoot, land: Land) -> None:
    for day, row in (("2023-01-02", FINE), ("2023-01-03", WARNING), ("2023-02-01", FINE)):
        land("jiangxi", "case_penalties", day, penalties(row))
        parse(get_source("jiangxi"), data)
    piecemeal = raw_rows(data, "jiangxi", "case_penalties")
    shutil.rmtree(data.raw)
    parse(get_source("jiangxi"), data)
    assert raw_rows(data, "jiangxi", "case_penalties") == piecemeal
    assert len(piecemeal) == 3


def test_a_crash_before_the_ledger_leaves_nothing_that_counts(
    data: DataRoot, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE))
    whole = module.write_table

    def dies_at_the_ledger(path, rows, schema):  # type: ignore[no-untyped-def]
        if "_ledger" in path.parts and path.name != "empty.parquet":
            raise KeyboardInterrupt
        whole(path, rows, schema)

    monkeypatch.setattr(module, "write_table", dies_at_the_ledger)
    with pytest.raises(KeyboardInterrupt):
        parse(get_source("jiangxi"), data)
    assert list((data.raw / "jiangxi" / "case_penalties" / "2023-01").glob("*.parquet")), "rows were written"
    assert not (data.raw / "_ledger" / "jiangxi" / "case_penalties").exists()
    monkeypatch.undo()
    # the next batch has another name, so the files that the crash left are removed
    land("jiangxi", "case_penalties", "2023-01-03", penalties(WARNING))
    parse(get_source("jiangxi"), data)
    assert len(list((data.raw / "jiangxi" / "case_penalties" / "2023-01").glob("*.parquet"))) == 1
    assert len(raw_rows(data, "jiangxi", "case_penalties")) == 2


def test_a_new_parser_version_parses_everything_again(
    data: DataRoot, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE))
    parse(get_source("jiangxi"), data)
    before = raw_rows(data, "jiangxi", "case_penalties")
    monkeypatch.setattr(rules, "PARSER_VERSION", rules.PARSER_VERSION + 1)
    assert parse(get_source("jiangxi"), data).files == 2
    assert raw_rows(data, "jiangxi", "case_penalties") == before
    assert len(list((data.raw / "jiangxi" / "case_penalties" / "2023-01").glob("*.parquet"))) == 1


def test_a_providers_first_file_of_a_month_does_not_parse_the_others_again(data: DataRoot, land: Land) -> None:
    land("third_party", "leads", "2023-01-31", {"clues_202301.csv": CLUES}, provider="tp_b")
    assert parse(get_source("third_party"), data).files == 1
    known = contract_hashes(read_ledgers(data))
    land("third_party", "leads", "2023-02-28", {"clues_202302.csv": CLUES}, provider="tp_b")
    assert parse(get_source("third_party"), data).files == 1
    assert contract_hashes(read_ledgers(data)) == known
    land("third_party", "leads", "2023-02-28", {"other.csv": CLUES}, provider="tp_a")
    assert parse(get_source("third_party"), data).files == 1


def test_a_parsed_export_is_recognized_by_its_manifests_name(
    data: DataRoot, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE))
    parse(get_source("jiangxi"), data)
    read, names = rules.read_manifest, []
    monkeypatch.setattr(rules, "read_manifest", lambda path: names.append(path.name[:10]) or read(path))
    land("jiangxi", "case_penalties", "2023-01-03", penalties(WARNING))
    assert parse(get_source("jiangxi"), data).files == 2
    assert names == ["2023-01-03"]


def test_the_same_line_twice_in_a_file_is_one_row_and_a_repeat(data: DataRoot, land: Land) -> None:
    land("jiangxi", "case_penalties", "2023-01-02", penalties(FINE, FINE))
    parse(get_source("jiangxi"), data)
    assert ledger(data, "jiangxi", "case_penalties")[0] == ("penalties.csv", 1, "parsed", None, 2, 0, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: {"penalties.csv": files["penalties.csv"]}, "MISSING_CONTROL"),
        (lambda files: files | {"penalties.csv": files["penalties.csv"] + b"x"}, "WRONG_HASH"),
        (lambda files: files | {"penalties.ctl": b"nonsense"}, "BAD_CONTROL"),
    ],
)
def test_a_damaged_transfer_rejects_the_file_and_says_why(data: DataRoot, land: Land, change, code) -> None:  # type: ignore[no-untyped-def]
    land("jiangxi", "case_penalties", "2023-01-02", change(penalties(FINE)))
    report = parse(get_source("jiangxi"), data)
    assert report.rejected_files >= 1
    assert any(code in message and "/export/penalties.csv (2023-01-02)" in message for message in report.messages)
    entries = {
        part: (status, reject_code) for part, _, status, reject_code, *_ in ledger(data, "jiangxi", "case_penalties")
    }
    assert entries["penalties.csv"] == ("rejected", code)


DAY = "2023-01-02"
TASK = {"task_no": "T1", "task_type": "ROUTINE", "task_name": "网剑", "issued_by_org": "360700"}
TASK |= {"starts_on": DAY, "updated_at": DAY}


CLUES = "无\r\n".encode()


def _json_rows(data: DataRoot, columns: str) -> list[tuple[object, ...]]:
    files = f"{data.raw}/five_level/monitoring_tasks/*/*.parquet"
    return duckdb.sql(f"select {columns} from read_parquet('{files}') order by _part, _row_number").fetchall()


def test_only_the_same_record_again_in_a_page_is_a_repeat(data: DataRoot, land: Land) -> None:
    other = TASK | {"task_name": "春风"}
    pages = {
        "p0001": page("monitoring_tasks", DAY, [TASK, other, TASK]),
        "p0002": page("monitoring_tasks", DAY, [other]),
    }
    land("five_level", "monitoring_tasks", DAY, pages)
    parse(get_source("five_level"), data)
    assert _json_rows(data, "_part, _row_number, _is_duplicate") == [
        ("p0001", 1, False),
        ("p0001", 2, False),
        ("p0001", 3, True),
        ("p0002", 1, False),
    ]


def test_an_unknown_field_of_one_record_is_kept_with_the_record(data: DataRoot, land: Land) -> None:
    records = [TASK | {"ends_on": DAY}, TASK | {"task_no": "T2", "end_on": DAY}]
    land("five_level", "monitoring_tasks", DAY, {"p0001": page("monitoring_tasks", DAY, records)})
    parse(get_source("five_level"), data)
    assert _json_rows(data, "ends_on, _extra") == [(DAY, None), (None, '{"end_on":"2023-01-02"}')]


def test_a_broken_page_does_not_reject_the_others(data: DataRoot, land: Land) -> None:
    day = DAY
    pages = {"p0001": page("monitoring_tasks", day, [TASK]), "p0002": b"<html>busy</html>", "p0003": b'{"records": 7}'}
    land("five_level", "monitoring_tasks", day, pages)
    report = parse(get_source("five_level"), data)
    outcomes = {part: (status, code) for part, _, status, code, *_ in ledger(data, "five_level", "monitoring_tasks")}
    assert (report.rejected_files, report.rows) == (2, 1), report.messages
    assert outcomes["p0001"] == ("parsed", None)
    assert outcomes["p0002"] == ("rejected", "UNREADABLE_FILE")
    assert outcomes["p0003"] == ("rejected", "UNREADABLE_FILE")


def test_an_export_from_the_future_is_rejected(data: DataRoot, land: Land) -> None:
    land("jiangxi", "case_penalties", "2024-01-02", penalties(FINE))
    parse(get_source("jiangxi"), data)
    assert {code for _, _, _, code, *_ in ledger(data, "jiangxi", "case_penalties")} == {"FUTURE_DATE"}
