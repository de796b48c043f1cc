"""Record the statements that dbt sends to DuckDB, and replay them: a build without dbt's own seconds, for tests with a thousand builds.

Only an incremental build of a whole warehouse is recorded. Then every table exists, and no answer of DuckDB changes dbt's next statement.
The tests that replay also build with dbt itself from time to time, and compare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from wangjian.core.paths import DBT_PROJECT, DataRoot
from wangjian.warehouse.duckdb_functions import Plugin

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

LEFT_OUT = [f"--exclude-resource-type={kind}" for kind in ("seed", "test", "unit_test")]


def record(data: DataRoot) -> list[str]:
    """Build with dbt, one model after the other, and return the statements.

    dbt runs in a process of its own, because it would keep the file open.

    Args:
        data: a data root with a whole warehouse that the present SQL has made.

    Returns:
        The statements, in order.
    """
    environment = {**os.environ, "WANGJIAN_DATA": str(data.root), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    target = data.scratch / "recorded"
    subprocess.run([sys.executable, __file__, str(target)], env=environment, check=True)
    return list(json.loads((target / "statements.json").read_text()))


def replay(warehouse: Path, statements: list[str]) -> None:
    """Execute the statements in a warehouse at the same path."""
    with duckdb.connect(str(warehouse), config={"preserve_insertion_order": "false", "threads": "1"}) as connection:
        Plugin("functions", {}).configure_connection(connection)
        for statement in statements:
            connection.execute(statement)


def _record(target: Path) -> None:
    from dbt.cli.main import dbtRunner

    sent: list[str] = []

    def note(event: EventMsg) -> None:
        # dbt ends some transactions without an event, so transactions cannot be replayed: each statement is one of its own
        if event.info.name == "SQLQuery" and not event.data.sql.rstrip().endswith(("BEGIN", "COMMIT")):
            sent.append(event.data.sql)

    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    folders = ["--target-path", str(target), "--log-path", str(target), "--quiet"]
    done = dbtRunner(callbacks=[note]).invoke(["build", "--threads", "1", *LEFT_OUT, *places, *folders])
    assert done.success, done.exception
    (target / "statements.json").write_text(json.dumps(sent))


if __name__ == "__main__":
    _record(Path(sys.argv[1]))
