from pathlib import Path

import pytest

from wangjian.core import duckdb_memory
from wangjian.core.duckdb_memory import connect_beside


def test_rows_that_do_not_fit_into_memory_are_spilled_next_to_the_data_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    monkeypatch.setattr(duckdb_memory, "LIMIT", "60MB")
    with connect_beside(tmp_path / "raw" / "rows.parquet") as connection:
        connection.execute("set threads = 1")
        connection.execute("create table kept as select range as row_number, hash(range) as value from range(8000000)")
        spilled = [path for path in (tmp_path / "raw").iterdir() if any(path.iterdir())]
        assert connection.execute("select count(*), max(row_number) from kept").fetchone() == (8000000, 7999999)
    assert len(spilled) == 1 and spilled[0].name.startswith(".rows.parquet.") and spilled[0].suffix == ".tmp"
    assert not list((tmp_path / "raw").iterdir()) and not list(working.iterdir())
