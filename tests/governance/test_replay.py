"""The record has one event when a bad row enters quarantine and one with the cause when it leaves."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from wangjian.core.paths import DataRoot
from wangjian.governance.replay import note_quarantine_changes
from wangjian.state.quarantine_events import quarantine_events

Changes = list[tuple[str, str, str]]


def _publish(data: DataRoot, name: str, bad: list[str], files: dict[str, bool]) -> Changes:
    """Publish these bad rows (one for each export) and files (whether superseded), and record the changes."""
    data.published.mkdir(parents=True, exist_ok=True)
    path = data.published / f"warehouse-{name}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema audit;
            create table audit.quarantine as
            select 'key ' || export_id as quarantine_key, 'jiangxi' as source, '' as provider, 'leads' as dataset,
                date '2023-01-02' as business_date, export_id, 'leads.csv' as part, 'TYPE:closed_at' as reason_codes
            from unnest($bad::varchar[]) as t (export_id);
            """,
            {"bad": bad},
        )
        connection.execute(
            "create table audit.row_balance (export_id text, part text, rows_read int, rows_superseded int)"
        )
        for export, is_outvoted in files.items():
            connection.execute(
                "insert into audit.row_balance values (?, 'leads.csv', 5, ?)", [export, 5 if is_outvoted else 1]
            )
    link = data.published / "warehouse.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    return [(event.export_id, event.event, event.cause) for event in note_quarantine_changes(data, name)]


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path)


def test_each_row_enters_once_and_leaves_with_its_cause(data: DataRoot) -> None:
    files = {"a": False, "b": False, "c": False}
    entered = [(export, "entered", "broke_contract") for export in "abc"]
    assert _publish(data, "1", ["a", "b", "c"], files) == entered
    assert note_quarantine_changes(data, "1") == []
    assert _publish(data, "2", [], {"a": False, "b": True}) == [
        ("a", "left", "taken_up"),
        ("b", "left", "superseded"),
        ("c", "left", "withdrawn"),
    ]
    assert _publish(data, "3", ["a"], files) == [("a", "entered", "broke_contract")]
    assert [event.publication_id for event in quarantine_events(data)] == ["1"] * 3 + ["2"] * 3 + ["3"]
    assert {event.reason_codes for event in quarantine_events(data)} == {"TYPE:closed_at"}
