"""This version continues an older version's data root, and the older version continues this one's: `make upgrade-test FROM=…`.

The default is the newest tag.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from wangjian.core.paths import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SOURCES = ("five_level", "jiangxi", "third_party")
TO_READERS = (("build",), ("check",), ("publish",))
OLD_DAYS, NEW_DAY, BACK_DAY = ("2023-01-29", "2023-02-01"), "2023-02-02", "2023-02-03"

CHANGED_ON_PURPOSE: dict[str, str] = {}
"""Tables (or table.column) whose rows this version changes for the same landed files, with the reason; emptied at each release."""


@dataclass(frozen=True)
class Version:
    """One version of the project, and the Python in which it is installed."""

    project: Path
    python: Path

    def run(self, data: Path, connections: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        # without the variables of this test run: they would lead the older version to this version's code and data
        bare = {
            name: value for name, value in os.environ.items() if not name.startswith(("WANGJIAN", "PYTEST", "PYTHON"))
        }
        place = {"WANGJIAN_DATA": str(data), "PYTHONPATH": str(self.project / "include")}
        path = {"PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}
        command = [str(self.python), "-m", "wangjian", *arguments]
        environment = bare | connections | place | path
        return subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)

    def day(self, data: Path, connections: dict[str, str], first: str, last: str | None = None) -> None:
        """Do a daily run: fetch, parse, build, check, publish."""
        fetch = [("ingest", source, "--from", first, "--to", last or first) for source in SOURCES]
        self.steps(data, connections, *fetch, *(("parse", source) for source in SOURCES), *TO_READERS)

    def steps(self, data: Path, connections: dict[str, str], *steps: tuple[str, ...]) -> None:
        for step in steps:
            done = self.run(data, connections, *step)
            assert done.returncode == 0, f"{self.project.name}: {' '.join(step)}\n{done.stdout}{done.stderr}"


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(PROJECT_ROOT), *arguments], stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(scope="module")
def reference() -> str:
    if wanted := os.environ.get("UPGRADE_FROM"):
        return wanted
    try:
        tags = git("tag", "--list", "v*", "--sort=-version:refname").decode().split()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("NO UPGRADE TRIED: this is not a clone of the project")
    if not tags:
        pytest.skip("NO UPGRADE TRIED: no version is tagged yet; make upgrade-test FROM=<commit>")
    return tags[0]


@pytest.fixture(scope="module")
def old(reference: str, tmp_path_factory: pytest.TempPathFactory) -> Version:
    """Return the older version, installed with the packages of its own lock."""
    project = tmp_path_factory.mktemp("old") / "project"
    with tarfile.open(fileobj=io.BytesIO(git("archive", reference))) as tar:
        tar.extractall(project, filter="data")
    environment = project / ".venv"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", project / "requirements" / "dev.lock"]
    subprocess.run(sync, env=os.environ | {"VIRTUAL_ENV": str(environment)}, check=True)
    return Version(project, environment / "bin" / "python")


@pytest.fixture(scope="module")
def new() -> Version:
    return Version(PROJECT_ROOT, Path(sys.executable))


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    scenario = Scenario(seed=11, scale=0.005, start=date(2023, 1, 1), end=date(2023, 2, 28))
    with served(Systems(scenario), tmp_path_factory.mktemp("simulator")) as systems:
        yield systems.connections


@dataclass(frozen=True)
class Table:
    """The columns and rows of a published table."""

    columns: list[str]
    rows: list[tuple[object, ...]]

    def over(self, columns: list[str]) -> Counter[str]:
        """Return the values of some columns with the number of rows that have them, in any order."""
        places = [self.columns.index(column) for column in columns]
        return Counter(repr(tuple(row[place] for place in places)) for row in self.rows)


def published(data: Path) -> dict[str, Table]:
    """Return the published tables without the one whose rows depend on each publication."""
    names = """
        select table_schema || '.' || table_name from information_schema.tables
        where table_schema in ('marts', 'reports') and table_name <> 'rpt_kpi_restatement' order by all
    """
    with duckdb.connect(str(data / "published" / "warehouse.duckdb"), read_only=True) as connection:
        relations = {name: connection.sql(f"from {name}") for (name,) in connection.execute(names).fetchall()}
        return {name: Table(relation.columns, relation.fetchall()) for name, relation in relations.items()}


def differences(before: dict[str, Table], after: dict[str, Table]) -> dict[str, str]:
    """Return how the earlier tables differ, by table, over the columns that both have; also tables and columns that are gone."""
    changes = dict.fromkeys(before.keys() - after.keys(), "is gone")
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        changes |= {f"{name}.{column}": "is gone" for column in one.columns if column not in other.columns}
        common = [column for column in one.columns if column in other.columns]
        left, right = one.over(common), other.over(common)
        if left != right:
            changes[name] = (
                f"{len(one.rows)} and {len(other.rows)} rows; {list(left - right)[:1]} became {list(right - left)[:1]}"
            )
    return {name: how for name, how in changes.items() if name not in CHANGED_ON_PURPOSE}


def test_up_and_back(
    old: Version,
    new: Version,
    reference: str,
    connections: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "data"
    old.day(data, connections, *OLD_DAYS)
    under_old = published(data)

    # upgrade: this version reads the state, and makes the same tables from the landed files
    assert as_of(new, data) == OLD_DAYS[1]
    new.steps(data, connections, *(("parse", source) for source in SOURCES), *TO_READERS)
    changed = differences(under_old, published(data))
    with capsys.disabled():
        print(
            f"\nfrom {reference}: {len(under_old)} tables; rows that changed:",
            *(changed.items() or ["none"]),
            sep="\n  ",
        )
    if reference.startswith("v"):
        assert changed == {}, "a release says in CHANGED_ON_PURPOSE whose figures it changes"
    new.day(data, connections, NEW_DAY)
    assert as_of(new, data) == NEW_DAY

    # rollback: the older version continues, or says what to do
    assert as_of(old, data) == NEW_DAY
    how = go_back(old, data, connections)
    with capsys.disabled():
        print(f"back to {reference}: {how}")
    assert as_of(old, data) == BACK_DAY

    # upgrade again: the tables must depend on the landed files only, not on the versions that ran before
    new.day(data, connections, BACK_DAY)
    alone = tmp_path / "alone"
    new.day(alone, connections, OLD_DAYS[0], BACK_DAY)
    assert differences(published(alone), published(data)) == {}


def as_of(version: Version, data: Path) -> str:
    """Return the date of the publication as a version's `status` reports it."""
    status = version.run(data, {}, "status", "--json")
    assert status.returncode == 0, status.stderr
    date_shown: str = json.loads(status.stdout)["publication"]["as_of"]
    return date_shown


def go_back(old: Version, data: Path, connections: dict[str, str]) -> str:
    """Do the older version's daily run and return how it went; if the newer warehouse stops it, `rebuild` makes its own."""
    try:
        old.day(data, connections, BACK_DAY)
    except AssertionError as failure:
        old.steps(data, connections, ("rebuild",))
        return f"after `wangjian rebuild`, because {str(failure).strip()}"
    return "its next daily run succeeded"
