"""Open the warehouse's file in one Wangjian process at a time; name any other program that has it open."""

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
    """Hold the warehouse's lock while the block opens the file; wait for a running build, check or publication.

    Args:
        data: the data root.
        doing: the work of the block, as in "cannot …".

    Raises:
        Busy: a program that does not take Wangjian's locks, such as a person's DuckDB, has the file open.
    """
    with warehouse_lock(data, doing):
        try:
            yield
        except duckdb.IOException as error:
            raise_if_open_elsewhere(data.warehouse, doing, str(error))
            raise


def raise_if_open_elsewhere(warehouse: Path, doing: str, message: str) -> None:
    """Raise a clear error where DuckDB's message says that the file is locked.

    Args:
        warehouse: the warehouse's file.
        doing: the work that failed, as in "cannot …".
        message: the message of DuckDB, or of dbt that quotes it.

    Raises:
        Busy: DuckDB could not lock the file.
    """
    if match := _CONFLICT.search(message):
        raise Busy(
            f"cannot {doing}: another program has the warehouse open",
            file=warehouse,
            program=match["program"],
            process=match["pid"],
            fix="close it there; to read, open published/warehouse.duckdb, which blocks nobody",
        ) from None
