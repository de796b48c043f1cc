"""A second year, with another seed: fetched, parsed, built and checked once for all tests of the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from wangjian import pipeline
from wangjian.paths import DataRoot
from wangjian.sources.registry import load_registry

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture(scope="session")
def year_2024(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The whole of 2024 at a fiftieth of the city, published."""
    data = DataRoot(tmp_path_factory.mktemp("year_2024"))
    systems = Systems(Scenario(seed=424, scale=0.02, start=FIRST, end=LAST))
    with served(systems, tmp_path_factory.mktemp("simulator_2024")) as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.connections.items():
            patch.setenv(name, value)
        for source in load_registry():
            pipeline.ingest(data, source, FIRST, LAST)
            pipeline.parse(data, source)
    pipeline.build(data)
    pipeline.check(data)
    pipeline.publish(data)
    return data


@pytest.fixture
def published(year_2024: DataRoot) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        yield connection
