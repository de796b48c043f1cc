"""Simulated sources on real transports, for the tests that go all the way."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from simulator.scenario import Scenario
from simulator.systems import Systems
from support.dbt_forks import dbt_server
from support.in_memory import folder_in_memory, has_room
from support.served import published_year
from wangjian.core.paths import DataRoot
from wangjian.warehouse.dbt import DUCKDB

APART = {
    "invariants/test_crash.py": "crash",
    "invariants/test_crash_backup.py": "crash",
    "invariants/test_full_disk.py": "crash",
    "invariants/test_order.py": "order",
    "invariants/faults": "faults",
    "invariants/attacks": "attacks",
    "invariants/soak": "soak",
    "warehouse/spark": "spark",
    "serving/superset": "superset",
    "deployment/local": "local",
    "docs/runbooks": "runbooks",
}
"""Files and folders that share a world of their own."""
LONG = (
    "spark",
    "bench",
    "order",
    "faults",
    "crash",
    "dags",
    "end_to_end",
    "invariants",
    "local",
    "year",
    "runbooks",
    "superset",
    "docs",
)
"""Groups that take minutes, the longest first: one that came last would leave the other workers with nothing to do."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory where there is plenty: much of what tests wait for is the disk."""
    if hasattr(config, "workerinput") or config.option.basetemp or not has_room():
        return
    config.option.basetemp = str(folder_in_memory())
    config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


# before xdist's own hook, which reads the marks
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, tests that share what is dear to make stay in one of them."""
    place = {group: number for number, group in enumerate(LONG)}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    # a stable order: within a group the tests stay as they are
    items.sort(key=lambda item: place.get(_group(item), len(LONG)))


def _group(item: pytest.Item) -> str:
    name = item.path.relative_to(Path(__file__).parent).as_posix()
    if "year_2024" in getattr(item, "fixturenames", ()):
        return "year"
    group = next((APART[place] for place in (name, *map(str, PurePosixPath(name).parents)) if place in APART), "")
    # `make proof`: each of these takes far longer than the world that it shares with others
    if group in ("crash", "order") and os.environ.get("PROOF") == "full":
        return item.nodeid
    return group or name.split("/", maxsplit=1)[0]


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Commands that run in this process set the log up; the next test finds it untouched."""
    logger = logging.getLogger("wangjian")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A small world of six days, served over HTTP, SFTP and a drop folder: Airflow connections by variable."""
    folder = tmp_path_factory.mktemp("simulator")
    addresses = folder / "addresses.json"
    command = [sys.executable, "-m", "simulator", "serve", "--data-dir", str(folder), "--ports-file", str(addresses)]
    process = subprocess.Popen([*command, "--scale", "0.005", "--from", "2023-01-29", "--to", "2023-02-03"])
    try:
        yield _addresses(process, addresses)
    finally:
        process.terminate()
        process.wait(30)


def _addresses(process: subprocess.Popen[bytes], path: Path) -> dict[str, str]:
    for _ in range(600):
        if path.exists() and (text := path.read_text()):
            found: dict[str, str] = json.loads(text)["airflow_connections"]
            return found
        assert process.poll() is None, "the simulator ended"
        time.sleep(0.1)
    raise AssertionError("the simulator did not become ready")


@pytest.fixture(scope="session")
def year_2024(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """A second year, with another seed: the whole of 2024 at a fiftieth of the city, published once for all tests."""
    systems = Systems(Scenario(seed=424, scale=0.02, start=date(2024, 1, 1), end=date(2024, 12, 31)))
    data = DataRoot(tmp_path_factory.mktemp("year_2024"))
    return published_year(systems, tmp_path_factory.mktemp("simulator_2024"), data)


@pytest.fixture(scope="session", autouse=True)
def dbt_from_a_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Builds by this process start dbt without its seconds of imports and parsing; the fast tests hardly build."""
    if not any(item.get_closest_marker("slow") for item in request.session.items):
        yield
        return
    with dbt_server(tmp_path_factory.mktemp("dbt")) as command, pytest.MonkeyPatch.context() as patch:
        # wherever this engine is meant, it is by its identity
        patch.setitem(DUCKDB.__dict__, "command", command)
        yield
