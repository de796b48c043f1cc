"""Compact raw files, remove old ones and write the models' docs, once a week when nothing else is scheduled."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from wangjian.ingestion.sources.registry import TIMEZONE
from wangjian.orchestration.tasks import WRITER_POOL, WRITER_QUEUE, notify_failure, schedule_end


@dag(
    schedule="0 3 * * 0",
    start_date=pendulum.datetime(2023, 1, 1, tz=TIMEZONE),
    end_date=schedule_end(),
    catchup=False,
    max_active_runs=1,
    tags=["housekeeping"],
    default_args={"on_failure_callback": notify_failure, "retries": 2, "retry_delay": timedelta(minutes=10)},
    doc_md="Merge small raw files of past months, without changing a result; remove what is older than its period; write the models' docs "
    "合并往月的小文件，不改变任何结果；清理超过保留期限的文件；生成模型文档。",
)
def housekeeping() -> None:
    """Compact raw files, then remove old files, then write the docs."""

    @task(pool=WRITER_POOL, queue=WRITER_QUEUE)
    def compact() -> None:
        from wangjian.orchestration.tasks import compact_raw

        compact_raw()

    @task(pool=WRITER_POOL, queue=WRITER_QUEUE)
    def clear_away() -> None:
        from wangjian.orchestration.tasks import clear_away_old

        clear_away_old()

    @task(pool=WRITER_POOL, queue=WRITER_QUEUE)
    def docs() -> None:
        from wangjian.orchestration.tasks import write_docs

        write_docs()

    compact() >> clear_away() >> docs()


housekeeping()
