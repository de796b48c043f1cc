"""Numbers as a Chinese bulletin words them: with their unit, and beside what they are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from wangjian.serving.bulletin.content import Missing
from wangjian.serving.bulletin.figures import RATE_UNITS, Figure

NONE = "无数据"
"""Nothing to tell. A table has a dash; in running text one would read it as the numeral 一."""
INCOMPARABLE = "无可比数据"

_TEN_THOUSAND = Decimal(10000)


def rounded(value: Decimal, places: int) -> Decimal:
    """Round half up, as offices do."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def plain(value: Decimal, unit: str) -> Decimal:
    """A value as it is printed in its unit: rates with one place, money with at most two, counts whole.

    Args:
        value: in the KPI's unit; 元 becomes 万元.
        unit: the KPI's.
    """
    if unit in RATE_UNITS:
        return rounded(value, 1)
    if unit == "元":
        value /= _TEN_THOUSAND
    if unit in ("元", "万元"):
        found = rounded(value, 2)
        return found.quantize(Decimal(1)) if found == found.to_integral_value() else found
    return rounded(value, 0)


def unit_text(unit: str) -> str:
    """The unit that follows a number."""
    return {"元": "万元", "工作日": "个工作日"}.get(unit, unit)


def figure_text(value: Decimal | None, unit: str) -> str:
    """A number with its unit: `3272家`, `12.0%`, `9.49万元`, `无数据`."""
    return NONE if value is None else f"{plain(value, unit)}{unit_text(unit)}"


def figure(found: Figure) -> str:
    """A figure with its unit; why it is missing where its base is too small."""
    return f"{Missing.SUPPRESSED.value}（基数不足）" if found.is_suppressed else figure_text(found.value, found.unit)


def growth(value: Decimal | None, before: Decimal | None) -> Decimal | None:
    """By how many per cent a value has grown; null where there is nothing to compare with.

    Args:
        value: now.
        before: then; nothing grows from 0 by per cent.
    """
    return None if value is None or not before else (value - before) / before * 100


def compared(word: str, value: Decimal | None, before: Decimal | None, unit: str) -> str:
    """A comparison: `环比减少39条、下降59.1%`, `环比上升0.1个百分点`, `环比持平`, `同比无可比数据`.

    Args:
        word: 环比 or 同比.
        value: now, in `unit`.
        before: then.
        unit: the KPI's.
    """
    if value is None or before is None:
        return f"{word}{INCOMPARABLE}"
    # what is printed is compared, so that a reader who subtracts gets the same
    difference = plain(value, unit) - plain(before, unit)
    if difference == 0:
        return f"{word}持平"
    if unit == "%":
        return f"{word}{'上升' if difference > 0 else '下降'}{abs(difference)}个百分点"
    counted = f"{word}{'增加' if difference > 0 else '减少'}{abs(difference)}{unit_text(unit)}"
    by = growth(value, before)
    if by is None or unit in RATE_UNITS or not rounded(by, 1):
        return counted
    return f"{counted}、{'增长' if by > 0 else '下降'}{abs(rounded(by, 1))}%"


def on_month(found: Figure) -> str:
    """The comparison with the month before."""
    return compared("环比", found.value, found.last_month, found.unit)


def both(found: Figure) -> str:
    """The comparisons with the month before and with the year before, as far as there is something to compare."""
    pairs = (("环比", found.last_month), ("同比", found.last_year))
    told_of = [
        compared(word, found.value, before, found.unit)
        for word, before in pairs
        if found.value is not None and before is not None
    ]
    return "，".join(told_of) or INCOMPARABLE


def listed(parts: Iterable[str]) -> str:
    """`甲、乙和丙`."""
    *others, last = list(parts) or [NONE]
    return f"{'、'.join(others)}和{last}" if others else last


def month_text(month: date) -> str:
    """`2023年12月`."""
    return f"{month.year}年{month.month}月"


def day_text(day: date) -> str:
    """`2023年12月31日`."""
    return f"{day.year}年{day.month}月{day.day}日"
