"""The rules of the model are dbt unit tests: this runs all of them, and lists a failure for each broken rule."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from wangjian.core.paths import DBT_PROJECT


def test_no_column_that_people_read_is_wider_than_its_numbers() -> None:
    """No published column is as wide as a sum without a cast.

    DuckDB takes sixty times as long to read such a column, and other programs receive it as a text.
    """
    types = {
        f"{model['name']}.{column['name']}": column["data_type"]
        for path in (DBT_PROJECT / "models").rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or ()
        for column in model.get("columns") or ()
        if "data_type" in column
    }
    assert types["row_balance.rows_loaded"] == "bigint"
    assert [name for name, data_type in types.items() if data_type == "hugeint"] == []


@pytest.mark.everyday
@pytest.mark.slow
def test_every_unit_test_of_an_sql_rule_passes(tmp_path: Path) -> None:
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(tmp_path)]
    command = [
        sys.executable,
        "-m",
        "dbt.cli.main",
        "--log-path",
        str(tmp_path),
        "test",
        "-s",
        "test_type:unit",
        *places,
    ]
    environment = {**os.environ, "WANGJIAN_DATA": str(tmp_path)}
    # the fixtures read the reviewed seeds by a path relative to the project
    subprocess.run(command, cwd=DBT_PROJECT, env=environment, capture_output=True, check=False)
    results = json.loads((tmp_path / "run_results.json").read_text())["results"]
    assert len(results) >= 28
    # hooks that run before the models are results too, but not tests
    assert {
        result["unique_id"]: result["message"] for result in results if result["status"] not in ("pass", "success")
    } == {}
