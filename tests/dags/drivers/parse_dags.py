"""Import each DAG file as the DAG processor does; write its CPU time, the heavy libraries it loaded, and the DAGs."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable

HEAVY = ("duckdb", "dbt", "great_expectations", "pandas", "pyarrow", "openpyxl", "asyncssh", "httpx", "simulator")


def structure(dag: DAG) -> dict[str, Any]:
    tasks = {
        task.task_id: {
            "after": sorted(task.upstream_task_ids),
            "pool": task.pool,
            "queue": task.queue,
            "retries": task.retries,
            "trigger_rule": str(task.trigger_rule),
            "outlets": sorted(outlet.name for outlet in task.outlets),
            "tells_failure": bool(task.on_failure_callback),
        }
        for task in dag.tasks
    }
    timetable = dag.timetable
    cron = timetable.expression if isinstance(timetable, CronDataIntervalTimetable) else None
    return {
        "tasks": tasks,
        "cron": cron,
        "schedule": str(dag.schedule),
        "timezone": str(dag.timezone),
        "catchup": dag.catchup,
        "end_date": dag.end_date and str(dag.end_date),
        "max_active_runs": dag.max_active_runs,
        "timetable": type(timetable).__name__,
        "doc": dag.doc_md or "",
    }


def _dag_bag() -> Any:
    # loads more of Airflow than a DAG file may: after the measurement only
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    assert not bag.import_errors, bag.import_errors
    return bag


def main() -> None:
    result: dict[str, Any] = {"files": {}, "dags": {}}
    already = {name for name in HEAVY if name in sys.modules}
    for path in sorted(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).glob("*.py")):
        started = time.process_time()
        spec = importlib.util.spec_from_file_location(f"dag_file_{path.stem}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        result["files"][path.name] = time.process_time() - started
    result["heavy"] = sorted({name for name in HEAVY if name in sys.modules} - already)
    result["dags"] = {dag.dag_id: structure(dag) for dag in _dag_bag().dags.values()}
    Path(sys.argv[1]).write_text(json.dumps(result))


main()
