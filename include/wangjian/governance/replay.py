"""Record how the quarantine changes: which bad rows a publication shows for the first time, and which are no longer bad."""

from __future__ import annotations

from typing import Any

import duckdb

from wangjian.core.paths import DataRoot
from wangjian.publishing import open_published
from wangjian.state.quarantine_events import Cause, QuarantineEvent, append_quarantine_events, quarantine_events

_BAD = "select quarantine_key, source, provider, dataset, business_date, export_id, part, reason_codes from audit.quarantine"
_FILES = "select export_id, part, rows_superseded >= rows_read from audit.row_balance"


def note_quarantine_changes(data: DataRoot, publication_id: str) -> list[QuarantineEvent]:
    """Compare the published quarantine with the record, and append the changes. A second run appends nothing.

    Args:
        data: the data root.
        publication_id: the publication that readers see now.

    Returns:
        The appended events; none if the record is up to date.
    """
    with open_published(data) as connection:
        bad = {row["quarantine_key"]: row for row in _rows(connection)}
        superseded = {(export, part): old for export, part, old in connection.execute(_FILES).fetchall()}
    # Compared with the record and not with the last publication: a run that was skipped or crashed loses no event.
    known = _in_quarantine(data)
    entered = [
        QuarantineEvent(event="entered", cause="broke_contract", publication_id=publication_id, **row)
        for key, row in bad.items()
        if key not in known
    ]
    left = [_left(event, publication_id, superseded) for key, event in known.items() if key not in bad]
    append_quarantine_events(data, [*entered, *left])
    return [*entered, *left]


def _rows(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    answer = connection.execute(f"{_BAD} order by quarantine_key")
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _in_quarantine(data: DataRoot) -> dict[str, QuarantineEvent]:
    """Return the rows that the record calls bad: those whose last event is `entered`."""
    last = {event.quarantine_key: event for event in quarantine_events(data)}
    return {key: event for key, event in last.items() if event.event == "entered"}


def _left(event: QuarantineEvent, publication_id: str, superseded: dict[tuple[str, str], bool]) -> QuarantineEvent:
    # A newer version replaced the file, the row passes the contract now, or the file is no longer in the balance at all.
    causes: dict[bool | None, Cause] = {True: "superseded", False: "taken_up", None: "withdrawn"}
    cause = causes[superseded.get((event.export_id, event.part))]
    row = event.model_dump(include={"quarantine_key", "source", "provider", "dataset", "business_date"})
    place = event.model_dump(include={"export_id", "part", "reason_codes"})
    return QuarantineEvent(event="left", cause=cause, publication_id=publication_id, **row, **place)
