"""Backfill a range of business dates: fetch and parse the sources in parallel, then build, check and publish once."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import Param, TriggerRule, dag, task

from wangjian.ingestion.sources.registry import TIMEZONE, load_registry
from wangjian.orchestration.tasks import WRITER_POOL, WRITER_QUEUE, notify_failure

SOURCES = list(load_registry())


@dag(
    schedule=None,
    start_date=pendulum.datetime(2023, 1, 1, tz=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    tags=["backfill"],
    params={
        "date_from": Param(type="string", format="date", description="首个业务日期 first business date"),
        "date_to": Param(type="string", format="date", description="末个业务日期 last business date"),
        "sources": Param(SOURCES, type="array", items={"type": "string", "enum": SOURCES}, description="来源 sources"),
        "datasets": Param(
            [], type="array", items={"type": "string"}, description="数据集, 空为全部 datasets; empty = all"
        ),
        "mode": Param(
            "fetch", enum=["fetch", "reparse", "rebuild"], description="采集、重新解析或仅重建 which steps run again"
        ),
        "chunk_days": Param(31, type="integer", minimum=1, description="每批天数 days fetched at a time"),
        "hold": Param(False, type="boolean", description="待批准后发布 wait for `wangjian publish --approve`"),
        "refetch": Param(False, type="boolean", description="重新采集 fetch again what is landed"),
        "reason": Param("backfill", type="string", minLength=1, description="事由 why; kept in the run log"),
    },
    default_args={"on_failure_callback": notify_failure, "retries": 1, "retry_delay": timedelta(minutes=1)},
    doc_md="Backfill a range of business dates with one build 按业务日期区间补采，只构建一次。",
)
def backfill() -> None:
    """Run the steps of the daily run over a range of dates."""

    # every task imports its function inside: Airflow parses this file again and again and must not load DuckDB each time
    @task
    def plan(params: dict[str, object] | None = None) -> list[str]:
        from wangjian.orchestration.tasks import planned_sources

        return planned_sources(params or {})

    @task(max_active_tis_per_dagrun=3, map_index_template="{{ task.op_kwargs['source'] }}")
    def fetch_and_parse(source: str, params: dict[str, object] | None = None) -> None:
        from wangjian.orchestration.tasks import fetch_and_parse_range

        fetch_and_parse_range(source, params or {})

    # publish if at least one source came: a source that is down must not keep the others from readers
    @task(pool=WRITER_POOL, queue=WRITER_QUEUE, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def build_check_publish(params: dict[str, object] | None = None) -> None:
        from wangjian.orchestration.tasks import build_check_publish_range

        build_check_publish_range(params or {})

    # this task fails with any source, and so does the run: otherwise a missing source would show as success
    @task
    def every_source_came() -> None:
        print("complete")

    fetched = fetch_and_parse.expand(source=plan())
    finished = every_source_came()
    fetched >> build_check_publish() >> finished
    fetched >> finished


backfill()
