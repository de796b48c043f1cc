"""Import Great Expectations once, and run the gate once for each world, for all tests of a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from worlds import ACCOUNTS, BAD, GOOD

from wangjian.core.errors import ChecksFailed
from wangjian.core.paths import DataRoot
from wangjian.quality import check
from wangjian.state import CheckResult, check_results, record_build

MakeWarehouse = Callable[[Path, str], DataRoot]


@pytest.fixture(scope="session")
def make_warehouse() -> MakeWarehouse:
    """Make a finished build from SQL."""

    def make(root: Path, sql: str) -> DataRoot:
        root.mkdir(parents=True, exist_ok=True)
        data = DataRoot(root)
        with duckdb.connect(str(data.warehouse)) as connection:
            connection.execute(ACCOUNTS)
            connection.execute(sql)
        record_build(data, "build")
        return data

    return make


def _checked(data: DataRoot) -> DataRoot:
    try:
        check(data, "run1")
    except ChecksFailed as error:
        (data.root / "error.txt").write_text(str(error), encoding="utf-8")
    return data


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory, make_warehouse: MakeWarehouse) -> DataRoot:
    return _checked(make_warehouse(tmp_path_factory.mktemp("good"), GOOD))


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory, make_warehouse: MakeWarehouse) -> DataRoot:
    return _checked(make_warehouse(tmp_path_factory.mktemp("bad"), GOOD + BAD))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory, make_warehouse: MakeWarehouse) -> DataRoot:
    data = make_warehouse(tmp_path_factory.mktemp("empty"), GOOD)
    with duckdb.connect(str(data.warehouse)) as connection:
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        for (table,) in tables:
            # The leads were handed over nevertheless.
            rest = " where source <> 'third_party'" if table.endswith(".int_audit__export_status") else ""
            connection.execute(f"delete from {table}{rest}")
    record_build(data, "build")
    return _checked(data)


@pytest.fixture(scope="session")
def results_of() -> Callable[[DataRoot], dict[str, CheckResult]]:
    """Return the results of a checked world by rule."""
    return lambda data: {result.rule: result for result in check_results(data, "run1") if result.check_kind == "gx"}
