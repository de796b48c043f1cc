"""dbt in a process of its own: `python -m wangjian.warehouse.dbt_process build …`."""

from __future__ import annotations

from wangjian.core.skipped_imports import skip_unused_imports

# DuckDB imports pandas to bind a parameter or to take a value from a function, and JSON schemas a grammar of addresses in
# which no schema here has any: more than a second at each start
skip_unused_imports("pandas", "rfc3987_syntax")

from dbt.cli.main import cli  # noqa: E402

if __name__ == "__main__":
    cli()
