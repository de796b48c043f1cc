"""Every published table has a page, and every example query on it runs."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from wangjian.paths import PROJECT_ROOT

pytestmark = pytest.mark.slow

PAGES = sorted((PROJECT_ROOT / "docs" / "model" / "tables").glob("*.md"))


def test_every_mart_and_report_has_a_page(published: duckdb.DuckDBPyConnection) -> None:
    tables = published.execute(
        "select table_name from duckdb_tables() where schema_name in ('marts', 'reports')"
    ).fetchall()
    assert {page.stem for page in PAGES} == {table for (table,) in tables}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_query_runs(published: duckdb.DuckDBPyConnection, page: Path) -> None:
    queries = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert queries
    for query in queries:
        assert published.execute(query).description
