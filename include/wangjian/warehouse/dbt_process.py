"""The entry point of the process that runs dbt: `python -m wangjian.warehouse.dbt_process build …`."""

from __future__ import annotations

from wangjian.core.skipped_imports import skip_unused_imports

# DuckDB imports pandas to bind a parameter or to take a value from a function. jsonschema imports a grammar of addresses,
# which no schema here has. Without these imports each start is more than a second faster
skip_unused_imports("pandas", "rfc3987_syntax")

from dbt.cli.main import cli  # noqa: E402

if __name__ == "__main__":
    cli()
