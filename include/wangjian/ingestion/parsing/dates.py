"""Dates as people type them into sheets, to ISO. What cannot be read stays as it is: staging says so, with the row."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

FULL = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
# 2000-01-01 to 2099-12-31: outside of it five digits are no date, and day 1 of the spreadsheet is an empty cell
SERIALS = range(36526, 73051)
WITHOUT_YEAR = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日")


def iso_date(text: str, year: int | None = None) -> str:
    """Rewrite a date in one of the known spellings.

    Args:
        text: `2023-07-03`, `2023/7/3`, `20230703`, `2023年7月3日`, `2023.7.3`, `7月3日`, or a spreadsheet's serial number
            (`45110`).
        year: of a date that names none.

    Returns:
        `2023-07-03`, or the text unchanged where it is no date of the calendar.
    """
    text = text.strip()
    if found := FULL.fullmatch(text) or COMPACT.fullmatch(text):
        parts = tuple(map(int, found.groups()))
    elif (found := WITHOUT_YEAR.fullmatch(text)) and year:
        parts = (year, *map(int, found.groups()))
    elif (found := SERIAL.fullmatch(text)) and int(found[1]) in SERIALS:
        return (date(1899, 12, 30) + timedelta(days=int(found[1]))).isoformat()
    else:
        return text
    try:
        return date(parts[0], parts[1], parts[2]).isoformat()
    except ValueError:
        return text


def iso_cell(value: date | datetime) -> str:
    """A date cell of a workbook: without time where it is midnight."""
    if isinstance(value, datetime):
        has_time = (value.hour, value.minute, value.second) != (0, 0, 0)
        return value.strftime("%Y-%m-%d %H:%M:%S") if has_time else value.date().isoformat()
    return value.isoformat()
