"""Run Superset from an empty metadata database, over a small published world with a few faults."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.systems import Systems
from support.served import published_year
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.deployment.local.service import start_time
from wangjian.publishing import open_published
from wangjian.serving.superset.description import Description, load_description
from wangjian.serving.superset.service import ENVIRONMENT

WORLD = Scenario(scale=0.01, start=date(2023, 11, 1), end=date(2023, 12, 31))
# bad rows, an unknown column, and a dataset that is held back
FAULTS = (
    "negative_count@2023-11-20",
    "clock_ahead@2023-12-05",
    "json_extra_field@2023-12-15",
    "ctl_rows_off_by_one@2023-12-20",
)


@dataclass(frozen=True)
class Superset:
    """A running Superset.

    Attributes:
        address: `http://127.0.0.1:<port>`.
        password: the password of the administrator.
        data: the data root that it shows.
    """

    address: str
    password: str
    data: DataRoot

    @cached_property
    def admin(self) -> Person:
        return self.person("admin", self.password)

    def person(self, name: str, password: str) -> Person:
        """Return a user who has logged in."""
        client = httpx.Client(base_url=self.address, timeout=60, trust_env=False)
        login = {"username": name, "password": password, "provider": "db"}
        token = client.post("/api/v1/security/login", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        # without the token every writing request fails, and the tests of rights would prove nothing
        answer = client.get("/api/v1/security/csrf_token/").raise_for_status()
        client.headers.update({"X-CSRFToken": answer.json()["result"], "Referer": self.address})
        return Person(name, password, client)

    def create(self, name: str, *roles: str) -> Person:
        """Make a user with these roles, as an administrator does, and log in as them."""
        known = self.admin.list("security/roles")
        ids = [role["id"] for role in known if role["name"] in roles]
        assert len(ids) == len(roles), f"{roles} are not all among {[role['name'] for role in known]}"
        user = {
            "username": name, "first_name": name, "last_name": "测试", "email": f"{name}@localhost", "active": True,
            "password": f"{name}-secret", "roles": ids,
        }  # fmt: skip
        self.admin.client.post("/api/v1/security/users/", json=user).raise_for_status()
        return self.person(name, f"{name}-secret")

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the published file, without Superset."""
        with open_published(self.data) as connection:
            return connection.execute(query, list(values)).fetchall()


@dataclass(frozen=True)
class Person:
    """A user who is logged in."""

    name: str
    password: str
    client: httpx.Client

    def list(self, what: str) -> list[dict[str, Any]]:
        """Return everything of a kind that the user may see."""
        answer = self.client.get(f"/api/v1/{what}/", params={"q": "(page_size:200)"})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["result"]
        return items

    def chart_data(self, chart: int, **parameters: str) -> httpx.Response:
        """Return the answer with the data of a saved chart."""
        return self.client.get(f"/api/v1/chart/{chart}/data/", params=parameters)

    def query(self, dataset: int, **query: object) -> httpx.Response:
        """Return the answer to a query of the user's own on a dataset."""
        context = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"columns": [], "metrics": [], "filters": [], "row_limit": 10000} | query],
            "result_format": "json",
            "result_type": "full",
        }
        return self.client.post("/api/v1/chart/data", json=context)

    def rows(self, dataset: int, **query: object) -> list[dict[str, Any]]:
        """Return the rows of a query on a dataset, which must succeed."""
        answer = self.query(dataset, **query)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["result"][0]["data"]
        return rows


@pytest.fixture(scope="session")
def description() -> Description:
    return load_description()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """Return a data root with two published months at a hundredth of the city."""
    if not ENVIRONMENT.exists():
        pytest.skip("Superset is not installed → make superset-install")
    data = DataRoot(tmp_path_factory.mktemp("superset") / "data")
    data.root.mkdir(mode=0o700)
    return published_year(Systems(WORLD), tmp_path_factory.mktemp("simulator_superset"), data, Faults(FAULTS))


@pytest.fixture(scope="session")
def superset(world: DataRoot) -> Iterator[Superset]:
    """Run `make superset`; interrupt it at the end as with Ctrl-C."""
    environment = os.environ | {"WANGJIAN_DATA": str(world.root), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "wangjian.serving.superset"]
    process = subprocess.Popen(
        command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        address, password = _login(process)
        yield Superset(address, password, world)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
        assert _left(process.pid) == [], "processes of the server are still there"
    finally:
        if _left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def _login(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the address and the password that the server prints for people."""
    assert process.stdout
    watchdog = threading.Timer(300, process.kill)
    watchdog.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            watchdog.cancel()
            output = "".join(lines)
            address = re.search(r"address +(http://127\.0\.0\.1:\d+)", output)
            login = re.search(r"login +admin / (\S+)", output)
            assert address and login, output
            return address[1], login[1]
    raise AssertionError(f"Superset did not start: {''.join(lines)}")


def _left(session: int) -> list[int]:
    numbers = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [number for number in numbers if start_time(number) and _session(number) == session]


def _session(number: int) -> int | None:
    try:
        return os.getsid(number)
    except ProcessLookupError:
        return None


@pytest.fixture(scope="session")
def dataset_ids(superset: Superset) -> dict[str, int]:
    return {dataset["table_name"]: dataset["id"] for dataset in superset.admin.list("dataset")}


@pytest.fixture(scope="session")
def chart_ids(superset: Superset, description: Description) -> dict[str, int]:
    """Return the IDs of the charts in Superset by their names in the description."""
    by_title = {chart["slice_name"]: chart["id"] for chart in superset.admin.list("chart")}
    return {name: by_title[chart.zh] for name, chart in description.charts.items()}


Publish = Callable[[int], None]


@pytest.fixture
def publish_another(world: DataRoot) -> Publish:
    """Return a function that changes one published figure in the warehouse, passes the gate and publishes."""
    from wangjian.publishing import publish
    from wangjian.state import Verdict, record_build, record_verdict

    def publish_with(value: int) -> None:
        with duckdb.connect(str(world.warehouse)) as connection:
            query = "update reports.rpt_published_figures set warehouse_value = ? where figure_code = 'cases_filed'"
            connection.execute(query, [value])
        build = record_build(world, "run")
        verdict = Verdict(
            run_id="run", build_id=build.build_id, passed=True, check_count=1, critical_failure_count=0, warning_count=0
        )
        record_verdict(world, verdict)
        assert publish(world).is_new

    return publish_with
