"""Every published table has a page, and every example query on it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.orchestration import pipeline
from wangjian.warehouse.labels import load_labels

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


def test_the_models_page_needs_no_network_and_knows_the_labels(year_2024: DataRoot) -> None:
    page = pipeline.docs(year_2024).read_text(encoding="utf-8")
    assert "INLINE DATA" not in page
    manifest = json.JSONDecoder().raw_decode(page, page.index('{"metadata": {"dbt_schema_version"'))[0]
    columns = manifest["nodes"]["model.wangjian.fct_lead"]["columns"]
    assert columns["lead_key"]["description"] == load_labels().described("fct_lead", "lead_key")
    assert all(column["description"].endswith((" Internal]", " Public]", " Sensitive]")) for column in columns.values())
