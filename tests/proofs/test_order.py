"""The warehouse is a function of what was landed: not of the order, the batches, the repeats or the number of builds."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from pathlib import Path

import duckdb
import pytest

from proofs.conftest import IS_FULL, Landed, differences
from support.served import parse_all
from wangjian import pipeline
from wangjian.landing.store import Landing

pytestmark = pytest.mark.slow

SHUFFLES = 100 if IS_FULL else 4
BUILD_EVERY = timedelta(days=1 if IS_FULL else 5)


def test_the_days_are_worth_proving(landed: Landed) -> None:
    with duckdb.connect(str(landed.data.warehouse), read_only=True) as connection:
        counts = connection.execute(
            "select (select count(*) from audit.quarantine), (select count(*) from audit.held_export), "
            "(select count(*) from marts.fct_lead), (select sum(rows_superseded) from audit.row_balance)"
        ).fetchone()
    assert counts and all(counts), counts


@pytest.mark.parametrize("seed", range(SHUFFLES))
def test_any_order_and_any_batches_make_the_same_warehouse(landed: Landed, tmp_path: Path, seed: int) -> None:
    data = landed.fresh(tmp_path / "data")
    batches = landed.shuffled(seed)
    for number, batch in enumerate(batches):
        for manifest in batch:
            Landing(data.landing).commit(manifest)
        parse_all(data)
        if number == seed % len(batches):
            pipeline.build(data)
    pipeline.build(data)
    assert differences(landed.data, data) == {}


def test_daily_runs_make_the_same_warehouse_as_one_rebuild(landed: Landed, tmp_path: Path) -> None:
    data = landed.fresh(tmp_path / "data")
    by_day = sorted(landed.exports, key=lambda export: export.key.business_date)
    built = by_day[0].key.business_date
    for day, exports in groupby(by_day, key=lambda export: export.key.business_date):
        for manifest in exports:
            Landing(data.landing).commit(manifest)
        parse_all(data)
        if day - built >= BUILD_EVERY:
            pipeline.build(data)
            built = day
    pipeline.build(data)
    assert differences(landed.data, data) == {}
