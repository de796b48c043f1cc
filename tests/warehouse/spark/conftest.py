"""Fixtures: one small world with faults, and a Spark with two workers that builds it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invariants.conftest import Landed, landed
from support.required import cannot_run
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.warehouse.spark.cluster import LocalSpark, local_spark, spark_home

__all__ = ["landed"]

VENV = PROJECT_ROOT / ".venv-spark"
_ASK = Path(__file__).parents[2] / "support" / "ask_spark.py"
_LEAST_MEMORY_GB = 6


def _missing() -> str | None:
    """Return why Spark cannot run here; null where it can."""
    try:
        spark_home(VENV)
    except Exception as error:
        return str(error)
    free = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvail" in line)
    if free < _LEAST_MEMORY_GB * 1024 * 1024:
        return f"Spark needs {_LEAST_MEMORY_GB} GB of memory, and {free / 1024 / 1024:.1f} GB are free"
    return None


@pytest.fixture(scope="session", autouse=True)
def _spark_can_run() -> None:
    if reason := _missing():
        cannot_run("spark", f"NOT PROVEN: that Spark and DuckDB build the same warehouse: {reason}")


@dataclass(frozen=True)
class Running:
    """A running Spark, and its folder."""

    spark: LocalSpark
    folder: Path

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    def log(self, process: str, last: int | None = None) -> str:
        """Return the log of a process, or the last bytes of it."""
        with (self.folder / "work" / f"{process}.log").open("rb") as file:
            file.seek(-min(last, file.seek(0, os.SEEK_END)) if last else 0, os.SEEK_END if last else os.SEEK_SET)
            return file.read().decode("utf-8", errors="replace")

    def use(self, patch: pytest.MonkeyPatch) -> None:
        """Make builds of this process use this Spark."""
        patch.setenv("WANGJIAN_ENGINE", "spark")
        patch.setenv("WANGJIAN_SPARK_SERVER", f"127.0.0.1:{self.spark.port}")
        patch.setenv("WANGJIAN_SPARK_TABLES", str(self.tables))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("spark")
    with local_spark(VENV, folder / "work", folder / "tables") as spark:
        yield Running(spark, folder)


@pytest.fixture(scope="session")
def by_duckdb(landed: Landed, tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The twenty days with faults that the slow tests share, built by DuckDB."""
    return DataRoot(shutil.copytree(landed.data.root, tmp_path_factory.mktemp("by_duckdb") / "data"))


def asked(port: int, *statements: str) -> list[list[Any]]:
    """Run statements on the Thrift server at a port; return the rows of the last one."""
    done = subprocess.run(
        [VENV / "bin" / "python", _ASK, str(port)],
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows
