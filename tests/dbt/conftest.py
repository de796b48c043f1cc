"""The published year, open for questions."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from wangjian.core.paths import DataRoot


@pytest.fixture
def published(year_2024: DataRoot) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(year_2024.published / "warehouse.duckdb"), read_only=True) as connection:
        yield connection
