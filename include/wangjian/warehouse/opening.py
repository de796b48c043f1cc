"""The warehouse's file: one process of ours at a time has it open; who else has is told by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from wangjian.core.errors import Busy
from wangjian.core.locks import warehouse_lock
from wangjian.core.paths import DataRoot

_CONFLICT = re.compile(r"Could not set lock on file.*?(?:held in (?P<program>.+?) \(PID (?P<pid>\d+)\)|$)", re.DOTALL)


@contextmanager
def warehouse_open(data: DataRoot, doing: str) -> Iterator[None]:
    """Keep the warehouse to this process while the block opens its file; waits for a build, a check or a publication.

    Args:
        data: the data root.
        doing: what is about to be done, as in "cannot …".

    Raises:
        Busy: a process that does not ask for our locks, such as a person's DuckDB, has the file open.
    """
    with warehouse_lock(data, doing):
        try:
            yield
        except duckdb.IOException as error:
            raise_if_open_elsewhere(data.warehouse, doing, str(error))
            raise


def raise_if_open_elsewhere(warehouse: Path, doing: str, message: str) -> None:
    """Tell a person what DuckDB means when it cannot lock the file.

    Args:
        warehouse: its file.
        doing: what could not be done.
        message: what DuckDB, or dbt in its name, said.

    Raises:
        Busy: it could not lock the file.
    """
    if found := _CONFLICT.search(message):
        raise Busy(
            f"cannot {doing}: another program has the warehouse open",
            file=warehouse,
            program=found["program"],
            process=found["pid"],
            fix="close it there; to read, open published/warehouse.duckdb, which blocks nobody",
        ) from None
