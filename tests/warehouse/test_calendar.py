"""The working-day calendar: the seed follows the notices, and the published examples of deadlines come out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from wangjian.core.paths import DBT_PROJECT
from wangjian.warehouse.calendar import write_calendar

SEED = DBT_PROJECT / "seeds" / "seed_calendar.csv"


def test_the_seed_equals_the_packages_calendar() -> None:
    made = io.StringIO()
    write_calendar(made)
    assert made.getvalue() == SEED.read_text(encoding="utf-8"), "run `python -m wangjian.warehouse.calendar > seed`"


@pytest.fixture(scope="module")
def calendar() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table day as
            select *, sum(is_working_day::int) over (order by calendar_date) as seq from read_csv('{SEED}')
            """
        )
        yield connection


@pytest.mark.parametrize(("year", "working_days"), [(2023, 249), (2024, 251), (2025, 248), (2026, 248)])
def test_working_days_per_year(calendar: duckdb.DuckDBPyConnection, year: int, working_days: int) -> None:
    row = calendar.execute(
        "select count(*) filter (where is_working_day), bool_or(is_provisional) from day where year(calendar_date) = ?",
        [year],
    ).fetchone()
    assert row == (working_days, False)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2023-09-28", 15, "2023-10-25"),
        ("2024-02-05", 15, "2024-03-01"),
        ("2024-04-26", 7, "2024-05-09"),
        ("2024-09-13", 15, "2024-10-11"),
        ("2025-01-24", 7, "2025-02-10"),
        ("2025-09-26", 15, "2025-10-23"),
        ("2025-09-30", 20, "2025-11-04"),
        ("2026-02-13", 15, "2026-03-12"),
        ("2026-04-28", 7, "2026-05-11"),
        ("2026-09-24", 15, "2026-10-22"),
        ("2026-09-30", 5, "2026-10-13"),
    ],
)
def test_working_day_vectors(calendar: duckdb.DuckDBPyConnection, start: str, days: int, due: str) -> None:
    row = calendar.execute(
        "select calendar_date from day where is_working_day and seq = (select seq + ? from day where calendar_date = ?)",
        [days, start],
    ).fetchall()
    assert row == [(date.fromisoformat(due),)]


def test_days_beyond_the_last_notice_are_provisional(calendar: duckdb.DuckDBPyConnection) -> None:
    row = calendar.execute("select min(calendar_date), max(calendar_date) from day where is_provisional").fetchone()
    assert row == (date(2027, 1, 1), date(2028, 12, 31))
