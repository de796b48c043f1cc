"""Compaction makes fewer files and changes nothing else, even when it is interrupted."""

from __future__ import annotations

import importlib
import os
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from support.holding import held_elsewhere
from support.landed import Land, ledger, penalties, raw_rows
from wangjian.core.errors import Busy
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import compact, parse
from wangjian.ingestion.parsing.raw import Partition, ledger_fingerprint, read_ledgers
from wangjian.ingestion.sources.registry import get_source
from wangjian.operations.archive import archive
from wangjian.orchestration import pipeline

module = importlib.import_module("wangjian.ingestion.parsing.compact")
DAYS = ("2023-01-02", "2023-01-03", "2023-01-04", "2023-02-01", "2023-02-02")


@pytest.fixture
def parsed(data: DataRoot, land: Land) -> DataRoot:
    """A data root with five days that were parsed one by one."""
    for number, day in enumerate(DAYS):
        rows = [f"赣市监立〔2023〕{number}号,{item},1,罚款,{item}00.00,,," for item in (1, 2)]
        land("jiangxi", "case_penalties", day, penalties(*rows, rows[0]))
        parse(get_source("jiangxi"), data)
    return data


def _files(data: DataRoot, month: str) -> int:
    return len(list((data.raw / "jiangxi" / "case_penalties" / month).glob("*.parquet")))


def test_past_months_become_one_file_and_the_running_month_stays(parsed: DataRoot) -> None:
    before = raw_rows(parsed, "jiangxi", "case_penalties"), ledger(parsed, "jiangxi", "case_penalties")
    fingerprint = ledger_fingerprint(read_ledgers(parsed))
    assert (_files(parsed, "2023-01"), _files(parsed, "2023-02")) == (3, 2)
    assert compact(parsed, "jiangxi") == 1
    assert (_files(parsed, "2023-01"), _files(parsed, "2023-02")) == (1, 2)
    assert (raw_rows(parsed, "jiangxi", "case_penalties"), ledger(parsed, "jiangxi", "case_penalties")) == before
    assert ledger_fingerprint(read_ledgers(parsed)) == fingerprint, "a compaction must not cause a build"


def test_a_second_compaction_does_nothing(parsed: DataRoot) -> None:
    compact(parsed, "jiangxi")
    assert compact(parsed, "jiangxi") == 0


@pytest.mark.parametrize("step", ["write_table", "remove_orphans"])
def test_a_crash_before_or_after_the_ledger_changes_nothing(
    parsed: DataRoot, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = raw_rows(parsed, "jiangxi", "case_penalties")
    _die_at(monkeypatch, step)
    with pytest.raises(KeyboardInterrupt):
        compact(parsed, "jiangxi")
    assert raw_rows(parsed, "jiangxi", "case_penalties") == before
    monkeypatch.undo()
    compact(parsed, "jiangxi")
    assert raw_rows(parsed, "jiangxi", "case_penalties") == before
    assert _files(parsed, "2023-01") == 1


def _die_at(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    calls = []

    def die(*_: object) -> None:
        calls.append(step)
        # the first sweep runs before anything is written
        if step == "write_table" or len(calls) > 1:
            raise KeyboardInterrupt

    if step == "write_table":
        monkeypatch.setattr(module, "write_table", die)
    else:
        monkeypatch.setattr(Partition, "remove_orphans", die)


def test_a_new_export_of_a_compacted_month_becomes_a_batch_of_its_own(parsed: DataRoot, land: Land) -> None:
    compact(parsed, "jiangxi")
    land("jiangxi", "case_penalties", "2023-01-20", penalties("赣市监立〔2023〕9号,1,1,罚款,5.00,,,"))
    assert parse(get_source("jiangxi"), parsed).rows == 1
    assert len(raw_rows(parsed, "jiangxi", "case_penalties")) == 16


def test_a_late_export_is_merged_the_next_time(parsed: DataRoot, land: Land) -> None:
    compact(parsed, "jiangxi")
    land("jiangxi", "case_penalties", "2023-01-20", penalties("赣市监立〔2023〕9号,1,1,罚款,5.00,,,"))
    parse(get_source("jiangxi"), parsed)
    before, fingerprint = raw_rows(parsed, "jiangxi", "case_penalties"), ledger_fingerprint(read_ledgers(parsed))
    assert _files(parsed, "2023-01") == 2
    assert compact(parsed, "jiangxi") == 1
    assert _files(parsed, "2023-01") == 1
    assert (raw_rows(parsed, "jiangxi", "case_penalties"), ledger_fingerprint(read_ledgers(parsed))) == (
        before,
        fingerprint,
    )
    assert parse(get_source("jiangxi"), parsed).files == 0, "what is merged is known"


def test_a_higher_version_after_a_compaction_leaves_the_lower_one_in_place(parsed: DataRoot, land: Land) -> None:
    compact(parsed, "jiangxi")
    land("jiangxi", "case_penalties", DAYS[0], penalties("赣市监立〔2023〕0号,1,1,罚款,7.00,,,"), version=2)
    parse(get_source("jiangxi"), parsed)
    compact(parsed, "jiangxi")
    versions = [row[1] for row in ledger(parsed, "jiangxi", "case_penalties")]
    assert versions == [1, 1, 2, 2, *[1] * 8]
    assert len(raw_rows(parsed, "jiangxi", "case_penalties")) == 16


def _table(data: DataRoot, kind: str, source: str, column: str) -> list[tuple[object, ...]]:
    """Return the rejects or controls of batches that a ledger names, without the batches' names."""
    files = [str(path) for path in (data.raw / kind / source).rglob("*.parquet")]
    with duckdb.connect() as connection:
        return connection.execute(
            f"""
            select * exclude ({column}) from read_parquet({files}, union_by_name = true, hive_partitioning = false)
            where {column} in (select batch_id from read_parquet('{data.raw}/_ledger/{source}/*/*.parquet'))
            order by all
            """
        ).fetchall()


def test_rejected_lines_are_merged_with_the_rest(data: DataRoot, land: Land) -> None:
    for number, day in enumerate(DAYS):
        land(
            "jiangxi",
            "case_penalties",
            day,
            penalties(f"赣市监立〔2023〕{number}号,1,1,罚款,1.00,,,", "short,1,1,罚款,1.00"),
        )
        parse(get_source("jiangxi"), data)
    before = _table(data, "_rejects", "jiangxi", "_batch_id")
    assert len(before) == len(DAYS)
    assert compact(data, "jiangxi") == 1
    assert _table(data, "_rejects", "jiangxi", "_batch_id") == before
    assert len(list((data.raw / "_rejects" / "jiangxi" / "case_penalties" / "2023-01").glob("*.parquet"))) == 1


def test_declared_totals_are_merged_with_the_rest(data: DataRoot, land: Land) -> None:
    files = {"2023-01-31": ("summary_202301.json", "summary_202301-v2.json"), "2023-02-28": ("summary_202302.json",)}
    for day, names in files.items():
        for version, name in enumerate(names, start=1):
            content = f'{{"clues": {version}, "coverage": 2}}'.encode()
            land("third_party", "summary", day, {name: content}, version=version, provider="tp_b", folder="tp_b/x")
            parse(get_source("third_party"), data)
    before = _table(data, "_controls", "third_party", "batch_id")
    assert len(before) == 6
    assert compact(data, "third_party") == 1
    assert _table(data, "_controls", "third_party", "batch_id") == before
    assert len(list((data.raw / "_controls" / "third_party" / "summary").glob("2023-01-*.parquet"))) == 1


def test_an_archived_month_is_compacted_like_any_other(parsed: DataRoot, tmp_path: Path) -> None:
    before = raw_rows(parsed, "jiangxi", "case_penalties")
    archive(parsed, date(2023, 2, 1), tmp_path / "archive", ["jiangxi"])
    shutil.move(tmp_path / "archive", tmp_path / "away")
    assert compact(parsed, "jiangxi") == 1
    assert raw_rows(parsed, "jiangxi", "case_penalties") == before


def test_compaction_does_not_wait_for_a_build(parsed: DataRoot) -> None:
    with (
        held_elsewhere(parsed.state / "locks" / "warehouse.lock", "build the warehouse"),
        pytest.raises(Busy, match=r"cannot compact jiangxi: another process.*doing=build the warehouse"),
    ):
        compact(parsed, "jiangxi")


def test_housekeeping_removes_the_remains_of_a_killed_process(data: DataRoot, parsed: DataRoot) -> None:
    folder = data.raw / "jiangxi" / "case_penalties" / "2023-01"
    old, fresh = folder / ".x.parquet.7-ab.tmp", folder / ".y.parquet.8-cd.tmp"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    pipeline.compact(data, "jiangxi")
    assert (old.exists(), fresh.exists()) == (False, True), "another process may still be writing the fresh one"
