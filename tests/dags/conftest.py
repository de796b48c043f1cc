"""One Airflow home and metadata database for the session. Airflow runs in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wangjian.warehouse.dbt import DUCKDB

DRIVERS = Path(__file__).parent / "drivers"
DAGS = Path(__file__).parents[2] / "dags"

Drive = Callable[..., Any]


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("airflow")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        # the drivers build as this process does
        "DBT_COMMAND": json.dumps(DUCKDB.command),
    }
    environment.pop("WANGJIAN_SCHEDULE_UNTIL", None)
    return environment


@pytest.fixture(scope="session")
def drive(airflow_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """Return a function that runs a script of `drivers/` with Airflow and returns the JSON that it writes."""

    def run(script: str, *arguments: object, **variables: str) -> Any:
        answer = tmp_path_factory.mktemp("answer") / "answer.json"
        command = [sys.executable, str(DRIVERS / script), str(answer), *(json.dumps(value) for value in arguments)]
        done = subprocess.run(
            command, env=airflow_environment | variables, capture_output=True, text=True, timeout=800, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return json.loads(answer.read_text())

    return run


@pytest.fixture(scope="session")
def metadata(airflow_environment: dict[str, str]) -> None:
    """Create the metadata database of the session."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=airflow_environment, check=True, capture_output=True)
