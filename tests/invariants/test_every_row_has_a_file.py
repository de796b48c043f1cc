"""Every published row leads to landed rows: their bytes, read without the project's parsers, hold the value at that row."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml

from wangjian.cli import main
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.governance.trace import Place, Trace, find, trace
from wangjian.governance.trace.rules import load_rules
from wangjian.ingestion.landing.store import Landing
from wangjian.publishing.content import tables_of

pytestmark = pytest.mark.slow

SEEDED = {"dim_date", "dim_deadline_rule", "dim_kpi", "dim_product_category", "dim_region", "dim_violation_type"}
"""Tables that nothing landed speaks of."""
# The value of a published row that the landed row must contain, as SQL over the table.
VALUES = {
    "bridge_case_lead": "null",
    "bridge_case_party": "case_no",
    "bridge_lead_violation": "null",
    "dim_monitoring_task": "task_no",
    "dim_operator": "uscc",
    "dim_organization": "org_name",
    "dim_platform": "platform_code",
    "dim_provider": "null",
    "dim_storefront": "storefront_name",
    "fct_case": "case_no",
    "fct_case_penalty": "case_no",
    "fct_evidence": "evidence_file",
    "fct_guidance_action": "action_no",
    "fct_inspection": "inspection_no",
    "fct_lead": "null",
    "fct_lead_event": "source_lead_no",
    "fct_lead_submission": "source_lead_no",
    "fct_platform_check": "check_no",
    "fct_platform_review_issue": "description",
    "fct_storefront_monthly": "null",
}
SAMPLE = 4


# an independent reading of landed bytes ------------------------------------------------------------------------------


def cells_at(content: bytes, place: Place) -> list[str]:
    """Return the cells of the row of a landed file that a place names."""
    assert place.row_number is not None
    if place.source == "five_level":
        return [str(value) for value in json.loads(content)["records"][place.row_number - 1].values()]
    if place.part.endswith(".xlsx"):
        sheet = openpyxl.load_workbook(io.BytesIO(content))[place.sheet]
        return [str(cell.value) for cell in sheet[place.row_number]]
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # The line number of an editor: that of the first line of the record.
        reader, begins = csv.reader(io.StringIO(text, newline="")), 1
        for cells in reader:
            if begins == place.row_number:
                return cells
            begins = reader.line_num + 1
    raise AssertionError(place)


def plain(text: str) -> str:
    """Return a text without differences of spelling: width, brackets, blanks and leading zeros of a number."""
    folded = re.sub(r"[〔〕()\[\]【】（）\s]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"(?<=\d{4})第?0*(?=\d+号)", "", folded)


def contents(data: DataRoot, place: Place) -> bytes:
    assert place.lies_in == "landing"
    return Landing(data.landing).read(place.file_sha256)


def samples(
    connection: duckdb.DuckDBPyConnection, table: str, where: str = "true"
) -> Iterator[tuple[list[str], str | None]]:
    """Return keys spread over a table, each with the value that its landed row must hold."""
    key = load_rules()[table].key
    columns = ", ".join(f"cast({name} as varchar)" for name in key)
    rows = connection.execute(
        f"""
        select * exclude (nth)
        from (
            select {columns}, {VALUES[table]}, row_number() over (order by md5(concat({columns}))) as nth
            from marts.{table} where {where}
        )
        where nth <= {SAMPLE}
        """
    ).fetchall()
    assert rows, table
    for *found, value in rows:
        yield found, value


def said(data: DataRoot, place: Place) -> str:
    """Return the cells of the row, or the name of a file without rows."""
    content = contents(data, place)
    return plain(" | ".join(cells_at(content, place)) if place.row_number else place.original_name)


# the tests -----------------------------------------------------------------------------------------------------------


def test_every_mart_can_be_traced(published: duckdb.DuckDBPyConnection) -> None:
    (database,) = published.execute("select current_database()").fetchone() or ("",)
    marts = {table.name for table in tables_of(published, database) if table.schema == "marts"}
    rules = load_rules()
    assert rules.keys() == marts
    assert {name for name, rule in rules.items() if not rule.origins} == SEEDED
    assert VALUES.keys() == marts - SEEDED
    assert all((DBT_PROJECT / "seeds" / f"{seed}.csv").exists() for rule in rules.values() for seed in rule.seeds)


@pytest.mark.everyday
@pytest.mark.parametrize("table", VALUES)
def test_the_landed_bytes_hold_the_value(year_2024: DataRoot, published: duckdb.DuckDBPyConnection, table: str) -> None:
    is_described = {
        "dim_organization": "not is_inferred",
        "dim_platform": "is_registered",
        "dim_operator": "uscc is not null",
    }
    for key, value in samples(published, table, is_described.get(table, "true")):
        found = trace(year_2024, table, key)
        assert found.places, (table, key)
        speaking = [place for place in found.places if place.speaks]
        assert speaking, (table, key)
        rows = {place: said(year_2024, place) for place in found.places}
        assert all(rows.values())
        if value is not None:
            assert any(plain(value) in rows[place] for place in speaking), (table, key, value, rows)


def test_published_values_are_those_of_the_marked_row(
    year_2024: DataRoot, published: duckdb.DuckDBPyConnection
) -> None:
    """Values that change from day to day are those of the marked row, not only the key."""
    for case_no, closed_on in published.execute(
        "select case_no, closed_on from marts.fct_case where closed_on is not null order by case_no limit 5"
    ).fetchall():
        (speaks,) = [p for p in trace(year_2024, "fct_case", [case_no]).places if p.speaks and p.dataset == "cases"]
        digits = re.sub(r"[-/年月.日]", "", said(year_2024, speaks))
        assert f"{closed_on:%Y%m%d}" in digits or f"{closed_on.year}{closed_on.month}{closed_on.day}" in digits
    for org_code, org_name in published.execute(
        "select org_code, org_name from marts.dim_organization limit 3"
    ).fetchall():
        (speaks,) = [place for place in trace(year_2024, "dim_organization", [org_code]).places if place.speaks]
        assert plain(org_name) in said(year_2024, speaks)
        assert str(speaks.business_date) == "2024-12-31", "the latest list"


def _all_places(data: DataRoot, table: str) -> set[tuple[object, ...]]:
    rule = load_rules()[table]
    with find._connected(data) as connection:
        connection.execute(f"create temp table wanted as select * from marts.{table}")
        return {
            (place.source, place.dataset, place.export_id, place.part, place.sheet, place.row_number)
            for place in find._places(connection, data, rule, "wanted")
        }


@pytest.mark.parametrize(
    ("table", "dataset"),
    [
        ("dim_organization", "five_level/organizations"),
        ("dim_monitoring_task", "five_level/monitoring_tasks"),
        ("dim_storefront", "five_level/storefronts"),
        ("dim_operator", "five_level/storefronts"),
        ("fct_lead", "five_level/leads"),
        ("fct_lead", "jiangxi/leads"),
        ("fct_lead", "third_party/leads"),
        ("fct_lead_event", "five_level/lead_events"),
        ("fct_case", "jiangxi/cases"),
        ("fct_case_penalty", "jiangxi/case_penalties"),
        ("bridge_case_party", "jiangxi/case_parties"),
        ("fct_inspection", "jiangxi/inspections"),
        ("fct_guidance_action", "jiangxi/guidance_actions"),
        ("fct_platform_review_issue", "jiangxi/platform_reviews"),
        ("fct_platform_check", "jiangxi/platform_checks"),
        ("fct_storefront_monthly", "five_level/scans"),
    ],
)
def test_no_row_that_counts_is_left_without_a_published_row(
    year_2024: DataRoot, published: duckdb.DuckDBPyConnection, table: str, dataset: str
) -> None:
    """All rows of a table together lead to exactly the landed rows that were loaded and count."""
    found = {place for place in _all_places(year_2024, table) if f"{place[0]}/{place[1]}" == dataset}
    source, name = dataset.split("/")
    (loaded,) = published.execute(
        """
        select coalesce(sum(balance.rows_loaded), 0) from audit.row_balance as balance
        inner join audit.file_ledger as ledger on balance.export_id = ledger.export_id and balance.part = ledger.part
        where ledger.is_counted and balance.source = ? and balance.dataset = ?
        """,
        [source, name],
    ).fetchone() or (0,)
    assert loaded > 10
    assert len(found) == loaded


def _scanned_in(data: DataRoot, place: Place, month: str) -> bool:
    """Return whether a landed row says that its storefront was scanned in a month."""
    if place.dataset == "coverage":
        return month in said(data, place).replace("/", "-")
    assert place.row_number
    record = json.loads(contents(data, place))["records"][place.row_number - 1]
    return str(record["scanned_at" if place.dataset == "scans" else "last_scanned_on"]).startswith(month)


def _version_at_the_end_of(
    data: DataRoot, published: duckdb.DuckDBPyConnection, key: str, month: str
) -> tuple[Place, ...]:
    found = published.execute(
        "select cast(valid_from as varchar) from marts.dim_storefront where storefront_key = $key "
        "and last_day($month::date) >= valid_from and (valid_to is null or last_day($month::date) < valid_to)",
        {"key": key, "month": month},
    ).fetchone()
    assert found
    return trace(data, "dim_storefront", [key, *found]).places


def test_a_month_counts_as_scanned_because_of_a_landed_row(
    year_2024: DataRoot, published: duckdb.DuckDBPyConnection
) -> None:
    """A storefront counts as scanned exactly in the months for which a landed row says so."""
    rows = published.execute(
        """
        select storefront_key, cast(month_start as varchar), is_scanned
        from (
            select *, row_number() over (partition by is_scanned order by md5(concat(storefront_key, month_start))) as nth
            from marts.fct_storefront_monthly
        )
        where nth <= 6
        """
    ).fetchall()
    assert len(rows) == 12
    for key, month, is_scanned in rows:
        places = trace(year_2024, "fct_storefront_monthly", [key, month]).places
        assert any(_scanned_in(year_2024, place, month[:7]) for place in places) == is_scanned, (key, month)
        of_the_version = {place.export_id for place in _version_at_the_end_of(year_2024, published, key, month)}
        assert all(_scanned_in(year_2024, place, month[:7]) or place.export_id in of_the_version for place in places)


def test_evidence_leads_to_its_file(year_2024: DataRoot, published: duckdb.DuckDBPyConnection) -> None:
    row = published.execute(
        "select submission_key, file_sha256 from marts.fct_evidence where hash_status = 'MATCH' order by 1 limit 1"
    ).fetchone()
    assert row
    (file,) = [place for place in trace(year_2024, "fct_evidence", [row[0]]).places if place.row_number is None]
    assert file.file_sha256 == row[1]
    assert contents(year_2024, file).startswith((b"\x89PNG", b"\xff\xd8", b"%PDF"))


@pytest.mark.parametrize("table", sorted(SEEDED))
def test_rows_from_seeds_name_their_seeds(
    year_2024: DataRoot, published: duckdb.DuckDBPyConnection, table: str
) -> None:
    (first,) = published.execute(
        f"select cast({load_rules()[table].key[0]} as varchar) from marts.{table} limit 1"
    ).fetchone() or ("",)
    found = trace(year_2024, table, [first])
    assert found.places == ()
    assert [seed for seed in found.seeds if (DBT_PROJECT.parent / seed).exists()] == list(found.seeds) != []


def test_a_case_number_may_be_written_any_way(year_2024: DataRoot, published: duckdb.DuckDBPyConnection) -> None:
    (case_no,) = published.execute("select case_no from marts.fct_case order by 1 limit 1").fetchone() or ("",)
    other = case_no.replace("〔", "[").replace("〕", "]0")
    assert trace(year_2024, "marts.fct_case", [other]) == trace(year_2024, "fct_case", [case_no])


def test_a_column_may_be_named(year_2024: DataRoot, published: duckdb.DuckDBPyConnection) -> None:
    key, storefront = published.execute(
        "select storefront_key, storefront_id from marts.dim_storefront limit 1"
    ).fetchone() or ("", "")
    assert trace(year_2024, "dim_storefront", [f"storefront_id={storefront}"]) == trace(
        year_2024, "dim_storefront", [key]
    )


def test_rows_that_cannot_be_traced_are_reported(year_2024: DataRoot, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BadArguments, match=r"only marts can be traced.*choose from bridge_case_lead.*fct_case"):
        trace(year_2024, "reports.rpt_kpi", ["K01"])
    with pytest.raises(BadArguments, match=r"no such row is published \[table=fct_case, asked=9\].*wangjian sql"):
        trace(year_2024, "fct_case", ["9"])
    with pytest.raises(BadArguments, match=r"2 values for a key of 1 columns.*key=case_no"):
        trace(year_2024, "fct_case", ["9", "8"])
    with pytest.raises(WangjianError, match="nothing is published yet"):
        trace(DataRoot(tmp_path_factory.mktemp("empty")), "fct_case", ["9"])


Run = Callable[..., str]


@pytest.fixture
def run(year_2024: DataRoot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("WANGJIAN_DATA", str(year_2024.root))

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["wangjian", *arguments])
        main()
        return capsys.readouterr().out

    return call


def test_the_command_line_prints_file_row_and_bytes(
    run: Run, year_2024: DataRoot, published: duckdb.DuckDBPyConnection
) -> None:
    (number,) = published.execute("select inspection_no from marts.fct_inspection order by 1 limit 1").fetchone() or (
        "",
    )
    expected: Trace = trace(year_2024, "fct_inspection", [number])
    answer: dict[str, Any] = json.loads(run("trace", "fct_inspection", number, "--json"))
    assert answer["key"] == [{"inspection_no": number}]
    assert answer["places"][0]["row_number"] == expected.places[0].row_number
    shown = run("trace", "fct_inspection", number)
    place = expected.places[0]
    assert (
        f"→ {place.business_date}  jiangxi/inspections  {place.original_name} 第{place.row_number}行 row {place.row_number}"
        in shown
    )
    (lead,) = published.execute("select source_lead_no from marts.fct_lead_event order by 1 limit 1").fetchone() or (
        "",
    )
    assert "条记录 record" in run("trace", "fct_lead_event", lead)
    assert "种子表 reviewed seed: dbt_project/seeds/seed_calendar.csv" in run("trace", "dim_date", "2024-01-02")


def test_a_wrong_rule_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("marts")
    test = {"grain": {"arguments": {"key": ["a"]}}}
    model = {
        "name": "fct_x",
        "config": {"meta": {"trace": {"origins": [{"dataset": "a.b", "table": "c", "where": "x"}]}}},
        "data_tests": [test],
    }
    (folder / "fct_x.yml").write_text(yaml.safe_dump({"models": [model]}))
    with pytest.raises(BadArguments, match="exactly one of `dataset`, `table` and `files`") as caught:
        load_rules(folder)
    assert "fct_x.yml" in str(caught.value)
