"""Run one day through Airflow's DAGs, to separate the steps' own time from Airflow's."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import date, datetime

from wangjian.core.paths import DataRoot
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.progress import Watch
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import now, runs


@dataclass(frozen=True)
class Orchestrated:
    """The seconds of a day's run in Airflow.

    Attributes:
        start_seconds: from the command to healthy components.
        run_seconds: from the trigger of the ingest DAGs until the last task ended.
        step_seconds: the part of the run in which at least one step was at work.
    """

    start_seconds: float
    run_seconds: float
    step_seconds: float

    @property
    def overhead_seconds(self) -> float:
        """Return the part of the run in which no step was at work; start-up is not included."""
        return self.run_seconds - self.step_seconds


def day_through_airflow(data: DataRoot, connections: dict[str, str], day: date) -> Orchestrated:
    """Start Airflow, run the ingest DAGs for a day, wait until the warehouse is published, and return the seconds."""
    # the schedule ends on the day, so only the runs that are triggered here take place
    os.environ["WANGJIAN_SCHEDULE_UNTIL"] = str(day)
    home, watch = data.root / "airflow", Watch(data)
    begun = time.monotonic()
    with af.running(home, data.root, connections, af.migrate(home, data.root)) as airflow, airflow.client() as client:
        dag_ids = [f"ingest_{source}" for source in load_registry()]
        af.make_pool(client)
        af.wait_for_dags(client, ["warehouse", *dag_ids])
        start_seconds, triggered = time.monotonic() - begun, now()
        for dag_id in dag_ids:
            af.trigger(client, dag_id, {"business_date": str(day)})
        watch.follow(client)
        run_seconds = (af.last_end(client, triggered) - triggered).total_seconds()
    return Orchestrated(start_seconds, run_seconds, _busy_seconds(data, triggered))


def _busy_seconds(data: DataRoot, since: datetime) -> float:
    """Return the length of the union of the steps' intervals: steps that run at the same time count once."""
    busy, until = 0.0, since
    for step in runs(data):
        # the state also has the steps of earlier runs, and steps of several sources overlap
        if step.started_at >= since and step.ended_at and step.ended_at > until:
            busy += (step.ended_at - max(step.started_at, until)).total_seconds()
            until = step.ended_at
    return busy
