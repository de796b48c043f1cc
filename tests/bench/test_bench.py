"""The benchmark runs, on a tiny world, and its floor does the same work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from bench.__main__ import measure

from wangjian.paths import DataRoot


@pytest.mark.slow
def test_the_benchmark_measures_every_stage(tmp_path: Path) -> None:
    data = DataRoot(tmp_path / "data")
    report = measure(data, date(2023, 1, 29), date(2023, 2, 4), "0.005", through_airflow=False)
    assert list(report.year) == list(report.day)
    assert len(report.year) == 9
    assert all(cost.seconds > 0 and cost.peak_mb > 10 for cost in report.year.values())
    assert report.year["parse five_level"].rows
    assert report.ratio("parse") > 0
    assert report.ratio("build") > 0
    shown = report.text()
    assert "rows/s" in shown
    assert " × " in shown
