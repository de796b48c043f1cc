"""A second year, with another seed: fetched, parsed, built and checked once for all tests of the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from simulator.scenario import Scenario
from simulator.systems import Systems
from support.served import published_year
from wangjian.paths import DataRoot

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture(scope="session")
def year_2024(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The whole of 2024 at a fiftieth of the city, published."""
    systems = Systems(Scenario(seed=424, scale=0.02, start=FIRST, end=LAST))
    data = DataRoot(tmp_path_factory.mktemp("year_2024"))
    return published_year(systems, tmp_path_factory.mktemp("simulator_2024"), data)


@pytest.fixture
def published(year_2024: DataRoot) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        yield connection
