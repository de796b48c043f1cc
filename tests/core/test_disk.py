"""Trouble with the disk is told in one clear sentence, whoever met it."""

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
def test_the_systems_error_names_the_file_and_the_fix(number: int) -> None:
    told = disk_trouble(OSError(number, os.strerror(number), "/data/raw/x.parquet"))
    assert told and told.exit_code == 1
    assert os.strerror(number) in str(told) and "file=/data/raw/x.parquet" in str(told) and "→" in str(told)


def test_duckdbs_own_words_are_understood(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with duckdb.connect() as connection, pytest.raises(duckdb.IOException) as caught:
        # no file can be made here, by root neither
        connection.execute("attach '/proc/none/x.duckdb'")
    assert disk_trouble(caught.value) is None
    words = 'Could not write file "/data/warehouse.duckdb.wal": No space left on device'
    told = disk_trouble(duckdb.IOException(words))
    assert told and told.where["file"] == "/data/warehouse.duckdb.wal"


def test_a_cause_counts_and_our_own_errors_stay() -> None:
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


def test_the_run_log_says_it_too(tmp_path: Path) -> None:
    data = DataRoot(tmp_path)
    with pytest.raises(OSError, match="full"), record_run(data, "parse"):
        raise OSError(errno.ENOSPC, "full")
    (run,) = runs(data)
    assert run.outcome == "failed" and "free disk space" in (run.message or "")
