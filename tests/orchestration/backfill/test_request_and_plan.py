"""A contradictory backfill is refused, and the plan says what is landed before anything is done."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.landed import land, penalties, raw_rows
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.sources.registry import get_source
from wangjian.orchestration.backfill import BackfillRequest, make_plan

pytestmark = pytest.mark.world("backfill", minutes=2)

FIRST, LAST = date(2023, 1, 30), date(2023, 2, 2)
SOUND: dict[str, Any] = {"sources": ("jiangxi",), "date_from": FIRST, "date_to": LAST, "reason": "核对"}
FINE = "赣市监立〔2023〕1号,1,1,罚款,1000.00,,,"


def request(**changes: Any) -> BackfillRequest:
    return BackfillRequest(**SOUND | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"date_from": LAST, "date_to": FIRST}, "reversed.*2023-02-02"),
        ({"sources": ("moon",)}, r"unknown sources \['moon'\].*choose from five_level"),
        ({"datasets": ("lunches",)}, r"unknown datasets \['lunches'\]"),
        ({"reason": "  "}, "needs a reason"),
        ({"chunk_days": 0}, "at least one day"),
    ],
)
def test_a_contradictory_request_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArguments, match=message):
        make_plan(DataRoot(tmp_path), request(**changes))


@given(st.integers(0, 400), st.integers(1, 50))
def test_chunks_cover_the_range_once(length: int, chunk_days: int) -> None:
    backfill = request(date_to=FIRST + timedelta(days=length), chunk_days=chunk_days)
    days = [first + timedelta(days=n) for first, last in backfill.chunks() for n in range((last - first).days + 1)]
    assert days == [FIRST + timedelta(days=n) for n in range(length + 1)]
    assert backfill.months == tuple(sorted({f"{day:%Y-%m}" for day in days}))


def test_the_plan_lists_what_is_landed_and_what_is_missing(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    land(data, "jiangxi", "case_penalties", "2023-01-30", penalties(FINE))
    parse(get_source("jiangxi"), data)
    land(data, "jiangxi", "case_penalties", "2023-02-01", penalties(FINE))
    land(data, "jiangxi", "case_penalties", "2023-02-09", penalties(FINE))
    (item,) = make_plan(data, request(datasets=("case_penalties",))).datasets
    assert (item.landed, item.unparsed, item.missing) == (2, 1, (date(2023, 1, 31), date(2023, 2, 2)))
    (again,) = make_plan(data, request(datasets=("case_penalties",), mode="reparse")).datasets
    assert (again.unparsed, again.missing) == (2, ())
    (rebuilt,) = make_plan(data, request(datasets=("case_penalties",), mode="rebuild")).datasets
    assert (rebuilt.unparsed, rebuilt.missing) == (0, ())
    assert make_plan(data, request()).seconds is None, "nothing has run yet, so there is nothing to estimate from"


def test_parsing_again_gives_the_same_rows(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    for day in ("2023-01-30", "2023-02-01"):
        land(data, "jiangxi", "case_penalties", day, penalties(FINE))
    parse(get_source("jiangxi"), data)
    before = raw_rows(data, "jiangxi", "case_penalties")
    report = parse(get_source("jiangxi"), data, again=lambda dataset, month: month == "2023-01")
    assert report.files == 2, "one month, one file and its control file"
    assert raw_rows(data, "jiangxi", "case_penalties") == before
