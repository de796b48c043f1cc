"""Write numbers as a Chinese bulletin does: with their unit, and with comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from wangjian.serving.bulletin.content import Missing
from wangjian.serving.bulletin.figures import RATE_UNITS, Figure

NONE = "无数据"
"""The text for a missing value. A table has a dash instead; in running text a reader would take a dash for 一, one."""
INCOMPARABLE = "无可比数据"

_TEN_THOUSAND = Decimal(10000)


def rounded(value: Decimal, places: int) -> Decimal:
    """Return a value rounded half up, as offices do. Python's own rounding would turn 0.5 into 0."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def plain(value: Decimal, unit: str) -> Decimal:
    """Return a value as it is printed: rates with one decimal place, money with at most two, counts without.

    Args:
        value: in the KPI's unit; 元 becomes 万元.
        unit: the KPI's unit.
    """
    if unit in RATE_UNITS:
        return rounded(value, 1)
    if unit == "元":
        value /= _TEN_THOUSAND
    if unit in ("元", "万元"):
        amount = rounded(value, 2)
        return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount
    return rounded(value, 0)


def unit_text(unit: str) -> str:
    """Return the unit that follows a number."""
    return {"元": "万元", "工作日": "个工作日"}.get(unit, unit)


def figure_text(value: Decimal | None, unit: str) -> str:
    """Return a number with its unit: `3272家`, `12.0%`, `9.49万元`, `无数据`."""
    return NONE if value is None else f"{plain(value, unit)}{unit_text(unit)}"


def figure(item: Figure) -> str:
    """Return a figure with its unit; if its base is too small, the mark `※` and the reason."""
    return f"{Missing.SUPPRESSED.value}（基数不足）" if item.is_suppressed else figure_text(item.value, item.unit)


def growth(value: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Return the growth of a value in per cent; null if there is nothing to compare with.

    Args:
        value: the value now.
        before: the value then; growth from 0 has no percentage.
    """
    return None if value is None or not before else (value - before) / before * 100


def compared(word: str, value: Decimal | None, before: Decimal | None, unit: str) -> str:
    """Return a comparison: `环比减少39条、下降59.1%`, `环比上升0.1个百分点`, `环比持平`, `同比无可比数据`.

    Args:
        word: 环比 or 同比.
        value: the value now, in `unit`.
        before: the value then.
        unit: the KPI's unit.
    """
    if value is None or before is None:
        return f"{word}{INCOMPARABLE}"
    # compare the printed values: a reader who subtracts them must get the same difference
    difference = plain(value, unit) - plain(before, unit)
    if difference == 0:
        return f"{word}持平"
    # a difference of two percentages is in percentage points; in per cent it would be ambiguous
    if unit == "%":
        return f"{word}{'上升' if difference > 0 else '下降'}{abs(difference)}个百分点"
    counted = f"{word}{'增加' if difference > 0 else '减少'}{abs(difference)}{unit_text(unit)}"
    by = growth(value, before)
    if by is None or unit in RATE_UNITS or not rounded(by, 1):
        return counted
    return f"{counted}、{'增长' if by > 0 else '下降'}{abs(rounded(by, 1))}%"


def on_month(item: Figure) -> str:
    """Return the comparison with the month before."""
    return compared("环比", item.value, item.last_month, item.unit)


def both(item: Figure) -> str:
    """Return the comparisons with the month before and the year before; leave out one that has no value."""
    pairs = (("环比", item.last_month), ("同比", item.last_year))
    comparisons = [
        compared(word, item.value, before, item.unit)
        for word, before in pairs
        if item.value is not None and before is not None
    ]
    return "，".join(comparisons) or INCOMPARABLE


def listed(parts: Iterable[str]) -> str:
    """Return the parts as a list in a sentence: `甲、乙和丙`."""
    *others, last = list(parts) or [NONE]
    return f"{'、'.join(others)}和{last}" if others else last


def month_text(month: date) -> str:
    """Return a month as text: `2023年12月`."""
    return f"{month.year}年{month.month}月"


def day_text(day: date) -> str:
    """Return a day as text: `2023年12月31日`."""
    return f"{day.year}年{day.month}月{day.day}日"
