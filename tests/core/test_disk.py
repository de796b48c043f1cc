"""A disk error becomes one clear message, whether Python, DuckDB or a cause further down reports it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb
import pytest

from wangjian.core.disk import disk_trouble, disk_trouble_in_text
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.state import record_run, runs


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_an_error_of_the_system_names_the_file_and_the_fix(number: int) -> None:
    error = disk_trouble(OSError(number, os.strerror(number), "/data/raw/x.parquet"))
    assert error and error.exit_code == 1
    assert os.strerror(number) in str(error) and "file=/data/raw/x.parquet" in str(error) and "→" in str(error)


def test_a_message_of_duckdb_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with duckdb.connect() as connection, pytest.raises(duckdb.IOException) as caught:
        # not even root can make a file here
        connection.execute("attach '/proc/none/x.duckdb'")
    assert disk_trouble(caught.value) is None
    words = 'Could not write file "/data/warehouse.duckdb.wal": No space left on device'
    error = disk_trouble(duckdb.IOException(words))
    assert error and error.where["file"] == "/data/warehouse.duckdb.wal"


def test_a_cause_counts_and_wangjians_own_errors_stay() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as cause:
            raise RuntimeError("the site could not be written") from cause
    except RuntimeError as error:
        assert disk_trouble(error)
    assert disk_trouble(BadArguments("No space left on device")) is None
    assert disk_trouble(ValueError("x")) is None
    assert disk_trouble_in_text("all is well") is None


def test_the_run_log_has_the_message_too(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    with pytest.raises(OSError, match="full"), record_run(data, "parse"):
        raise OSError(errno.ENOSPC, "full")
    (run,) = runs(data)
    assert run.outcome == "failed" and "free disk space" in (run.message or "")
