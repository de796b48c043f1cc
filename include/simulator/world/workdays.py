"""Working days by the official calendar; Monday to Friday where it is not yet published."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

import chinese_calendar


@cache
def is_workday(day: date) -> bool:
    """Whether offices are open on that day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def workday_from(day: date, last: date) -> date:
    """The first working day on or after `day`, but never after `last`."""
    while day < last and not is_workday(day):
        day += timedelta(days=1)
    return min(day, last)


def office_hours(moment: datetime) -> datetime:
    """Press the 24 hours of a day into 8:00 to 18:00, keeping the order of moments."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=8 * 3600 + seconds * 10 // 24)


def stamp(moment: datetime) -> str:
    """A timestamp as the five-level system writes it, with offset."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+08:00"
