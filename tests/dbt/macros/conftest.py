"""Fixtures: the project's SQL macros, rendered as dbt renders them for DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from wangjian.warehouse import hosts
from wangjian.warehouse.macros import Macro, rendered_macros


@pytest.fixture(scope="session")
def macro() -> Macro:
    """A function that renders a macro: `macro("uscc_is_valid", "code")` returns SQL about the column `code`."""
    return rendered_macros()


@pytest.fixture(scope="session")
def evaluate(macro: Macro) -> Callable[..., Any]:
    """A function that returns the values of a macro for some texts, in their order."""
    connection = duckdb.connect()
    hosts.register(connection)

    def run(name: str, texts: list[str | None]) -> list[Any]:
        sql = f"select {macro(name, 'given.text')} from unnest($1::varchar[]) with ordinality as given (text, place) order by place"
        return [value for (value,) in connection.execute(sql, [texts]).fetchall()]

    return run
