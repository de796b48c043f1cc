"""The page on sizing shows the committed records."""

from __future__ import annotations

from typing import Any

from bench.sizing import growth, newest, rows_of, shown, table

from wangjian.core.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "explanation" / "sizing.md"


def _cost(cpu: float, rows: int | None = None) -> dict[str, Any]:
    return {"seconds": cpu / 2, "cpu_seconds": cpu, "peak_mb": 100 * cpu, "rows": rows}


def test_the_page_shows_the_records() -> None:
    records = newest(PROJECT_ROOT / "bench" / "records")
    assert records
    page = PAGE.read_text(encoding="utf-8")
    assert shown(page, records.values()) == page, "make bench-sizing"


def test_costs_are_those_of_a_million_rows() -> None:
    year = {"parse a": _cost(4, 1_500_000), "parse b": _cost(2, 500_000), "build": _cost(30)}
    year |= {"check": _cost(1), "publish": _cost(3)}
    record = {"scale": "province", "year": year, "disk": {}}
    assert rows_of(record) == 2_000_000
    assert table([record]).splitlines()[2:4] == [
        "| province | 2.00 | parse | 3.0 | 3 | 400 |",
        "| province | 2.00 | build | 15.0 | 15 | 3,000 |",
    ]


def test_growth_is_relative_to_the_smallest_world() -> None:
    city = {"scale": "city", "year": {"ingest a": _cost(99), "parse a": _cost(2, 500_000), "build": _cost(2)}}
    nation = {"scale": "nation", "year": {"parse a": _cost(4, 2_000_000), "build": _cost(8)}}
    assert growth([city, nation]).splitlines()[2:] == ["| city | 2 | 4.0 | 1.00 |", "| nation | 6 | 3.0 | 0.75 |"]
