"""Fixtures: a small simulated world that real servers (HTTP, SFTP) and a drop folder offer, with any fault switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import Served, served
from simulator.systems import Systems
from support.served import FIRST, LAST, endpoint_of
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, fetch
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import Retries, Source, get_source

PATIENT = Retries(attempts=4, longest_wait_seconds=0.05, timeout_seconds=10)


@pytest.fixture(scope="session")
def systems() -> Systems:
    return Systems(Scenario(seed=11, scale=0.05, start=FIRST, end=LAST))


@pytest.fixture(scope="session")
def serve(systems: Systems, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Return a function that serves the world with some faults; each combination is started once per session."""
    with ExitStack() as stack:
        running: dict[frozenset[str], Served] = {}

        def start(*faults: str) -> Served:
            names = frozenset(faults)
            if names not in running:
                running[names] = stack.enter_context(
                    served(systems, tmp_path_factory.mktemp("simulator"), Faults(names))
                )
            return running[names]

        yield start


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def run(landing: Landing) -> Callable[..., FetchReport]:
    """Return a function that fetches from a served world with few retries; keywords change the registry entry or the request."""

    def fetch_from(world: Served, code: str, **changes: object) -> FetchReport:
        where = changes.pop("endpoint", None) or endpoint_of(world, code)
        request = FetchRequest(
            changes.pop("first", FIRST),  # type: ignore[arg-type]
            changes.pop("last", LAST),  # type: ignore[arg-type]
            look_back=changes.pop("look_back", 0),  # type: ignore[arg-type]
            refetch=bool(changes.pop("refetch", False)),
        )
        source: Source = get_source(code).model_copy(update={"retries": PATIENT, **changes})
        return fetch(source, request, landing, endpoint=where)  # type: ignore[arg-type]

    return fetch_from
