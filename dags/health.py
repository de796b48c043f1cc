"""Check the health of the warehouse every morning, notify people of problems, and anchor the audit log outside."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from wangjian.ingestion.sources.registry import TIMEZONE
from wangjian.orchestration.tasks import notify_failure, schedule_end


@dag(
    schedule="0 9 * * *",
    start_date=pendulum.datetime(2023, 1, 1, tz=TIMEZONE),
    end_date=schedule_end(),
    catchup=False,
    max_active_runs=1,
    tags=["health"],
    default_args={"on_failure_callback": notify_failure},
    doc_md="Notify of overdue, failed and held-back sources; anchor the audit log outside "
    "每日检查：逾期、失败、暂缓的来源即时告知；审计链头送外部留存。",
)
def health() -> None:
    """Run two independent tasks: a failing anchor must not hide a health problem, nor the other way round."""

    @task
    def look() -> None:
        from wangjian.orchestration.tasks import notify_health

        notify_health()

    @task(retries=3, retry_delay=timedelta(minutes=10))
    def anchor() -> None:
        from wangjian.orchestration.tasks import anchor_audit_log

        anchor_audit_log()

    look()
    anchor()


health()
