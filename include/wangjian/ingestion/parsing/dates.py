"""Rewrite dates as people type them into ISO dates. Other texts stay unchanged: staging reports them with their row."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

FULL = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
# 2000-01-01 to 2099-12-31: other five-digit numbers are no dates, and an empty cell can show as day 1
SERIALS = range(36526, 73051)
WITHOUT_YEAR = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日")


def iso_date(text: str, year: int | None = None) -> str:
    """Return a date in ISO form.

    Args:
        text: `2023-07-03`, `2023/7/3`, `20230703`, `2023年7月3日`, `2023.7.3`, `7月3日`, or a spreadsheet's serial number
            (`45110`).
        year: the year for a date without one.

    Returns:
        `2023-07-03`; the unchanged text where it is not a date.
    """
    text = text.strip()
    if match := FULL.fullmatch(text) or COMPACT.fullmatch(text):
        parts = tuple(map(int, match.groups()))
    elif (match := WITHOUT_YEAR.fullmatch(text)) and year:
        parts = (year, *map(int, match.groups()))
    elif (match := SERIAL.fullmatch(text)) and int(match[1]) in SERIALS:
        # 1899-12-30: day 0 of spreadsheets, which count a 29 February 1900 that never was
        return (date(1899, 12, 30) + timedelta(days=int(match[1]))).isoformat()
    else:
        return text
    try:
        return date(parts[0], parts[1], parts[2]).isoformat()
    except ValueError:
        return text


def iso_cell(value: date | datetime) -> str:
    """Return a date cell of a workbook as text, without the time where it is midnight."""
    if isinstance(value, datetime):
        has_time = (value.hour, value.minute, value.second) != (0, 0, 0)
        return value.strftime("%Y-%m-%d %H:%M:%S") if has_time else value.date().isoformat()
    return value.isoformat()
