"""Make the working-day calendar from the State Council's notices, which the package `chinesecalendar` contains.

    python -m wangjian.warehouse.calendar > dbt_project/seeds/seed_calendar.csv

After the last notice, Monday to Friday count as working days and are flagged. A deadline that depends on such a day is provisional.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TextIO

import chinese_calendar
from chinese_calendar.constants import holidays, workdays

FIRST_DAY = date(2015, 1, 1)
# open items can be due after the last year with a notice
YEARS_BEYOND = 2
FULL_NAMES = {
    "清明": "清明节",
    "端午": "端午节",
    "中秋": "中秋节",
    "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日": "抗战胜利70周年纪念日",
}
HEADER = ("calendar_date", "is_working_day", "holiday_name", "is_make_up_day", "is_provisional")
FRIDAY = 4


def last_official_day() -> date:
    """Return the last day of the last year that has a notice."""
    return date(max(day.year for day in {**holidays, **workdays}), 12, 31)


def calendar_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield one row per day with the columns of `HEADER`; booleans are `true` and `false`."""
    official = last_official_day()
    last = date(official.year + YEARS_BEYOND, 12, 31)
    for offset in range((last - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        yield _official_row(day) if day <= official else _provisional_row(day)


def _official_row(day: date) -> tuple[str, str, str, str, str]:
    is_working = chinese_calendar.is_workday(day)
    is_make_up = is_working and day.weekday() > FRIDAY
    name = "" if is_working or day not in holidays else chinese_calendar.Holiday(holidays[day]).chinese
    return str(day), _text(is_working), FULL_NAMES.get(name, name), _text(is_make_up), "false"


def _provisional_row(day: date) -> tuple[str, str, str, str, str]:
    return str(day), _text(day.weekday() <= FRIDAY), "", "false", "true"


def _text(flag: bool) -> str:
    return "true" if flag else "false"


def write_calendar(file: TextIO) -> None:
    """Write the calendar as the seed's CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(calendar_rows())


if __name__ == "__main__":
    write_calendar(sys.stdout)
