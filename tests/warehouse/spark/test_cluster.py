"""A Spark that a build starts leaves no process, even when the build is killed, and no rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wangjian.core.paths import DataRoot
from wangjian.warehouse.spark.build import _server
from wangjian.warehouse.spark.settings import spark_settings
from warehouse.spark.conftest import VENV, asked

pytestmark = [pytest.mark.world("spark", minutes=8), pytest.mark.slow, pytest.mark.timeout(900)]

# a process that starts Spark and is killed, so that it cannot stop Spark itself
STARTS = """
import sys, time
from pathlib import Path
from wangjian.warehouse.spark.cluster import Size, local_spark
venv, folder = Path(sys.argv[1]), Path(sys.argv[2])
with local_spark(venv, folder / "work", folder / "tables", Size(workers=1)) as spark:
    print(*(process.pid for process in spark.processes.values()), flush=True)
    time.sleep(600)
"""


def test_after_a_build_its_spark_and_its_tables_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataRoot(tmp_path)
    monkeypatch.delenv("WANGJIAN_SPARK_SERVER", raising=False)
    monkeypatch.setenv("WANGJIAN_SPARK_VENV", str(VENV))
    monkeypatch.setenv("WANGJIAN_SPARK_WORKERS", "1")
    settings = spark_settings(data)
    with _server(data, settings) as (_, port):
        assert asked(port, "create table kept as select 7 as days", "select days from kept") == [[7]]
        assert list(Path(settings.tables).rglob("*.parquet"))
    assert list(tmp_path.rglob("*.parquet")) == []
    assert (tmp_path / "scratch" / "spark" / "thrift.log").exists(), "the logs stay"
    with pytest.raises(AssertionError, match=r"Could not connect|refused"):
        asked(port, "select 1")


def test_spark_ends_with_a_killed_build(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS, str(VENV), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as build:
        assert build.stdout is not None
        processes = [int(word) for word in build.stdout.readline().split()]
        assert len(processes) == 3 and all(_runs(process) for process in processes)
        processes += _executors(processes[1])
        build.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while time.monotonic() < until and any(map(_runs, processes)):
        time.sleep(0.2)
    assert [process for process in processes if _runs(process)] == []


def _executors(worker: int) -> list[int]:
    """Return the processes that a worker has started; wait until there is one."""
    until = time.monotonic() + 60
    executors: list[int] = []
    while time.monotonic() < until and not executors:
        # the parent is a thread of the worker, so the children are listed by thread
        places = Path(f"/proc/{worker}/task").glob("*/children")
        executors = [int(word) for place in places for word in place.read_text().split()]
        time.sleep(0.2)
    assert executors, "the worker started no executor"
    return executors


def _runs(process: int) -> bool:
    try:
        # a process that ended stays as a zombie until its parent asks for its exit code
        return "zombie" not in Path(f"/proc/{process}/status").read_text() and not os.kill(process, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
