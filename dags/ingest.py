"""Make one DAG for each source in the registry: fetch a business date, parse it, update the asset `warehouse` waits for."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, dag, task

from wangjian.ingestion.sources.registry import TIMEZONE, Source, load_registry
from wangjian.orchestration.tasks import notify_failure, raw_asset, schedule_end


def ingest_dag(source: Source) -> DAG:
    """Return the daily DAG of one source; the run of a morning fetches the day before."""

    @dag(
        dag_id=f"ingest_{source.source}",
        schedule=CronDataIntervalTimetable(source.schedule, timezone=TIMEZONE),
        start_date=pendulum.datetime(2023, 1, 1, tz=TIMEZONE),
        end_date=schedule_end(),
        catchup=False,
        # two runs of one source would ask its server at the same time, and wait for each other's parse lock
        max_active_runs=1,
        tags=["ingest"],
        params={
            "business_date": Param(
                None, type=["null", "string"], format="date", description="业务日期; empty = the interval's first day"
            )
        },
        default_args={
            "on_failure_callback": notify_failure,
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": True,
        },
        doc_md=f"Fetch and parse `{source.source}` for one business date 采集并解析一个业务日期。",
    )
    def ingest() -> None:
        @task
        def fetch() -> None:
            from wangjian.orchestration.tasks import fetch_business_date

            fetch_business_date(source.source)

        @task(outlets=[raw_asset(source.source)])
        def parse() -> None:
            from wangjian.orchestration.tasks import parse_source

            parse_source(source.source)

        fetch() >> parse()

    return ingest()


# Airflow finds DAGs among the globals of a module
for registered in load_registry().values():
    globals()[f"ingest_{registered.source}"] = ingest_dag(registered)
