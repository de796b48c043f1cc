"""A new warehouse on its first day, on which nobody has found anything yet: that is no fault."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.served import ingest_all, parse_all
from wangjian import publishing
from wangjian.core.paths import DataRoot
from wangjian.orchestration import pipeline

pytestmark = pytest.mark.world("end_to_end", minutes=5)

DAY = date(2023, 1, 1)


@pytest.mark.slow
def test_the_first_day_is_published_with_its_site(tmp_path: Path) -> None:
    data = DataRoot(tmp_path / "data")
    systems = Systems(Scenario(seed=2, scale=0.005, start=DAY, end=date(2023, 12, 31)))
    with served(systems, tmp_path / "simulator") as found:
        ingest_all(data, found.connections, DAY, DAY)
    parse_all(data)
    pipeline.build(data)
    pipeline.check(data)
    report = pipeline.publish(data)
    assert report.warnings == ()
    assert (data.docs / "site" / "bulletin.html").exists()
    with publishing.open_published(data) as connection:
        counts = connection.execute(
            "select (select count(*) from marts.fct_lead), (select count(*) from marts.dim_storefront)"
        ).fetchone()
    assert counts and counts[0] == 0 and counts[1] > 0
