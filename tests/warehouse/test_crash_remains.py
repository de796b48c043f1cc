"""The next build removes what a crash left of the warehouse, and keeps a sound warehouse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from wangjian.core.errors import Busy
from wangjian.warehouse.build import _clear_crash_remains, forget_warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table one as select 1 as x")
    return path


def test_a_sound_warehouse_stays(warehouse: Path) -> None:
    before = warehouse.read_bytes()
    _clear_crash_remains(warehouse)
    assert warehouse.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 100, 4096, 9000])
def test_a_warehouse_that_cannot_be_opened_is_replaced(warehouse: Path, kept: int) -> None:
    warehouse.write_bytes(warehouse.read_bytes()[:kept])
    _clear_crash_remains(warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("from duckdb_tables()").fetchall() == []


def test_a_warehouse_with_a_torn_header_is_removed(warehouse: Path) -> None:
    content = bytearray(warehouse.read_bytes())
    for header in (4096, 8192):
        content[header + 16 : header + 40] = b"\xff" * 24
    warehouse.write_bytes(content)
    _clear_crash_remains(warehouse)
    assert not warehouse.exists()


SPILL = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("set memory_limit = '60MB'; set threads = 1")
answer = connection.execute("select * from range(20000000) t (i) order by hash(i)")
print(os.listdir(sys.argv[1] + ".tmp"), flush=True)
os.kill(os.getpid(), 9)
"""


def test_spilled_rows_are_removed(warehouse: Path) -> None:
    subprocess.run([sys.executable, "-c", SPILL, str(warehouse)], check=False, capture_output=True)
    assert list((warehouse.parent / "warehouse.duckdb.tmp").iterdir()), "DuckDB spilled no rows"
    _clear_crash_remains(warehouse)
    assert [path.name for path in warehouse.parent.iterdir()] == ["warehouse.duckdb"]


def test_a_warehouse_that_another_program_writes_to_stays(warehouse: Path) -> None:
    command = "import sys, duckdb; connection = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", command, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline()
        with pytest.raises(Busy, match="another program"):
            _clear_crash_remains(warehouse)
        process.communicate(b"\n")
    assert warehouse.exists()


def test_a_removed_warehouse_has_no_log_left(warehouse: Path) -> None:
    log = warehouse.with_name("warehouse.duckdb.wal")
    log.write_bytes(b"of the old file")
    forget_warehouse(warehouse)
    assert not log.exists() and not warehouse.exists()
