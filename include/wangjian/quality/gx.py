"""Make Great Expectations work with DuckDB. This is the only module that uses its private names.

Without it every expectation fails on DuckDB with `list index out of range`: GX closes the connection before it fetches the rows
(https://github.com/fivetran/great_expectations/issues/10738). GX keeps the connection open for the dialects in a private tuple, and this
module adds `duckdb` to it. `tests/quality/test_gx.py` fails when upstream no longer needs that.
"""

from __future__ import annotations

import importlib
import logging
import os
from enum import Enum
from functools import cache
from types import ModuleType
from typing import Any

from wangjian.core.skipped_imports import skip_unused_imports

EXAMPLES = 5
"""The number of failing rows that the report shows. More would fill the report without explaining more."""

_ENGINE = "great_expectations.execution_engine.sqlalchemy_execution_engine"


class _Dialect(str, Enum):  # noqa: UP042  GX compares it with a plain string and asks for its `value`
    DUCKDB = "duckdb"


def great_expectations() -> ModuleType:
    """Import Great Expectations without its log lines and telemetry, and adapt it to DuckDB. The first import takes several seconds.

    Returns:
        The package.
    """
    # Before the import, which reads it: a bureau's warehouse must not report to an outside host.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # It logs a hundred lines in each run that help no user, most of them during the import.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    # The JSON schemas load a grammar of web addresses, which costs most of a second, and no schema contains an address.
    skip_unused_imports("rfc3987_syntax")
    package = importlib.import_module("great_expectations")
    engine: Any = importlib.import_module(_ENGINE)
    if "duckdb" not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS += (_Dialect.DUCKDB,)
    return package


@cache
def rows_expectation() -> Any:
    """Return the class of the expectation that a query returns no rows, which reports the first `EXAMPLES` rows.

    GX's own class reports either no row at all or two hundred.

    Returns:
        The class.
    """
    package = great_expectations()
    base: Any = package.expectations.UnexpectedRowsExpectation

    class RowsExpectation(base):  # type: ignore[misc]
        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> Any:
            result = super()._validate(metrics, {"result_format": "COMPLETE"}, execution_engine)
            details = result["result"]["details"]
            details["unexpected_rows"] = [dict(row) for row in details["unexpected_rows"][:EXAMPLES]]
            return result

    return RowsExpectation
