"""The report of the backfill benchmark agrees with its measurements."""

from __future__ import annotations

import pytest
from bench.backfill import Comparison, text


def test_the_year_is_computed_from_the_mean_of_its_days() -> None:
    comparison = Comparison(backfill_seconds=100.0, daily_seconds=[10.0, 20.0, 60.0], days=365)
    assert comparison.ratio == pytest.approx(30 * 365 / 100)
    assert "median 20.0 s a day" in text(comparison) and "10,950 s; ratio 110" in text(comparison)
