"""A correction holds in the marts through builds and rebuilds, shows in the row's lineage, and gives way to the source's own."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from support.landed import controlled, land, penalties
from support.served import ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.governance.corrections import correct, withdraw_correction
from wangjian.governance.trace import trace
from wangjian.ingestion.sources.contract import load_contract
from wangjian.orchestration import pipeline
from wangjian.state.corrections import corrections

pytestmark = [pytest.mark.slow, pytest.mark.world("end_to_end", minutes=5)]

FIRST, LAST = date(2023, 1, 29), date(2023, 2, 3)
WHO = {"reason": "校核", "person": "李核"}
CASE = "赣市监立案〔2023〕7号"
A, B, C = "JX-A", "JX-B", "JX-C"


def land_inspections(data: DataRoot, day: str, counts: dict[str, str]) -> None:
    columns = load_contract("jiangxi")["inspections"].columns
    values = {
        "inspected_on": "2023-01-30", "mode": "网上", "object_type": "网店", "region_code": "360702", "result": "正常"
    }  # fmt: skip
    rows = [
        ",".join((values | {"inspection_no": number, "item_count": count}).get(column.name, "") for column in columns)
        for number, count in counts.items()
    ]
    content = "\r\n".join([",".join(column.header for column in columns), *rows, ""]).encode("gb18030")
    land(data, "jiangxi", "inspections", day, controlled("inspections", content, len(rows)), version=9)


def inspections(data: DataRoot) -> dict[str, tuple[int | None, str]]:
    """Of everything else in the mart, and of ours: count and region by number."""
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        query = "select inspection_no, item_count, region_code from marts.fct_inspection"
        return {number: (count, region) for number, count, region in connection.execute(query).fetchall()}


def fine(data: DataRoot) -> tuple[object, ...] | None:
    """The amount of our penalty as it counts, and how many exports of penalties are held back."""
    with duckdb.connect(str(data.warehouse), read_only=True) as connection:
        return connection.execute(
            """
            select
                (select sum(amount) from staging.typed_jiangxi__case_penalties where case_no = $case),
                (select count(*) from audit.held_export where dataset = 'case_penalties')
            """,
            {"case": CASE},
        ).fetchone()


def test_a_correction_from_the_decision_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, sources: dict[str, str]
) -> None:
    data = DataRoot(tmp_path_factory.mktemp("corrections"))
    ingest_all(data, sources, FIRST, LAST)
    land_inspections(data, "2023-02-01", {A: "3", B: "4", C: "5"})
    land(data, "jiangxi", "case_penalties", "2023-02-01", penalties(f"{CASE},1,1,罚款,5.00,,,"), version=9)
    parse_all(data)
    pipeline.build(data)
    before = inspections(data)
    assert before[A] == (3, "360702") and len(before) > 3

    for number, column, right in ((A, "item_count", "33"), (B, "item_count", "44"), (B, "region_code", "360703")):
        correct(data, "jiangxi", "inspections", [number], column, right, **WHO)
    # what is no number is no better for being a correction: the row goes into quarantine
    correct(data, "jiangxi", "inspections", [C], "item_count", "viele", **WHO)
    # a fine typed in 万元: the control total is of what was sent, so nothing is held back
    correct(data, "jiangxi", "case_penalties", [CASE, "1"], "amount", "50000.00", **WHO)
    assert not pipeline.build(data).was_current
    assert fine(data) == (50000, 0)
    corrected = inspections(data)
    assert (corrected[A], corrected[B]) == ((33, "360702"), (44, "360703"))
    others = {number: row for number, row in before.items() if number not in (A, B, C)}
    assert {number: row for number, row in corrected.items() if number not in (A, B)} == others
    assert pipeline.build(data).was_current

    pipeline.rebuild(data)
    assert inspections(data) == corrected
    (place,) = [place for place in trace(data, "fct_inspection", [B]).places if place.row_number]
    assert [text.split(" (")[0] for text in place.corrections] == ["item_count: 校核", "region_code: 校核"]
    assert not [place for place in trace(data, "fct_inspection", [min(others)]).places if place.corrections]
    with duckdb.connect(str(data.published / "warehouse.duckdb"), read_only=True) as connection:
        told = connection.execute(
            "select row_key, column_name, corrected_by from audit.correction order by all"
        ).fetchall()
        reasons = connection.execute(
            "select reason_codes from audit.quarantine where business_date = '2023-02-01'"
        ).fetchall()
    assert told == [
        (A, "item_count", "李核"), (B, "item_count", "李核"), (B, "region_code", "李核"), (C, "item_count", "李核"),
        (f"{CASE}|1", "amount", "李核"),
    ]  # fmt: skip
    assert reasons == [("TYPE:item_count",)]

    # the source corrects itself, otherwise than we did; for B we take it back
    land_inspections(data, "2023-02-02", {A: "7"})
    for found in corrections(data):
        if found.row_key not in (A, f"{CASE}|1"):
            withdraw_correction(data, found.correction_id, **WHO)
    parse_all(data)
    pipeline.build(data)
    after = inspections(data)
    assert (after[A], after[B], after[C]) == ((7, "360702"), (4, "360702"), (5, "360702"))
