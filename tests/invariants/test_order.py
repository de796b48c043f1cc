"""The warehouse depends on the landed files only, not on their order, batches and repeats or on the number of builds.

A thousand builds by dbt would take days, mostly of dbt's own work. So all orders share a beginning, and the statements of dbt are
recorded and replayed (`support/recorded_dbt.py`). For each beginning dbt itself builds one order too.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from invariants.arrivals import Arrival, Beginning, arrivals, land
from invariants.conftest import IS_FULL, Landed, differences
from support.served import parse_all
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.orchestration import pipeline

pytestmark = [pytest.mark.slow, pytest.mark.world("order", minutes=5)]

BEGINNINGS, WAYS = (10, 100) if IS_FULL else (1, 5)
# The small run of `make test`: a beginning of its own and one order.
QUICK = pytest.param(1000, 1, id="quick", marks=pytest.mark.everyday)
BUILD_EVERY = timedelta(days=1 if IS_FULL else 5)
BY_DBT_EVERY = timedelta(days=30 if IS_FULL else 10)


@pytest.mark.everyday
def test_the_days_contain_what_the_proof_needs(landed: Landed) -> None:
    with duckdb.connect(str(landed.data.warehouse), read_only=True) as connection:
        counts = connection.execute(
            "select (select count(*) from audit.quarantine), (select count(*) from audit.held_export), "
            "(select count(*) from marts.fct_lead), (select sum(rows_superseded) from audit.row_balance)"
        ).fetchone()
    assert counts and all(counts), counts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory if the system has one: a year of small files is written a thousand times."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="wangjian-proof-", dir=memory) as name:
        yield Path(name)


def _begin(landed: Landed, folder: Path, seed: int) -> Beginning:
    chance = random.Random(seed)
    known, others = _first_of_each_dataset(landed)
    chance.shuffle(others)
    share = int(len(others) * (1 - _missing(chance)))
    beginning = Beginning(landed.fresh(folder / "data"), [*known, *others[:share]], others[share:])
    beginning.make()
    return beginning


def _first_of_each_dataset(landed: Landed) -> tuple[list[Manifest], list[Manifest]]:
    """Return the first export of each dataset and provider, and the others. A dataset that arrives later would force a full build."""
    by_date = sorted(landed.exports, key=lambda export: (export.key.business_date, export.key.version))
    first: dict[tuple[str, str, str], Manifest] = {}
    for export in by_date:
        first.setdefault((export.key.source, export.key.provider, export.key.dataset), export)
    return list(first.values()), [export for export in by_date if export not in first.values()]


def _missing(chance: random.Random) -> float:
    """Return the share of exports that arrive later: small for a year, because parsing takes the time, and enough for every month."""
    return math.exp(chance.uniform(math.log(0.003), math.log(0.1))) if IS_FULL else chance.uniform(0.05, 0.7)


@pytest.mark.parametrize(("seed", "most"), [QUICK, *((seed, WAYS) for seed in range(BEGINNINGS))])
def test_any_order_and_any_batches_make_the_same_warehouse(landed: Landed, folder: Path, seed: int, most: int) -> None:
    beginning = _begin(landed, folder, seed)
    ways: list[Arrival] = []

    @settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(arrivals())
    def prove(arrival: Arrival) -> None:
        ways.append(arrival)
        assert differences(landed.data, beginning.arrive(arrival)) == {}

    prove()
    assert len(ways) >= most, "hypothesis ran out of orders"
    assert beginning.replayed >= most, "each order adds to the warehouse without a full build"
    data = beginning.arrive(ways[-1], by_dbt=True)
    assert differences(landed.data, data) == {}, "dbt and its recorded statements give the same result"


def test_daily_runs_make_the_same_warehouse_as_one_rebuild(landed: Landed, folder: Path) -> None:
    by_day = sorted(landed.exports, key=lambda export: export.key.business_date)
    days = [list(exports) for _, exports in groupby(by_day, key=lambda export: export.key.business_date)]
    beginning = Beginning(landed.fresh(folder / "data"), days[0], [])
    beginning.make()
    built = by_dbt = days[0][0].key.business_date
    for exports in days[1:]:
        land(beginning.data, exports)
        parse_all(beginning.data)
        day = exports[0].key.business_date
        if day - by_dbt >= BY_DBT_EVERY:
            pipeline.build(beginning.data)
            built = by_dbt = day
        elif day - built >= BUILD_EVERY:
            beginning.build()
            built = day
    beginning.build()
    assert beginning.replayed, "days are added to the warehouse without a full build"
    assert differences(landed.data, beginning.data) == {}
