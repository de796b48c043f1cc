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
from pathlib import Path

import duckdb
import pytest

from simulator.scenario import Scenario
from simulator.systems import Systems
from support.dbt_forks import dbt_server
from support.in_memory import folder_in_memory, has_room
from support.made_once import made_once, shared_folder
from support.served import published_year
from wangjian.core.paths import DataRoot
from wangjian.warehouse.dbt import DUCKDB

YEAR_MINUTES = 6
"""How long all tests on the published year take: they stand in many folders, and share it by its fixture."""


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
    """Keep the tests of one world on one worker, and start the longest worlds first.

    A long world that started last would leave the other workers with nothing to do.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_world(item)))
    # the sort is stable: the tests of a world keep their order
    items.sort(key=lambda item: (-_minutes(item), _world(item)))


def _world(item: pytest.Item) -> str:
    """The world that a test shares: its mark's, else the published year, else that of its folder."""
    if "year_2024" in getattr(item, "fixturenames", ()):
        return "year"
    mark = item.get_closest_marker("world")
    if mark is None:
        return item.path.parent.relative_to(Path(__file__).parent).as_posix()
    # `make proof`: each of these takes far longer than the world that it shares with others
    if mark.args[0] in ("crash", "order") and os.environ.get("PROOF") == "full":
        return item.nodeid
    return str(mark.args[0])


def _minutes(item: pytest.Item) -> int:
    if "year_2024" in getattr(item, "fixturenames", ()):
        return YEAR_MINUTES
    mark = item.get_closest_marker("world")
    return int(mark.kwargs["minutes"]) if mark else 0


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
    made = made_once(tmp_path_factory, "year_2024", _make_year)
    # tests publish, roll back and write pages: each session works on a copy
    root = tmp_path_factory.mktemp("year_2024") / "data"
    shutil.copytree(made / "data", root, symlinks=True)
    return DataRoot(root)


@pytest.fixture
def published(year_2024: DataRoot) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published year, open for questions."""
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def _make_year(folder: Path) -> None:
    systems = Systems(Scenario(seed=424, scale=0.02, start=date(2024, 1, 1), end=date(2024, 12, 31)))
    data = DataRoot(folder / "data")
    data.root.mkdir()
    published_year(systems, folder / "simulator", data)


@pytest.fixture(scope="session", autouse=True)
def dbt_from_a_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Builds by this process start dbt without its seconds of imports and parsing; the fast tests hardly build."""
    if not any(item.get_closest_marker("slow") for item in request.session.items):
        yield
        return
    parsed = shared_folder(tmp_path_factory) / "parsed"
    parsed.mkdir(exist_ok=True)
    with dbt_server(tmp_path_factory.mktemp("dbt"), parsed) as command, pytest.MonkeyPatch.context() as patch:
        # wherever this engine is meant, it is by its identity
        patch.setitem(DUCKDB.__dict__, "command", command)
        yield
