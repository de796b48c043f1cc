"""dbt in a process of its own: `python -m wangjian.warehouse.dbt_process build …`."""

from __future__ import annotations

import sys

# DuckDB imports pandas, where it is there, to bind a parameter or to take a value from a function: a second for nothing
sys.modules["pandas"] = None  # type: ignore[assignment]

from dbt.cli.main import cli  # noqa: E402

if __name__ == "__main__":
    cli()
