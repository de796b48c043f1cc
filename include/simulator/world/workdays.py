"""Working days by the official calendar; Monday to Friday in years without a published calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

import chinese_calendar


@cache
def is_workday(day: date) -> bool:
    """Return whether offices are open on a day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def workday_from(day: date, last: date) -> date:
    """Return the first working day on or after `day`, but never a day after `last`."""
    while day < last and not is_workday(day):
        day += timedelta(days=1)
    return min(day, last)


def office_hours(moment: datetime) -> datetime:
    """Return a moment between 8:00 and 18:00; the order of moments of a day stays the same."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=8 * 3600 + seconds * 10 // 24)


def stamp(moment: datetime) -> str:
    """Return a timestamp in the five-level system's format, with offset."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+08:00"
