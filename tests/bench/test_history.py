"""The benchmark of history measures one more day, every stage of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from bench.daily import history_text
from bench.history import measure
from bench.worlds import land_city


@pytest.mark.slow
def test_one_more_day_is_measured_behind_its_history(tmp_path: Path) -> None:
    day = date(2023, 3, 4)
    source = land_city(tmp_path / "landed", date(2023, 2, 26), day, "0.005")
    found = measure(source, tmp_path / "1", 1, day)
    assert list(found.stages)[-3:] == ["build", "check", "publish"]
    assert found.cpu_seconds > 0
    assert found.seconds < sum(cost.seconds for cost in found.stages.values()), "publication stands apart"
    with duckdb.connect(str(tmp_path / "1" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select max(as_of_date) from intermediate.int_as_of").fetchone() == (day,)
    assert "1.00 (1.00)" in history_text([found])
