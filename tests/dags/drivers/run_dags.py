"""Run DAGs in order with `dag.test()`, and write how each task ended."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

from wangjian.warehouse.dbt import DUCKDB


def run(bag: DagBag, dag_id: str, conf: dict[str, Any]) -> dict[str, str]:
    finished = None
    # `dag.test` may raise what a task raised: the state of the task says it too, and the test asserts the state
    with contextlib.suppress(Exception):
        finished = bag.dags[dag_id].test(run_conf=conf, logical_date=None)
    assert finished is not None, f"{dag_id} did not run"
    tasks = {
        task.task_id + (f"[{task.map_index}]" if task.map_index >= 0 else ""): task.state
        for task in finished.get_task_instances()
    }
    return {"": str(finished.state)} | {name: str(state) for name, state in tasks.items()}


def main() -> None:
    DUCKDB.__dict__["command"] = tuple(json.loads(os.environ["DBT_COMMAND"]))
    bag = DagBag()
    assert not bag.import_errors, bag.import_errors
    runs = [run(bag, dag_id, conf) for dag_id, conf in json.loads(sys.argv[2])]
    Path(sys.argv[1]).write_text(json.dumps(runs))


main()
