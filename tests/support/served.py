"""Read a simulated world over real transports with the steps of the daily run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulator.faults import NONE, Faults
from simulator.serving import Served, served
from simulator.systems import Systems
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.connection import Endpoint, _endpoint
from wangjian.ingestion.sources.registry import load_registry
from wangjian.orchestration import pipeline

# the dates with which the connectors are tested: the end of a month, with a weekend
FIRST, LAST = date(2023, 6, 28), date(2023, 7, 2)


def endpoint_of(world: Served, code: str) -> Endpoint:
    """Return the endpoint of a source of a served world, without Airflow."""
    connection = json.loads(world.connections[f"AIRFLOW_CONN_WANGJIAN_{code.upper()}"])
    fields = {"host": None, "port": None, "schema": None, "login": None, "password": None} | connection
    return _endpoint(f"wangjian_{code}", SimpleNamespace(**fields | {"extra": json.dumps(connection.get("extra", {}))}))


def ingest_all(data: DataRoot, connections: dict[str, str], first: date, last: date) -> None:
    """Fetch a range of dates of every source into landing."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in connections.items():
            patch.setenv(name, value)
        for source in load_registry():
            pipeline.ingest(data, source, first, last)


def parse_all(data: DataRoot) -> None:
    """Parse the landed exports of every source."""
    for source in load_registry():
        pipeline.parse(data, source)


def published_year(systems: Systems, folder: Path, data: DataRoot, faults: Faults = NONE) -> DataRoot:
    """Fetch, parse, build, check and publish the whole range of a world."""
    with served(systems, folder, faults) as world:
        ingest_all(data, world.connections, systems.scenario.start, systems.scenario.end)
    parse_all(data)
    pipeline.build(data)
    pipeline.check(data)
    pipeline.publish(data)
    return data
