"""Build, check and publish, whenever a source has parsed something new."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import AssetAny, dag, task

from wangjian.ingestion.sources.registry import TIMEZONE, load_registry
from wangjian.orchestration.tasks import WRITER_POOL, WRITER_QUEUE, notify_failure, raw_asset


@dag(
    schedule=AssetAny(*(raw_asset(source) for source in load_registry())),
    start_date=pendulum.datetime(2023, 1, 1, tz=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    tags=["warehouse"],
    default_args={
        "on_failure_callback": notify_failure,
        # failed checks are not retried; retries are for a machine that goes down, perhaps more than once
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "pool": WRITER_POOL,
        "queue": WRITER_QUEUE,
    },
    doc_md="Build, check, publish 构建、检查、发布。",
)
def warehouse() -> None:
    """Run one task for each step. The whole dbt build is one task: DuckDB has one writer at a time."""

    # sources that arrive together are published together, in one build; the wait is limited (`LONGEST_GATHERING`).
    # The sensor runs in the default pool: waiting must not take the writer's slot from a backfill or the housekeeping
    @task.sensor(poke_interval=2, timeout=timedelta(hours=1).total_seconds(), pool="default_pool", queue="default")
    def gather() -> bool:
        from wangjian.orchestration.tasks import ingestion_is_quiet

        return ingestion_is_quiet()

    @task
    def build() -> None:
        from wangjian.orchestration.tasks import build_warehouse

        build_warehouse()

    @task
    def check() -> None:
        from wangjian.orchestration.tasks import check_warehouse

        check_warehouse()

    @task
    def publish() -> None:
        from wangjian.orchestration.tasks import publish_warehouse

        publish_warehouse()

    gather() >> build() >> check() >> publish()


warehouse()
