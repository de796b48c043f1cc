"""The shim for Great Expectations works, and a test fails when upstream no longer needs it."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

from wangjian.core.paths import DataRoot
from wangjian.quality.gx import great_expectations

ENGINE = "great_expectations.execution_engine.sqlalchemy_execution_engine"


def validate(data: DataRoot) -> Any:
    gx = great_expectations()
    source = gx.get_context(mode="ephemeral").data_sources.add_sql(
        "w", connection_string=f"duckdb:///{data.warehouse}", kwargs={"connect_args": {"read_only": True}}
    )
    batch = source.add_query_asset("t", "select 1 as a").add_batch_definition_whole_table("b").get_batch()
    return batch.validate(gx.expectations.ExpectColumnMaxToBeBetween(column="a", max_value=1))


def test_upstream_still_needs_the_shim(good: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    great_expectations()
    engine: Any = importlib.import_module(ENGINE)
    unshimmed = tuple(name for name in engine._PERSISTED_CONNECTION_DIALECTS if name != "duckdb")
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", unshimmed)
    monkeypatch.setattr("wangjian.quality.gx.importlib.import_module", _without_shim(engine))
    outcome = validate(good)
    assert "list index out of range" in str(outcome.exception_info), (
        "Great Expectations works with DuckDB by itself now: remove the shim from quality/gx.py"
    )


def _without_shim(engine: Any) -> Any:
    real = importlib.import_module

    class Pretended:
        _PERSISTED_CONNECTION_DIALECTS = ("duckdb",)

    return lambda name: Pretended if name == engine.__name__ else real(name)


def test_with_the_shim_it_works(good: DataRoot) -> None:
    assert validate(good).success


def test_the_shim_is_applied_once() -> None:
    great_expectations()
    great_expectations()
    engine: Any = importlib.import_module(ENGINE)
    assert list(engine._PERSISTED_CONNECTION_DIALECTS).count("duckdb") == 1


def test_telemetry_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "true")
    great_expectations()
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
