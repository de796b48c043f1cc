"""A data root for tests of reports on it: every source is landed, and a handmade publication is visible."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from support.landed import land, penalties
from wangjian.core.paths import DataRoot
from wangjian.state import Publication, PublicationEvent, append_event

FINE = "赣市监立〔2023〕1号,1,1,罚款,1000.00,,,"
DAYS = {"five_level": "2023-12-31", "jiangxi": "2023-12-31", "third_party": "2023-11-30"}
MORNING = datetime(2024, 1, 1, 1, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    """A data root in which every source is landed and a publication is visible."""
    data = DataRoot(tmp_path)
    for source, day in DAYS.items():
        land(data, source, "leads", day, penalties(FINE))
    data.published.mkdir()
    publish_by_hand(data, None)
    return data


def publish_by_hand(data: DataRoot, held: str | None, *, calendar: str | None = None) -> None:
    """Make a publication with three bad rows, and make it visible.

    Args:
        data: the data root.
        held: the datasets that it holds back.
        calendar: the last official day of its calendar; null for no calendar.
    """
    publication = Publication(
        publication_id="20231231-001", as_of="2023-12-31", run_id="r", build_id="b", published_at="2024-01-01T00:00:00Z",
        content_fingerprint="f", table_count=1, row_count=1, storage_version="v1.2.0", held=held,
    )  # fmt: skip
    path = data.published / publication.file_name
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema audit; create table audit.quarantine as select 'jiangxi' as source from range(3)"
        )
        if calendar:
            connection.execute("create schema marts")
            connection.execute(
                f"create table marts.dim_date as select date '{calendar}' + i::int as date_on, i > 0 as is_provisional from range(9) as t (i)"
            )
    (data.published / "warehouse.duckdb").unlink(missing_ok=True)
    (data.published / "warehouse.duckdb").symlink_to(path.name)
    append_event(data, PublicationEvent(event="published", at=MORNING, run_id="r", publication=publication))
