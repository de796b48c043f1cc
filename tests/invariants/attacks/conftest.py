"""Attackers on loopback, and the connectors that must resist them."""

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
    """Return a source system that an attacker controls."""
    with hostile_server() as found:
        yield found


@pytest.fixture
def inside() -> Iterator[HostileServer]:
    """Return a service of the bureau's own network. No attacker may lead a connector to it."""
    with hostile_server() as found:
        yield found


@pytest.fixture
def run(landing: Landing) -> Run:
    """Return a function that fetches one day with short time limits; keywords change the source's entry."""

    def fetch_from(code: str, endpoint: Endpoint, **changes: object) -> FetchReport:
        day = date.fromisoformat(DAY)
        source = get_source(code).model_copy(update={"retries": IMPATIENT, **changes})
        return fetch(source, FetchRequest(day, day, demand_last_day=False), landing, endpoint=endpoint)

    return fetch_from
