"""Report the health of the warehouse without Airflow: for each source the age of its data, its bad rows and what is held back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import is_key_missing
from wangjian.ingestion.sources.registry import TIMEZONE, Source, load_registry
from wangjian.publishing import open_published
from wangjian.state import Publication, Run, now, runs
from wangjian.state.audit_chain import verify_audit_log
from wangjian.state.holds import present_hold

LONGEST_STEP = timedelta(hours=24)
"""A step that runs longer than this was killed or hangs. A backfill of several years takes hours."""
LONGEST_WAIT = timedelta(hours=6)
"""Parsed data that is not published after this time is a problem. Normally it takes minutes."""
CALENDAR_AHEAD = timedelta(days=31)
"""The working-day calendar of a year must be loaded this long before the year begins."""


@dataclass(frozen=True)
class SourceHealth:
    """The health of one source.

    Attributes:
        source: source code.
        last_business_date: the business date of the newest landed export; null if nothing is landed.
        age_days: the days since that date, by the clock in Shanghai.
        last_outcome: the last fetch or parse and its outcome.
        open_quarantine: the number of its rows in the published quarantine.
        held: the datasets that are held back, as text for a person.
        problems: messages for a person; empty if there is no problem.
    """

    source: str
    last_business_date: date | None
    age_days: int | None
    last_outcome: str | None
    open_quarantine: int
    held: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """The health of the warehouse.

    Attributes:
        publication_id: the publication that readers see; null if nothing is published.
        as_of: its newest business date.
        publication_age_hours: the hours since it was published; null if nothing is published.
        calendar_until: the last day of the calendar with known, not assumed, working days; null if nothing is published.
        is_audit_log_whole: whether no record of the audit log was changed or removed.
        sources: the health of each source.
        problems: messages about problems that do not belong to one source.
    """

    publication_id: str | None
    as_of: date | None
    publication_age_hours: float | None
    calendar_until: date | None
    is_audit_log_whole: bool
    sources: tuple[SourceHealth, ...]
    problems: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Return whether there is no problem at all."""
        return not self.problems and not any(source.problems for source in self.sources)


def health(data: DataRoot, at: datetime | None = None) -> Health:
    """Return the health of the warehouse, from landing, the run log and the published file.

    Args:
        data: the data root.
        at: the time to judge by; now if null.

    Returns:
        The health.
    """
    # Only this function and `status` compare dates with the clock. The data itself never depends on it.
    at = at or now()
    shown, past = publishing.current(data), runs(data)
    bad, calendar_until = _published(data) if shown else ({}, None)
    sources = tuple(_source_health(data, source, shown, past, bad, at) for source in load_registry().values())
    age = (at - shown.published_at).total_seconds() / 3600 if shown else None
    faults = verify_audit_log(data).faults
    problems = [f"the audit log is not as it was written: {fault}" for fault in faults]
    problems += _problems(data, shown, past, at) + _calendar(calendar_until, at)
    return Health(
        shown.publication_id if shown else None,
        shown.as_of if shown else None,
        age,
        calendar_until,
        not faults,
        sources,
        tuple(problems),
    )


def _calendar(until: date | None, at: datetime) -> list[str]:
    """Return a problem if the calendar of the coming year is not loaded."""
    # The State Council announces the next year's working days in November. Until they are loaded, time limits are estimates.
    today = at.astimezone(ZoneInfo(TIMEZONE)).date()
    if until is None or today + CALENDAR_AHEAD <= until:
        return []
    return [
        f"the working-day calendar of {until.year + 1} is not loaded: time limits that end after {until} are provisional"
    ]


def _problems(data: DataRoot, shown: Publication | None, past: list[Run], at: datetime) -> list[str]:
    problems = [] if shown else ["nothing is published"]
    if is_key_missing(data):
        problems.append(
            "the key of hashed numbers is missing: restore it before the next parse, which would make a new one"
        )
    problems += _stuck(past, at)
    if hold := present_hold(data):
        problems.append(f"publication waits for approval since {hold.at:%Y-%m-%d %H:%M}: {hold.reason}")
    for step in ("build", "check", "publish", "site", "backfill", "backup"):
        last = next((run for run in reversed(past) if run.step == step), None)
        if last and last.outcome in ("failed", "interrupted"):
            problems.append(f"the last {step} {last.outcome}: {last.message}")
    # Any of these problems explains why nothing is published, and a second message would only distract.
    if not problems and shown:
        problems += _unpublished(past, at)
    return problems


def _stuck(past: list[Run], at: datetime) -> list[str]:
    """Return a problem for each step that started long ago and never ended: it was killed, or it hangs."""
    # Only the last run of each step: a later run shows that an earlier one no longer hangs.
    last = {(run.step, run.source): run for run in past}
    hanging = [run for run in last.values() if run.outcome == "running" and at - run.started_at > LONGEST_STEP]
    return [
        f"the last {' '.join(filter(None, (run.step, run.source)))} began at {run.started_at:%Y-%m-%d %H:%M} and never ended"
        for run in hanging
    ]


def _unpublished(past: list[Run], at: datetime) -> list[str]:
    """Return a problem if parsed data is not published although no step failed: then nothing started the build."""
    parsed = [run for run in past if run.step == "parse" and run.outcome == "succeeded" and run.files and run.ended_at]
    published = [run.started_at for run in past if run.step == "publish" and run.outcome in ("succeeded", "skipped")]
    waiting = [run.ended_at for run in parsed if run.ended_at and not any(start > run.ended_at for start in published)]
    if not waiting or at - min(waiting) < LONGEST_WAIT:
        return []
    return [f"what was parsed at {min(waiting):%Y-%m-%d %H:%M} is not published yet"]


def _source_health(
    data: DataRoot, source: Source, shown: Publication | None, past: list[Run], bad: dict[str, int], at: datetime
) -> SourceHealth:
    newest = Landing(data.landing).newest_date(source.source)
    age = (at.astimezone(ZoneInfo(TIMEZONE)).date() - newest).days if newest else None
    last = next(
        (run for run in reversed(past) if run.source == source.source and run.step in ("ingest", "parse")), None
    )
    held = (
        "; ".join(item for item in (shown.held or "").split("; ") if item.startswith(f"{source.source}/"))
        if shown
        else ""
    )
    problems = []
    if age is None:
        problems.append("nothing is landed")
    elif age > source.overdue_after_days:
        problems.append(f"overdue: the newest business date is {newest}, {age} days ago")
    if last and last.outcome in ("failed", "interrupted"):
        problems.append(f"the last {last.step} {last.outcome}: {last.message}")
    if held:
        problems.append(f"held back: {held}")
    outcome = f"{last.step} {last.outcome}" if last else None
    return SourceHealth(source.source, newest, age, outcome, bad.get(source.source, 0), held or None, tuple(problems))


def _published(data: DataRoot) -> tuple[dict[str, int], date | None]:
    """Return the number of bad rows by source, and the last day of the calendar with known working days."""
    with open_published(data) as connection:
        rows = connection.execute("select source, count(*) from audit.quarantine group by source").fetchall()
        has_calendar = connection.execute("select 1 from duckdb_tables() where table_name = 'dim_date'").fetchone()
        if has_calendar is None:
            return dict(rows), None
        last = connection.execute("select max(date_on) from marts.dim_date where not is_provisional").fetchone()
    return dict(rows), last[0] if last else None
