"""What names a row of each model: the `grain` test in the model's own YAML."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from wangjian.core.paths import DBT_PROJECT


def key_of(table: str) -> tuple[str, ...]:
    """Return the columns that name a row of a table; empty where its YAML tests no grain."""
    return _grains().get(table, ())


@cache
def _grains() -> dict[str, tuple[str, ...]]:
    paths = sorted((DBT_PROJECT / "models").rglob("*.yml"))
    return {
        model["name"]: tuple(test["grain"]["arguments"]["key"])
        for path in paths
        for model in _models(path)
        for test in model.get("data_tests") or ()
        if isinstance(test, dict) and "grain" in test
    }


def _models(path: Path) -> list[dict[str, Any]]:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models") or []
