"""The benchmark runs on a tiny world, and its lower bound does the same work."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from bench.__main__ import measure_copies
from bench.daily import Daily, history_text
from bench.history import measure
from bench.records import write_record
from bench.report import Report
from bench.scales import Scale
from bench.worlds import land_city

from wangjian.core.paths import DataRoot

pytestmark = pytest.mark.world("bench", minutes=5)

FIRST, LAST = date(2023, 2, 1), date(2023, 2, 8)
# the copies are measured up to the day before the last
MEASURED = date(2023, 2, 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a landed city."""
    folder = tmp_path_factory.mktemp("bench")
    land_city(folder / "city", FIRST, LAST, "0.01")
    return folder


@pytest.fixture(scope="module")
def after_history(folder: Path) -> Daily:
    """Return the cost of a day after its history. Its warehouse is the city with which the copies are compared."""
    return measure(DataRoot(folder / "city"), folder / "1", 1, MEASURED)


@pytest.mark.slow
def test_every_stage_is_measured_over_copies_of_a_city_with_identifiers_of_their_own(
    folder: Path, after_history: Daily
) -> None:
    report = measure_copies(folder, Scale("few", 3, 5), FIRST, LAST, "0.01")
    _every_stage(report)
    _recorded(report, folder / "records")
    with duckdb.connect(str(folder / "few-measured" / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{folder / '1' / 'warehouse.duckdb'}' as city (read_only)")
        for table, copies in (("dim_storefront", 3), ("fct_lead", 5), ("fct_case", 5), ("fct_case_penalty", 5)):
            few, one = (
                connection.execute(f"select count(*) from {place}marts.{table}").fetchone() or (0,)
                for place in ("", "city.")
            )
            assert few[0] == one[0] * copies and few[0], table
        assert connection.execute("select count(*) from audit.quarantine").fetchone() == (0,)


@pytest.mark.slow
def test_one_more_day_is_measured_after_its_history(folder: Path, after_history: Daily) -> None:
    daily = after_history
    assert list(daily.stages)[-3:] == ["build", "check", "publish"]
    assert daily.cpu_seconds > 0
    assert daily.seconds < sum(cost.seconds for cost in daily.stages.values()), "the publication is measured separately"
    with duckdb.connect(str(folder / "1" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select max(as_of_date) from intermediate.int_as_of").fetchone() == (MEASURED,)
    assert "1.00 (1.00)" in history_text([daily])


def _every_stage(report: Report) -> None:
    assert report.scale == "few" and not report.orchestrated
    steps = [f"parse {source}" for source in ("five_level", "jiangxi", "third_party")] + ["build", "check", "publish"]
    assert list(report.year) == list(report.day) == steps
    assert all(cost.seconds > 0 and cost.peak_mb > 10 for cost in report.year.values())
    assert report.year["parse five_level"].rows
    assert report.ratio("parse") > 0 and report.ratio("build") > 0
    assert report.queries and all(milliseconds > 0 for milliseconds in report.queries.values())
    slowest = list(report.models.values())
    assert slowest == sorted(slowest, reverse=True) and slowest[0] > 0
    shown = report.text()
    assert "slowest models, s" in shown
    assert "rows/s" in shown and " × " in shown and "slowest dashboard query, ms" in shown


def _recorded(report: Report, folder: Path) -> None:
    record = json.loads(write_record(folder, report).read_text())
    assert record["machine"]["cores"] and record["year"]["build"]["seconds"] > 0
