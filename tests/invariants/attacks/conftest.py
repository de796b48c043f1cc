"""Attackers on loopback, and what stands against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from support.hostile_http import DAY, HostileServer, hostile_server
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, fetch
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import Retries, get_source

IMPATIENT = Retries(attempts=2, longest_wait_seconds=0.01, timeout_seconds=5)
Run = Callable[..., FetchReport]


@pytest.fixture
def data(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


@pytest.fixture
def landing(data: DataRoot) -> Landing:
    return Landing(data.landing)


@pytest.fixture
def attacker() -> Iterator[HostileServer]:
    """A source system in the hands of somebody else."""
    with hostile_server() as found:
        yield found


@pytest.fixture
def inside() -> Iterator[HostileServer]:
    """A service that only the bureau's own network reaches: nobody may be led to it."""
    with hostile_server() as found:
        yield found


@pytest.fixture
def run(landing: Landing) -> Run:
    """Fetch one day from an endpoint with little patience; keywords change the source's entry."""

    def fetch_from(code: str, endpoint: Endpoint, **changes: object) -> FetchReport:
        day = date.fromisoformat(DAY)
        source = get_source(code).model_copy(update={"retries": IMPATIENT, **changes})
        return fetch(source, FetchRequest(day, day, demand_last_day=False), landing, endpoint=endpoint)

    return fetch_from
