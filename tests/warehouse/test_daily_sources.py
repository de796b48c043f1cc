"""The models that name the daily sources agree with the contracts. They cannot derive them: dbt's unit tests have no graph."""

from __future__ import annotations

import re

import pytest

from wangjian.core.paths import DBT_PROJECT
from wangjian.ingestion.sources.contract import is_daily
from wangjian.ingestion.sources.registry import load_registry


@pytest.mark.parametrize("model", ["intermediate/int_as_of.sql", "reports/rpt_monthly_bulletin.sql"])
def test_a_model_names_the_daily_sources_of_the_contracts(model: str) -> None:
    text = (DBT_PROJECT / "models" / model).read_text(encoding="utf-8")
    (named,) = re.findall(r"where counts and source in \(([^)]*)\)", text)
    assert re.findall(r"'(\w+)'", named) == [source for source in load_registry() if is_daily(source)]
