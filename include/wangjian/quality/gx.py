"""Great Expectations, made to work with DuckDB: the one place that reaches into its insides.

Out of the box each expectation fails on DuckDB with `list index out of range`: GX closes the connection before it
fetches (https://github.com/fivetran/great_expectations/issues/10738). GX keeps the connection open for dialects of a
private tuple; `duckdb` belongs there. `tests/quality/test_gx.py` fails once upstream needs this no more.
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
"""So many rows tell what is wrong; more would only fill the report."""

_ENGINE = "great_expectations.execution_engine.sqlalchemy_execution_engine"


class _Dialect(str, Enum):  # noqa: UP042  GX compares it with a plain string and asks for its `value`
    DUCKDB = "duckdb"


def great_expectations() -> ModuleType:
    """Import Great Expectations: silent, without telemetry, fit for DuckDB. Takes several seconds the first time.

    Returns:
        The package.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # a hundred lines a run that tell a user nothing, most of them while it is imported
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    # JSON schemas would load a grammar of addresses, in which no schema has any: most of a second
    skip_unused_imports("rfc3987_syntax")
    package = importlib.import_module("great_expectations")
    engine: Any = importlib.import_module(_ENGINE)
    if "duckdb" not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS += (_Dialect.DUCKDB,)
    return package


@cache
def rows_expectation() -> Any:
    """The expectation that a query finds no rows, telling the first few that it finds.

    Returns:
        A class: GX's own gives either no row at all or two hundred of them.
    """
    package = great_expectations()
    base: Any = package.expectations.UnexpectedRowsExpectation

    class RowsExpectation(base):  # type: ignore[misc]
        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> Any:
            found = super()._validate(metrics, {"result_format": "COMPLETE"}, execution_engine)
            details = found["result"]["details"]
            details["unexpected_rows"] = [dict(row) for row in details["unexpected_rows"][:EXAMPLES]]
            return found

    return RowsExpectation
