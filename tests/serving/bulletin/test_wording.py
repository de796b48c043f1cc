"""The bulletin words numbers with units and comparisons; its spreadsheets run no formula."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from wangjian.core.spreadsheets import harmless, reproducible
from wangjian.serving.bulletin.figures import Figure, last_complete_month
from wangjian.serving.bulletin.wording import both, compared, figure, figure_text, listed


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("3272", "家", "3272家"),
        ("12.0110", "%", "12.0%"),
        ("12.05", "%", "12.1%"),
        ("94900", "元", "9.49万元"),
        ("1410000", "元", "141万元"),
        ("50", "元", "0.01万元"),
        ("8.2518", "条/千家", "8.3条/千家"),
        ("14.7", "工作日", "14.7个工作日"),
        (None, "条", "无数据"),
    ],
)
def test_a_number_has_its_unit(value: str | None, unit: str, words: str) -> None:
    assert figure_text(None if value is None else Decimal(value), unit) == words


@pytest.mark.parametrize(
    ("value", "before", "unit", "words"),
    [
        ("27", "66", "条", "环比减少39条、下降59.1%"),
        ("3", "1", "件", "环比增加2件、增长200.0%"),
        ("5", "0", "件", "环比增加5件"),
        ("5", "5", "件", "环比持平"),
        ("12.01", "77.23", "%", "环比下降65.2个百分点"),
        ("85.04", "84.96", "%", "环比持平"),
        ("94900", "79300", "元", "环比增加1.56万元、增长19.7%"),
        ("14.7", "10.5", "工作日", "环比增加4.2个工作日"),
        (None, "5", "件", "环比无可比数据"),
        ("5", None, "件", "环比无可比数据"),
    ],
)
def test_a_comparison_says_what_a_reader_who_subtracts_gets(
    value: str | None, before: str | None, unit: str, words: str
) -> None:
    now, then = (None if text is None else Decimal(text) for text in (value, before))
    assert compared("环比", now, then, unit) == words


def test_what_cannot_be_compared_is_left_out() -> None:
    assert both(Figure("条", Decimal(2), Decimal(1), None)) == "环比增加1条、增长100.0%"
    assert both(Figure("条", Decimal(2), None, None)) == "无可比数据"
    assert figure(Figure("%", None, is_suppressed=True)) == "※（基数不足）"


def test_lists_are_read_as_sentences() -> None:
    assert listed(["甲"]) == "甲"
    assert listed(["甲", "乙", "丙"]) == "甲、乙和丙"


@pytest.mark.parametrize(
    ("as_of", "month"),
    [
        ("2023-12-31", "2023-12-01"),
        ("2023-12-30", "2023-11-01"),
        ("2024-02-29", "2024-02-01"),
        ("2024-01-01", "2023-12-01"),
    ],
)
def test_the_last_complete_month(as_of: str, month: str) -> None:
    assert last_complete_month(date.fromisoformat(as_of)) == date.fromisoformat(month)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠x", "\x00=1"]
)
def test_no_text_runs_as_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}".replace("\x00", "")
    assert harmless("a\x00\x1fb=") == "ab="


def test_an_office_file_has_a_fixed_time_in_place_of_its_own() -> None:
    def written() -> bytes:
        buffer = io.BytesIO()
        Workbook().save(buffer)
        return buffer.getvalue()

    first = written()
    time.sleep(1.1)  # the files store whole seconds: two files within one second would be equal anyway
    second = written()
    assert first != second
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert reproducible(first, at) == reproducible(second, at)
    with zipfile.ZipFile(io.BytesIO(reproducible(first, at))) as archive:
        assert b"2024-01-02T03:04:05Z" in archive.read("docProps/core.xml")
        assert {item.date_time[0] for item in archive.infolist()} == {1980}
